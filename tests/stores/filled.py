"""Stores with many rows in every table, put there at once: what takes verbs an hour is there in a second."""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Table, insert, select

from authmux.principal import frozen
from authmux.stores.record import Owner, OwnerType, Record
from authmux.stores.sql import SQLStore, metadata
from authmux.stores.sql.rows import credential_values, secret_values
from authmux.stores.sql.tables import schema_version
from authmux.token_format import Kind
from tests.stores.sample_records import NOW, make_record, make_secret

ODD_TEXTS: Final = ("", " ", "Zoë 👩‍🚀 \u202e\u0301", 'it\'s "quoted" \\ %s :name $1', "a\nb\r\n\tc", "x" * 255, "NULL")
ODD_TIMES: Final = (0.0, -0.5, 1e-300, 1.7976931348623157e308, 0.1 + 0.2, NOW + 1e-6, 2.0**53 + 2)


def fill(store: SQLStore, count: int) -> list[Record]:
    """Put many credentials into a store, of every shape, and rows into every other table, and return the records."""
    records = list(_records(count, random.Random(count)))
    with store._engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        _insert(connection, "authmux_credentials", [credential_values(record) for record in records])
        _insert(connection, "authmux_credential_secrets", [row for record in records for row in secret_values(record)])
        for table in metadata.sorted_tables:
            if table.name not in (
                "authmux_credentials",
                "authmux_credential_secrets",
                "authmux_revision",
                schema_version.name,
            ):
                _insert(connection, table.name, list(_odd_rows(table, [record.id for record in records])))
        connection.exec_driver_sql("COMMIT")
    return records


def everything_in(store: SQLStore) -> dict[str, list[tuple[Any, ...]]]:
    """Return all the rows of a store, but those that say which version and which revision it is."""
    with store._engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
            if table.name not in ("authmux_revision", schema_version.name)
        }


def _insert(connection: Any, name: str, rows: list[dict[str, Any]]) -> None:
    connection.execute(insert(metadata.tables[name]), rows)


def _records(count: int, chance: random.Random) -> Iterator[Record]:
    parents: list[Record] = []
    for number in range(count):
        record = make_record(
            name=f"{number} {chance.choice(ODD_TEXTS)}"[:255],
            description=chance.choice(ODD_TEXTS),
            kind=chance.choice([Kind.KEY, Kind.PAT]),
            tenant=chance.choice([None, "", "t1", "t2 Ü"]),
            env=chance.choice([None, "live"]),
            owner=Owner(OwnerType.USER, "acme", f"u{number % 50}"),
            scopes=frozenset(chance.sample(["a:b", "c:d", "e:*"], 2)),
            expires_at=chance.choice([None, *ODD_TIMES]),
            revoked_at=chance.choice([None, None, *ODD_TIMES]),
            meta=frozen(
                {"n": number / 7, "text": chance.choice(ODD_TEXTS), "none": None, "deep": {"list": [1, 2.5, ""]}}
            ),
            secrets=(make_secret(1, digest=chance.randbytes(32), retire_at=NOW), make_secret(2, digest=b"\0" * 32)),
        )
        if parents and number % 10 == 0:  # some of them the children of children, whose ids come in any order
            record = replace(record, parent_id=chance.choice(parents).id, parent_generation=1)
        parents.append(record)
        yield record


def _odd_rows(table: Table, ids: list[str]) -> Iterator[dict[str, Any]]:
    """Return rows for a table of which nothing is known but its columns."""
    for number in range(len(ODD_TEXTS)):
        yield {column.name: _odd_value(column, number, ids) for column in table.columns}


def _odd_value(column: Any, number: int, ids: list[str]) -> Any:
    if column.name == "credential_id":
        return ids[number]
    if column.nullable and number % 2:
        return None
    kind = column.type.python_type
    if kind is int:
        return number + (2**53 + 1 if column.type.__class__.__name__ == "BigInteger" else 1)
    if kind is float:
        return ODD_TIMES[number]
    if kind is bytes:
        return bytes([number, 0, 255])
    if kind is bool:
        return bool(number % 2)
    text = ODD_TEXTS[number]
    text = f"{number} {text}" if column.primary_key else text
    return text[: column.type.length or None]
