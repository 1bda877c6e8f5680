"""A million credentials as an application might have them, put into a store without its verbs, in bounded memory."""

import json
import random
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, create_engine

from authmux.token_format import new_id

NOW: Final = 1_800_000_000.0
DAY: Final = 86_400.0
OWNERS: Final = 50_000
TENANTS: Final = 1_000
_BATCH: Final = 10_000
_KEPT: Final = 10_000
_QUICK: Final = ("PRAGMA synchronous = OFF", "PRAGMA cache_size = -400000")  # in this one connection


class Population:
    """What was put in, as far as it is remembered: a sample of the ids."""

    def __init__(self) -> None:
        self.count = 0
        self.maker = ""
        self._chance = random.Random(1)
        self._ids: list[str] = []

    def sample(self, count: int) -> list[str]:
        """Return some of the ids, at random."""
        return self._chance.choices(self._ids, k=count)

    def behind(self, part: float) -> str:
        """Return the id that about this part of all stand before."""
        return sorted(self._ids)[int(part * (len(self._ids) - 1))]

    def rows(self, count: int) -> list[dict[str, Any]]:
        """Return the next credentials, as rows of the table."""
        return [self._row() for _ in range(count)]

    def _row(self) -> dict[str, Any]:
        chance, number = self._chance, self.count
        credential_id = new_id()
        self.count += 1
        if len(self._ids) < _KEPT:
            self._ids.append(credential_id)
        elif chance.random() < _KEPT / self.count:
            self._ids[chance.randrange(_KEPT)] = credential_id
        if not self.maker:
            self.maker = f"credential {credential_id}"
        fate = chance.random()
        created_at = NOW - (chance.random() * 30 if number % 10_000 == 0 else 60 + chance.random() * 365 * DAY)
        return {
            "id": credential_id,
            "kind": "pat" if number % 10_000 == 1 else "key",
            "env": "canary" if number % 10_000 == 2 else "live" if number % 2 else None,
            "tenant_id": None if number % 10 == 0 else f"tenant {number % TENANTS}",
            "owner_type": "none" if number % 10 == 0 else "user",
            "owner_issuer": "" if number % 10 == 0 else "acme",
            "owner_id": "" if number % 10 == 0 else f"user {number % OWNERS}",
            "parent_id": None,
            "parent_generation": None,
            "created_by": self.maker if number % 10_000 == 3 else "system",
            "name": f"number {number}",
            "description": "",
            "scopes": "reports:read reports:write",
            "resources": "[]",
            "audience": None,
            "allowed_cidrs": "[]",
            "allowed_origins": "[]",
            "limit_policy": None,
            "created_at": created_at,
            "not_before": None,
            "expires_at": NOW + (chance.random() - 0.1) * 365 * DAY if number % 2 else None,
            "rotate_by": None,
            "disabled_at": created_at if fate < 0.001 else None,
            "disabled_by": "system" if fate < 0.001 else None,
            "revoked_at": created_at if 0.001 < fate < 0.05 else None,
            "revoked_by": "system" if 0.001 < fate < 0.05 else None,
            "revoked_reason": "superseded" if 0.001 < fate < 0.05 else None,
            "deleted_at": NOW - chance.random() * 31 * DAY if 0.04 < fate < 0.045 else None,
            "meta": json.dumps({"number": number}),
            "row_version": 1,
        }


def fill(url: str, population: Population, size: int) -> None:
    """Bring a database to a size; it then learns how its rows are spread, as it does by itself in time."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    put = _copy if engine.dialect.name == "postgresql" else _insert
    with engine.connect() as connection:
        for pragma in _QUICK if put is _insert else ():
            connection.exec_driver_sql(pragma).close()
        while population.count < size:
            rows = population.rows(min(_BATCH, size - population.count))
            connection.exec_driver_sql("BEGIN")
            put(connection, "authmux_credentials", rows)
            put(connection, "authmux_credential_secrets", list(_secrets(rows)))
            connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("ANALYZE" if put is _copy else "PRAGMA optimize")
    engine.dispose()


def _insert(connection: Connection, table: str, rows: list[dict[str, Any]]) -> None:
    columns = ", ".join(rows[0])
    marks = ", ".join("?" * len(rows[0]))
    values = [tuple(row.values()) for row in rows]
    connection.exec_driver_sql(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)


def _copy(connection: Connection, table: str, rows: list[dict[str, Any]]) -> None:
    raw: Any = connection.connection.driver_connection
    with raw.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(rows[0])}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(tuple(row.values()))


def _secrets(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield {
            "credential_id": row["id"],
            "generation": 1,
            "digest": random.randbytes(32),
            "algorithm": "hmac-sha256",
            "pepper_id": "p1",
            "hint": "wxyz",
            "created_at": row["created_at"],
            "retire_at": None,
        }
