"""A thread that asks PostgreSQL again and again for its revision, so that requests need not (K-22)."""

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from authmux.clock import Clock
from authmux.forking import renew_after_fork
from authmux.stores.port import Revision, StoreUnavailable
from authmux.stores.sql.bell import Bell
from authmux.stores.sql.health import StoreHealth
from authmux.stores.sql.line import Line
from authmux.stores.sql.outages import is_outage, sqlstate
from authmux.stores.sql.watch_rules import WatchRules

_log = logging.getLogger("authmux.store")

_GAP: Final = 0.02  # seconds between two questions at least, however often somebody says that something has changed
_PAUSES: Final = (0.1, 5.0)  # seconds between two tries to connect: at first, and in the end
_REST: Final = 0.5  # seconds that a try to connect is left alone, whoever wants to know
_OVERDUE: Final = 3.0  # seconds without an answer after which a connection is given up
_IDLE_AFTER: Final = 60.0  # seconds without a request after which nobody watches any more
_JOIN: Final = 5.0  # seconds
_SHUTTING_DOWN: Final = frozenset({"57P01", "57P02", "57P03"})


class Watch:
    """One thread's time of watching, and what others must know of it."""

    def __init__(self) -> None:
        self.bell = Bell()
        self.process = os.getpid()
        self.thread: threading.Thread | None = None
        self.line: Line | None = None
        self.began_at = 0.0  # the last question, or the last try to connect
        self.is_over = False

    def end(self) -> None:
        """Have the thread end soon."""
        self.is_over = True
        self.bell.ring()


class Watcher:
    """Knows the revision as it was a moment ago. A thread begins with the first request, and ends where none comes.

    Arguments:
        open_line: opens a connection to ask on.
        rules: how long an answer is believed.
        clock: one that goes on while the machine sleeps.
    """

    _watch: Watch | None
    _seen: tuple[Revision, float] | None
    _is_away: bool

    def __init__(self, open_line: Callable[[], Line], *, rules: WatchRules, clock: Clock) -> None:
        self._open_line = open_line
        self._max_staleness = rules.max_staleness
        self._outage_grace = rules.outage_grace
        self._every = rules.every
        self._channel = rules.wake
        self._now = clock.monotonic
        self._may_begin = False
        self._on_grace = 0
        self._inherited: list[Watch] = []
        self._begin()
        renew_after_fork(self)

    def freshness(self) -> Revision | None:
        """Return the revision, if the database has confirmed it just now; never waits."""
        self._was_asked = True
        seen = self._seen
        if seen is not None and self._now() - seen[1] <= self._max_staleness:
            return seen[0]
        return self._if_it_cannot_be_asked(seen)

    def may_begin(self) -> None:
        """Let the thread begin with the next request, since there was a connection.

        Not before: the first one teaches the engine's dialect about the server, and a second at the same time would go
        on without that lesson, or take it from the application.
        """
        self._may_begin = True

    def changed(self) -> None:
        """Forget the revision that this process has changed just now, and have everybody look."""
        with self._lock:
            self._valid_from = self._now()
            self._seen = None
        self.wake()
        if self._channel is not None:
            self._channel.announce()

    def wake(self) -> None:
        """Have the thread ask now; one that has just failed to connect is left its pause."""
        watch = self._watch
        if watch is not None and (watch.line is not None or self._now() - watch.began_at > _REST):
            watch.bell.ring()

    def reached(self) -> None:
        """Note that the database has answered somebody: so that it can be reached."""
        if self._is_away:
            self._is_away = False
            self.wake()

    def health(self) -> StoreHealth:
        """Return how things stand."""
        seen, watch = self._seen, self._watch
        line = None if watch is None else watch.line
        age = None if seen is None else self._now() - seen[1]
        return StoreHealth(
            is_watched=watch is not None,
            age=age,
            is_fresh=age is not None and age <= self._max_staleness,
            is_told=line is not None and line.is_told,
            failures=self._failures,
            is_away=self._is_away,
            on_grace=self._on_grace,
        )

    def close(self) -> None:
        """End the thread and its connection; the next request begins another."""
        with self._lock:
            watch, self._watch = self._watch, None
            self._seen = None
            if watch is not None:
                watch.end()
        if watch is not None and watch.thread is not None:
            watch.thread.join(_JOIN)
        if self._channel is not None:
            self._channel.close()

    def after_fork(self) -> None:
        """Begin without a thread, in a child; the connection is its parent's, and nobody may close it here."""
        self._leave_to_parent()
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._watch = None
        self._seen = None  # swapped whole, so that readers need no lock
        self._valid_from = self._now()
        self._was_asked = False
        self._is_away = False
        self._is_told_of = self._is_grace_told_of = False
        self._failures = 0

    def _leave_to_parent(self) -> None:
        if self._watch is not None:
            self._inherited.append(self._watch)
            self._watch, self._seen = None, None

    def _if_it_cannot_be_asked(self, seen: tuple[Revision, float] | None) -> Revision | None:
        """Return what was confirmed within the grace, while the database is away (K-24)."""
        self._see_that_somebody_watches()
        if seen is None or not self._is_away or self._now() - seen[1] > self._outage_grace:
            return None
        self.wake()  # so that the grace does not outlast the outage
        with self._lock:
            self._on_grace += 1
            is_first, self._is_grace_told_of = not self._is_grace_told_of, True
        if is_first:
            _log.error("the database is away: for %s s what it confirmed before is believed", self._outage_grace)
        return seen[0]

    def _see_that_somebody_watches(self) -> None:
        watch = self._watch
        if watch is not None and watch.process == os.getpid():
            line = watch.line
            if line is not None and self._now() - watch.began_at > _OVERDUE:
                line.cut()
            return
        if self._may_begin and self._lock.acquire(blocking=False):  # else another request is at it
            try:
                self._start()
            finally:
                self._lock.release()

    def _start(self) -> None:
        if self._watch is not None and self._watch.process == os.getpid():
            return
        self._leave_to_parent()  # where Python was not told of a fork
        watch = Watch()
        watch.thread = threading.Thread(target=self._run, args=(watch,), name="authmux-watcher", daemon=True)
        try:
            watch.thread.start()
        except RuntimeError as error:  # the system has no thread left; the next request tries again
            watch.bell.close()
            self._tell(error)
            return
        self._watch = watch

    def _run(self, watch: Watch) -> None:
        pause, longest = _PAUSES
        if self._channel is not None:
            self._channel.open(self.wake)
        asked_at = self._now()
        while not watch.is_over:
            watch.began_at = self._now()
            if self._was_asked:
                self._was_asked, asked_at = False, watch.began_at
            elif watch.began_at - asked_at > _IDLE_AFTER:
                self._retire(watch)
                break
            try:
                if watch.line is None:
                    watch.line = self._open_line()
                else:
                    self._ask(watch, watch.line)
                    pause = _PAUSES[0]
            except Exception as error:
                self._hang_up(watch)
                self._fail(error)
                watch.bell.wait(pause)
                watch.bell.silence()
                pause = min(2 * pause, longest)
        self._hang_up(watch)
        watch.bell.close()

    def _ask(self, watch: Watch, line: Line) -> None:
        """Ask once, and wait until it is time to ask again."""
        watch.bell.silence()
        revision = line.ask()
        with self._lock:
            if watch.began_at >= self._valid_from and not watch.is_over:
                self._seen = None if revision is None else (revision, watch.began_at)
        self._succeed()
        line.rest(watch.bell, watch.began_at + self._every - self._now())
        time.sleep(max(0.0, min(_GAP, watch.began_at + _GAP - self._now())))

    def _succeed(self) -> None:
        if self._is_told_of:
            _log.warning("the revision is watched again")
        self._failures = 0
        self._is_away = self._is_told_of = self._is_grace_told_of = False

    def _fail(self, error: Exception) -> None:
        self._tell(error)
        self._is_away = _is_away(error)
        self._failures += 1

    def _tell(self, error: Exception) -> None:
        """Say once in an outage that there is one."""
        if not self._is_told_of:
            self._is_told_of = True
            why = str(error) if isinstance(error, StoreUnavailable) else type(error).__name__  # no driver's own text
            _log.error("the revision cannot be watched: %s; every request reads its record", why)

    def _retire(self, watch: Watch) -> None:
        with self._lock:
            if self._watch is watch:
                self._watch = None
                self._is_away = False  # by then, nobody knows

    @staticmethod
    def _hang_up(watch: Watch) -> None:
        line, watch.line = watch.line, None
        if line is not None:
            with suppress(Exception):  # it may be broken; nothing was written on it
                line.close()


def _is_away(error: Exception) -> bool:
    """Return whether the database cannot be reached; one that answers with a refusal can be."""
    state = sqlstate(error)
    return is_outage(error) and (state is None or state in _SHUTTING_DOWN or state.startswith("08"))
