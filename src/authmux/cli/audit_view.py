"""The audit log as it is shown: a line an entry, and how its check has ended."""

import json
from collections.abc import Iterator
from typing import Any, Final

from authmux.cli.masking import shown
from authmux.cli.record_view import thawed, timestamp
from authmux.issuing.verbs.auditing import Verification
from authmux.stores.audit_chain import Damage
from authmux.stores.audit_event import AuditEntry, AuditEvent, Head

_SHOWN: Final = 10
_MEANS = {
    Damage.CHANGED: "a field is another one than was sealed",
    Damage.MISSING: "there is no such entry, and there was one",
    Damage.FORKED: "there is another entry than the one that was kept",
    Damage.UNKNOWN_KEY: "it was sealed with a pepper that is not known here",
}


def as_line(entry: AuditEntry) -> str:
    """Return an entry for people."""
    return shown("  ".join(_words(entry)))


def _words(entry: AuditEntry) -> Iterator[str]:
    event = entry.event
    yield str(entry.position)
    yield str(timestamp(event.at))
    yield event.action.value
    yield event.target
    yield f"by {event.actor}{_came_with(event)}"
    if event.outcome != "done":
        yield event.outcome
    for name in ("tenant", "reason", "address", "request_id"):
        if getattr(event, name):
            yield f"{name.replace('_', ' ')} {getattr(event, name)}"
    for name, value in event.difference.items():
        text = _difference_text(name, value)
        if text:
            yield f"{name}: {text}"


def _came_with(event: AuditEvent) -> str:
    return f" with {event.actor_credential}" if event.actor_credential else ""


def _difference_text(name: str, value: Any) -> str:
    """Return what is other than before; nothing where nothing is."""
    if not isinstance(value, tuple) or len(value) != 2:
        return _value_text(name, value)
    before, after = (_value_text(name, each) for each in value)
    return "" if before == after else f"{before} → {after}"


def _value_text(name: str, value: Any) -> str:
    if name.endswith("_at") and isinstance(value, float):
        return str(timestamp(value))
    return json.dumps(thawed(value), ensure_ascii=False)


def head_text(head: Head) -> str:
    """Return a head as `--expected-head` takes it."""
    return f"{head.position}:{head.mac}"


def verification_text(found: Verification) -> str:
    """Return how a check has ended, for people."""
    since = f", since a purge up to {found.start.position}" if found.start.position else ""
    lines = [f"{found.entries} entries hold{since}", f"head  {head_text(found.head)}"]
    if found.broken is not None:
        lines.append(f"broken at {found.broken.position}: {found.broken.damage}, {_MEANS[found.broken.damage]}")
    if found.unsealed:
        named = ", ".join(map(str, found.unsealed[:_SHOWN])) + (" …" if len(found.unsealed) > _SHOWN else "")
        lines.append(
            f"written without a pepper: {len(found.unsealed)}, at {named}; nothing shows whether they are true"
        )
    return "\n".join(lines)


def verification_object(found: Verification) -> dict[str, Any]:
    """Return how a check has ended as JSON shows it; the members are documented, and stay."""
    broken = found.broken
    return {
        "well": found.is_whole,
        "entries": found.entries,
        "start": {"position": found.start.position, "mac": found.start.mac},
        "head": {"position": found.head.position, "mac": found.head.mac},
        "broken": None if broken is None else {"position": broken.position, "damage": broken.damage},
        "unsealed": list(found.unsealed),
    }
