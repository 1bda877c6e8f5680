"""`JWTVerifier`: believes the access tokens of one issuer, with the keys that it publishes."""

from collections.abc import Collection
from functools import cache
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.errors import ConfigurationError, Fault, InvalidCredential
from authmux.flow import Flow
from authmux.jose.claims import ClaimRules, client_id, read_scopes
from authmux.jose.compact import CompactToken
from authmux.jose.jwk import ALGORITHMS
from authmux.principal import Client, Principal, UnprovenClient, VerifiedCredential, frozen
from authmux.profiles import AUTO, Profile
from authmux.verifying.fetch import Fetch
from authmux.verifying.loopback import is_loopback
from authmux.verifying.remote_keys import RemoteKeys
from authmux.verifying.verdict import Verdict

REMEMBERED_FOR: Final = 300.0  # seconds; B-60


class JWTVerifier:
    """Believes the access tokens of one issuer.

    Arguments:
        issuer: what `iss` must be, to the byte: Auth0's ends in a slash, Logto's does not (B-21).
        audience: what `aud` must name: the API's identifier at the issuer, or several (B-22).
        profile: how the issuer writes its tokens; `profiles.RFC9068` where it can.
        jwks_uri: where its keys are; by default its metadata tells (B-57).
        algorithms: narrows what is accepted; by default every asymmetric algorithm that the key itself allows (B-10).
        leeway: seconds by which clocks may differ, 0 to 300 (B-25).
        subjects_assigned_by_issuer: say True where no user can choose his own `sub`: then a token whose `sub` is its
            client's id stands for a `Client` (RFC 9700 §4.15). Otherwise the caller is an `UnprovenClient`.
        fetch: how documents are fetched; by default over HTTPS, off the request path.
        clock: where time comes from.

    Raises:
        ConfigurationError: the issuer is not an https URL, there is no audience, or an algorithm is not one (B-11).
    """

    kind: ClassVar[str] = "jwt"

    def __init__(
        self,
        *,
        issuer: str,
        audience: str | Collection[str],
        profile: Profile = AUTO,
        jwks_uri: str | None = None,
        algorithms: Collection[str] | None = None,
        leeway: float = 30.0,
        subjects_assigned_by_issuer: bool = False,
        fetch: Fetch | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        _require_https("issuer", issuer)
        if jwks_uri is not None:
            _require_https("jwks_uri", jwks_uri)
        self.issuer: Final = issuer
        self._algorithms = _read_algorithms(algorithms)
        self._rules = ClaimRules(
            issuer=issuer, audiences=_read_audience(audience), profile=profile, leeway=_read_leeway(leeway)
        )
        self._clients_by_subject = profile.client_if_subject_is_client or subjects_assigned_by_issuer
        self._keys = RemoteKeys(issuer, jwks_uri=jwks_uri, fetch=fetch or _https_fetch(), clock=clock)

    def judge(self, token: CompactToken, *, now: float) -> Flow[Verdict]:
        """Return the verdict on a token that names this issuer; see `IssuerVerifier.judge`.

        What refuses without a key comes first: a token that is expired, or for another audience, neither waits for
        keys nor causes a fetch. Nobody is believed before the signature was verified.
        """
        header = token.header
        if header.alg not in self._algorithms:
            raise InvalidCredential(Fault.SIGNATURE, "alg")
        self._rules.check(header.typ, token.claims, now=now)
        key = yield from self._keys.find(header.alg, header.kid)
        key.check_certificates(header.certificates)
        key.verify(header.alg, token.signing_input, token.signature)
        return self._verdict(token, key.thumbprint, now)

    def still_holds(self, verdict: Verdict) -> bool:
        """Return whether the key that signed is still published (B-60)."""
        snapshot = self._keys.usable()
        return snapshot is not None and verdict.holds_in(snapshot.keys)

    def preload(self) -> None:
        """Begin to fetch the keys, without waiting: an issuer that is away does not stop the boot (B-40)."""
        self._keys.preload()

    def _principal(self, claims: dict[str, Any]) -> Principal:
        client, subject = client_id(claims, self._rules.profile), claims.get("sub")
        credential = VerifiedCredential(kind=self.kind, id=claims.get("jti"), expires_at=float(claims["exp"]))
        return self._class_of(subject, client)(
            id=subject or client or "",
            issuer=self.issuer,
            scopes=read_scopes(claims),
            credential=credential,
            claims=frozen(claims),
        )

    @property
    def proves(self) -> tuple[type[Principal], ...]:
        """Return the classes that callers may be of."""
        return (Principal, UnprovenClient, Client) if self._clients_by_subject else (Principal, UnprovenClient)

    def _class_of(self, subject: str | None, client: str | None) -> type[Principal]:
        """Return what is proved of a caller by its subject and its client's id."""
        if subject is not None and subject != client:
            return Principal
        return Client if self._clients_by_subject and subject is not None else UnprovenClient

    def _verdict(self, token: CompactToken, thumbprint: str, now: float) -> Verdict:
        claims, leeway = token.claims, self._rules.leeway
        return Verdict(
            principal=self._principal(claims),
            header=token.header,
            thumbprint=thumbprint,
            keys=None,
            not_before=max(claims.get("nbf", 0.0), claims.get("iat", 0.0)) - leeway,
            not_after=min(claims["exp"] + leeway, now + REMEMBERED_FOR),
        )


@cache  # it holds nothing but its options; the system's certificate authorities take 20 ms to load
def _https_fetch() -> Fetch:
    from authmux.verifying.http_fetch import HTTPFetch  # here, so that importing authmux loads no HTTP client

    return HTTPFetch()


def _require_https(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise ConfigurationError(f"{name} {url!r} is no URL") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise ConfigurationError(f"{name} {url!r}: write the https URL; plain http is for loopback only (B-11)")
    if not host or parts.fragment or "@" in parts.netloc or (parts.query and name == "issuer"):
        raise ConfigurationError(f"{name} {url!r}: write scheme, host and path, and nothing else")


def _read_audience(audience: str | Collection[str]) -> frozenset[str]:
    audiences = frozenset([audience] if isinstance(audience, str) else audience)
    if not audiences or "" in audiences:
        raise ConfigurationError("audience is empty: name this API as the issuer knows it (B-11)")
    return audiences


def _read_algorithms(algorithms: Collection[str] | None) -> frozenset[str]:
    if algorithms is None:
        return ALGORITHMS
    named = frozenset([algorithms] if isinstance(algorithms, str) else algorithms)
    if not named or not named <= ALGORITHMS:
        raise ConfigurationError(f"algorithms {sorted(named)}: choose from {sorted(ALGORITHMS)} (B-10)")
    return named


def _read_leeway(leeway: float) -> float:
    if not 0 <= leeway <= 300:
        raise ConfigurationError(f"leeway {leeway}: write seconds from 0 to 300 (B-25)")
    return leeway
