"""Which databases the SQL stores take, in which colour, and what they say to all others."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from authmux.errors import ConfigurationError
from authmux.stores.sql import AsyncSQLStore, SQLStore

ELSEWHERE = [
    pytest.param("", id="empty"),
    pytest.param("keys.db", id="no-url"),
    pytest.param("nonsense://keys.db", id="nonsense"),
    pytest.param("mysql://localhost/keys", id="mysql"),
    pytest.param("mysql+asyncmy://localhost/keys", id="mysql-that-awaits"),
    pytest.param("oracle://localhost/keys", id="oracle"),
    pytest.param("postgres://localhost/keys", id="a-name-that-sqlalchemy-gave-up"),
    pytest.param("postgresql+nosuchdriver://localhost/keys", id="no-such-driver"),
]


@pytest.mark.parametrize(
    "url",
    [
        *ELSEWHERE,
        pytest.param("sqlite+aiosqlite:///keys.db", id="sqlite-that-awaits"),
        pytest.param("postgresql+asyncpg://localhost/keys", id="postgresql-that-awaits"),
    ],
)
def test_not_for_sqlstore(url: str) -> None:
    """What is no database of ours behind a blocking driver is refused with what to write instead (K-22)."""
    with pytest.raises(ConfigurationError, match=r"sqlite:///keys\.db or postgresql\+psycopg://"):
        SQLStore(url)


@pytest.mark.parametrize(
    "url",
    [
        *ELSEWHERE,
        pytest.param("sqlite:///keys.db", id="sqlite-that-blocks"),
        pytest.param("postgresql+psycopg2://localhost/keys", id="postgresql-that-blocks"),
    ],
)
def test_not_for_async_sqlstore(url: str) -> None:
    """What is no database of ours behind a driver that awaits is refused with what to write instead (K-22)."""
    with pytest.raises(ConfigurationError, match=r"sqlite\+aiosqlite:///keys\.db, postgresql\+asyncpg://"):
        AsyncSQLStore(url)


@pytest.mark.parametrize("url", ["sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:"])
def test_async_sqlstore_takes_no_memory(url: str) -> None:
    """A database in memory would not outlive a cancelled task; it is refused, with what to use instead (K-22)."""
    with pytest.raises(ConfigurationError, match="MemoryStore"):
        AsyncSQLStore(url)


def test_a_driver_that_is_not_installed() -> None:
    """Whoever names a driver that is missing is told which extra brings one."""
    with pytest.raises(ConfigurationError, match=r'psycopg2 is not installed: pip install "authmux\[postgres\]"'):
        SQLStore("postgresql+psycopg2://localhost/keys")


def test_an_engine_that_awaits(path: Path) -> None:
    """An engine whose driver awaits is refused by the store that blocks, before it is asked anything (K-22)."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}").sync_engine
    with pytest.raises(ConfigurationError, match=r"sqlite:///keys\.db"):
        SQLStore(engine)
    assert not path.exists()


def test_an_engine_that_blocks(path: Path) -> None:
    """An engine whose driver blocks is refused by the store that awaits, before it is asked anything (K-22)."""
    engine = create_engine(f"sqlite:///{path}")
    with pytest.raises(ConfigurationError, match=r"sqlite\+aiosqlite:///keys\.db"):
        AsyncSQLStore(engine)  # type: ignore[arg-type]  # as who checks no types does
    assert not path.exists()


@pytest.mark.parametrize("store", [SQLStore, AsyncSQLStore])
def test_postgresql_without_a_driver(store: type[SQLStore] | type[AsyncSQLStore]) -> None:
    """A URL that names no driver means psycopg, which is both blocking and async; nothing is connected yet."""
    it = store("postgresql://localhost/keys")
    assert it.freshness() is None
    assert not it.health().is_watched
