"""Databases of schema version 1, as the first release left them, and what can be seen of any database."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, create_engine, inspect
from sqlalchemy.pool import NullPool

from tests.postgres import PostgreSQL

VECTORS: Final = Path(__file__).parents[1] / "vectors" / "schema_1"
_TRIGGERS: Final = {
    "sqlite": "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY 1",
    "postgresql": "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal AND tgrelid IN"
    " (SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace) ORDER BY 1",
}


class Room:
    """A place for one database's tables, empty at first.

    Arguments:
        url: where a blocking driver finds it.
        server: PostgreSQL's, or None for a file.
        user: PostgreSQL's.
    """

    def __init__(self, url: str, *, server: PostgreSQL | None = None, user: str = "") -> None:
        self.url = url
        self._server = server
        self._user = user

    def async_url(self) -> str:
        """Return where a driver that awaits finds it."""
        if self._server is None:
            return self.url.replace("sqlite:", "sqlite+aiosqlite:")
        return self._server.url("asyncpg", self._user)

    def make_version_1(self) -> None:
        """Make what the first release made, with its rows."""
        if self._server is None:
            with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as connection:
                connection.execute("PRAGMA journal_mode = WAL").close()
                connection.executescript((VECTORS / "sqlite.sql").read_text(encoding="utf-8"))
                connection.commit()
        else:
            with self._server.connect(self._user) as connection:
                connection.execute((VECTORS / "postgresql.sql").read_text(encoding="utf-8"))

    def engine(self) -> Engine:
        """Return an engine that commits each statement by itself, as a shell does."""
        return create_engine(self.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)

    def run(self, statement: str) -> None:
        """Type a statement into the shell."""
        self.rows(statement)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Type a statement into the shell, and return what it answers."""
        engine = self.engine()
        with engine.connect() as connection:
            result = connection.exec_driver_sql(statement)
            rows = [tuple(row) for row in result] if result.returns_rows else []
        engine.dispose()
        return rows

    def shape(self) -> dict[str, Any]:
        """Return all that can be seen of our tables, indexes and triggers, and nothing of their rows."""
        engine = self.engine()
        with engine.connect() as connection:
            eye = inspect(connection)
            shape: dict[str, Any] = {
                name: (
                    {
                        each["name"]: (str(each["type"]), each["nullable"], each["default"])
                        for each in eye.get_columns(name)
                    },
                    sorted((each["name"], tuple(each["column_names"])) for each in eye.get_indexes(name)),
                    eye.get_pk_constraint(name)["constrained_columns"],
                    sorted(
                        (*each["constrained_columns"], each["referred_table"]) for each in eye.get_foreign_keys(name)
                    ),
                )
                for name in eye.get_table_names()
            }
            shape["triggers"] = [tuple(row) for row in connection.exec_driver_sql(_TRIGGERS[connection.dialect.name])]
        engine.dispose()
        return shape

    def kept(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return the rows of the records, in the columns of version 1, and the checks of the peppers."""
        columns = {name: ", ".join(f'"{each}"' for each in COLUMNS_OF_VERSION_1[name]) for name in COLUMNS_OF_VERSION_1}
        return {name: self.rows(f"SELECT {columns[name]} FROM {name} ORDER BY 1, 2") for name in columns}


COLUMNS_OF_VERSION_1: Final = {
    "authmux_credentials": [
        "id", "kind", "env", "tenant_id", "owner_type", "owner_issuer", "owner_id", "parent_id", "parent_generation",
        "created_by", "name", "description", "scopes", "resources", "audience", "allowed_cidrs", "allowed_origins",
        "limit_policy", "created_at", "not_before", "expires_at", "rotate_by", "disabled_at", "disabled_by",
        "revoked_at", "revoked_by", "revoked_reason", "deleted_at", "meta", "row_version",
    ],
    "authmux_credential_secrets": [
        "credential_id", "generation", "digest", "algorithm", "pepper_id", "hint", "created_at", "retire_at",
    ],
    "authmux_pepper_checks": ["pepper_id", "check"],
}  # fmt: skip


def file_in(directory: Path, name: str = "keys") -> Room:
    """Return a place for a SQLite file."""
    return Room(f"sqlite:///{directory}/{name}.db")


def room_on(server: PostgreSQL) -> Room:
    """Return a place for tables on PostgreSQL."""
    user = server.make_room()
    return Room(server.url("psycopg", user), server=server, user=user)
