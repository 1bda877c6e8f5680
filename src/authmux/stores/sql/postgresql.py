"""What is PostgreSQL's own (13 and later): its settings, its locks, and the triggers that move the revision (K-22)."""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, Table, bindparam, func, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.exc import DBAPIError

from authmux.stores.sql.outages import sqlstate
from authmux.stores.sql.tables import DENIALS, EVERYTHING, is_change_of_secret

_TRANSIENT: Final = frozenset({"40001", "40P01"})  # serialization_failure, deadlock_detected

# READ COMMITTED, whatever the application set for its own: each statement sees what was committed before it began, so
# that what is read after a lock was waited for is what stands there. A snapshot would have been taken before.
_BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_SETTINGS: Final = (
    "SELECT set_config('lock_timeout', '2s', true), set_config('synchronous_commit',"
    " CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END,"
    " true)"
)
_LOCK: Final = select(func.pg_advisory_xact_lock(bindparam("key", type_=BigInteger)))

# The trigger fires for each row, and only the first of a transaction writes: all the others would write a token that
# nobody could ever see. The setting goes with the transaction, or with the savepoint that is rolled back. Whoever
# listens is told with the commit; a namespace's number is short enough for a channel's name, whatever it is called.
_FUNCTION: Final = f"""
CREATE OR REPLACE FUNCTION authmux_move_revision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last integer := CASE TG_TABLE_NAME WHEN 'authmux_denials' THEN {DENIALS} ELSE {EVERYTHING} END;
  here text := pg_current_xact_id()::text || ' ' || TG_TABLE_SCHEMA || ' ' || last;
BEGIN
  IF current_setting('authmux.moved_in', true) IS DISTINCT FROM here THEN
    FOR number IN 1..last LOOP
      EXECUTE 'UPDATE ' || quote_ident(TG_TABLE_SCHEMA) || '.authmux_revision SET token = $1 WHERE id = $2'
        USING replace(gen_random_uuid()::text, '-', ''), number;
    END LOOP;
    PERFORM set_config('authmux.moved_in', here, true);
    PERFORM pg_notify('authmux_' || relnamespace, '') FROM pg_class WHERE oid = TG_RELID;
  END IF;
  RETURN NULL;
END $$
"""
_MOVES: Final = "authmux_moves_the_revision"
_SECRETS: Final = "authmux_credential_secrets"
_WATCHED: Final = ("authmux_credentials", _SECRETS, "authmux_pepper_checks", "authmux_foreign_names", "authmux_denials")
_FORMER: Final = f"{_SECRETS}_revision"
# Deferred to the commit: two who wrote the one row earlier could wait for each other's credentials (K-22).
_AT_THE_END: Final = "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"


def _trigger(kind: str, name: str, event: str) -> str:
    return f"CREATE {kind} {name} AFTER {event} EXECUTE FUNCTION authmux_move_revision()"


_TRIGGERS: Final = {
    name: _trigger(kind, name, event)
    for kind, name, event in (
        *(
            ("CONSTRAINT TRIGGER", f"{table}_revision", f"INSERT OR UPDATE OR DELETE ON {table} {_AT_THE_END}")
            for table in _WATCHED
            if table != _SECRETS
        ),
        *(("TRIGGER", f"{table}_truncate", f"TRUNCATE ON {table} FOR EACH STATEMENT") for table in _WATCHED),
        ("CONSTRAINT TRIGGER", f"{_SECRETS}_rows", f"INSERT OR DELETE ON {_SECRETS} {_AT_THE_END}"),
        (  # a digest that moves to another pepper is no change (K-13)
            "CONSTRAINT TRIGGER",
            f"{_SECRETS}_changed",
            f"UPDATE ON {_SECRETS} {_AT_THE_END} WHEN ({is_change_of_secret('IS DISTINCT FROM')})",
        ),
    )
}
_FIND_TRIGGERS: Final = (
    "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid IN ("
    + ", ".join(f"to_regclass('{table}')" for table in _WATCHED)
    + ")"
)
COUNT_TRIGGERS: Final = (
    "SELECT count(*) FROM pg_trigger WHERE tgenabled IN ('O', 'A') AND tgrelid IN ("
    + ", ".join(f"to_regclass('{table}')" for table in _WATCHED)
    + ") AND tgname IN ("
    + ", ".join(f"'{name}'" for name in _TRIGGERS)
    + ")"
)
"""How many of them are there and not switched off; `TRIGGERS` is how many there ought to be."""

TRIGGERS: Final = len(_TRIGGERS)


def borrow(connection: Connection) -> None:
    """Have each statement committed by itself, since we begin and end transactions ourselves."""
    connection.execution_options(isolation_level="AUTOCOMMIT")


def durable(connection: Connection) -> AbstractContextManager[None]:
    """Leave it to `begin`: the setting is the transaction's own."""
    del connection
    return nullcontext()


def begin(connection: Connection) -> None:
    """Begin a transaction that waits two seconds for a lock at most, and is on the disk when it is committed (K-22)."""
    connection.exec_driver_sql(_BEGIN)
    connection.exec_driver_sql(_SETTINGS).close()


def lock(connection: Connection, *name: object) -> None:
    """Keep everybody else who locks this name waiting until the transaction is over.

    An advisory lock: an owner has no row of his own, and the first of his credentials has no rival's row to lock. Two
    names with one hash only wait for each other.
    """
    digest = hashlib.sha256(json.dumps(["authmux", *name]).encode()).digest()
    connection.execute(_LOCK, {"key": int.from_bytes(digest[:8], "big", signed=True)}).close()


def patience(connection: Connection) -> AbstractContextManager[None]:
    """Leave it to `lock_schema`: the setting is the transaction's own."""
    del connection
    return nullcontext()


def lock_schema(connection: Connection) -> None:
    """Wait as long as another process may need to bring a large database up to date; for tables, as briefly as ever.

    Whoever waits for a table has all others wait behind it, who would only read.
    """
    connection.exec_driver_sql("SET LOCAL lock_timeout = '60s'").close()
    lock(connection, "schema")
    connection.exec_driver_sql("SET LOCAL lock_timeout = '2s'").close()


def insert_new(table: Table, values: Mapping[str, Any]) -> Insert:
    """Return a statement that inserts a row, or nothing where there is one with this key."""
    return insert(table).values(values).on_conflict_do_nothing()


def insert_or_change(table: Table, changes: Callable[[Any], Mapping[str, Any]]) -> Insert:
    """Return a statement that inserts a row, or changes the one with its key by what would have been inserted."""
    new = insert(table)
    return new.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes(new.excluded))


def move_revision(connection: Connection, row: int = EVERYTHING) -> None:
    """Leave it to the trigger, which writes the revision last, and note that it will."""
    del row
    connection.info[_MOVES] = True


def has_moved(connection: Connection) -> bool:
    """Return whether what was committed on a connection has moved the revision, once for each time that it has."""
    return not connection.invalidated and connection.info.pop(_MOVES, False)


def prepare(connection: Connection) -> None:
    """Do nothing: every database is ready."""


def add_triggers(connection: Connection) -> None:
    """Make the triggers that are missing; making one again would wait for everybody who writes."""
    connection.exec_driver_sql(_FUNCTION)
    for name in missing_triggers(connection):
        connection.exec_driver_sql(_TRIGGERS[name])
    if _FORMER in connection.exec_driver_sql(_FIND_TRIGGERS).scalars():
        connection.exec_driver_sql(f"DROP TRIGGER {_FORMER} ON {_SECRETS}")


def trigger_statements() -> tuple[str, ...]:
    """Return what a migration has to execute for them; those that are there are made anew."""
    drops = [f"DROP TRIGGER IF EXISTS {name} ON {name.rpartition('_')[0]}" for name in (_FORMER, *_TRIGGERS)]
    return (_FUNCTION.strip(), *drops, *_TRIGGERS.values())


def missing_triggers(connection: Connection) -> list[str]:
    """Return the names of those that are not there."""
    there = set(connection.exec_driver_sql(_FIND_TRIGGERS).scalars())
    return [name for name in _TRIGGERS if name not in there]


def journal_mode(connection: Connection) -> str | None:
    """Return None: it is SQLite that has one."""
    del connection
    return None


def is_transient(error: DBAPIError) -> bool:
    """Return whether the database gave up one transaction for the good of others."""
    return sqlstate(error) in _TRANSIENT
