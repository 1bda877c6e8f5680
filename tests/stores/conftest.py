"""The stores that every promise of the port is tested on."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import create_engine

from authmux.stores.memory import MemoryStore
from authmux.stores.port import TokenStore
from authmux.stores.sql import SQLStore


def _memory(_: Path) -> Iterator[TokenStore]:
    yield MemoryStore()


def _sql_file(directory: Path) -> Iterator[TokenStore]:
    store = SQLStore(f"sqlite:///{directory / 'keys.db'}")
    store.create_schema()
    yield store
    store.close()


def _sql_memory(_: Path) -> Iterator[TokenStore]:
    store = SQLStore("sqlite://")
    store.create_schema()
    yield store
    store.close()


def _sql_engine(directory: Path) -> Iterator[TokenStore]:
    """Run on an engine that the application has made itself, with pysqlite's own pragmas."""
    engine = create_engine(f"sqlite:///{directory / 'application.db'}")
    store = SQLStore(engine)
    store.create_schema()
    yield store
    store.close()
    engine.dispose()


_STORES: Final[dict[str, Callable[[Path], Iterator[TokenStore]]]] = {
    "memory": _memory,
    "sql-file": _sql_file,
    "sql-memory": _sql_memory,
    "sql-engine": _sql_engine,
}


@pytest.fixture(params=_STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TokenStore]:
    """Give each kind of store in turn, empty."""
    yield from _STORES[request.param](tmp_path)


@pytest.fixture(params=["memory", "sql-file", "sql-engine"])
def watched_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TokenStore]:
    """Give each kind of store that knows its revision, so that records may be held in memory."""
    yield from _STORES[request.param](tmp_path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a database file may be."""
    return tmp_path / "keys.db"


@pytest.fixture
def file_store(path: Path) -> Iterator[SQLStore]:
    """Give a store on a file that other connections may open."""
    store = SQLStore(f"sqlite:///{path}")
    store.create_schema()
    yield store
    store.close()
