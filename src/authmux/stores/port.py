"""The port of every store of keys and tokens, and what it promises. Rules about verbs live in `issuing`, not here.

A store keeps a *revision*: a token that is another one after every change that could matter to a verdict (K-22).
Who holds a record that was read under the current revision may believe it without asking again.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from authmux.stores.denial import Denial, DenialsVersion, DenyList, Target
from authmux.stores.record import Owner, Record
from authmux.token_format import Kind

Revision: TypeAlias = str


@dataclass(frozen=True, slots=True)
class Reading:
    """A record, or the fact that there is none, as it was under a revision that was sampled before it was read."""

    record: Record | None
    revision: Revision | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which records to list: those that match everything that is given."""

    kind: Kind | None = None
    tenant: str | None = None
    owner: Owner | None = None
    limit: int = 100
    after: str | None = None


@dataclass(frozen=True, slots=True)
class DenialsReading:
    """Which denials there are, and under which revision of everything, sampled at one moment (K-22).

    Arguments:
        version: of the denials alone; another one after every change of them.
    """

    version: DenialsVersion
    revision: Revision | None


@dataclass(frozen=True, slots=True)
class PepperCheck:
    """What a store keeps to notice a wrong pepper under a right id (K-13)."""

    pepper_id: str
    check: bytes


class StoreUnavailable(Exception):
    """The store could not answer; it says nothing of any credential. A caller is told 503 (K-24)."""


class WriteRefused(Exception):
    """A store would not make a change.

    `reason` is `exists`, `name_taken`, `too_many`, `changed`, `pepper` or `too_many_denials`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Freshness(Protocol):
    """How a holder of records learns, without I/O that could wait, that they are still true."""

    def freshness(self) -> Revision | None:
        """Return the current revision; None where it is not known, so that nothing held may be believed.

        Raises:
            StoreUnavailable: the store is away.
        """
        ...


class TokenStore(Freshness, Protocol):
    """A store that blocks. Every method may raise `StoreUnavailable`."""

    def find(self, credential_id: str) -> Reading:
        """Read a record by its public id."""
        ...

    def list(self, query: Query) -> Sequence[Record]:
        """Return the records that match, by id, at most `query.limit` of them."""
        ...

    def add(self, record: Record, *, pepper: PepperCheck, max_live: int, now: float) -> None:
        """Keep a new record, in one transaction with the checks that it must not race with.

        Arguments:
            pepper: kept with the first record that uses it.
            max_live: how many live records of this kind one owner may have, this one included.
            now: decides which records are live.

        Raises:
            WriteRefused: `exists`, `name_taken` among the owner's live ones, `too_many`, or `pepper` where another
                pepper is kept under this id.
        """
        ...

    def replace(self, record: Record, *, expected: int, pepper: PepperCheck | None = None) -> None:
        """Keep a record instead of the one with this id, if that is still at row_version `expected`.

        Arguments:
            pepper: kept with the first record that uses it, where the change brings a new generation.

        Raises:
            WriteRefused: `changed`, where it is not; `pepper`, as in `add`.
        """
        ...

    def pepper_checks(self) -> Sequence[PepperCheck]:
        """Return the checks of all the peppers that records were issued under."""
        ...


class AsyncTokenStore(Freshness, Protocol):
    """The same store for callers that await."""

    def find(self, credential_id: str) -> Awaitable[Reading]:
        """See `TokenStore.find`."""
        ...

    def list(self, query: Query) -> Awaitable[Sequence[Record]]:
        """See `TokenStore.list`."""
        ...

    def add(self, record: Record, *, pepper: PepperCheck, max_live: int, now: float) -> Awaitable[None]:
        """See `TokenStore.add`."""
        ...

    def replace(self, record: Record, *, expected: int, pepper: PepperCheck | None = None) -> Awaitable[None]:
        """See `TokenStore.replace`."""
        ...

    def pepper_checks(self) -> Awaitable[Sequence[PepperCheck]]:
        """See `TokenStore.pepper_checks`."""
        ...


class DenialStore(Freshness, Protocol):
    """A store of denials, which blocks (B-64). Every method may raise `StoreUnavailable`."""

    def deny(self, denial: Denial, *, limit: int, now: float) -> Denial:
        """Keep a denial, joined to the one that there is on its target; return what stands now.

        Arguments:
            limit: how many may stand, this one included: every process holds them all.
            now: what stood until then, or until earlier, is let go.

        Raises:
            WriteRefused: `too_many_denials`, where there are more.
        """
        ...

    def lift(self, target: Target) -> bool:
        """Take a denial away; return whether there was one."""
        ...

    def denials_version(self) -> DenialsReading:
        """Read which denials there are; quickly, however many."""
        ...

    def denials(self) -> DenyList:
        """Read all denials; of the version that there was, or of a later one."""
        ...

    def list_denials(self) -> Sequence[Denial]:
        """Return all denials, by target."""
        ...


class AsyncDenialStore(Freshness, Protocol):
    """The same store for callers that await."""

    def deny(self, denial: Denial, *, limit: int, now: float) -> Awaitable[Denial]:
        """See `DenialStore.deny`."""
        ...

    def lift(self, target: Target) -> Awaitable[bool]:
        """See `DenialStore.lift`."""
        ...

    def denials_version(self) -> Awaitable[DenialsReading]:
        """See `DenialStore.denials_version`."""
        ...

    def denials(self) -> Awaitable[DenyList]:
        """See `DenialStore.denials`."""
        ...

    def list_denials(self) -> Awaitable[Sequence[Denial]]:
        """See `DenialStore.list_denials`."""
        ...
