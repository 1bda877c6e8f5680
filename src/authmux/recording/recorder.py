"""`UsageRecorder`: writes down which credentials are used and what is observed of them, at most seconds later."""

import asyncio
import atexit
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Final, cast
from weakref import WeakKeyDictionary, WeakSet

from authmux.background import Background
from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.errors import AuthError, ConfigurationError, InvalidCredential, MalformedCredential
from authmux.flow import Flow, ask, awaits, run, run_async
from authmux.forking import renew_after_fork
from authmux.principal import Principal
from authmux.recording.sightings import Sighting, Sightings, event_of
from authmux.recording.uses import Uses
from authmux.stores.audit_event import Action, AuditEvent, Entries
from authmux.stores.audit_sinks import Sink, tell
from authmux.stores.port import AsyncTokenStore, TokenStore
from authmux.token_format import TokenFormat

_RETIRED: Final = "retired_secret"
_IN_A_URL: Final = "in_a_url"
_MASKED = re.compile(r"_([0-9a-hjkmnp-tv-z]{16})_(?:\*|%2A){3}")


class UsageRecorder:
    """Counts the uses of keys and tokens, and writes down what is observed: `Authenticator(…, recorder=…)`.

    Nothing is written while a request waits. What comes together is written every two seconds, and when the process
    ends in order: at the end of an ASGI lifespan, and by `atexit`. After `kill -9` at most those seconds are missing.
    A store that blocks is written to by a thread; one that awaits, by a task on the event loop that serves requests.

    Arguments:
        store: where the records are.
        tokens: the format, with the peppers, that the verifiers have.
        every: seconds between two writings; at most 2 (K-70).
        most: how many credentials are held between two writings; where there are more, it is written earlier.
        audit_sinks: who is told of what was observed, once it is in the audit log.
        clock: where time comes from.

    Raises:
        ConfigurationError: a number is out of its range.
    """

    def __init__(
        self,
        store: TokenStore | AsyncTokenStore,
        tokens: TokenFormat,
        *,
        every: float = 2.0,
        most: int = 10_000,
        audit_sinks: Sequence[Sink] = (),
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if not 0 < every <= 2 or most < 1:
            raise ConfigurationError("every is more than 0 and at most 2 seconds, most is 1 or more (K-70)")
        self._store = cast("TokenStore", store)  # flows ask it in either colour, and get the same answers
        self._tokens = tokens
        self._sinks = tuple(audit_sinks)
        self._time = clock.time
        self._uses = Uses(most)
        self._sightings = Sightings()
        self._is_last = False
        write = self._write_async if awaits(self._store.add_usage) else self._write
        self._background = Background(write, name="usage", pause=every)
        self._wake = self._background.wake
        self.after_fork()
        renew_after_fork(self)
        _recorders.add(self)

    def after_fork(self) -> None:
        """Begin anew, in a child: what its parent has noted, the parent writes down."""
        self._uses.after_fork()
        self._sightings.after_fork()
        self._turn = threading.Lock()
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()

    def used(self, principal: Principal, *, address: str | None, status: int) -> None:
        """Note a request with a good credential of our own; JWTs are their issuer's to count."""
        credential = principal.credential
        if credential is None or credential.generation is None or credential.id is None:
            return
        is_full = self._uses.note(credential.id, address, status, self._time())
        self._wake()
        if is_full:
            self._background.hurry()

    def refused(self, refusal: AuthError, *, address: str | None, user_agent: str | None) -> None:
        """Note a credential that is not good."""
        if not isinstance(refusal, InvalidCredential | MalformedCredential):
            return
        is_retired = refusal.reason == _RETIRED
        sighting = Sighting(
            Action.RETIRED_SECRET_USED if is_retired else Action.FAILED,
            type(refusal).__name__,
            refusal.credential_id if is_retired else None,
            refusal.reason,
        )
        self._note(sighting, address=address, user_agent=user_agent)

    def exposed(self, masked: str, *, address: str | None) -> None:
        """Note a key or token of ours in a URL, by its public id; whether the secret was right, nobody has looked."""
        for found in _MASKED.finditer(masked):
            sighting = Sighting(Action.EXPOSED_IN_URL, "not_proved", found[1], _IN_A_URL)
            self._note(sighting, address=address, user_agent=None)

    def flush(self) -> None:
        """Write down everything now, and wait for it."""
        if not self._has_something():
            return
        self._is_last = True
        try:
            self._background.flush()
        finally:
            self._is_last = False

    async def flush_async(self) -> None:
        """Write down everything now, and wait for it, on the running event loop."""
        self._is_last = True
        try:
            await self._background.flush_async()
        finally:
            self._is_last = False

    def _has_something(self) -> bool:
        """Return whether there is something to write down, or somebody who does."""
        return not self._uses.is_empty() or self._sightings.are_waiting() or self._turn.locked()

    def ports(self) -> Iterable[Callable[..., object]]:
        """Return the store's methods that are asked."""
        return (self._store.add_usage, self._store.append_audit, self._store.find)

    def _note(self, sighting: Sighting, *, address: str | None, user_agent: str | None) -> None:
        self._sightings.note(sighting, address=address, user_agent=user_agent, now=self._time())
        self._wake()

    def _write(self) -> None:
        with self._turn:  # who flushes must wait for what is being written already
            run(self._write_all())

    async def _write_async(self) -> None:
        loop = asyncio.get_running_loop()
        async with self._turns.setdefault(loop, asyncio.Lock()):
            await run_async(self._write_all())

    def _write_all(self) -> Flow[None]:
        uses = self._uses.take()
        try:
            if uses:
                yield from ask(self._store.add_usage, uses)
        except BaseException:
            self._uses.put_back(uses)
            raise
        yield from self._write_sightings()
        if self._sightings.are_waiting():
            self._wake()

    def _write_sightings(self) -> Flow[None]:
        due = self._sightings.take(self._time(), is_last=self._is_last)
        if not due:
            return
        entries: Entries | None = None
        try:
            events: list[AuditEvent] = []
            for sighting, tally in due.items():
                record = None
                if sighting.credential_id is not None:
                    record = (yield from ask(self._store.find, sighting.credential_id)).record
                    if record is None:  # an id that is nobody's: it was made up
                        continue
                events.append(event_of(sighting, tally, record))
            if events:
                entries = Entries(tuple(events), self._tokens.peppers.seal())
                yield from ask(self._store.append_audit, entries)
        except BaseException:
            self._sightings.put_back(due)
            raise
        if entries is not None:
            yield from tell(self._sinks, entries)


_recorders: Final["WeakSet[UsageRecorder]"] = WeakSet()


def _flush_all() -> None:
    for recorder in list(_recorders):
        recorder.flush()


atexit.register(_flush_all)
