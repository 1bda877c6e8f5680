"""What is PostgreSQL's own (13 and later): its settings, its locks, and the triggers that move the revision (K-22)."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, Table, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.exc import DBAPIError

from authmux.stores.sql.outages import sqlstate
from authmux.stores.sql.tables import DENIALS, EVERYTHING, revision

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
# nobody could ever see. The setting goes with the transaction, or with the savepoint that is rolled back.
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
  END IF;
  RETURN NULL;
END $$
"""
_WATCHED: Final = ("authmux_credentials", "authmux_credential_secrets", "authmux_denials")
_TRIGGERS: Final = {
    f"{table}_{name}": f"CREATE {kind} {table}_{name} AFTER {verbs} ON {table} {when}"
    " EXECUTE FUNCTION authmux_move_revision()"
    for table in _WATCHED
    for name, kind, verbs, when in (
        # Deferred to the commit: two who wrote the one row earlier could wait for each other's credentials (K-22).
        (
            "revision",
            "CONSTRAINT TRIGGER",
            "INSERT OR UPDATE OR DELETE",
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW",
        ),
        ("truncate", "TRIGGER", "TRUNCATE", "FOR EACH STATEMENT"),
    )
}
_FIND_TRIGGERS: Final = (
    "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid IN ("
    + ", ".join(f"to_regclass('{table}')" for table in _WATCHED)
    + ")"
)


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


def insert_new(table: Table, values: Mapping[str, Any]) -> Insert:
    """Return a statement that inserts a row, or nothing where there is one with this key."""
    return insert(table).values(values).on_conflict_do_nothing()


def move_revision(connection: Connection, row: int) -> None:
    """Leave it to the trigger: it writes the revision last, and no migration takes it away."""


def prepare(connection: Connection) -> None:
    """Do nothing: every database is ready."""


def add_triggers(connection: Connection) -> None:
    """Make the triggers that are missing; making one again would wait for everybody who writes.

    What was changed without them moves the revision now.
    """
    connection.exec_driver_sql(_FUNCTION)
    there = set(connection.exec_driver_sql(_FIND_TRIGGERS).scalars())
    missing = [statement for name, statement in _TRIGGERS.items() if name not in there]
    for statement in missing:
        connection.exec_driver_sql(statement)
    for row in (EVERYTHING, DENIALS) if missing else ():
        connection.execute(update(revision).where(revision.c.id == row).values(token=secrets.token_hex(16)))


def is_transient(error: DBAPIError) -> bool:
    """Return whether the database gave up one transaction for the good of others."""
    return sqlstate(error) in _TRANSIENT
