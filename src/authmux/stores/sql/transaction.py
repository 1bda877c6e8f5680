"""How an operation runs on a connection: a reading by itself, a change in a short transaction of its own (K-22)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import wraps
from typing import Concatenate, Final, ParamSpec, TypeAlias, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from authmux.stores.sql.dialect import Dialect, dialect_of

P = ParamSpec("P")
T = TypeVar("T")
Operation: TypeAlias = Callable[Concatenate[Connection, P], T]

OURS: Final = "authmux_made_the_engine"
"""The option that marks our own engines: they commit each statement by itself, and are durable."""

_TRIES: Final = 5  # a transaction that the database gives up for another's sake is soon alone


def reading(operation: Operation[P, T]) -> Operation[P, T]:
    """Make an operation read by itself, once more where the pool had kept a dead connection."""

    @wraps(operation)
    def read(connection: Connection, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            _borrow(connection)
            return operation(connection, *args, **kwargs)
        except DBAPIError as error:
            if not (error.connection_invalidated or dialect_of(connection).is_transient(error)):
                raise
        connection.rollback()
        _borrow(connection)
        return operation(connection, *args, **kwargs)

    return read


def changing(operation: Operation[P, T]) -> Operation[P, T]:
    """Make an operation change what is kept in one transaction, again where the database asks for that."""

    @wraps(operation)
    def change(connection: Connection, /, *args: P.args, **kwargs: P.kwargs) -> T:
        dialect = dialect_of(connection)
        for _ in range(_TRIES - 1):
            try:
                with _transaction(connection, dialect):
                    return operation(connection, *args, **kwargs)
            except DBAPIError as error:
                if not dialect.is_transient(error):
                    raise
                connection.rollback()
        with _transaction(connection, dialect):
            return operation(connection, *args, **kwargs)

    return change


@contextmanager
def _transaction(connection: Connection, dialect: Dialect) -> Iterator[None]:
    _borrow(connection)
    with nullcontext() if _is_ours(connection) else dialect.durable(connection):
        _begin(connection, dialect)
        try:
            yield
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            _undo(connection)
            raise


def _begin(connection: Connection, dialect: Dialect) -> None:
    try:
        dialect.begin(connection)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        connection.rollback()  # the pool had kept a dead connection; nothing was done on it yet
        _borrow(connection)
        dialect.begin(connection)


def _undo(connection: Connection) -> None:
    """Undo a transaction; a connection on which that cannot be done is not used again."""
    if connection.invalidated:  # a cancellation in the middle of a statement does that
        return
    try:
        connection.exec_driver_sql("ROLLBACK")
    except BaseException:
        connection.invalidate()
        raise


def _borrow(connection: Connection) -> None:
    if not _is_ours(connection) and not connection.in_transaction():  # else it is borrowed already
        dialect_of(connection).borrow(connection)


def _is_ours(connection: Connection) -> bool:
    return OURS in connection.get_execution_options()
