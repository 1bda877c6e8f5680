"""Issuers that are known only at run time: one verifier for each, made when its first token comes (B-20)."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias, cast

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.errors import AuthError, ConfigurationError, Unavailable
from authmux.flow import Ask, Flow, awaits, run
from authmux.forking import renew_after_fork
from authmux.verifying.recent import Flights, Recent
from authmux.verifying.side_calls import Busy, SideCalls
from authmux.verifying.verifier import IssuerVerifier

Resolve: TypeAlias = Callable[[str], IssuerVerifier | None] | Callable[[str], Awaitable[IssuerVerifier | None]]

_log = logging.getLogger("authmux.verifying")

MISSES_PER_SECOND: Final = 10
ABSENT_FOR: Final = 60.0  # seconds
MAX_ISSUER: Final = 512  # characters
TIMEOUT: Final = 3.0  # seconds
LONGEST: Final = 60.0  # seconds
CALLS: Final = 8  # of a blocking `resolve` at a time


class IssuerResolver:
    """Finds the verifier of an issuer that is in no table; hand it to an `Authenticator` beside the verifiers.

    Arguments:
        resolve: returns the verifier of an issuer, or None where it is not to be believed. It may be sync or async; it
            is asked once for an issuer as long as the answer is remembered, and once for all who come at a time. It
            decides whose tokens are believed: look the issuer up among those that you know, and never make a verifier
            of whatever comes. A sync one is called in a thread of its own, of which there are eight at most.
        remember: how many verifiers to hold, until `forget`, or until others were asked for more lately; each has keys
            of its own, so that a bad issuer harms no other.
        misses_per_second: how often `resolve` is asked at most; what comes beyond is answered 503.
        timeout: seconds, up to 60, that tokens wait for `resolve`, and then are answered 503: by default 3, as for
            keys. An async one is cancelled then. A sync one cannot be ended: it goes on, its answer counts for tokens
            that come after it, and those that come before it no longer wait. One that hangs for ever keeps its issuer
            out, and eight keep out all that are not in memory: so give what it calls a time-out of its own (A-190).
        clock: where time comes from.

    Raises:
        ConfigurationError: a number is out of its range.
    """

    def __init__(
        self,
        resolve: Resolve,
        *,
        remember: int = 1000,
        misses_per_second: int = MISSES_PER_SECOND,
        timeout: float = TIMEOUT,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if remember < 1 or misses_per_second < 1:
            raise ConfigurationError("an IssuerResolver remembers one issuer or more, and asks once a second or more")
        if not 0 < timeout <= LONGEST:
            raise ConfigurationError(f"timeout {timeout}: write seconds above 0, and up to {LONGEST:g}")
        self.resolve: Final = resolve
        self._timeout = timeout
        self._clock = clock
        self._known: Recent[str, IssuerVerifier] = Recent(remember)
        self._unknown: Recent[str, float] = Recent(remember)
        self._questions: Flights[str, IssuerVerifier | None] = Flights()
        self._calls: SideCalls[IssuerVerifier | None] = SideCalls(most=CALLS, timeout=timeout, clock=clock)
        self._asked: deque[float] = deque(maxlen=misses_per_second)
        self._epoch = object()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Forget what the parent process held, whose threads may hold its locks for ever (B-41)."""
        self._known.clear()
        self._unknown.clear()
        self._questions.clear()
        self._calls.after_fork()

    def find(self, issuer: str) -> Flow[IssuerVerifier | None]:
        """Return the verifier of an issuer, or None where there is none.

        Raises:
            Unavailable: too many unknown issuers came within a second, or `resolve` takes too long.
        """
        known = self._known.get(issuer)
        if known is not None or len(issuer) > MAX_ISSUER or self._is_absent(issuer):
            return known
        try:
            if awaits(self.resolve):
                return (yield from self._questions.share(issuer, lambda: self._lead(issuer), timeout=self._timeout))
            return (yield from self._calls.share(issuer, lambda: self._call(issuer)))
        except TimeoutError as error:
            raise Unavailable("resolver_slow") from error
        except Busy as error:
            raise Unavailable("resolver_busy") from error

    def _lead(self, issuer: str) -> Flow[IssuerVerifier | None]:
        """Ask, unless the question before this one was answered just now."""
        if not self._is_answered(issuer):
            self._count(self._clock.monotonic())
            return (yield from self._ask(issuer))
        return self._known.get(issuer)

    def _call(self, issuer: str) -> Callable[[], IssuerVerifier | None]:
        """Return what a thread is to do; the same, but that whoever comes too often costs no thread."""
        if not self._is_answered(issuer):
            self._count(self._clock.monotonic())
            return lambda: run(self._ask(issuer))
        return lambda: self._known.get(issuer)

    def _ask(self, issuer: str) -> Flow[IssuerVerifier | None]:
        """Ask, and remember the answer; ask again if something was forgotten meanwhile, which may be this."""
        while True:
            epoch = self._epoch
            verifier = yield from self._resolve(issuer)
            if verifier is None:
                self._unknown.put(issuer, self._clock.monotonic() + ABSENT_FOR)
            else:
                self._known.put(issuer, verifier)
            if epoch is self._epoch:
                return verifier
            self._drop(issuer)
            self._count(self._clock.monotonic())

    def _resolve(self, issuer: str) -> Flow[IssuerVerifier | None]:
        """Return what `resolve` says; an error of its own shows nobody to be bad, and is no way in (A-190)."""
        try:
            verifier = cast("IssuerVerifier | None", (yield _Question(self.resolve, issuer, self._timeout)))
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

    def has_found(self, issuer: str) -> bool:
        """Return whether the verifier of an issuer is in memory."""
        return issuer in self._known

    def found(self) -> list[IssuerVerifier]:
        """Return the verifiers that are in memory now."""
        return self._known.values()

    def _is_answered(self, issuer: str) -> bool:
        return issuer in self._known or self._is_absent(issuer)

    def _is_absent(self, issuer: str) -> bool:
        until = self._unknown.get(issuer)
        return until is not None and self._clock.monotonic() < until

    def _count(self, now: float) -> None:
        if len(self._asked) == self._asked.maxlen and now - self._asked[0] < 1.0:
            raise Unavailable("resolver_busy")
        self._asked.append(now)


class _Question:
    """`resolve`, asked in either colour; awaited for so long, and then cancelled."""

    __slots__ = ("_ask", "_timeout")

    def __init__(self, resolve: Resolve, issuer: str, timeout: float) -> None:
        self._ask = Ask(resolve, (issuer,), {})
        self._timeout = timeout

    def perform(self) -> object:
        try:
            return self._ask.perform()
        except Exception:
            raise
        except BaseException as error:  # this is a thread of its own, which has nobody else to tell
            raise RuntimeError(f"resolve raised {error!r}") from error

    async def perform_async(self) -> object:
        patience = asyncio.timeout(self._timeout)
        try:
            async with patience:
                return await self._ask.perform_async()
        except TimeoutError as error:
            if patience.expired():
                raise Unavailable("resolver_slow") from error
            raise
