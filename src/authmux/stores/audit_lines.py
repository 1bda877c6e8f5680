"""The audit log as lines of JSON: to be kept elsewhere, read again, and searched with the tools that one has."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any, Final

from authmux.principal import frozen
from authmux.stores.audit_chain import dump
from authmux.stores.audit_event import Action, AuditEntry, AuditEvent

_FIELDS: Final = tuple(each.name for each in fields(AuditEvent))


def write_line(entry: AuditEntry) -> str:
    """Return an entry as one line, without its end; nothing in it is secret."""
    event = {name: getattr(entry.event, name) for name in _FIELDS}
    return dump({"position": entry.position, "key_id": entry.key_id, "mac": entry.mac.hex(), **event})


def read_lines(lines: Iterable[str]) -> Iterator[AuditEntry]:
    """Read entries from lines, one at a time; empty lines are passed over.

    Raises:
        ValueError: a line is no entry; it says which.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield _read(json.loads(line))
            except (ValueError, KeyError, TypeError, RecursionError):
                raise ValueError(f"line {number} is no entry of an audit log") from None


def _read(values: dict[str, Any]) -> AuditEntry:
    told = {name: values[name] for name in _FIELDS}
    event = AuditEvent(**told | {"action": Action(told["action"]), "difference": frozen(told["difference"])})
    return AuditEntry(int(values["position"]), event, str(values["key_id"]), bytes.fromhex(values["mac"]))
