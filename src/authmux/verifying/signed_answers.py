"""Answers of an introspection endpoint that are signed (RFC 9701): whose they are, for whom, and of when."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.errors import Fault, InvalidCredential, Unavailable
from authmux.flow import run
from authmux.jose.claims import MAX_TIME, TimeRules, check_audience
from authmux.jose.compact import parse_compact
from authmux.verifying.fetch import Fetch
from authmux.verifying.issuer_keys import issuer_keys
from authmux.verifying.jwt_settings import read_audience, require_https
from authmux.verifying.key_source import KeySource
from authmux.verifying.snapshot import Limits

TYPE: Final = "token-introspection+jwt"
LEEWAY: Final = 30.0  # seconds by which clocks may differ
FRESH_FOR: Final = 300.0  # seconds: an answer is made for the question; an older one is a copy


class SignedAnswers:
    """Reads signed answers, and believes no other.

    Arguments:
        issuer: what `iss` must be, to the byte.
        audience: what `aud` must name.
        keys: where the server's keys are; by default its metadata tells.
        fetch: how they are fetched.
        clock: where time comes from.

    Raises:
        ConfigurationError: the issuer is not an https URL, or there is no audience.
    """

    def __init__(
        self,
        issuer: str,
        *,
        audience: str | Collection[str],
        keys: KeySource | None = None,
        fetch: Fetch | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        require_https("issuer", issuer)
        self._issuer = issuer
        self._audience = read_audience(audience)
        self._keys: KeySource = keys if keys is not None else issuer_keys(
            issuer, jwks_uri=None, allow_http=(), allow_private=(), trust_issuer_address=True, limits=Limits(),
            fetch=fetch, clock=clock,
        )  # fmt: skip
        self._time = TimeRules(leeway=LEEWAY, max_age=FRESH_FOR)
        self._clock = clock

    def read(self, document: bytes) -> Mapping[str, Any]:
        """Return the members of the answer itself, blocking for the server's keys where they are not known.

        Raises:
            Unavailable: it is not signed by the server, not for us, not of now, or no such answer; that says nothing
                of the token that was asked about.
        """
        try:
            claims = self._verified(document.decode("latin-1"))
        except InvalidCredential as error:
            raise Unavailable(f"introspection_{error.reason}") from None
        answer = claims.get("token_introspection")
        if type(answer) is not dict:
            raise Unavailable("introspection_unreadable")
        return answer

    def _verified(self, text: str) -> Mapping[str, Any]:
        token = parse_compact(text)
        if token.header.typ != TYPE:  # an access token of the same server, say, whose claims somebody chose
            raise InvalidCredential(Fault.TYPE, "typ")
        if token.claims.get("iss") != self._issuer:
            raise InvalidCredential(Fault.ISSUER, "iss")
        check_audience(token.claims.get("aud"), self._audience)
        self._time.check({"exp": MAX_TIME, **token.claims}, now=self._clock.time())  # it has no `exp` (RFC 9701 §5)
        key = run(self._keys.find(token.header.alg, token.header.kid))
        key.check_certificates(token.header.certificates)
        key.verify(token.header.alg, token.signing_input, token.signature)
        return token.claims
