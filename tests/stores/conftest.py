"""The stores that every promise of the port is tested on."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from authmux.stores.memory import MemoryStore
from authmux.stores.port import TokenStore
from authmux.stores.sql import AsyncSQLStore, SQLStore
from tests.postgres import PostgreSQL, postgresql
from tests.stores.driven import AnySQLStore, driven, on_file

_RECORDS: Final = (
    "authmux_audit",
    "authmux_usage",
    "authmux_credential_secrets",
    "authmux_credentials",
    "authmux_pepper_checks",
    "authmux_denials",
)


@contextmanager
def _memory(_: Path) -> Iterator[TokenStore]:
    yield MemoryStore()


@contextmanager
def _sql(url: str) -> Iterator[TokenStore]:
    with closing(SQLStore(url)) as store:
        store.create_schema()
        yield store


@contextmanager
def _async_sql(url: str) -> Iterator[TokenStore]:
    with driven(AsyncSQLStore(url)) as store:
        store.create_schema()
        yield store


@contextmanager
def _engine(url: str, **options: Any) -> Iterator[TokenStore]:
    """Run on an engine that the application has made itself, with the driver's own settings."""
    engine = create_engine(url, **options)
    with closing(SQLStore(engine)) as store:
        store.create_schema()
        yield store
    engine.dispose()


@contextmanager
def _async_engine(url: str, **options: Any) -> Iterator[TokenStore]:
    """Run on an async engine of the application's."""
    engine = create_async_engine(url, **options)
    with driven(AsyncSQLStore(engine)) as store:
        store.create_schema()
        yield store
        store.wait_for(engine.dispose())


_WATCHED: Final[dict[str, Callable[[Path], AbstractContextManager[TokenStore]]]] = {
    "memory": _memory,
    "sql-file": lambda directory: _sql(f"sqlite:///{directory}/keys.db"),
    "sql-engine": lambda directory: _engine(f"sqlite:///{directory}/keys.db"),
    "async-file": lambda directory: _async_sql(f"sqlite+aiosqlite:///{directory}/keys.db"),
    "async-engine": lambda directory: _async_engine(f"sqlite+aiosqlite:///{directory}/keys.db"),
}
"""Those that know their revision, so that records may be held in memory."""

_LOCAL: Final = _WATCHED | {"sql-memory": lambda _: _sql("sqlite://")}

_SERVED: Final[dict[str, tuple[str, Callable[[str], AbstractContextManager[TokenStore]]]]] = {
    "psycopg": ("psycopg", _sql),
    "psycopg-engine": ("psycopg", lambda url: _engine(url, isolation_level="REPEATABLE READ")),
    "async-psycopg": ("psycopg", _async_sql),
    "asyncpg": ("asyncpg", _async_sql),
    "asyncpg-engine": ("asyncpg", lambda url: _async_engine(url, isolation_level="SERIALIZABLE")),
}
"""Those on PostgreSQL, and their drivers."""


class Rooms:
    """The stores on PostgreSQL: each is opened once for all the tests, in a schema of its own, and emptied for each."""

    def __init__(self, server: PostgreSQL, stack: ExitStack) -> None:
        self._server = server
        self._stack = stack
        self._stores: dict[str, tuple[str, TokenStore]] = {}

    def room(self, kind: str) -> str:
        """Return the schema of a store that was opened, which is also its user's name."""
        return self._stores[kind][0]

    def store(self, kind: str) -> TokenStore:
        """Return a store of one kind, without a record."""
        if kind not in self._stores:
            driver, opened = _SERVED[kind]
            room = self._server.make_room()
            self._stores[kind] = room, self._stack.enter_context(opened(self._server.url(driver, room)))
        room, store = self._stores[kind]
        with self._server.connect(room) as connection:
            for table in _RECORDS:
                connection.execute(f"DELETE FROM {table}")
        return store


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgreSQL]:
    """Give a server for the whole session, for those who ask for one."""
    with postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def rooms(postgres: PostgreSQL) -> Iterator[Rooms]:
    """Give the stores on that server."""
    with ExitStack() as stack:
        yield Rooms(postgres, stack)


@pytest.fixture(params=[*_LOCAL, *_SERVED])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TokenStore]:
    """Give each kind of store in turn, empty."""
    if request.param in _SERVED:
        rooms: Rooms = request.getfixturevalue("rooms")
        yield rooms.store(request.param)
    else:
        with _LOCAL[request.param](tmp_path) as store:
            yield store


@pytest.fixture(params=_WATCHED)
def watched_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TokenStore]:
    """Give each kind of store that knows its revision, so that records may be held in memory."""
    with _WATCHED[request.param](tmp_path) as store:
        yield store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a database file may be."""
    return tmp_path / "keys.db"


@pytest.fixture(params=["blocking", "awaiting"])
def file_store(request: pytest.FixtureRequest, path: Path) -> Iterator[AnySQLStore]:
    """Give a store of each colour on a file that other connections may open."""
    with on_file(path, colour=request.param) as store:
        store.create_schema()
        yield store
