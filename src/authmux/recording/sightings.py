"""`Sightings`: what was observed of credentials, counted by minute and cause until it is written down (K-70, K-72)."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from authmux.recording.uses import network_of
from authmux.stores.audit_event import Action, AuditEvent
from authmux.stores.record import Record

_MOST: Final = 256  # kinds of sightings at a time; made-up ids and causes must not fill the memory, nor the log
_MINUTE: Final = 60.0
_CALLER: Final = "caller"
NOBODY: Final = "-"
"""The target of an event that is about no credential in particular."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was seen; the same thing within a minute is counted and not repeated.

    Arguments:
        credential_id: of which credential; None for none in particular.
        cause: why a request was refused, as a short constant, or where a credential stood.
    """

    action: Action
    outcome: str
    credential_id: str | None
    cause: str


@dataclass(slots=True)
class _Tally:
    count: int
    last_at: float
    address: str | None
    user_agent: str | None


class Sightings:
    """Counts what is seen. The first of its kind in a minute is written down at once, the others when it is over."""

    def __init__(self) -> None:
        self.after_fork()

    def after_fork(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._tallies: dict[Sighting, _Tally] = {}
        self._told: dict[Sighting, float] = {}

    def note(self, sighting: Sighting, *, address: str | None, user_agent: str | None, now: float) -> None:
        """Note one."""
        with self._lock:
            tally = self._tallies.get(sighting)
            if tally is not None:
                tally.count += 1
                tally.last_at, tally.address, tally.user_agent = now, address, user_agent
            elif len(self._tallies) < _MOST:
                self._tallies[sighting] = _Tally(1, now, address, user_agent)

    def take(self, now: float, *, is_last: bool = False) -> Mapping[Sighting, _Tally]:
        """Return what is to be written down by now.

        Arguments:
            is_last: whether all of it is, because the process ends.
        """
        minute = now // _MINUTE
        with self._lock:
            self._told = {each: told for each, told in self._told.items() if told == minute}
            due = {each: tally for each, tally in self._tallies.items() if is_last or each not in self._told}
            self._tallies = {each: tally for each, tally in self._tallies.items() if each not in due}
            self._told |= dict.fromkeys(due, minute)
        return due

    def put_back(self, tallies: Mapping[Sighting, _Tally]) -> None:
        """Take again what could not be written down."""
        with self._lock:
            for sighting, tally in tallies.items():
                self._told.pop(sighting, None)
                later = self._tallies.get(sighting)
                if later is not None:
                    later.count += tally.count
                elif len(self._tallies) < _MOST:
                    self._tallies[sighting] = tally

    def are_waiting(self) -> bool:
        """Return whether some wait for the end of their minute."""
        return bool(self._tallies)


def event_of(sighting: Sighting, tally: _Tally, record: Record | None) -> AuditEvent:
    """Return what is written down of a sighting.

    Arguments:
        record: of the credential that it is about.
    """
    return AuditEvent(
        at=tally.last_at,
        action=sighting.action,
        outcome=sighting.outcome,
        tenant=record.tenant if record is not None else None,
        actor=_CALLER,
        actor_credential=sighting.credential_id,
        target=sighting.credential_id or NOBODY,
        reason=sighting.cause,
        difference={"count": tally.count},
        address=network_of(tally.address),
        user_agent=tally.user_agent,
    )
