"""Read the rows of other libraries' tables: one entry for each key, and a refusal for each that cannot be taken (K-14).

A row is a mapping from the names of columns: `Model.objects.values()`, `sqlite3.Row`, or SQLAlchemy's `mappings()`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from authmux.foreign_digest import read_django, read_plain
from authmux.foreign_shape import digest_locator
from authmux.issuing.foreign_entry import ForeignEntry, RefusedEntry
from authmux.stores.foreign import ForeignName
from authmux.stores.record import Owner
from authmux.token_format import Kind

Row: TypeAlias = Mapping[str, Any]
"""A row of a table, by the names of its columns."""

_NAMED: Final = 8  # characters of a digest that tell one token from another, to people


def from_drf_api_key(
    rows: Iterable[Row],
    *,
    scopes: Collection[str],
    owner: Callable[[Row], Owner | None] = lambda _: None,
    tenant: Callable[[Row], str | None] = lambda _: None,
) -> Iterator[ForeignEntry | RefusedEntry]:
    """Read the table of djangorestframework-api-key, `rest_framework_api_key_apikey`, or of a model of your own.

    Arguments:
        rows: with `prefix`, `hashed_key`, `created`, `name`, `revoked` and `expiry_date`. Its `id` holds the digest,
            and is not read.
        scopes: what these keys may do here.
        owner: whose a key is; nobody's by default.
        tenant: within which tenant it acts.
    """

    def read(row: Row) -> ForeignEntry:
        algorithm, digest = read_django(str(row["hashed_key"]))
        created_at = _moment(row["created"])
        return ForeignEntry(
            foreign=ForeignName("drf-api-key", str(row["prefix"])),
            algorithm=algorithm,
            digest=digest,
            kind=Kind.KEY,
            name=str(row["name"]),
            scopes=frozenset(scopes),
            owner=owner(row),
            tenant=tenant(row),
            created_at=created_at,
            expires_at=_moment(row["expiry_date"]),
            revoked_at=created_at if row["revoked"] else None,  # when, it does not say
        )

    return _each(rows, read, lambda row: f"drf-api-key {row['prefix']}")


def from_knox(
    rows: Iterable[Row],
    *,
    scopes: Collection[str],
    owner: Callable[[Row], Owner],
    tenant: Callable[[Row], str | None] = lambda _: None,
) -> Iterator[ForeignEntry | RefusedEntry]:
    """Read the table of django-rest-knox 5, `knox_authtoken`.

    Arguments:
        rows: with `digest`, `created`, `expiry` and `user_id`. Its `token_key` is the beginning of the token, and is
            not read.
        scopes: what these tokens may do here.
        owner: the user whose a token is: `lambda row: Owner(OwnerType.USER, "acme", str(row["user_id"]))`.
        tenant: within which tenant it acts.
    """
    algorithms = {32: "sha256", 64: "sha512"}

    def read(row: Row) -> ForeignEntry:
        digest = read_plain(str(row["digest"]))
        if len(digest) not in algorithms:
            raise ValueError("a digest of knox has 32 or 64 bytes")
        return ForeignEntry(
            foreign=ForeignName("knox", digest_locator(digest)),
            algorithm=algorithms[len(digest)],
            digest=digest,
            kind=Kind.PAT,
            name=f"knox {digest.hex()[:_NAMED]}",
            scopes=frozenset(scopes),
            owner=owner(row),
            tenant=tenant(row),
            created_at=_moment(row["created"]),
            expires_at=_moment(row["expiry"]),
        )

    return _each(rows, read, lambda row: f"knox {str(row['digest'])[:_NAMED]}")


def from_digests(
    rows: Iterable[Row],
    *,
    scheme: str,
    kind: Kind,
    scopes: Collection[str],
    hash_name: str = "sha256",
    owner: Callable[[Row], Owner | None] = lambda _: None,
    tenant: Callable[[Row], str | None] = lambda _: None,
) -> Iterator[ForeignEntry | RefusedEntry]:
    """Read any table that keeps a plain digest of each whole key, in hexadecimal or base64.

    Arguments:
        rows: with `digest` and `name`; and, where there are such, `created`, `expires` and `revoked`, each a time.
        scheme: the name that you gave to their shape.
        kind: what they become here; a PAT needs an owner who is a user.
        scopes: what these keys may do here.
        hash_name: "sha256", "sha512" or "sha3-512".
        owner, tenant: whose a key is, and within which tenant it acts.
    """

    def read(row: Row) -> ForeignEntry:
        digest = read_plain(str(row["digest"]))
        return ForeignEntry(
            foreign=ForeignName(scheme, digest_locator(digest)),
            algorithm=hash_name,
            digest=digest,
            kind=kind,
            name=str(row["name"]),
            scopes=frozenset(scopes),
            owner=owner(row),
            tenant=tenant(row),
            created_at=_moment(_get(row, "created")),
            expires_at=_moment(_get(row, "expires")),
            revoked_at=_moment(_get(row, "revoked")),
        )

    return _each(rows, read, lambda row: f"{scheme} {_get(row, 'name')}")


def _each(
    rows: Iterable[Row], read: Callable[[Row], ForeignEntry], name: Callable[[Row], str]
) -> Iterator[ForeignEntry | RefusedEntry]:
    for number, row in enumerate(rows, start=1):
        try:
            yield read(row)
        except (KeyError, IndexError) as error:
            yield RefusedEntry(f"row {number}", f"it lacks a column: {error}")
        except (ValueError, TypeError) as error:
            yield RefusedEntry(name(row), str(error))


def _get(row: Row, column: str) -> Any:
    """Return a value that need not be there; `sqlite3.Row` has no `get`."""
    return row[column] if column in row.keys() else None  # noqa: SIM118  # a Row iterates over its values


def _moment(value: Any) -> float | None:
    """Return seconds since the epoch; a time without a zone is UTC, as Django writes it."""
    if value is None or value == "":
        return None
    if isinstance(value, int | float):
        return float(value)
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
