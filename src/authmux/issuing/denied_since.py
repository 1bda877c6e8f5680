"""Which denials and suspensions stand in the end, by what an audit log tells of them (K-92)."""

from collections.abc import Iterable
from typing import Final

from authmux.stores.audit_event import Action, AuditEvent
from authmux.stores.denial import Denial, Denied, Target

DENYING: Final = frozenset({Action.DENIED, Action.SUSPENDED})
LIFTING: Final = frozenset({Action.LIFTED, Action.REACTIVATED})


def denied_since(events: Iterable[AuditEvent]) -> list[tuple[Action, Denial]]:
    """Return what stands after all these events, each with the action that it was last made by."""
    standing: dict[Target, tuple[Action, Denial]] = {}
    for event in events:
        if event.action in DENYING:
            denial = _denial(event)
            _, older = standing.get(denial.target, (event.action, None))
            standing[denial.target] = event.action, denial.joined_to(older)
        elif event.action in LIFTING:
            standing.pop(_target(event), None)
    return list(standing.values())


def _denial(event: AuditEvent) -> Denial:
    return Denial(
        target=_target(event),
        before=event.difference.get("before"),
        until=event.difference.get("until"),
        at=event.at,
        by=event.actor,
        reason=event.reason or "other",
    )


def _target(event: AuditEvent) -> Target:
    named = event.difference
    return Target(Denied(named["what"]), named["issuer"], named["value"])
