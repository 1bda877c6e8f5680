"""`JWTVerifier`: believes the access tokens of one issuer, with the keys that it publishes."""

import logging
from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Final

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.errors import Fault, InvalidCredential
from authmux.flow import Flow
from authmux.jose.claims import TimeRules
from authmux.jose.compact import CompactToken
from authmux.jose.jwk import PublicKey
from authmux.jose.key_set import MAX_KEYS
from authmux.principal import Principal, VerifiedCredential
from authmux.profiles import AUTO, Path, Profile
from authmux.verifying.caller import CallerRules
from authmux.verifying.claim_rules import ClaimRules
from authmux.verifying.fetch import Fetch
from authmux.verifying.health import IssuerHealth
from authmux.verifying.issuer_keys import issuer_keys
from authmux.verifying.jwt_settings import (
    TENANT,
    AnyAudience,
    read_accept,
    read_algorithms,
    read_audience,
    read_clients,
    read_issuers,
    read_limits,
    read_pinned,
    read_seconds,
)
from authmux.verifying.key_source import KeySource
from authmux.verifying.plain_http import parse_origins
from authmux.verifying.refresh_plan import HARD_TTL
from authmux.verifying.remote_keys import RemoteKeys
from authmux.verifying.verdict import Verdict

_log = logging.getLogger("authmux.verifying")

REMEMBERED_FOR: Final = 300.0  # seconds; B-60
LONG_LIFE: Final = 25 * 3600.0  # seconds: Auth0's day, and an hour (B-26)


class JWTVerifier:
    """Believes the access tokens of one issuer.

    Arguments:
        issuer: what `iss` must be, to the byte: Auth0's ends in a slash, Logto's does not (B-21). With `{tenantid}`
            in it, one for each of `tenants`.
        audience: what `aud` must name: the API's identifier at the issuer, or several (B-22); or `ANY_AUDIENCE`.
        profile: how the issuer writes its tokens; `profiles.RFC9068` where it can.
        accept: values that claims must have, by the claim's name or a path of names; profiles of workloads ask for it,
            because there whoever asks for a token chooses its audience (B-67).
        tenants: the tenants whose tokens are taken.
        clients: ids of clients that are services, for a provider in whose tokens nothing tells.
        subjects_assigned_by_issuer: say True where no user can choose his own `sub`: then a token whose `sub` is its
            client's id stands for a `Client` (RFC 9700 §4.15). Otherwise the caller is an `UnprovenClient`.
        more_scopes: where else to read scopes, such as [("permissions",)]; they are kept apart by default.
        keys: where keys come from, instead of the issuer: `FixedKeys` or `KeyFile` (B-42); nothing is fetched then, and
            what is said here of fetching has no effect.
        jwks_uri: where the issuer's keys are; by default its metadata tells (B-57).
        allow_private: networks, as "10.2.0.0/16", where keys may be that the metadata puts at another host than the
            issuer's; by default such a host must be public (B-56).
        allow_http: origins, as "http://keycloak:8080", that the issuer and its keys may be at without TLS; by default
            only loopback, for whoever stands between could put in keys of his own. Such an origin may be anywhere; a
            fetch that is held to origins already has to be told itself (B-54).
        trust_issuer_address: say False where somebody else chose the issuer, a customer say: it must be public then.
        max_keys: how many keys a set may have, at most 1000; by default 128, ten times what issuers publish (B-52).
            The size of a document is the fetch's: `HTTPFetch(max_body=…)`, 256 KiB by default.
        stale_for: seconds, 0 to 7 days, for which keys are believed while the issuer cannot be asked; never for less
            than they are fresh, which is 5 minutes to an hour. By default a day: an outage of the issuer's is rarely
            longer, and a key that was taken back is believed for as long only by whom an attacker cuts off (B-32).
        pinned: thumbprints (RFC 7638) of the only keys that are taken; by default all that the issuer publishes (B-43).
        algorithms: narrows what is accepted; by default every asymmetric algorithm that the key itself allows (B-10).
        leeway: seconds by which clocks may differ, 0 to 300 (B-25).
        max_lifetime: seconds that a token may live at most; by default any, with a warning beyond 25 hours (B-26).
        max_age: seconds after `iat` for which a token is taken; by default for as long as it lives (B-26).
        sole_audience: refuse a token that is for another API as well (B-22).
        fetch: how documents are fetched; by default over HTTPS. An `HTTPFetch` that trusts everything is held to
            the origins of `issuer` and `jwks_uri`; any other fetch has to guard addresses itself (B-56).
        clock: where time comes from.

    Raises:
        ConfigurationError: the issuer is not an https URL, there is no audience, an algorithm is not one, or the
            profile asks for more (B-11).
    """

    kind: ClassVar[str] = "jwt"

    def __init__(
        self,
        *,
        issuer: str,
        audience: str | Collection[str] | AnyAudience,
        profile: Profile = AUTO,
        accept: Mapping[str | Path, Collection[str]] | None = None,
        tenants: Collection[str] = (),
        clients: Collection[str] = (),
        subjects_assigned_by_issuer: bool = False,
        more_scopes: Collection[Path] = (),
        keys: KeySource | None = None,
        jwks_uri: str | None = None,
        allow_private: Collection[str] = (),
        allow_http: Collection[str] = (),
        trust_issuer_address: bool = True,
        max_keys: int = MAX_KEYS,
        stale_for: float = HARD_TTL,
        pinned: Collection[str] | None = None,
        algorithms: Collection[str] | None = None,
        leeway: float = 30.0,
        max_lifetime: float | None = None,
        max_age: float | None = None,
        sole_audience: bool = False,
        fetch: Fetch | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.issuer: Final = issuer
        self._names = read_issuers(issuer, profile, tenants, allow_http=parse_origins(allow_http))
        self.algorithms = read_algorithms(algorithms)
        self._pinned = read_pinned(pinned)
        audiences = read_audience(audience)
        for name, seconds in (("max_lifetime", max_lifetime), ("max_age", max_age)):
            if seconds is not None:
                read_seconds(name, seconds, least=1, most=10 * 365 * 86400)
        leeway = read_seconds("leeway", leeway, least=0, most=300)
        self.rules = ClaimRules(
            issuers=self._names,
            audiences=audiences,
            sole_audience=sole_audience,
            profile=profile,
            time=TimeRules(leeway=leeway, max_lifetime=max_lifetime, max_age=max_age),
            accept=read_accept(accept, profile),
        )
        self._caller = CallerRules(
            profile=profile,
            audiences=audiences,
            clients=read_clients(clients),
            clients_by_subject=profile.client_if_subject_is_client or subjects_assigned_by_issuer,
            more_scopes=tuple(more_scopes),
        )
        limits = read_limits(max_keys, stale_for)
        if keys is None:
            keys = issuer_keys(
                issuer,
                jwks_uri=jwks_uri or profile.jwks_uri,
                allow_http=allow_http,
                allow_private=allow_private,
                trust_issuer_address=trust_issuer_address,
                limits=limits,
                fetch=fetch,
                clock=clock,
            )
        self._keys = keys
        self._has_warned = max_lifetime is not None

    @property
    def issuers(self) -> Collection[str]:
        """Return every spelling of the issuer that is taken."""
        return self._names.keys()

    @property
    def proves(self) -> tuple[type[Principal], ...]:
        """Return the classes that callers may be of."""
        return self._caller.classes

    def judge(self, token: CompactToken, *, now: float) -> Flow[Verdict]:
        """Return the verdict on a token that names this issuer; see `IssuerVerifier.judge`.

        What refuses without a key comes first: a token that is expired, or for another audience, neither waits for
        keys nor causes a fetch. Nobody is believed before the signature was verified.
        """
        header = token.header
        if header.alg not in self.algorithms:
            raise InvalidCredential(Fault.SIGNATURE, "alg")
        self.rules.check(header.typ, token.claims, now=now)
        key = yield from self.find_key(token)
        key.verify(header.alg, token.signing_input, token.signature)
        return self._verdict(token, key, now)

    def find_key(self, token: CompactToken) -> Flow[PublicKey]:
        """Return the key that a token names, which may speak for its issuer.

        Raises:
            InvalidCredential: there is no such key.
            Unavailable: nothing is known of the issuer's keys.
        """
        key = yield from self._keys.find(token.header.alg, token.header.kid)
        self._check_key(key, token.claims.get("iss"))
        key.check_certificates(token.header.certificates)
        return key

    def still_holds(self, verdict: Verdict) -> bool:
        """Return whether the key that signed is still published (B-60)."""
        snapshot = self._keys.usable()
        return snapshot is not None and verdict.holds_in(snapshot.keys)

    def preload(self) -> None:
        """Begin to fetch the keys, without waiting: an issuer that is away does not stop the boot (B-40)."""
        self._keys.preload()

    def ready(self) -> Flow[None]:
        """Wait a few seconds for the keys, if there are none so far."""
        if isinstance(self._keys, RemoteKeys):
            yield from self._keys.ready()

    def load(self) -> Flow[None]:
        """Fetch the keys at once, unless they are there, leaving no thread behind (B-40).

        Raises:
            ConfigurationError: they cannot be had.
        """
        if isinstance(self._keys, RemoteKeys):
            yield from self._keys.load()

    def health(self) -> IssuerHealth | None:
        """Return how things stand with the keys; None for keys that are not fetched."""
        return self._keys.health() if isinstance(self._keys, RemoteKeys) else None

    def _check_key(self, key: PublicKey, issuer: object) -> None:
        """Return if this key may speak for this issuer: it is pinned, and names no other (B-21, B-43)."""
        if self._pinned is not None and key.thumbprint not in self._pinned:
            raise InvalidCredential(Fault.SIGNATURE, "key_not_pinned")
        named = key.issuer if self.rules.profile.keys_name_issuer else None
        # A template speaks for every tenant, in tokens of both versions; that `iss` and `tid` agree was seen before.
        if named is not None and TENANT not in named and named != issuer:
            raise InvalidCredential(Fault.SIGNATURE, "key_of_another_issuer")

    def _verdict(self, token: CompactToken, key: PublicKey, now: float) -> Verdict:
        claims = token.claims
        begins, ends = self.rules.time.span(claims)
        self._warn_of_long_life(claims)
        return Verdict(
            principal=self._caller.principal(
                claims, issuer=self._canonical(claims["iss"]), credential=self._proof(claims)
            ),
            header=token.header,
            key=key,
            keys=None,
            not_before=begins,
            not_after=min(ends, now + REMEMBERED_FOR),
            length=len(token.signing_input),
        )

    def _proof(self, claims: Mapping[str, Any]) -> VerifiedCredential:
        return VerifiedCredential(kind=self.kind, id=claims.get("jti"), expires_at=float(claims["exp"]))

    def _canonical(self, issuer: str) -> str:
        """Return the issuer under its own name, of whatever spelling the token is; tenants are issuers of their own."""
        return issuer if self._names[issuer] is not None else self.issuer

    def _warn_of_long_life(self, claims: Mapping[str, Any]) -> None:
        if not self._has_warned and claims["exp"] - claims.get("iat", claims["exp"]) > LONG_LIFE:
            self._has_warned = True
            _log.warning("issuer %s: its tokens live longer than a day; max_lifetime= would refuse them", self.issuer)
