"""Whether what a migration's target holds already is but a former copy of the source, as an interrupted run leaves."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from sqlalchemy import Table

from authmux.stores.sql import batches
from authmux.stores.sql.batches import Row, key_of
from authmux.stores.sql.colours import blocking
from authmux.stores.sql.copying import COPIED, walk
from authmux.stores.sql.differences import Difference, Found, Kind, difference_of
from authmux.stores.sql.store import SQLStore

_read_rows = blocking(batches.read_rows)

Named: TypeAlias = Mapping[str, Any]


def others_in(target: SQLStore, source: SQLStore, *, batch: int) -> list[Difference]:
    """Return the first of the rows in the target that are not what the source has, or had: of a target in use, say."""
    found = Found()
    for table in COPIED:
        for rows in walk(target, table, batch=batch):
            there = _read_rows(source, table, [key_of(table, row) for row in rows])
            for row in rows:
                now = there.get(key_of(table, row))
                if now is None and not _may_be_gone(table, row):
                    found.add(Difference(table.name, key_of(table, row), Kind.SURPLUS))
                elif now is not None and now != row and not _may_have_been(table, row, now):
                    found.add(difference_of(table, now, row, is_refused=False))
    return found.first


def _may_be_gone(table: Table, former: Row) -> bool:
    """Return whether the source may have had a row and have dropped it since."""
    is_gone = _GONE.get(table.name)
    return is_gone is not None and is_gone(_named(table, former))


def _may_have_been(table: Table, former: Row, now: Row) -> bool:
    """Return whether a row may be what the source's was before."""
    was = _FORMER.get(table.name)
    return was is not None and was(_named(table, former), _named(table, now))


def _named(table: Table, row: Row) -> Named:
    return dict(zip(table.columns.keys(), row, strict=True))


def _is_former_credential(former: Named, now: Named) -> bool:
    """What the verbs of the target changed has a version of its own, which is not the source's past."""
    return bool(former["created_at"] == now["created_at"] and former["row_version"] < now["row_version"])


def _is_former_secret(former: Named, now: Named) -> bool:
    """Retiring it, and moving its digest to another pepper, are all that happens to a secret (K-13, K-33)."""
    return bool(former["created_at"] == now["created_at"] and former["hint"] == now["hint"])


def _is_former_usage(former: Named, now: Named) -> bool:
    return bool(former["last_used_at"] <= now["last_used_at"])


def _is_former_denial(former: Named, now: Named) -> bool:
    """It was denied once more since."""
    return bool(former["at"] < now["at"])


_FORMER: Final[Mapping[str, Callable[[Named, Named], bool]]] = {
    "authmux_credentials": _is_former_credential,
    "authmux_credential_secrets": _is_former_secret,
    "authmux_denials": _is_former_denial,
    "authmux_usage": _is_former_usage,
}
"""What may have changed at the source between two runs; all else is written once."""

_GONE: Final[Mapping[str, Callable[[Named], bool]]] = {
    "authmux_credentials": lambda former: former["deleted_at"] is not None,  # purged since (K-36)
    "authmux_credential_secrets": lambda _: True,  # the credential itself is judged above
    "authmux_foreign_names": lambda _: True,
    "authmux_usage": lambda _: True,
}
"""What may have gone from the source between two runs."""
