"""`IntrospectionVerifier`: believes what an authorization server says of its opaque tokens (RFC 7662, B-65)."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, ClassVar, Final

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.credential import MAX_TEXT, PresentedCredential
from authmux.errors import ConfigurationError, Fault, InvalidCredential, Unavailable
from authmux.flow import Flow, ask
from authmux.forking import renew_after_fork
from authmux.jose.claims import MAX_TIME, TimeRules, check_audience
from authmux.principal import Principal, VerifiedCredential
from authmux.profiles import AUTO, Profile
from authmux.verifying.caller import CallerRules
from authmux.verifying.introspect import Introspect
from authmux.verifying.jwt_settings import read_audience, read_clients
from authmux.verifying.recent import Flights, Recent
from authmux.verifying.token_class import check_names
from authmux.verifying.token_names import TokenNames

MAX_GOOD: Final = 30.0  # seconds that a good answer is remembered (B-65)
MAX_BAD: Final = 5.0

_ACCESS: Final = {
    "token_type": frozenset({"bearer", "access_token"}),  # RFC 7662 §2.2; some tell the class here
    "token_use": frozenset({"access", "access_token"}),  # Hydra
    "typ": frozenset({"bearer"}),  # Keycloak
}


class Said:
    """What the server said of a token, and until when that is believed, in monotonic seconds."""

    __slots__ = ("claims", "until")

    def __init__(self, claims: Mapping[str, Any], until: float) -> None:
        self.claims = claims
        self.until = until


class IntrospectionVerifier:
    """Asks the authorization server that issued an opaque token; one question for all who bring it at once.

    Arguments:
        introspect: asks; `HTTPIntrospect` does so over HTTPS.
        issuer: whose tokens they are: the principals' issuer, and what `iss` must be where the answer has it.
        audience: what `aud` must name (B-22). Where the answer has no `aud`, the token is refused, unless `audience` is
            None: then the server itself is trusted to answer only for tokens that are for this API.
        profile: how the server writes its claims.
        subjects_assigned_by_issuer: see `JWTVerifier`.
        clients: see `JWTVerifier`.
        remember: how many answers to hold.
        good_for, bad_for: seconds to hold an answer, at most 30 and 5 (B-65).
        leeway: seconds by which clocks may differ.
        timeout: seconds to wait for a question that another request has asked.
        clock: where time comes from.

    Raises:
        ConfigurationError: a number is out of its range.
    """

    kind: ClassVar[str] = "opaque"
    takes_the_rest: ClassVar[bool] = True
    """Its tokens have no shape of their own: it is asked after every verifier that knows one (B-03)."""

    def __init__(
        self,
        introspect: Introspect,
        *,
        issuer: str,
        audience: str | Collection[str] | None,
        profile: Profile = AUTO,
        subjects_assigned_by_issuer: bool = False,
        clients: Collection[str] = (),
        remember: int = 4096,
        good_for: float = MAX_GOOD,
        bad_for: float = MAX_BAD,
        leeway: float = 30.0,
        timeout: float = 6.0,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if profile.accept:
            raise ConfigurationError(f"profile {profile.name!r} is for JWTs, whose claims accept= judges (B-67)")
        if not (0 <= good_for <= MAX_GOOD and 0 <= bad_for <= MAX_BAD and 0 <= leeway <= 300 and remember >= 1):
            raise ConfigurationError("good_for is 0 to 30, bad_for 0 to 5, leeway 0 to 300 seconds (B-65)")
        self._introspect = introspect
        self.issuer: Final = issuer
        self._audiences = None if audience is None else read_audience(audience)
        self._time = TimeRules(leeway=leeway)
        self._caller = CallerRules(
            profile=profile,
            audiences=self._audiences or frozenset(),
            clients=read_clients(clients),
            clients_by_subject=profile.client_if_subject_is_client or subjects_assigned_by_issuer,
        )
        self._good_for, self._bad_for, self._timeout = good_for, bad_for, timeout
        self._clock = clock
        self._said: Recent[bytes, Said] = Recent(remember)
        self._questions: Flights[bytes, Said] = Flights()
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Forget what the parent process held, its key too."""
        self._names = TokenNames()
        self._said.clear()
        self._questions.clear()

    def recognises(self, text: str) -> bool:
        """Return whether a text may be an opaque token: a JWT never is, nor a JWE (B-03)."""
        return "." not in text or text.count(".") not in (2, 4)

    def verify(self, credential: PresentedCredential) -> Flow[Principal]:
        """Return whom a token stands for; see `Verifier.verify`."""
        said = yield from self._learn(credential)
        return self._judge(said.claims, self._clock.time())

    def confirm(self, principal: Principal, credential: PresentedCredential) -> Flow[None]:
        """Return if the server calls a token good that was verified in another way, and means the same caller (B-65).

        Raises:
            InvalidCredential: it does not.
            Unavailable: it cannot be asked.
        """
        said = yield from self._learn(credential)
        told = self._judge(said.claims, self._clock.time())
        # What the server leaves out, or the token, contradicts nothing.
        is_another_client = None not in (told.client_id, principal.client_id) and told.client_id != principal.client_id
        if said.claims.get("sub", principal.id) != principal.id or is_another_client:
            raise InvalidCredential(Fault.REVOKED, "another_caller")
        names = [each.credential.id for each in (told, principal) if each.credential and each.credential.id]
        if len(set(names)) > 1:
            raise InvalidCredential(Fault.REVOKED, "another_token")

    def _learn(self, credential: PresentedCredential) -> Flow[Said]:
        """Return what the server says of a token, now or a moment ago."""
        if len(credential.text) > MAX_TEXT:  # before it is hashed (B-04)
            raise InvalidCredential(Fault.MALFORMED, "token_too_long")
        name = self._names.of(credential.text)
        said = self._said.get(name)
        if said is None or self._clock.monotonic() >= said.until:
            said = yield from self._ask(name, credential.text)
        return said

    def start(self) -> Flow[None]:
        """Return at once: a server can be asked only about a token."""
        yield from ()

    def ports(self) -> Iterable[Callable[..., object]]:
        """Return what is asked."""
        return (self._introspect,)

    def _ask(self, name: bytes, text: str) -> Flow[Said]:
        """Ask, or wait for who is asking just now."""

        def question() -> Flow[Said]:
            claims = yield from ask(self._introspect, text)
            said = Said(claims, self._clock.monotonic() + self._believed_for(claims))
            self._said.put(name, said)
            return said

        try:
            return (yield from self._questions.share(name, question, timeout=self._timeout))
        except TimeoutError as error:
            raise Unavailable("introspection_slow") from error

    def _believed_for(self, claims: Mapping[str, Any]) -> float:
        if claims.get("active") is not True:
            return self._bad_for
        exp = claims.get("exp")
        if not isinstance(exp, int | float):
            return self._good_for
        now = self._clock.time()
        # An integer may be too large to subtract from, and not to compare with.
        return min(exp, now + self._good_for) - now if exp > now else 0.0

    def _judge(self, claims: Mapping[str, Any], now: float) -> Principal:
        """Judge the answer by our own rules too: a server may be lax about time and audience (B-65)."""
        if claims.get("active") is not True:  # and nothing that Python takes for true
            raise InvalidCredential(Fault.REVOKED, "inactive")
        if claims.get("iss", self.issuer) != self.issuer:
            raise InvalidCredential(Fault.ISSUER, "iss")
        _check_class(claims)
        if self._audiences is not None:
            check_audience(claims.get("aud"), self._audiences)
        self._time.check({"exp": MAX_TIME, **claims}, now=now)  # `exp` is optional here, and `nbf` counts without it
        check_names(claims, self._caller.profile)
        proof = VerifiedCredential(kind=self.kind, id=claims.get("jti"), expires_at=claims.get("exp"))
        return self._caller.principal(dict(claims), issuer=self.issuer, credential=proof)


def _check_class(claims: Mapping[str, Any]) -> None:
    """Return if the server says of no other class of token that it is one: it answers for refresh tokens too.

    Raises:
        InvalidCredential: it is a refresh token, say, or bound to a key that a bearer did not prove to have.
    """
    for name, values in _ACCESS.items():
        said = claims.get(name)
        if name in claims and (not isinstance(said, str) or said.lower() not in values):
            raise InvalidCredential(Fault.TYPE, "other_class")
    if "cnf" in claims:
        raise InvalidCredential(Fault.TYPE, "bound")
