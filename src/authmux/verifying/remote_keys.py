"""An issuer's keys, fetched off the request path and swapped whole (B-30…B-39).

A request whose key is known waits for nothing, however slow or broken the issuer is. One whose key is not known
waits a moment for the fetch that all of them share.
"""

import logging
import threading
from collections import Counter
from concurrent.futures import Future
from typing import Final

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.errors import ConfigurationError, Fault, InvalidCredential, Unavailable
from authmux.flow import Flow, ask
from authmux.forking import renew_after_fork
from authmux.jose.jwk import PublicKey
from authmux.jose.key_set import NotAKeySet
from authmux.verifying.absent_kids import AbsentKids
from authmux.verifying.discovery import KeyAddress
from authmux.verifying.fetch import Fetch, FetchFailed
from authmux.verifying.health import IssuerHealth
from authmux.verifying.key_set_report import name_of, report
from authmux.verifying.plain_http import Origins
from authmux.verifying.published_keys import PublishedKeys
from authmux.verifying.refresh_plan import RefreshPlan
from authmux.verifying.scheduler import SHARED_SCHEDULER, Scheduler
from authmux.verifying.snapshot import Limits, Snapshot
from authmux.verifying.waiting_room import NoRoom, WaitingRoom

_log = logging.getLogger("authmux.fetch")

WAIT: Final = 3.0  # seconds a request waits for a key that is not known (B-33)


class RemoteKeys:
    """The keys of one issuer.

    Arguments:
        issuer: its name, exactly.
        jwks_uri: where its keys are; None to find that out from its metadata (B-57).
        allow_http: origins that metadata may send to without TLS (B-54).
        fetch: how documents are fetched.
        limits: how many keys are taken, and for how long they are believed.
        clock, scheduler: where time comes from, and the threads that fetch.
    """

    def __init__(
        self,
        issuer: str,
        *,
        jwks_uri: str | None,
        allow_http: Origins = frozenset(),
        fetch: Fetch,
        limits: Limits = Limits(),  # noqa: B008  # a value
        clock: Clock = SYSTEM_CLOCK,
        scheduler: Scheduler = SHARED_SCHEDULER,
    ) -> None:
        self._issuer = issuer
        self._stale_for = limits.stale_for
        address = KeyAddress(issuer, configured=jwks_uri, allow_http=allow_http, fetch=fetch)
        self._published = PublishedKeys(address, fetch=fetch, limits=limits, clock=clock)
        self._clock = clock
        self._scheduler = scheduler
        self._snapshot: Snapshot | None = None
        self._inherited: Snapshot | None = None
        self._absent = AbsentKids()
        self._outcomes: Counter[str] = Counter()
        self._start_over()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Keep the keys, and fetch anew from the first use on: the parent's threads are not here (B-41)."""
        self._inherited = self._snapshot or self._inherited
        self._snapshot = None
        self._start_over()

    def _start_over(self) -> None:
        self._lock = threading.Lock()
        self._room = WaitingRoom()
        self._flight: Future[None] | None = None
        self._plan = RefreshPlan(now=self._clock.monotonic())

    def preload(self) -> None:
        """Begin the first fetch without waiting for it (B-40)."""
        with self._lock:
            self._wake()
            if self._snapshot is None and self._plan.due_at <= self._clock.monotonic():
                self._begin(forced=False)

    def usable(self) -> Snapshot | None:
        """Return the current keys, unless the issuer has not confirmed them for too long (B-32)."""
        snapshot = self._snapshot
        if snapshot is not None and self._clock.monotonic() < snapshot.believed_until:
            return snapshot
        return None

    def find(self, alg: str, kid: str | None) -> Flow[PublicKey]:
        """Return the key that a token names, waiting only where it is not known.

        Raises:
            InvalidCredential: the issuer has no such key.
            Unavailable: nothing is known of the issuer's keys.
        """
        snapshot = self.usable()
        if snapshot is None:
            snapshot = yield from self._first_keys()
        key = snapshot.keys.choose(alg, kid)
        if key is None and (kid is None or not self._absent.knows(kid, now=self._clock.monotonic())):
            key = yield from self._seek(alg, kid)
        if key is None:
            raise InvalidCredential(Fault.SIGNATURE, "unknown_kid")
        return key

    def ready(self) -> Flow[None]:
        """Wait for keys where there are none; in vain, if the issuer is away."""
        try:
            if self.usable() is None:
                yield from self._first_keys()
        except Unavailable:
            return

    def load(self) -> Flow[None]:
        """Have the keys, fetched by the caller itself: no thread of ours is left behind that a fork would lose (B-40).

        Raises:
            ConfigurationError: they cannot be had at the first attempt.
        """
        held = self._snapshot or self._inherited
        if held is None or self._clock.monotonic() >= held.believed_until:
            yield from ask(self._load)

    def _load(self) -> None:
        try:
            snapshot, _ = self._published.get(None, forced=False)
        except Exception as error:
            reason = error if isinstance(error, FetchFailed | NotAKeySet) else repr(error)
            raise ConfigurationError(
                f"issuer {self._issuer}: its keys cannot be fetched ({reason}), and require_keys_at_start asks for them"
            ) from error
        report(self._issuer, None, snapshot.keys)
        with self._lock:
            if self._snapshot is None:
                self._inherited = snapshot  # whoever comes first takes them over, before a fork or after it

    def _first_keys(self) -> Flow[Snapshot]:
        """Wait for keys where there are none, together with everybody else (A-175)."""
        with self._lock:
            self._wake()
            if self.usable() is None and self._flight is None and self._delay() == 0:
                self._begin(forced=False)
            flight = self._flight
        if flight is not None:
            yield from self._await(flight, WAIT)
        snapshot = self.usable()
        if snapshot is None:
            raise Unavailable("issuer_unreachable", retry_after=min(max(self._delay(), 1.0), 30.0))
        return snapshot

    def _seek(self, alg: str, kid: str | None) -> Flow[PublicKey | None]:
        """Look for an unknown kid: in what a fetch in flight brings, then in what a forced one does (B-33)."""
        until = self._clock.monotonic() + WAIT
        for _ in range(2):
            with self._lock:
                key = self._choose(alg, kid)
                if key is not None:  # a fetch has ended since the caller looked
                    return key
                flight, is_ours = self._flight, False
                if flight is None and self._plan.may_force(self._clock.monotonic()):
                    flight, is_ours = self._begin(forced=True), True
            if flight is None or not (yield from self._await(flight, until - self._clock.monotonic())):
                return None
            key = self._choose(alg, kid)
            if key is None and is_ours and kid is not None and self.usable() is not None:
                self._absent.note(kid, now=self._clock.monotonic())
            if key is not None or is_ours:
                return key
        return None

    def _choose(self, alg: str, kid: str | None) -> PublicKey | None:
        snapshot = self.usable()
        return snapshot.keys.choose(alg, kid) if snapshot is not None else None

    def _delay(self) -> float:
        return self._plan.delay(self._clock.monotonic())

    def _await(self, flight: "Future[None]", seconds: float) -> Flow[bool]:
        """Wait for a fetch; return whether it came to its end while there was time and room to wait."""
        if seconds <= 0:
            return False
        try:
            yield from self._room.wait(flight, timeout=seconds)
        except (NoRoom, TimeoutError):
            return False
        return True

    def _wake(self) -> None:
        """Take over the keys that a parent process had, and see to it that they are refreshed."""
        if self._inherited is not None:
            self._snapshot, self._inherited = self._inherited, None
            self._scheduler.watch(self, due_at=self._plan.due_at)

    def health(self) -> IssuerHealth:
        """Return how things stand with this issuer's keys, without waiting (B-74)."""
        now, snapshot = self._clock.monotonic(), self._snapshot or self._inherited
        with self._lock:
            return IssuerHealth(
                issuer=self._issuer,
                age=None if snapshot is None else now - snapshot.confirmed_at,
                believed_for=self._stale_for if snapshot is None else snapshot.believed_until - snapshot.confirmed_at,
                generation=0 if snapshot is None else snapshot.generation,
                keys=0 if snapshot is None else len(snapshot.keys.keys),
                set_hash=None if snapshot is None else name_of(snapshot.keys),
                failures=self._plan.failures,
                next_attempt_in=self._plan.delay(now),
                fetches=dict(self._outcomes),
            )

    def run_if_due(self) -> None:
        """Begin a refresh, if it is its time (B-31); called by the scheduler."""
        with self._lock:
            if self._flight is None and self._plan.due_at <= self._clock.monotonic():
                self._begin(forced=False)

    def _begin(self, *, forced: bool) -> "Future[None]":
        """Hand a fetch to the workers; the lock is held."""
        flight: Future[None] = Future()
        flight.set_running_or_notify_cancel()  # so that no waiter can cancel it for the others
        self._flight = flight
        self._plan.began(self._clock.monotonic(), forced=forced)
        if not self._scheduler.do(lambda: self._attempt(flight, forced=forced)):
            self._flight = None  # nobody will fly it
            self._plan.failed(self._clock.monotonic(), retry_after=None)
            self._scheduler.watch(self, due_at=self._plan.due_at)
            flight.set_result(None)
        return flight

    def _attempt(self, flight: "Future[None]", *, forced: bool) -> None:
        try:
            snapshot, max_age = self._published.get(self._snapshot, forced=forced)
        except BaseException as error:  # a `Fetch` that uses asyncio may end in a CancelledError
            self._failed(error)
        else:
            self._succeeded(snapshot, max_age)
        with self._lock:
            self._flight = None
            due_at = self._plan.due_at
        self._scheduler.watch(self, due_at=due_at)
        flight.set_result(None)

    def _succeeded(self, snapshot: Snapshot, max_age: float | None) -> None:
        with self._lock:
            held, self._snapshot, self._inherited = self._snapshot, snapshot, None
            self._outcomes["fetched" if held is None or held.keys is not snapshot.keys else "not_modified"] += 1
            self._plan.succeeded(self._clock.monotonic(), max_age=max_age)
        self._absent.forget()
        report(self._issuer, None if held is None else held.keys, snapshot.keys)

    def _failed(self, error: BaseException) -> None:
        retry_after = error.retry_after if isinstance(error, FetchFailed) else None
        with self._lock:
            self._outcomes[str(error) if isinstance(error, FetchFailed | NotAKeySet) else "error"] += 1
            self._plan.failed(self._clock.monotonic(), retry_after=retry_after)
        if isinstance(error, FetchFailed | NotAKeySet):
            health = self.health()
            level = logging.ERROR if health.is_stale else logging.WARNING  # B-32
            _log.log(level, "issuer %s: its keys cannot be fetched: %s; %s", self._issuer, error, health.age_in_words())
        else:
            _log.error("issuer %s: fetching its keys failed", self._issuer, exc_info=error)
