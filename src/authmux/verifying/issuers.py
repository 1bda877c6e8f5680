"""`IssuerTable`: a JWT in, the verdict of its issuer's verifier out, now or from memory (B-20, B-60)."""

import hmac
import os
from collections.abc import Callable, Iterable, Sequence

from authmux.clock import Clock
from authmux.credential import MAX_TEXT, PresentedCredential
from authmux.errors import ConfigurationError, Fault, InvalidCredential
from authmux.flow import Flow
from authmux.forking import renew_after_fork
from authmux.jose.compact import parse_compact
from authmux.principal import Principal
from authmux.verifying.recent import Recent
from authmux.verifying.verdict import Verdict
from authmux.verifying.verifier import IssuerVerifier


class IssuerTable:
    """Hands a JWT to the verifier of its issuer; an issuer that is not in the table costs no crypto and no I/O.

    Arguments:
        verifiers: one for each issuer.
        remember: how many verdicts to hold; 1 to 3 KB each (B-60).
        clock: where time comes from.

    Raises:
        ConfigurationError: two verifiers are for one issuer (B-20).
    """

    def __init__(self, verifiers: Sequence[IssuerVerifier], *, remember: int, clock: Clock) -> None:
        self._verifiers = {verifier.issuer: verifier for verifier in verifiers}
        if len(self._verifiers) != len(verifiers):
            raise ConfigurationError("two JWT verifiers are for one issuer: give one the audiences of both (B-20)")
        self._clock = clock
        self._verdicts: Recent[bytes, tuple[IssuerVerifier, Verdict]] = Recent(remember)
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Forget what the parent process held, its key too (B-41)."""
        self._keyed = hmac.new(os.urandom(32), digestmod="sha256")
        self._verdicts.clear()

    def recognises(self, text: str) -> bool:
        """Return whether a text has three segments: a JWS, and never a JWE, which has five (A-029)."""
        return text.count(".") == 2

    def knows_issuer_of(self, text: str) -> bool:
        """Return whether a text is a JWT that names one of our issuers; nothing of it is verified."""
        try:
            return self.recognises(text) and parse_compact(text).claims.get("iss") in self._verifiers
        except (InvalidCredential, TypeError):  # an `iss` may be a list
            return False

    def verify(self, credential: PresentedCredential) -> Flow[Principal]:
        """Return whom a token stands for; see `Verifier.verify`."""
        text = credential.text
        if len(text) > MAX_TEXT:  # before it is hashed (B-04)
            raise InvalidCredential(Fault.MALFORMED, "token_too_long")
        now = self._clock.time()
        name = self._name(text)
        remembered = self._verdicts.get(name)
        if remembered is not None:
            verifier, verdict = remembered
            if verdict.is_in_time(now) and verifier.still_holds(verdict):
                return verdict.principal
        token = parse_compact(text)
        issuer = token.claims.get("iss")
        if not isinstance(issuer, str) or issuer not in self._verifiers:
            raise InvalidCredential(Fault.ISSUER, "unknown_issuer")
        verifier = self._verifiers[issuer]
        verdict = yield from verifier.judge(token, now=now)
        self._verdicts.put(name, (verifier, verdict))
        return verdict.principal

    def start(self) -> Flow[None]:
        """Return at once: nothing can be said of an issuer before its keys are there."""
        yield from ()

    def preload(self) -> None:
        """Have every verifier begin to fetch its keys."""
        for verifier in self._verifiers.values():
            verifier.preload()

    def ports(self) -> Iterable[Callable[..., object]]:
        """Return no functions: keys are fetched elsewhere, and waited for in either colour."""
        return ()

    def _name(self, text: str) -> bytes:
        """Return the name under which a verdict is held: neither the token nor its plain hash (B-60)."""
        keyed = self._keyed.copy()
        keyed.update(text.encode("ascii", "backslashreplace"))
        return keyed.digest()
