"""Issuers that are known only at run time: one verifier for each, made when its first token comes (B-20)."""

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias, cast

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.errors import AuthError, ConfigurationError, Unavailable
from authmux.flow import Flow, ask
from authmux.forking import renew_after_fork
from authmux.verifying.recent import Flights, Recent
from authmux.verifying.verifier import IssuerVerifier

Resolve: TypeAlias = Callable[[str], IssuerVerifier | None] | Callable[[str], Awaitable[IssuerVerifier | None]]

_log = logging.getLogger("authmux.verifying")

MISSES_PER_SECOND: Final = 10
ABSENT_FOR: Final = 60.0  # seconds
MAX_ISSUER: Final = 512  # characters
WAIT: Final = 6.0  # seconds for a question that another request has asked


class IssuerResolver:
    """Finds the verifier of an issuer that is in no table; hand it to an `Authenticator` beside the verifiers.

    Arguments:
        resolve: returns the verifier of an issuer, or None where it is not to be believed. It may be sync or async; it
            is asked once for an issuer as long as the answer is remembered, and once for all who come at a time. It
            decides whose tokens are believed: look the issuer up among those that you know, and never make a verifier
            of whatever comes.
        remember: how many verifiers to hold, until `forget`, or until others were asked for more lately; each has keys
            of its own, so that a bad issuer harms no other.
        misses_per_second: how often `resolve` is asked at most; what comes beyond is answered 503.
        clock: where time comes from.

    Raises:
        ConfigurationError: a number is not positive.
    """

    def __init__(
        self,
        resolve: Resolve,
        *,
        remember: int = 1000,
        misses_per_second: int = MISSES_PER_SECOND,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if remember < 1 or misses_per_second < 1:
            raise ConfigurationError("an IssuerResolver remembers one issuer or more, and asks once a second or more")
        self.resolve: Final = resolve
        self._clock = clock
        self._known: Recent[str, IssuerVerifier] = Recent(remember)
        self._unknown: Recent[str, float] = Recent(remember)
        self._questions: Flights[str, IssuerVerifier | None] = Flights()
        self._asked: deque[float] = deque(maxlen=misses_per_second)
        self._epoch = object()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Forget what the parent process held, whose threads may hold its locks for ever (B-41)."""
        self._known.clear()
        self._unknown.clear()
        self._questions.clear()

    def find(self, issuer: str) -> Flow[IssuerVerifier | None]:
        """Return the verifier of an issuer, or None where there is none.

        Raises:
            Unavailable: too many unknown issuers came within a second, or somebody else's question takes too long.
        """
        known = self._known.get(issuer)
        if known is not None or len(issuer) > MAX_ISSUER or self._is_absent(issuer):
            return known
        try:
            return (yield from self._questions.share(issuer, lambda: self._ask(issuer), timeout=WAIT))
        except TimeoutError as error:
            raise Unavailable("resolver_slow") from error

    def _ask(self, issuer: str) -> Flow[IssuerVerifier | None]:
        """Ask, and remember the answer; ask again if something was forgotten meanwhile, which may be this."""
        while True:
            known = self._known.get(issuer)
            if known is not None or self._is_absent(issuer):  # the question before this one was answered just now
                return known
            epoch = self._epoch
            self._count(self._clock.monotonic())
            verifier = yield from self._resolve(issuer)
            if verifier is None:
                self._unknown.put(issuer, self._clock.monotonic() + ABSENT_FOR)
            else:
                self._known.put(issuer, verifier)
            if epoch is self._epoch:
                return verifier
            self._drop(issuer)

    def _resolve(self, issuer: str) -> Flow[IssuerVerifier | None]:
        """Return what `resolve` says; an error of its own shows nobody to be bad, and is no way in (A-190)."""
        try:
            verifier = yield from ask(cast("Callable[[str], IssuerVerifier | None]", self.resolve), issuer)
        except AuthError:
            raise
        except Exception as error:
            _log.error("an issuer could not be resolved", exc_info=error)
            raise Unavailable("resolver_failed") from error
        if verifier is not None and issuer not in verifier.issuers:
            _log.error("resolve returned the verifier of another issuer than it was asked for")
            raise Unavailable("resolver_mixed_up")
        return verifier

    def holds(self, issuer: str, verifier: IssuerVerifier) -> bool:
        """Return whether a verifier is still the one of its issuer."""
        return self._known.get(issuer) is verifier

    def forget(self, issuer: str) -> None:
        """Ask `resolve` again from the next token on: an issuer was put out, or changed. Verdicts fall with it.

        Each process has a memory of its own, and must be told.
        """
        self._epoch = object()  # first, so that an answer that is under way is not kept
        self._drop(issuer)

    def _drop(self, issuer: str) -> None:
        self._known.drop(issuer)
        self._unknown.drop(issuer)

    def _is_absent(self, issuer: str) -> bool:
        until = self._unknown.get(issuer)
        return until is not None and self._clock.monotonic() < until

    def _count(self, now: float) -> None:
        if len(self._asked) == self._asked.maxlen and now - self._asked[0] < 1.0:
            raise Unavailable("resolver_busy")
        self._asked.append(now)
