"""What is kept in files and databases, and may have been edited: it is read as it stands there, or refused."""

import atexit
import json
import os
import re
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, cast

from sqlalchemy import Row

from authmux.errors import ConfigurationError
from authmux.jose.strict_json import NotStrict, parse_object
from authmux.peppers import Peppers
from authmux.stores.port import StoreUnavailable
from authmux.stores.record import Record
from authmux.stores.sql.rows import CREDENTIAL_COLUMNS, SECRET_COLUMNS, credential_values, secret_values, to_record
from tests.fuzz.judges.outcome import Accepted, Refused, outcome
from tests.stores.sample_records import make_record

_VARIABLE = "AUTHMUX_FUZZED_PEPPERS"


def judge_peppers(data: bytes) -> None:
    """K-13: peppers in the environment are read as they are written, or refused without a word of them."""
    text = data.replace(b"\0", b"").decode("utf-8", "surrogateescape")
    os.environ[_VARIABLE] = text
    try:
        read = outcome(lambda: Peppers.env(_VARIABLE), ConfigurationError)
    finally:
        del os.environ[_VARIABLE]
    _judge_peppers(read, text.replace(",", "\n").replace(":", " "))


def judge_pepper_file(data: bytes) -> None:
    """K-13: so are peppers in a file."""
    directory = _directory()
    (directory / "peppers").write_bytes(data)
    read = outcome(lambda: Peppers.file(directory, create=True), ConfigurationError)
    _judge_peppers(read, data.decode("ascii", "replace"))
    assert (directory / "peppers").read_bytes() == data


@cache
def _directory() -> Path:
    directory = Path(mkdtemp(prefix="authmux-fuzz-"))
    atexit.register(shutil.rmtree, directory)
    (directory / "peppers").touch(mode=0o600)
    return directory


def _judge_peppers(read: Accepted[Peppers] | Refused, text: str) -> None:
    shown = repr(read.value) if isinstance(read, Accepted) else str(read.error)
    for word in re.findall(r"[A-Za-z0-9+/=]{33,}", text):  # an id has 32 characters
        assert word not in shown
    if isinstance(read, Accepted):
        ids = [line.split()[0] for line in text.splitlines() if line.split()]
        assert ids
        assert read.value.current == ids[-1]
        assert all(each in read.value for each in ids)


_MAY_EDIT = (
    "kind",
    "owner_type",
    "scopes",
    "resources",
    "allowed_cidrs",
    "allowed_origins",
    "meta",
    "tenant_id",
    "name",
)
_UNREADABLE = (StoreUnavailable,)
"""What a row raises that no version of authmux wrote: the request ends in 503, and nobody is let in."""


def judge_row(data: bytes) -> None:
    """K-11: a row that somebody edited is a record with the restrictions that stand there, or is refused."""
    edits = outcome(lambda: parse_object(data, max_depth=4), NotStrict)
    if isinstance(edits, Refused):
        return
    record = make_record()
    values = credential_values(record) | {name: edits.value[name] for name in _MAY_EDIT if name in edits.value}
    left = tuple(values[column.name] for column in CREDENTIAL_COLUMNS)
    row = left + tuple(secret_values(record)[0][column.name] for column in SECRET_COLUMNS)
    read = outcome(lambda: to_record(cast("list[Row[*tuple[Any, ...]]]", [row])), *_UNREADABLE)
    if isinstance(read, Accepted):
        _judge_record(read.value, values)


def _judge_record(record: Record, values: dict[str, Any]) -> None:
    assert record.kind.value == values["kind"]
    assert record.scopes == frozenset(values["scopes"].split())
    for name in ("resources", "allowed_cidrs", "allowed_origins"):
        restrictions = json.loads(values[name])
        assert list(getattr(record, name)) == restrictions or not isinstance(restrictions, list)
