"""`examine`: look at a store and its peppers as an application would use them, and say what was found."""

import os
import stat
import time
from collections.abc import Iterator
from typing import Final

from authmux.cli.finding import Finding, Part
from authmux.cli.pepper_findings import pepper_findings
from authmux.cli.place import Place
from authmux.cli.sentences import sentence_for
from authmux.stores.port import StoreUnavailable
from authmux.stores.sql import SchemaStatus, SQLStore
from authmux.stores.sql.colours import blocking
from authmux.stores.sql.server_facts import ServerFacts, server_facts
from authmux.verifying.diagnosis import Mark

_facts = blocking(server_facts)
_OLDEST: Final = (13,)  # PostgreSQL
_PATIENCE: Final = 5.0  # seconds in which a server is to be watched
_PAUSE: Final = 0.05
_UPGRADE: Final = "run `authmux upgrade` with the same --store, or have the application call store.create_schema()"
_NOBODY: Final = "0" * 16


def examine(store: SQLStore, place: Place) -> list[Finding]:
    """Look at a store, for some seconds at most, and change nothing."""
    found: list[Finding] = []
    try:
        for finding in _look(store, place):
            found.append(finding)  # noqa: PERF402  # what was found before something broke is kept
    except StoreUnavailable as error:
        found.append(Finding(part=Part.DATABASE, mark=Mark.WRONG, says=sentence_for(error)))
    return found


def _look(store: SQLStore, place: Place) -> Iterator[Finding]:
    facts = _facts(store)
    yield from _database(facts)
    status = store.schema_status()
    has_tables = "authmux_credentials" not in status.missing_tables
    yield from _schema(status) if has_tables else _no_tables()
    if has_tables and not status.missing_tables:
        if not facts.is_standby:
            yield from _freshness(store, facts, status)
        yield from pepper_findings(store, place)


def _database(facts: ServerFacts) -> Iterator[Finding]:
    version = ".".join(map(str, facts.version))
    if facts.dialect == "sqlite":
        yield Finding(part=Part.DATABASE, mark=Mark.OK, says=f"SQLite {version}, {facts.path or 'in memory'}")
        if facts.path is not None:
            yield from _file(facts.path)
        return
    is_old = facts.version < _OLDEST
    yield Finding(
        part=Part.DATABASE,
        mark=Mark.WRONG if is_old else Mark.OK,
        says=f"PostgreSQL {version}",
        advice="authmux is made for PostgreSQL 13 and later" if is_old else "",
    )
    yield Finding(
        part=Part.DATABASE,
        mark=Mark.WRONG if facts.is_standby else Mark.OK,
        says="a standby, which learns of revocations late" if facts.is_standby else "the primary",
        advice="give the store the primary's address" if facts.is_standby else "",
    )


def _file(path: str) -> Iterator[Finding]:
    mode = stat.S_IMODE(os.stat(path).st_mode)
    others = "write to" if mode & 0o002 else "read" if mode & 0o004 else ""
    if others and os.name == "posix":
        yield Finding(
            part=Part.DATABASE,
            mark=Mark.WRONG if mode & 0o002 else Mark.WARNING,
            says=f"every user of this machine may {others} the file (mode {mode:03o})",
            advice=f"chmod o-rwx {path}; no secret is in it, but digests, names, and who did what",
        )
    if not (os.access(path, os.W_OK) and os.access(os.path.dirname(path), os.W_OK)):
        yield Finding(
            part=Part.DATABASE,
            mark=Mark.WARNING,
            says="the user who runs this may not write to the file, or to its directory",
            advice="that is right for this user, if the application runs under another one",
        )


def _no_tables() -> Iterator[Finding]:
    yield Finding(
        part=Part.SCHEMA,
        mark=Mark.WRONG,
        says="there are no authmux tables",
        advice="run `authmux init` with the same --store, or have the application call store.create_schema()",
    )


def _schema(status: SchemaStatus) -> Iterator[Finding]:
    is_right = status.version == status.wanted
    wanted = "" if is_right else f", and this authmux knows {status.wanted}"
    mend = "install the newer authmux" if (status.version or 0) > status.wanted else f"back it up, then {_UPGRADE}"
    yield Finding(
        part=Part.SCHEMA,
        mark=Mark.OK if is_right else Mark.WRONG,
        says=f"version {status.version or 'unknown'}{wanted}",
        advice="" if is_right else mend,
    )
    missing = {
        "tables": status.missing_tables,
        "columns": status.missing_columns,
        "triggers, so that nobody learns of a revocation made by hand": status.missing_triggers,
        "indexes, so that it is slow": status.missing_indexes,
        "rows that say which revision it is": () if status.has_revision else ("authmux_revision",),
    }
    for what, names in missing.items():
        if names:
            mark = Mark.WARNING if names is status.missing_indexes else Mark.WRONG
            says = f"there lack {what}: {', '.join(names)}"
            yield Finding(part=Part.SCHEMA, mark=mark, says=says, advice=_UPGRADE)
    if not any(missing.values()):
        yield Finding(part=Part.SCHEMA, mark=Mark.OK, says="tables, columns, indexes and triggers are all there")


def _freshness(store: SQLStore, facts: ServerFacts, status: SchemaStatus) -> Iterator[Finding]:
    if facts.dialect == "sqlite":
        is_wal = status.journal_mode == "wal"
        yield Finding(
            part=Part.FRESHNESS,
            mark=Mark.OK if is_wal else Mark.WARNING,
            says=f"journal mode {status.journal_mode}" + ("" if is_wal else ": every request reads its record anew"),
            advice="" if is_wal else f"have it on a local disk, and {_UPGRADE}",
        )
        return
    store.find(_NOBODY)
    deadline = time.monotonic() + _PATIENCE
    while store.freshness() is None and time.monotonic() < deadline:
        time.sleep(_PAUSE)
    health = store.health()
    if not health.is_fresh:
        yield Finding(
            part=Part.FRESHNESS,
            mark=Mark.WARNING,
            says="no connection beside the pool could be had: every request reads its record anew",
            advice="let the database take one more connection of each process",
        )
        return
    yield Finding(
        part=Part.FRESHNESS,
        mark=Mark.OK,
        says="the database tells of changes (LISTEN)"
        if health.is_told
        else "changes are asked for, as behind a pooler that has no LISTEN; they are seen within a second all the same",
    )
