"""Which engine a URL means, in either colour; what cannot be served is refused with what to write instead."""

from typing import Any, Final

from sqlalchemy import URL, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from authmux.errors import ConfigurationError
from authmux.stores.sql.dialect import DIALECTS
from authmux.stores.sql.sqlite import file_of, roll_back, set_pragmas
from authmux.stores.sql.transaction import OURS

_BLOCKING: Final = (
    "SQLStore takes SQLite or PostgreSQL behind a blocking driver, as in sqlite:///keys.db or"
    " postgresql+psycopg://user@host/database; AsyncSQLStore takes one that awaits"
)
_AWAITING: Final = (
    "AsyncSQLStore takes SQLite or PostgreSQL behind a driver that awaits, as in sqlite+aiosqlite:///keys.db,"
    " postgresql+asyncpg://user@host/database or postgresql+psycopg://user@host/database; SQLStore takes one that"
    " blocks"
)
_IN_MEMORY: Final = (
    "AsyncSQLStore takes no SQLite database in memory: it would live in one connection, which tasks cannot share and a"
    " cancelled one would lose; use a file, or MemoryStore"
)
_TRANSLATED: Final = (
    "authmux takes no engine with a schema_translate_map, which its triggers and locks are beyond: have the search_path"
    " of the connections lead to the tables, as in postgresql+psycopg://user@host/database?options=-csearch_path%3Dkeys"
)
_BROUGHT_BY: Final = {
    "sqlite": 'pip install "authmux[sql]" brings aiosqlite',
    "postgresql": 'pip install "authmux[postgres]" brings psycopg and asyncpg',
}
_CONNECT_TIMEOUT: Final = 5  # whole seconds, as libpq wants them, where the URL says nothing: a request is waiting
_SHORT_CONNECT_TIMEOUT: Final = 2  # where a thread tries again and again, and the least that libpq knows
_TIMEOUT_ARGUMENTS: Final = {"psycopg": "connect_timeout", "psycopg2": "connect_timeout", "asyncpg": "timeout"}
_OPTIONS: Final[dict[str, Any]] = {
    "isolation_level": "AUTOCOMMIT",
    "hide_parameters": True,
    "execution_options": {OURS: True},
}


def blocking_engine(database: str | Engine) -> Engine:
    """Return the engine of a store that blocks.

    Raises:
        ConfigurationError: it is another database, a driver that awaits, or one that is not installed.
    """
    engine = _blocking_engine_for(database) if isinstance(database, str) else database
    if engine.dialect.name not in DIALECTS or engine.dialect.is_async:
        raise ConfigurationError(_BLOCKING)
    _make_ready(engine, is_ours=isinstance(database, str))
    return engine


def awaiting_engine(database: str | AsyncEngine) -> AsyncEngine:
    """Return an engine of a store that awaits.

    Raises:
        ConfigurationError: it is another database, one in memory, a driver that blocks, or one that is not installed.
    """
    engine = _awaiting_engine_for(database) if isinstance(database, str) else database
    if engine.dialect.name not in DIALECTS or not engine.dialect.is_async:
        raise ConfigurationError(_AWAITING)
    if engine.dialect.name == "sqlite" and file_of(engine.url) is None:
        raise ConfigurationError(_IN_MEMORY)
    _make_ready(engine.sync_engine, is_ours=isinstance(database, str))
    return engine


def engine_beside(database: str | Engine | AsyncEngine, engine: Engine) -> Engine:
    """Return an engine for one connection beside a store's pool.

    It reaches the database as the other does: with an application's own arguments, `creator` and listeners.

    Arguments:
        database: what the store was given.
        engine: the store's.
    """
    if isinstance(database, str) and not engine.dialect.is_async:
        return _blocking_engine_for(database, connect_timeout=_SHORT_CONNECT_TIMEOUT)
    options = engine.get_execution_options()
    return Engine(engine.pool.recreate(), engine.dialect, engine.url, execution_options=options, hide_parameters=True)


def _make_ready(engine: Engine, *, is_ours: bool) -> None:
    if engine.get_execution_options().get("schema_translate_map"):
        raise ConfigurationError(_TRANSLATED)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "invalidate", roll_back)
        if is_ours:
            event.listen(engine, "connect", set_pragmas)


def _blocking_engine_for(database: str, *, connect_timeout: int = _CONNECT_TIMEOUT) -> Engine:
    url = _read(database, is_async=False)
    options: dict[str, Any] = {"connect_args": _connect_args(url, connect_timeout)} | _OPTIONS
    if url.get_backend_name() == "sqlite" and file_of(url) is None:
        # A database in memory lives in its one connection; every other connection would find an empty one.
        options |= {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0}
        options["connect_args"]["check_same_thread"] = False
    try:
        return create_engine(url, **options)
    except ImportError:
        raise _not_installed(url) from None


def _awaiting_engine_for(database: str) -> AsyncEngine:
    url = _read(database, is_async=True)
    if url.get_backend_name() == "sqlite" and file_of(url) is None:
        raise ConfigurationError(_IN_MEMORY)
    try:
        return create_async_engine(url, connect_args=_connect_args(url, _CONNECT_TIMEOUT), **_OPTIONS)
    except ImportError:
        raise _not_installed(url) from None


def _read(database: str, *, is_async: bool) -> URL:
    """Return the URL, if it means a driver of that colour, whether or not the driver is installed."""
    what_is_taken = _AWAITING if is_async else _BLOCKING
    try:
        url = make_url(database)
        if url.drivername == "postgresql":  # SQLAlchemy 2.0 would take psycopg2
            url = url.set(drivername="postgresql+psycopg")
        dialect = url.get_dialect()
        dialect = dialect.get_async_dialect_cls(url) if is_async else dialect
    except ArgumentError:
        raise ConfigurationError(what_is_taken) from None
    if url.get_backend_name() not in DIALECTS or dialect.is_async is not is_async:
        raise ConfigurationError(what_is_taken)
    return url


def _connect_args(url: URL, timeout: int) -> dict[str, Any]:
    argument = _TIMEOUT_ARGUMENTS.get(url.get_driver_name())
    return {argument: timeout} if argument and argument not in url.query else {}


def _not_installed(url: URL) -> ConfigurationError:
    return ConfigurationError(f"{url.get_driver_name()} is not installed: {_BROUGHT_BY[url.get_backend_name()]}")
