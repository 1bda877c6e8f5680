"""The verb that revokes everything which matches: `revoke-all` (K-35)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from authmux.cli import options, outlet
from authmux.cli.desk import Desk, option
from authmux.cli.exit_codes import Misuse
from authmux.cli.moments import parse_ago
from authmux.cli.questions import confirm, require_answer
from authmux.cli.reading import parse_owner
from authmux.stores.record import Owner, OwnerType, Record

_PAGE: Final = 500  # records that are asked for at once
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Selection:
    """What is meant. Times are seconds since the epoch."""

    owner: tuple[OwnerType, str] | None
    issuer: str | None
    tenant: str | None
    created_after: float | None
    created_before: float | None

    def holds(self, record: Record) -> bool:
        """Return whether a record is among them, and not revoked."""
        return (
            record.revoked_at is None
            and self.owner in (None, (record.owner.type, record.owner.id))
            and self.issuer in (None, record.owner.issuer)
            and (self.created_after is None or record.created_at >= self.created_after)
            and (self.created_before is None or record.created_at < self.created_before)
        )

    def asked(self, records: list[Record]) -> dict[str, Any]:
        """Return how the service is asked for these.

        Raises:
            Misuse: owners of several issuers are called so.
        """
        asked: dict[str, Any] = {
            "tenant": self.tenant,
            "created_after": self.created_after,
            "created_before": self.created_before,
        }
        if self.owner is None:
            return asked
        issuers = {record.owner.issuer for record in records}
        if len(issuers) > 1:
            raise Misuse(f"several name an owner so: say --issuer {' or '.join(sorted(issuers))}")
        return asked | {"owner": Owner(self.owner[0], issuers.pop(), self.owner[1])}


def revoke_all(
    desk: Desk,
    *,
    owner: options.OwnedBy = None,
    issuer: options.Issuer = None,
    tenant: options.InTenant = None,
    created_after: options.CreatedAfter = None,
    created_before: options.CreatedBefore = None,
    reason: options.WhyRevoked = options.Reason.OTHER,
    dry_run: options.CountOnly = False,
    yes: options.Yes = False,
) -> None:
    """Revoke all keys and tokens that match everything that is said, for good, in one transaction."""
    if not dry_run:
        require_answer(yes=yes)
    whose = (owner, issuer, tenant)
    selection = _read(desk.now(), whose, created_after, created_before)
    records = list(_matching(desk, selection))
    if records:
        desk.voice.say(desk.summaries(records[:_SHOWN]))
    if len(records) > _SHOWN:
        desk.voice.say(f"… and {len(records) - _SHOWN} more")
    count = 0
    if records and not dry_run:
        asked = selection.asked(records)
        confirm(desk.voice, f"revoke {_count(len(records))} for good?", yes=yes)
        count = desk.service.revoke_all(reason=reason.value, by=desk.by, **asked)
    if desk.as_json:
        outlet.write(json.dumps({"matching": len(records), "revoked": count}))
    else:
        desk.voice.say(f"{_count(len(records))} would be revoked" if dry_run else f"revoked: {_count(count)}")


def _read(
    now: float, whose: tuple[str | None, str | None, str | None], created_after: str | None, created_before: str | None
) -> _Selection:
    owner, issuer, tenant = whose
    if owner is None and issuer is not None:
        raise Misuse("--issuer says who names the owner: say --owner, too")
    if all(each is None for each in (owner, tenant, created_after, created_before)):
        raise Misuse("say whose, within which tenant, or when made: --owner, --tenant, --created-after or -before")
    with option("--owner"):
        parsed = None if owner is None else parse_owner(owner)
    with option("--created-after"):
        after = None if created_after is None else parse_ago(created_after, now)
    with option("--created-before"):
        before = None if created_before is None else parse_ago(created_before, now)
    return _Selection(owner=parsed, issuer=issuer, tenant=tenant, created_after=after, created_before=before)


def _matching(desk: Desk, selection: _Selection) -> Iterator[Record]:
    after = None
    while page := desk.service.list(
        by=desk.by, tenant=selection.tenant, include_deleted=True, limit=_PAGE, after=after
    ):
        yield from filter(selection.holds, page)
        after = page[-1].id


def _count(number: int) -> str:
    return "1 key or token" if number == 1 else f"{number} keys and tokens"
