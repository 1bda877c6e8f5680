"""`IssuerTable`: a JWT in, the verdict of its issuer's verifier out, now or from memory (B-20, B-60)."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from authmux.clock import Clock
from authmux.credential import MAX_TEXT, PresentedCredential
from authmux.errors import ConfigurationError, Fault, InvalidCredential
from authmux.flow import Flow
from authmux.forking import renew_after_fork
from authmux.jose.compact import parse_compact
from authmux.principal import Principal
from authmux.verifying.denials import Denials
from authmux.verifying.health import Health, IssuerHealth
from authmux.verifying.issuer_resolver import IssuerResolver
from authmux.verifying.recent import Recent
from authmux.verifying.token_names import TokenNames
from authmux.verifying.verdict import Verdict
from authmux.verifying.verifier import IssuerVerifier

MAX_ISSUERS: Final = 4096  # B-20
ORDINARY: Final = 2048  # characters of a token: a longer one counts as several


class IssuerTable:
    """Hands a JWT to the verifier of its issuer; an issuer that is not in the table costs no crypto and no I/O.

    Arguments:
        verifiers: one for each issuer.
        resolver: finds the verifiers of issuers that are known only at run time; None where there are no others.
        denials: what is refused though it is genuine; None where nothing is (B-64).
        remember: how many verdicts to hold on tokens of ordinary length, 1 to 3 KB each; fewer on longer ones (B-60).
        require_keys: whether `start` fetches the keys, and fails without them (B-40).
        clock: where time comes from.

    Raises:
        ConfigurationError: two verifiers are for one issuer, or there are too many (B-20).
    """

    def __init__(
        self,
        verifiers: Sequence[IssuerVerifier],
        *,
        resolver: IssuerResolver | None = None,
        denials: Denials | None = None,
        remember: int,
        require_keys: bool = False,
        clock: Clock,
    ) -> None:
        names = [(issuer, verifier) for verifier in verifiers for issuer in verifier.issuers]
        self._verifiers = dict(names)
        if len(self._verifiers) != len(names):
            raise ConfigurationError("two JWT verifiers are for one issuer: give one the audiences of both (B-20)")
        if len(names) > MAX_ISSUERS:
            raise ConfigurationError(f"{len(names)} issuers: more than {MAX_ISSUERS} are for an IssuerResolver (B-20)")
        self._resolver = resolver
        self._denials = denials
        self._requires_keys = require_keys
        self._clock = clock
        self._verdicts: Recent[bytes, tuple[IssuerVerifier, Verdict]] = Recent(
            remember * ORDINARY, weigh=lambda held: max(held[1].length, ORDINARY)
        )
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Forget what the parent process held, its key too (B-41)."""
        self._names = TokenNames()
        self._verdicts.clear()

    def recognises(self, text: str) -> bool:
        """Return whether a text has three segments: a JWS, and never a JWE, which has five (A-029)."""
        return text.count(".") == 2

    def knows_issuer_of(self, text: str) -> bool:
        """Return whether a text is a JWT that names one of our issuers, or one that was found; nothing is verified."""
        try:
            issuer = parse_compact(text).claims.get("iss") if self.recognises(text) else None
        except InvalidCredential:
            return False
        if not isinstance(issuer, str):
            return False
        return issuer in self._verifiers or (self._resolver is not None and self._resolver.has_found(issuer))

    def verify(self, credential: PresentedCredential) -> Flow[Principal]:
        """Return whom a token stands for; see `Verifier.verify`."""
        text = credential.text
        if len(text) > MAX_TEXT:  # before it is hashed (B-04)
            raise InvalidCredential(Fault.MALFORMED, "token_too_long")
        now = self._clock.time()
        name = self._names.of(text)
        remembered = self._verdicts.get(name)
        if remembered is not None:
            verifier, verdict = remembered
            if verdict.is_in_time(now) and verifier.still_holds(verdict) and self._believes(verifier, verdict):
                if self._denials is not None and not self._denials.have_allowed(verdict):
                    yield from self._look_up(verdict, self._denials)
                return verdict.principal
        token = parse_compact(text)
        verifier = yield from self._find(token.claims.get("iss"))
        verdict = yield from verifier.judge(token, now=now)
        if self._denials is not None:
            yield from self._look_up(verdict, self._denials)
        self._verdicts.put(name, (verifier, verdict))
        return verdict.principal

    def _look_up(self, verdict: Verdict, denials: Denials) -> Flow[None]:
        """Return if nothing denies the token; the same denials need not be looked through again."""
        verdict.allowed_by = None
        verdict.allowed_by = yield from denials.check(verdict.principal, *verdict.targets())

    def _find(self, issuer: object) -> Flow[IssuerVerifier]:
        """Return the verifier of an issuer, to the byte (B-21)."""
        if not isinstance(issuer, str):
            raise InvalidCredential(Fault.ISSUER, "unknown_issuer")
        verifier = self._verifiers.get(issuer)
        if verifier is None and self._resolver is not None:
            verifier = yield from self._resolver.find(issuer)
        if verifier is None:
            raise InvalidCredential(Fault.ISSUER, "unknown_issuer")
        return verifier

    def _believes(self, verifier: IssuerVerifier, verdict: Verdict) -> bool:
        """Return whether an issuer that a resolver found is still among those to be believed."""
        if self._resolver is None:
            return True
        issuer = verdict.principal.claims.get("iss", verdict.principal.issuer)
        return self._verifiers.get(issuer) is verifier or self._resolver.holds(issuer, verifier)

    def start(self) -> Flow[None]:
        """Have the keys of every issuer in the table, where that is asked for (B-40).

        Raises:
            ConfigurationError: they cannot be had.
        """
        for verifier in dict.fromkeys(self._verifiers.values()) if self._requires_keys else ():
            load = getattr(verifier, "load", None)
            if load is not None:
                yield from load()

    def preload(self) -> None:
        """Have every verifier begin to fetch its keys."""
        for verifier in set(self._verifiers.values()):
            verifier.preload()

    def ready(self) -> Flow[None]:
        """Wait a few seconds for the keys of each issuer; they are fetched at the same time."""
        for verifier in dict.fromkeys(self._verifiers.values()):
            wait_for_keys = getattr(verifier, "ready", None)
            if wait_for_keys is not None:
                yield from wait_for_keys()

    def health(self) -> Health:
        """Return how things stand with the keys of every issuer in the table, and of those that were found."""
        found = () if self._resolver is None else self._resolver.found()
        return Health(issuers=_health_of(self._verifiers.values()), found=_health_of(found))

    def ports(self) -> Iterable[Callable[..., object]]:
        """Return what is asked: not for keys, which are fetched elsewhere and waited for in either colour."""
        resolved = () if self._resolver is None else (self._resolver.resolve,)
        return resolved if self._denials is None else (*resolved, *self._denials.ports())


def _health_of(verifiers: Iterable[IssuerVerifier]) -> list[IssuerHealth]:
    """Return how things stand with each that fetches keys; one that is there under two names is told once."""
    told = (getattr(verifier, "health", None) for verifier in dict.fromkeys(verifiers))
    return [health for tell in told if tell is not None and (health := tell()) is not None]
