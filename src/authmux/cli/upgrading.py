"""The command that brings the tables up to date (K-15), said out loud: from which version to which."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from authmux.cli import options, outlet
from authmux.cli.exit_codes import Misuse
from authmux.cli.place import Place, open_store
from authmux.cli.voice import Voice

if TYPE_CHECKING:
    from authmux.stores.sql.schema import SchemaStatus


def upgrade_with(voice: Voice) -> Callable[..., None]:
    """Return the command `upgrade`."""

    def upgrade(
        *,
        store: Annotated[str | None, options.PLACE["store"]] = None,
        output: options.OUTPUT = options.Output.TEXT,
    ) -> None:
        """Bring the tables of an older authmux up to date; back the database up before."""
        voice.mask.learn_passwords(store or "")
        with open_store(Place(store=store or None)) as opened:
            before = opened.schema_status()
            if before.version is None and "authmux_credentials" in before.missing_tables:
                raise Misuse("there are no authmux tables there: `authmux init` makes them")
            opened.create_schema()
            after = opened.schema_status()
        if output is options.Output.JSON:
            outlet.write(json.dumps({"from": before.version, "to": after.version, "mended": _mended(before)}, indent=2))
        else:
            voice.say(_told(before, after))

    return upgrade


def _mended(before: "SchemaStatus") -> list[str]:
    """Return what is there now and was not before."""
    missing = (before.missing_tables, before.missing_columns, before.missing_indexes, before.missing_triggers)
    return [name for names in missing for name in names]


def _told(before: "SchemaStatus", after: "SchemaStatus") -> str:
    if before.version != after.version:
        return f"upgraded from version {before.version or 'unknown'} to {after.version}"
    mended = _mended(before)
    if mended or not before.has_revision:
        return f"the tables are of version {after.version}; what was missing is there: {', '.join(mended)}".rstrip(": ")
    return f"the tables are of version {after.version}, and nothing was to be done"
