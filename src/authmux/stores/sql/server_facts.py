"""What a database says of itself, for the operator: which one it is, how old, and whether it may be written to."""

from dataclasses import dataclass

from sqlalchemy import Connection

from authmux.stores.sql.sqlite import file_of
from authmux.stores.sql.transaction import reading


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """What was found.

    Arguments:
        dialect: "sqlite" or "postgresql".
        version: of SQLite or of the server, as in (16, 2).
        path: of the file; None of a server, and of a database in memory.
        is_standby: whether the server only follows another one, and learns of revocations late.
    """

    dialect: str
    version: tuple[int, ...]
    path: str | None
    is_standby: bool


@reading
def server_facts(connection: Connection) -> ServerFacts:
    """Return what a database says of itself, and change nothing."""
    dialect = connection.dialect.name
    is_server = dialect == "postgresql"
    return ServerFacts(
        dialect=dialect,
        version=tuple(each for each in connection.dialect.server_version_info or () if isinstance(each, int)),
        path=None if is_server else file_of(connection.engine.url),
        is_standby=is_server and bool(connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar_one()),
    )
