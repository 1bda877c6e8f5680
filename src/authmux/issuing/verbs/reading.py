"""The verbs that change nothing: `get`, `get_self` and `list` (K-31, K-38)."""

from collections.abc import Sequence
from typing import Final

from authmux.errors import NotFound, NotPossible
from authmux.flow import Flow, ask
from authmux.issuing.actor import Doer
from authmux.issuing.bench import Bench
from authmux.issuing.standing import of_ours
from authmux.issuing.states import NO_SUCH
from authmux.principal import Principal
from authmux.stores.port import Query
from authmux.stores.record import Owner, Record, State
from authmux.token_format import Kind

_MINUTE: Final = 60.0  # to which last uses are known


def get(bench: Bench, credential_id: str, *, by: Doer, include_deleted: bool = False) -> Flow[Record]:
    """Return a record by its public id; it never holds the text (K-31).

    Arguments:
        include_deleted: whether one that was deleted is there, too (K-36).
    """
    who = yield from bench.who(by)
    record = yield from bench.find(credential_id, who=who)
    if record.deleted_at is not None and not include_deleted:
        raise NotFound(NO_SUCH)
    return record


def get_self(bench: Bench, *, by: Principal) -> Flow[Record]:
    """Return the record of the key or token that a principal came with (K-38)."""
    credential_id, _ = id_of_self(by)
    return get(bench, credential_id, by=by)


def list_records(
    bench: Bench,
    *,
    by: Doer,
    kind: Kind | None = None,
    tenant: str | None = None,
    owner: Owner | None = None,
    env: str | None = None,
    state: State | None = None,
    scope: str | None = None,
    expires_before: float | None = None,
    unused_since: float | None = None,
    include_deleted: bool = False,
    limit: int = 100,
    after: str | None = None,
) -> Flow[Sequence[Record]]:
    """Return the records that match, by id (K-31).

    Arguments:
        kind, tenant, owner, env: only these.
        state: only those that are in this state now.
        scope: only those that may do this, such as "reports:read"; by `reports:*`, too.
        expires_before: only those that expire before this, in seconds since the epoch.
        unused_since: only those that were made before this and not used from then on, as far as a `UsageRecorder` has
            noted uses; in seconds since the epoch.
        include_deleted: whether those that were deleted are shown, too (K-36); `state` may ask for them alone.
        limit: how many at most.
        after: only ids behind this one, to read page after page.
    """
    if limit < 1:
        raise NotPossible("limit is 1 or more")
    who = yield from bench.who(by)
    asked = Query(
        kind=kind,
        tenant=tenant,
        owner=owner,
        env=env,
        state=state,
        now=bench.clock.time(),
        scope=scope,
        expires_before=expires_before,
        unused_since=None if unused_since is None else unused_since // _MINUTE * _MINUTE,
        with_deleted=include_deleted or state is State.DELETED,
        limit=limit,
        after=after,
    )
    query = who.narrow(asked)
    if query is not None:
        return (yield from ask(bench.store.list, query))
    return [who.itself] if who.itself is not None and who.owner is None and asked.matches(who.itself) else []


def id_of_self(by: Principal) -> tuple[str, int]:
    """Return the id and the generation of the key or token that a principal came with.

    Raises:
        NotPossible: it came with none of ours.
    """
    credential = of_ours(by)
    if credential is None or credential.id is None or credential.generation is None:
        raise NotPossible("that is for a principal that came with a key or token of this store")
    return credential.id, credential.generation
