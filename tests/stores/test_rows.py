"""Rows and records are the same thing twice: nothing of a record has no column, and no row is another's."""

import dataclasses
from typing import Any, cast

import pytest
from hypothesis import given, settings
from sqlalchemy import Row

from authmux.stores.record import Record, Secret
from authmux.stores.sql.rows import (
    CREDENTIAL_COLUMNS,
    SECRET_COLUMNS,
    credential_values,
    secret_values,
    to_record,
    to_records,
)
from authmux.stores.sql.tables import credential_secrets, credentials
from tests.stores.sample_records import any_record, make_record, make_secret


def rows_of(record: Record) -> list[Row[*tuple[Any, ...]]]:
    """Return what a database answers for a record: its columns, once for each generation."""
    values = credential_values(record)
    left = tuple(values[column.name] for column in CREDENTIAL_COLUMNS)
    rows = [left + tuple(secret[column.name] for column in SECRET_COLUMNS) for secret in secret_values(record)]
    return cast("list[Row[*tuple[Any, ...]]]", rows)


@settings(max_examples=25, deadline=None)
@given(record=any_record())
def test_there_and_back(record: Record) -> None:
    """A record that is made into rows and back is the same record (K-10, K-11)."""
    assert to_record(rows_of(record)) == record


@settings(max_examples=25, deadline=None)
@given(record=any_record())
def test_rows_are_plain(record: Record) -> None:
    """Every value in a row is one that any database driver takes (K-11)."""
    rows = [credential_values(record), *secret_values(record)]
    assert {type(value) for row in rows for value in row.values()} <= {str, int, float, bytes, type(None)}


def test_every_column_is_written() -> None:
    """A record fills every column of both tables, so that none keeps what it held before (K-11)."""
    record = make_record()
    assert set(credential_values(record)) == set(credentials.columns.keys())
    assert set(secret_values(record)[0]) == set(credential_secrets.columns.keys())


@pytest.mark.parametrize(
    ("value_class", "elsewhere", "columns"),
    [
        pytest.param(Record, {"tenant", "owner", "secrets"}, credentials.columns.keys(), id="record"),
        pytest.param(Secret, set(), credential_secrets.columns.keys(), id="secret"),
    ],
)
def test_every_field_has_a_column(value_class: type, elsewhere: set[str], columns: list[str]) -> None:
    """No field of a record is lost for want of a column of its name (K-11)."""
    fields = {field.name for field in dataclasses.fields(value_class)}
    assert fields - elsewhere <= set(columns)


def test_records_are_kept_apart() -> None:
    """The rows of several records make these records, each with its own generations, in their order (K-10)."""
    records = [
        make_record(secrets=(make_secret(1), make_secret(2))),
        make_record(),
        make_record(secrets=(make_secret(3), make_secret(4), make_secret(5))),
    ]
    assert to_records(row for record in records for row in rows_of(record)) == records


def test_no_rows() -> None:
    """No rows are no records (K-31)."""
    assert to_records([]) == []


def test_meta_cannot_be_changed() -> None:
    """What is read of the application's notes is read-only in depth, since requests share it (K-21)."""
    meta = to_record(rows_of(make_record(meta={"team": {"members": ["a"]}}))).meta
    with pytest.raises(TypeError):
        meta["team"]["lead"] = "b"
    assert meta["team"]["members"] == ("a",)
