"""`Party`: to whom, or within what, keys and tokens belong; and the desk for it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from authmux.cli.desk import Desk
from authmux.cli.exit_codes import Misuse
from authmux.stores.denial import OWNERS, Denied, Target
from authmux.stores.record import Owner, OwnerType, Record

_PAGE: Final = 500  # records that are asked for at once


class Name(NamedTuple):
    """One of them: who names it, which is empty for a tenant, and how."""

    issuer: str
    id: str


class Party(StrEnum):
    """What kind of them."""

    CLIENT = "client"
    USER = "user"
    TENANT = "tenant"

    def name_in(self, record: Record) -> Name | None:
        """Return whose a record is; None where it is nobody's of this kind."""
        if self is Party.TENANT:
            return None if record.tenant is None else Name("", record.tenant)
        return Name(record.owner.issuer, record.owner.id) if record.owner.type == self.value else None

    def name_of(self, target: Target) -> Name | None:
        """Return whom a denial names; None where it is nobody of this kind."""
        what = Denied.TENANT if self is Party.TENANT else OWNERS[OwnerType(self.value)]
        return Name(target.issuer, target.value) if target.what is what else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyDesk(Desk):
    """Where a verb on those of one kind is used."""

    party: Party

    def records(self) -> Iterator[Record]:
        """Return all that belong to one of them."""
        after = None
        while page := self.service.list(by=self.by, limit=_PAGE, after=after):
            yield from (record for record in page if self.party.name_in(record) is not None)
            after = page[-1].id

    def suspended_until(self) -> Mapping[Name, float]:
        """Return whose suspension stands, and until when."""
        now = self.now()
        found = {self.party.name_of(each.target): each.suspends_until for each in self.service.list_denials(by=self.by)}
        return {name: end for name, end in found.items() if name is not None and end is not None and end > now}

    def named(self, name: str, issuer: str | None, found: Collection[Name | None]) -> dict[str, Any]:
        """Return how the service is told whom it is about.

        Arguments:
            found: all who are called so. Where nobody is, it is one whom the application itself names.

        Raises:
            Misuse: several are called so, and it was not said who names the one that is meant.
        """
        issuers = {issuer} if issuer is not None else {each.issuer for each in found if each is not None}
        if len(issuers) > 1:
            raise Misuse(f"several name a {self.party} so: say --issuer {' or '.join(sorted(issuers))}")
        if self.party is Party.TENANT or not issuers:
            return {self.party.value: name}
        return {self.party.value: Owner(OwnerType(self.party.value), issuers.pop(), name)}
