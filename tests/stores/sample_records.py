"""Records to keep in stores: one that differs where a test says so, and every one that there could be."""

from dataclasses import replace
from typing import Any, Final

from hypothesis import strategies as st

from authmux.principal import frozen
from authmux.stores.port import PepperCheck, TokenStore
from authmux.stores.record import Owner, OwnerType, Record, Secret
from authmux.token_format import Kind, new_id

NOW: Final = 1_800_000_000.0
JOB: Final = Owner(OwnerType.CLIENT, "acme", "job")
PEPPER: Final = PepperCheck("p1", b"check of p1")


def make_secret(generation: int = 1, **changes: Any) -> Secret:
    """Return a generation; its digest is its number."""
    values: dict[str, Any] = {
        "generation": generation,
        "digest": bytes([generation]) * 32,
        "pepper_id": "p1",
        "hint": "wxyz",
        "created_at": NOW,
    }
    return Secret(**values | changes)


def make_record(**changes: Any) -> Record:
    """Return a key of a client's, with a name of its own."""
    record_id = new_id()
    values: dict[str, Any] = {
        "id": record_id,
        "kind": Kind.KEY,
        "owner": JOB,
        "created_by": "system",
        "name": f"key {record_id}",
        "scopes": frozenset({"reports:read"}),
        "created_at": NOW,
        "secrets": (make_secret(),),
    }
    return Record(**values | changes)


def add(store: TokenStore, record: Record, *, pepper: PepperCheck = PEPPER, max_live: int = 100) -> Record:
    """Keep a record, and return it."""
    store.add(record, pepper=pepper, max_live=max_live, now=NOW)
    return record


# Without NUL and the lone halves of a pair, which not every database takes for text; `issuing` refuses them.
_CHARACTERS: Final = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_TEXT: Final = st.text(_CHARACTERS, max_size=20)
_TEXTS: Final = st.lists(_TEXT, max_size=3).map(tuple)
_TIMES: Final = st.floats(min_value=0, max_value=1e11, allow_nan=False)
_NUMBERS: Final = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
_JSON: Final = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)
_SECRETS: Final = st.integers(1, 8).flatmap(
    lambda count: st.tuples(
        *(
            st.builds(
                Secret,
                generation=st.just(generation),
                digest=st.binary(min_size=32, max_size=64),
                algorithm=_TEXT,
                pepper_id=_TEXT,
                hint=st.text(_CHARACTERS, max_size=4),
                created_at=_TIMES,
                retire_at=st.none() | _TIMES,
            )
            for generation in range(1, count + 1)
        )
    )
)


def any_record() -> st.SearchStrategy[Record]:
    """Return every record that there could be, each under an id and a name of its own; only parents do not exist."""
    return st.builds(
        Record,
        id=st.builds(new_id),
        kind=st.sampled_from(Kind),
        env=st.none() | st.text(_CHARACTERS, max_size=8),
        tenant=st.none() | _TEXT,
        owner=st.builds(Owner, st.sampled_from(OwnerType), _TEXT, _TEXT),
        parent_id=st.none(),
        parent_generation=st.none() | st.integers(1, 100),
        created_by=_TEXT,
        name=_TEXT,
        description=_TEXT,
        scopes=st.frozensets(st.from_regex(r"\A[a-z]{1,5}:([a-z]{1,5}|\*)\Z"), max_size=4),
        resources=_TEXTS,
        audience=st.none() | _TEXT,
        allowed_cidrs=_TEXTS,
        allowed_origins=_TEXTS,
        limit_policy=st.none() | _TEXT,
        created_at=_TIMES,
        not_before=st.none() | _TIMES,
        expires_at=st.none() | _TIMES,
        rotate_by=st.none() | _TIMES,
        disabled_at=st.none() | _TIMES,
        disabled_by=st.none() | _TEXT,
        revoked_at=st.none() | _TIMES,
        revoked_by=st.none() | _TEXT,
        revoked_reason=st.none() | _TEXT,
        deleted_at=st.none() | _TIMES,
        meta=st.dictionaries(_TEXT, _JSON, max_size=4).map(frozen),
        row_version=st.integers(1, 2**31 - 1),
        secrets=_SECRETS,
    ).map(lambda record: replace(record, name=record.name + record.id))
