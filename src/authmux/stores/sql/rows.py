"""Between rows and records, nothing else."""

import json
import logging
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Row

from authmux.principal import frozen
from authmux.stores.port import StoreUnavailable
from authmux.stores.record import Owner, OwnerType, Record, Secret
from authmux.stores.sql.tables import credential_secrets, credentials
from authmux.token_format import Kind

_log = logging.getLogger("authmux.store")

CREDENTIAL_COLUMNS: Final = tuple(credentials.columns)
SECRET_COLUMNS: Final = tuple(column for column in credential_secrets.columns if column.name != "credential_id")
_WIDTH: Final = len(CREDENTIAL_COLUMNS)
_AS_IT_IS: Final = frozenset(column.name for column in CREDENTIAL_COLUMNS) - {
    "kind", "tenant_id", "owner_type", "owner_issuer", "owner_id", "scopes", "resources", "allowed_cidrs",
    "allowed_origins", "meta",
}  # fmt: skip


def credential_values(record: Record) -> dict[str, Any]:
    """Return a record as a row of `credentials`."""
    return {name: getattr(record, name) for name in _AS_IT_IS} | {
        "kind": record.kind.value,
        "tenant_id": record.tenant,
        "owner_type": record.owner.type.value,
        "owner_issuer": record.owner.issuer,
        "owner_id": record.owner.id,
        "scopes": " ".join(sorted(record.scopes)),
        "resources": json.dumps(record.resources),
        "allowed_cidrs": json.dumps(record.allowed_cidrs),
        "allowed_origins": json.dumps(record.allowed_origins),
        "meta": json.dumps(record.meta, default=dict),
    }


def secret_values(record: Record) -> list[dict[str, Any]]:
    """Return a record's generations as rows of `credential_secrets`."""
    return [
        {column.name: getattr(secret, column.name) for column in SECRET_COLUMNS} | {"credential_id": record.id}
        for secret in record.secrets
    ]


def to_record(rows: Sequence[Row[*tuple[Any, ...]]]) -> Record:
    """Return the record that a credential's columns, repeated once for each of its generations, make.

    Raises:
        StoreUnavailable: somebody edited them into what is no record; a restriction is never read as none.
    """
    try:
        return _read_record(rows)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        _log.error("the row of credential %s cannot be read: %s", ascii(rows[0][0]), type(error).__name__)
        raise StoreUnavailable(
            "a row of the database is no record; the log names it"
        ) from None  # what it says is for nobody


def _read_record(rows: Sequence[Row[*tuple[Any, ...]]]) -> Record:
    values = dict(zip((column.name for column in CREDENTIAL_COLUMNS), rows[0], strict=False))
    return Record(
        **{name: values[name] for name in _AS_IT_IS},
        kind=Kind(values["kind"]),
        tenant=values["tenant_id"],
        owner=Owner(OwnerType(values["owner_type"]), values["owner_issuer"], values["owner_id"]),
        scopes=frozenset(values["scopes"].split()),
        resources=_read_texts(values["resources"]),
        allowed_cidrs=_read_texts(values["allowed_cidrs"]),
        allowed_origins=_read_texts(values["allowed_origins"]),
        meta=frozen(json.loads(values["meta"])),
        secrets=tuple(_to_secret(row[_WIDTH:]) for row in rows),
    )


def to_records(rows: Iterable[Row[*tuple[Any, ...]]]) -> list[Record]:
    """Return the records in rows that are ordered by credential and generation."""
    grouped: dict[str, list[Row[*tuple[Any, ...]]]] = {}
    for row in rows:
        grouped.setdefault(row[0], []).append(row)
    return [to_record(each) for each in grouped.values()]


def _read_texts(text: str) -> tuple[str, ...]:
    value = json.loads(text)
    if type(value) is not list or not all(type(each) is str for each in value):
        raise ValueError("not a list of texts")
    return tuple(value)


def _to_secret(columns: Sequence[Any]) -> Secret:
    return Secret(**dict(zip((column.name for column in SECRET_COLUMNS), columns, strict=False)))
