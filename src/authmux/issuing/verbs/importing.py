"""The verb on keys that another library made: `import_foreign` (K-14)."""

from collections.abc import Iterable
from itertools import islice
from typing import Final, cast

from authmux.errors import ConfigurationError, NotPossible
from authmux.flow import Flow, ask
from authmux.foreign_digest import FORMS
from authmux.foreign_shape import SCHEME
from authmux.issuing import events, fields
from authmux.issuing.actor import System
from authmux.issuing.bench import Bench
from authmux.issuing.foreign_entry import ForeignEntry, ImportReport, RefusedEntry
from authmux.stores.foreign import ForeignName, ForeignStore
from authmux.stores.record import Record, Secret
from authmux.token_format import new_id

_BATCH: Final = 200  # in one transaction
_NO_PEPPER: Final = ""  # no pepper has this id, so that nothing but the foreign digest can prove the text
_MAX_LOCATOR: Final = 128


def import_foreign(bench: Bench, entries: Iterable[ForeignEntry | RefusedEntry], *, by: System) -> Flow[ImportReport]:
    """Take over keys that another library made, without their texts; each works at once (K-14).

    It may be repeated: what is there already stays as it is, also where it was rolled or revoked since. Every entry is
    in the report. A verifier believes them where it is given their shape as `accept_digests`.

    Arguments:
        entries: what a reader such as `from_drf_api_key` makes of the other library's table.

    Raises:
        ConfigurationError: the store cannot keep them.
        NotPossible: it is not the application itself that asks.
    """
    if not isinstance(by, System):
        raise NotPossible("only the application itself imports: by=system()")
    store = cast("ForeignStore", bench.store)
    if not isinstance(store, ForeignStore):
        raise ConfigurationError("this store cannot keep what another library made; it has no add_foreign")
    taken: dict[ForeignName, str] = {}
    there: list[ForeignName] = []
    refused: list[RefusedEntry] = []
    rest = iter(entries)
    while some := list(islice(rest, _BATCH)):
        batch = list(_records(bench, some, refused, by=by))
        kept = yield from _add(bench, store, batch, by=by)
        for (record, name), is_kept in zip(batch, kept, strict=True):
            if is_kept:
                taken[name] = record.id
            else:
                there.append(name)
    return ImportReport(taken, tuple(there), tuple(refused))


def _add(bench: Bench, store: ForeignStore, batch: list[tuple[Record, ForeignName]], *, by: System) -> Flow[list[bool]]:
    who = yield from bench.who(by)
    now = bench.clock.time()
    told = bench.entries(*(events.of_import(record, name.scheme, who=who, now=now) for record, name in batch))
    kept = yield from ask(store.add_foreign, batch, audit=told)
    yield from bench.tell(told)
    return list(kept)


def _records(
    bench: Bench, entries: Iterable[ForeignEntry | RefusedEntry], refused: list[RefusedEntry], *, by: System
) -> Iterable[tuple[Record, ForeignName]]:
    for entry in entries:
        if isinstance(entry, RefusedEntry):
            refused.append(entry)
            continue
        try:
            yield _record(bench, entry, by=by), entry.foreign
        except NotPossible as error:
            refused.append(RefusedEntry(f"{entry.foreign.scheme} {entry.name}", str(error)))


def _record(bench: Bench, entry: ForeignEntry, *, by: System) -> Record:
    form = FORMS.get(entry.algorithm)
    if form is None or not form.fullmatch(entry.digest):
        raise NotPossible(f"its digest is not of the form of {entry.algorithm!r}")
    if not SCHEME.fullmatch(entry.foreign.scheme):
        raise NotPossible("its scheme is that of a shape: up to 32 of a-z, 0-9 and '-'")
    if not 0 < len(entry.foreign.locator) <= _MAX_LOCATOR or not entry.foreign.locator.isascii():
        raise NotPossible(f"what it is found by is 1 to {_MAX_LOCATOR} characters of ASCII")
    now = bench.clock.time()
    created_at = now if entry.created_at is None else fields.read_moment("created_at", entry.created_at)
    revoked_at = fields.read_moment("revoked_at", entry.revoked_at)
    secret = Secret(
        generation=1, digest=entry.digest, algorithm=entry.algorithm, pepper_id=_NO_PEPPER, hint="", created_at=now
    )
    return Record(
        id=new_id(),
        kind=entry.kind,
        tenant=None if entry.tenant is None else fields.read_text("tenant", entry.tenant),
        owner=fields.read_owner(entry.owner, entry.kind, issuer=bench.tokens.prefix),
        created_by=by.name,
        name=fields.read_name(entry.name),
        description=fields.read_note(entry.description),
        scopes=fields.read_scopes(entry.scopes),
        created_at=now if created_at is None else created_at,
        expires_at=fields.read_moment("expires_at", entry.expires_at),
        revoked_at=revoked_at,
        revoked_by=None if revoked_at is None else by.name,
        revoked_reason=None if revoked_at is None else "other",
        meta=fields.read_meta(entry.meta),
        secrets=(secret,),
    )
