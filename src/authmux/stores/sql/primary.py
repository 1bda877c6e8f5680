"""Only the primary's word counts: a standby learns of a revocation when it has been told (K-22)."""

import logging
from typing import Any, Final

from sqlalchemy import ColumnElement, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from authmux.stores.port import Revision, StoreUnavailable

_log = logging.getLogger("authmux.store")

STANDBY: Final = "standby"
"""In place of a token; no token is one, for those are 32 hexadecimal digits."""


class OnPrimary(FunctionElement[str]):
    """A revision's token in SQL, or what is in its place where the database only follows another.

    Arguments:
        token: the column.
    """

    type = String()
    inherit_cache = True

    def __init__(self, token: ColumnElement[str]) -> None:
        super().__init__(token)


@compiles(OnPrimary)
def _always(element: OnPrimary, compiler: Any, **how: Any) -> str:
    """Write the token: a file follows no other."""
    return str(compiler.process(next(iter(element.clauses)), **how))


@compiles(OnPrimary, "postgresql")
def _if_primary(element: OnPrimary, compiler: Any, **how: Any) -> str:
    """Write the question into the same statement: behind a proxy the next one may go to another server."""
    return f"CASE WHEN pg_is_in_recovery() THEN '{STANDBY}' ELSE {_always(element, compiler, **how)} END"


def refuse_standby(token: Revision | None) -> Revision | None:
    """Return a token that `OnPrimary` gave.

    Raises:
        StoreUnavailable: it was a standby's; the log says what to do.
    """
    if token == STANDBY:
        _log.error("the database is a standby, which learns of revocations late: give the store the primary's address")
        raise StoreUnavailable(STANDBY)
    return token
