"""What each version of the schema brought to tables that were there before it (K-15): data; `schema` does it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What the version before did not have. A column is nullable or has a default, so that both versions can write.

    Arguments:
        tables: new ones; they come with all their columns and indexes.
        columns: new ones of older tables, as "table.column".
        indexes: new ones of older tables, as "table.index".
        given_up: tables that are dropped if nothing is in them.
    """

    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()


UPGRADES: Final[Mapping[int, Upgrade]] = {
    2: Upgrade(
        tables=("authmux_audit", "authmux_denials", "authmux_foreign_names", "authmux_usage"),
        indexes=(
            "authmux_credentials.authmux_credentials_created_at",
            "authmux_credentials.authmux_credentials_created_by",
            "authmux_credentials.authmux_credentials_deleted",
            "authmux_credentials.authmux_credentials_disabled",
            "authmux_credentials.authmux_credentials_env",
            "authmux_credentials.authmux_credentials_expires_at",
            "authmux_credentials.authmux_credentials_kind",
            "authmux_credentials.authmux_credentials_owner_id",
            "authmux_credentials.authmux_credentials_revoked",
        ),
        given_up=("authmux_credential_usage",),  # no version wrote it
    ),
}
"""By the version that it makes; each is made of the one before."""


def is_since_version_1(name: str) -> bool:
    """Return whether a later version brought a table, or a column of any table."""
    brought = {each for upgrade in UPGRADES.values() for each in (*upgrade.tables, *upgrade.columns)}
    return name in brought or name in {each.rpartition(".")[2] for each in brought}
