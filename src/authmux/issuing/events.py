"""What the audit log is told of a change: the only place where a verb's event is made (K-71, K-72).

A difference is made of the fields that are named here; neither a secret nor a digest is among them.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from authmux.issuing.edits import widened
from authmux.issuing.standing import Standing
from authmux.issuing.states import Verb
from authmux.stores.audit_event import Action, AuditEvent
from authmux.stores.denial import Denial, Denied, Target
from authmux.stores.port import Query
from authmux.stores.record import Owner, Record, Secret

_ACTIONS: Final = {
    Verb.EDIT: Action.EDITED,
    Verb.ROLL: Action.ROLLED,
    Verb.DISABLE: Action.DISABLED,
    Verb.ENABLE: Action.ENABLED,
    Verb.EXPIRE: Action.EXPIRED,
    Verb.REVOKE: Action.REVOKED,
    Verb.DELETE: Action.DELETED,
    Verb.UNDELETE: Action.UNDELETED,
}
_FIELDS: Final = (
    "name", "description", "scopes", "expires_at", "generation", "disabled_at", "disabled_by", "revoked_at",
    "revoked_by", "revoked_reason", "deleted_at",
)  # fmt: skip
_BORN_WITH: Final = ("kind", "env", "name", "scopes", "expires_at")
SELECTION: Final = "selection"
"""The target of an event that tells of many credentials at once; its difference says which."""


def of_change(
    verb: Verb, before: Record, after: Record, *, who: Standing, now: float, reason: str | None
) -> tuple[AuditEvent, ...]:
    """Return what is written down of a verb that changed a record."""

    def event(action: Action, difference: Mapping[str, Any]) -> AuditEvent:
        return _event(action, after, who=who, now=now, reason=reason, difference=difference)

    difference = _difference(before, after)
    if verb is Verb.EDIT and widened(before.scopes, after.scopes):
        wider = event(Action.SCOPES_WIDENED, {"scopes": difference.pop("scopes")})
        return (wider, event(Action.EDITED, difference)) if difference else (wider,)
    done = event(_ACTIONS[verb], difference)
    if verb is Verb.ROLL:
        return (done, *(event(Action.GENERATION_RETIRED, each) for each in _retirements(before, after)))
    return (done,)


def of_issue(record: Record, *, who: Standing, now: float) -> tuple[AuditEvent, ...]:
    """Return what is written down of a new credential."""
    born: dict[str, Any] = {field: [None, _plain(getattr(record, field))] for field in _BORN_WITH}
    return (_event(Action.CREATED, record, who=who, now=now, difference=born | {"owner": [None, owner(record.owner)]}),)


def of_import(record: Record, scheme: str, *, who: Standing, now: float) -> AuditEvent:
    """Return what is written down of a key that another library made, and of which shape it is."""
    born: dict[str, Any] = {field: [None, _plain(getattr(record, field))] for field in _BORN_WITH}
    difference = born | {"owner": [None, owner(record.owner)], "scheme": [None, scheme]}
    return _event(Action.IMPORTED, record, who=who, now=now, difference=difference)


def of_bulk_revocation(query: Query, *, who: Standing, now: float, reason: str) -> tuple[AuditEvent, ...]:
    """Return what is written down of a revocation of everything that matches; the query can be made again of it."""
    asked = {
        "tenant": query.tenant,
        "tenantless": query.tenantless or None,
        "owner": None if query.owner is None else owner(query.owner),
        "created_by": query.created_by,
        "created_after": query.created_after,
        "created_before": query.created_before,
    }
    return (
        AuditEvent(
            at=now,
            action=Action.REVOKED,
            tenant=query.tenant,
            actor=who.actor,
            target=SELECTION,
            reason=reason,
            difference={field: value for field, value in asked.items() if value is not None},
            **_came_with(who),
        ),
    )


def of_purge(record: Record, *, who: Standing, now: float) -> AuditEvent:
    """Return what is written down of a record that is gone for good."""
    return _event(Action.PURGED, record, who=who, now=now, difference={"deleted_at": [record.deleted_at, None]})


def of_denial(action: Action, target: Target, *, who: Standing, now: float, denial: Denial | None = None) -> AuditEvent:
    """Return what is written down of a denial or a suspension, or of its end."""
    difference: dict[str, Any] = {**target._asdict(), "what": target.what.value}
    if denial is not None:
        difference |= {"before": denial.before, "until": denial.until}
    return AuditEvent(
        at=now,
        action=action,
        tenant=target.value if target.what is Denied.TENANT else None,
        actor=who.actor,
        target=target.value or target.issuer,
        reason=None if denial is None else denial.reason,
        difference=difference,
        **_came_with(who),
    )


def owner(whose: Owner) -> list[str]:
    """Return an owner as JSON knows it."""
    return [whose.type.value, whose.issuer, whose.id]


def _event(
    action: Action,
    record: Record,
    *,
    who: Standing,
    now: float,
    difference: Mapping[str, Any],
    reason: str | None = None,
) -> AuditEvent:
    return AuditEvent(
        at=now,
        action=action,
        tenant=record.tenant,
        actor=who.actor,
        target=record.id,
        reason=reason,
        difference=difference,
        **_came_with(who),
    )


def _came_with(who: Standing) -> dict[str, Any]:
    came = who.credential
    return {} if came is None else {"actor_credential": came.id, "actor_generation": came.generation}


def _difference(before: Record, after: Record) -> dict[str, Any]:
    found = {name: (_plain(getattr(before, name)), _plain(getattr(after, name))) for name in _FIELDS}
    difference: dict[str, Any] = {name: list(pair) for name, pair in found.items() if pair[0] != pair[1]}
    if before.meta != after.meta:  # the names alone: what stands there is the application's, and may be large
        names = {*before.meta, *after.meta}
        difference["meta"] = sorted(name for name in names if before.meta.get(name) != after.meta.get(name))
    return difference


def _retirements(before: Record, after: Record) -> Iterator[dict[str, Any]]:
    """Return which generations retire, and when; one that was pushed out is retired already."""
    former: dict[int, Secret] = {secret.generation: secret for secret in before.secrets}
    for secret in after.secrets[:-1]:
        retire_at = former[secret.generation].retire_at
        if secret.retire_at != retire_at:
            yield {"generation": secret.generation, "retire_at": [retire_at, secret.retire_at]}


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value
