"""The port of a store of denials: `TokenStore`'s neighbour, which many stores keep as well (B-64, K-40)."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Protocol

from authmux.stores.audit_event import Entries
from authmux.stores.denial import Denial, DenialsVersion, DenyList, Target
from authmux.stores.port import Freshness, Revision


@dataclass(frozen=True, slots=True)
class DenialsReading:
    """Which denials there are, and under which revision of everything, sampled at one moment (K-22).

    Arguments:
        version: of the denials alone; another one after every change of them.
    """

    version: DenialsVersion
    revision: Revision | None


class DenialStore(Freshness, Protocol):
    """A store of denials, which blocks (B-64). Every method may raise `StoreUnavailable`."""

    def deny(self, denial: Denial, *, limit: int, now: float, audit: Entries | None = None) -> Denial:
        """Keep a denial, joined to the one that there is on its target; return what stands now.

        Arguments:
            limit: how many may stand, this one included: every process holds them all.
            now: what stood until then, or until earlier, is let go.

        Raises:
            WriteRefused: `too_many_denials`, where there are more.
        """
        ...

    def lift(self, target: Target, *, audit: Entries | None = None) -> bool:
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

    def deny(self, denial: Denial, *, limit: int, now: float, audit: Entries | None = None) -> Awaitable[Denial]:
        """See `DenialStore.deny`."""
        ...

    def lift(self, target: Target, *, audit: Entries | None = None) -> Awaitable[bool]:
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
