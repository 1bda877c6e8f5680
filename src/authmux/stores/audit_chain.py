"""The chain of the audit log (K-71): each entry's MAC covers the one before it. Pure: no store, no clock."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from hmac import compare_digest
from typing import Any, Final

from authmux.principal import frozen
from authmux.stores.audit_event import Action, AuditEntry, AuditEvent, Entries, Head, Seal

START: Final = Head(0, "")
"""Where a chain is before its first entry."""

_VERSION: Final = "authmux/audit/1"
_FIELDS: Final = tuple(each.name for each in fields(AuditEvent))
_MAX_TEXT: Final = 2048  # characters of what a request or an operator wrote


def chained(entries: Entries, tip: Head) -> list[AuditEntry]:
    """Return events as they stand in the chain behind its tip; a store calls it where nobody else can write."""
    found: list[AuditEntry] = []
    for event in entries.events:
        clean = _clean(event)
        position = tip.position + 1
        mac = entries.seal.mac(_canonical(position, clean, entries.seal.key_id, tip.mac))
        found.append(AuditEntry(position, clean, entries.seal.key_id, mac))
        tip = found[-1].head
    return found


def purge_point(entry: AuditEntry) -> Head | None:
    """Return from where on a chain goes on after a purge, if this is the entry that says so."""
    if entry.event.action is not Action.AUDIT_PURGED:
        return None
    try:
        return Head(int(entry.event.difference["position"]), str(entry.event.difference["mac"]))
    except (KeyError, ValueError, TypeError):
        return None


UNSEALED: Final = "none"
"""The key id of entries that were written without a pepper, as in an emergency."""


class Damage(StrEnum):
    """What may be wrong with a chain."""

    CHANGED = "changed"
    MISSING = "missing"
    FORKED = "forked"
    UNKNOWN_KEY = "unknown_key"


@dataclass(frozen=True, slots=True)
class Break:
    """The first place at which a chain does not hold."""

    position: int
    damage: Damage


class ChainCheck:
    """Follows a chain, entry after entry, until it breaks.

    An entry that was written without a pepper breaks nothing: the one behind it vouches for its MAC, and for no more.
    It is noted, for whoever may write to the database can make one of another.

    Arguments:
        seals: the keys that entries may be sealed with, by id.
        start: where the chain goes on from; after a purge, the purge point.
        expected: a head that was kept elsewhere: it must be in the chain as it was.
    """

    def __init__(self, seals: Mapping[str, Seal], *, start: Head = START, expected: Head | None = None) -> None:
        self._seals = seals
        self._expected = expected
        self.head = start
        self.checked = 0
        self.unsealed: list[int] = []

    def follow(self, entries: Iterable[AuditEntry]) -> Break | None:
        """Check what comes next; return the first break, if there is one."""
        for entry in entries:
            damage = self._damage(entry)
            if damage is not None:
                # Of what is missing, the first is named, and not the one behind the gap.
                return Break(self.head.position + 1 if damage is Damage.MISSING else entry.position, damage)
            self.head = entry.head
            if self._is_unsealed(entry):
                self.unsealed.append(entry.position)
            else:
                self.checked += 1
        return None

    def end(self) -> Break | None:
        """Return the break that only the end shows: a kept head that the chain no longer reaches."""
        if self._expected is not None and self._expected.position > self.head.position:
            return Break(self.head.position + 1, Damage.MISSING)
        return None

    def _damage(self, entry: AuditEntry) -> Damage | None:
        if entry.position != self.head.position + 1:
            return Damage.FORKED if entry.position <= self.head.position else Damage.MISSING
        seal = self._seals.get(entry.key_id)
        if seal is None and not self._is_unsealed(entry):
            return Damage.UNKNOWN_KEY
        text = _canonical(entry.position, entry.event, entry.key_id, self.head.mac)
        if seal is not None and not compare_digest(seal.mac(text), entry.mac):
            return Damage.CHANGED
        is_where_expected = self._expected is not None and self._expected.position == entry.position
        return Damage.FORKED if is_where_expected and self._expected != entry.head else None

    def _is_unsealed(self, entry: AuditEntry) -> bool:
        return entry.key_id == UNSEALED and UNSEALED not in self._seals


def dump(value: object) -> str:
    """Return the one JSON text of a value, in ASCII, which every database gives back as it was."""
    return json.dumps(value, default=_plain, sort_keys=True, separators=(",", ":"))


def _canonical(position: int, event: AuditEvent, key_id: str, previous: str) -> bytes:
    values = [getattr(event, name) for name in _FIELDS]
    return dump([_VERSION, position, key_id, previous, *values]).encode("ascii")


def _clean(event: AuditEvent) -> AuditEvent:
    """Return an event that every database keeps to the letter, whatever a request's header held."""
    texts: dict[str, Any] = {name: _text(value) for name in _FIELDS if type(value := getattr(event, name)) is str}
    return replace(event, at=float(event.at), difference=frozen(json.loads(dump(event.difference))), **texts)


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "?")[:_MAX_TEXT]


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is nothing that JSON knows")
