"""What is known of a key that another library made, and what became of it when it was imported (K-14)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from authmux.stores.foreign import ForeignName
from authmux.stores.record import Owner
from authmux.token_format import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignEntry:
    """A key that another library made: all but its text, which nobody has.

    Arguments:
        foreign: the scheme of its shape, and what its shape finds it by.
        algorithm: of its digest, such as "sha512".
        digest: what is kept of it, in the form of the algorithm (`authmux.foreign_digest`).
        kind: what it becomes here.
        name: for people; it need not be another one than that of all the owner's others.
        scopes: what it may do here: other libraries know no scopes.
        owner: whose it is; None for a key that is nobody's.
        created_at, expires_at, revoked_at: seconds since the epoch, or None.
    """

    foreign: ForeignName
    algorithm: str
    digest: bytes = field(repr=False)
    kind: Kind
    name: str
    scopes: frozenset[str]
    owner: Owner | None = None
    tenant: str | None = None
    description: str = ""
    created_at: float | None = None
    expires_at: float | None = None
    revoked_at: float | None = None
    meta: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """A key that was not imported.

    Arguments:
        name: by which one finds it where it comes from; never a digest.
        why: what to change.
    """

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of every entry of an import.

    Arguments:
        taken: the ids that those have here that were imported now, by what they are found by.
        there: those that an earlier import had taken.
        refused: those that were not imported, and why.
    """

    taken: Mapping[ForeignName, str]
    there: tuple[ForeignName, ...]
    refused: tuple[RefusedEntry, ...]
