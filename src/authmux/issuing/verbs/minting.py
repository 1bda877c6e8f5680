"""The verbs that make a text: `issue_key`, `issue_pat`, `roll`, and `roll_self` (K-30, K-33, K-38)."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from authmux.errors import NotPossible
from authmux.flow import Flow, ask
from authmux.issuing import events, fields, rules
from authmux.issuing.actor import Doer
from authmux.issuing.bench import Bench
from authmux.issuing.issued_token import IssuedToken
from authmux.issuing.standing import NOT_GOOD, Standing
from authmux.issuing.states import Verb
from authmux.issuing.verbs.reading import id_of_self
from authmux.principal import Principal
from authmux.stores.port import WriteRefused
from authmux.stores.record import Owner, OwnerType, Record, State
from authmux.token_format import Kind, TokenFormat, new_id

PAT_LIFE: Final = timedelta(days=30)  # K-30
OVERLAP: Final = timedelta(hours=24)  # K-33


def issue_key(
    bench: Bench,
    *,
    name: str,
    scopes: Iterable[str],
    by: Doer,
    client: str | Owner | None = None,
    tenant: str | None = None,
    env: str | None = None,
    expires_in: timedelta | None = None,
    description: str = "",
    meta: Mapping[str, Any] | None = None,
) -> Flow[IssuedToken]:
    """Issue an API key; its text is in the answer, and never to be had again.

    Arguments:
        name: for people; unique among the owner's live keys.
        scopes: what it may do, such as ["reports:read"] (K-50).
        client: the id of the registered client that it belongs to, or an `Owner`; without one it is nobody's.
        tenant: the customer or organisation that it acts within.
        by: a principal issues for itself and within its own tenant, whichever is said; what a credential issues
            reaches no further than it does (K-30).
        env: a mark in its text, such as "live" or "test" (K-03).
        expires_in: how long it lives; by default until it is revoked.
        description, meta: the application's own notes.
    """
    return _issue(
        bench,
        Kind.KEY,
        owner=_owner(bench.tokens, OwnerType.CLIENT, client),
        name=name,
        scopes=scopes,
        tenant=tenant,
        env=env,
        expires_in=expires_in,
        description=description,
        meta=meta,
        by=by,
    )


def issue_pat(
    bench: Bench,
    *,
    user: str | Owner,
    name: str,
    scopes: Iterable[str],
    by: Doer,
    tenant: str | None = None,
    env: str | None = None,
    expires_in: timedelta | None = PAT_LIFE,
    description: str = "",
    meta: Mapping[str, Any] | None = None,
) -> Flow[IssuedToken]:
    """Issue a personal access token; its text is in the answer, and never to be had again.

    Arguments:
        user: the user's id, or `Owner.of(user)` for one whom an identity provider names.
        expires_in: how long it lives, 30 days by default; None for no end.
        name, scopes, by, tenant, env, description, meta: see `issue_key`.
    """
    return _issue(
        bench,
        Kind.PAT,
        owner=_owner(bench.tokens, OwnerType.USER, user),
        name=name,
        scopes=scopes,
        tenant=tenant,
        env=env,
        expires_in=expires_in,
        description=description,
        meta=meta,
        by=by,
    )


def roll(
    bench: Bench, credential_id: str, *, generation: int, by: Doer, overlap: timedelta = OVERLAP
) -> Flow[IssuedToken]:
    """Issue a new text for the same credential; the old one works until the overlap is over (K-33).

    Arguments:
        generation: the one that is to be replaced, `record.generation`: so two who roll at once do not kill a
            text that is in use.
        overlap: how long the old text still works, 0 to 30 days, never past the expiry; 24 hours by default. A
            text that was replaced earlier and still works, stops now.
    """
    who = yield from bench.who(by)
    record = yield from bench.find(credential_id, who=who)
    text = bench.tokens.make(record.kind, record.id, env=record.env)

    def decide(record: Record, now: float) -> Record:
        fresh = bench.secret(text, generation=record.generation + 1, now=now)
        return rules.rolled(record, fresh, generation=generation, overlap=overlap, now=now)

    changed = yield from bench.change(Verb.ROLL, credential_id, decide, who=who, pepper=bench.pepper_check())
    return IssuedToken(text, changed)


def roll_self(bench: Bench, *, by: Principal, overlap: timedelta = OVERLAP) -> Flow[IssuedToken]:
    """Issue a new text for the key or token that a principal came with; it needs the scope `self:roll` (K-38).

    Arguments:
        overlap: see `roll`.

    Raises:
        Conflict: it came with a text that was replaced already.
    """
    credential_id, generation = id_of_self(by)
    return roll(bench, credential_id, generation=generation, by=by, overlap=overlap)


def _owner(tokens: TokenFormat, type: OwnerType, whose: str | Owner | None) -> Owner | None:
    """Return an owner of ours by his id, and every other as he was given."""
    return Owner(type, tokens.prefix, whose) if isinstance(whose, str) else whose


def _issue(
    bench: Bench,
    kind: Kind,
    *,
    owner: Owner | None,
    name: str,
    scopes: Iterable[str],
    tenant: str | None,
    env: str | None,
    expires_in: timedelta | None,
    description: str,
    meta: Mapping[str, Any] | None,
    by: Doer,
) -> Flow[IssuedToken]:
    """Make a credential and keep its record (K-30)."""
    who = yield from bench.who(by)
    owner, tenant = _for_whom(who, owner, tenant)
    now = bench.clock.time()
    token_id = new_id()
    text = _make(bench.tokens, kind, token_id, env=env)
    record = Record(
        id=token_id,
        kind=kind,
        env=env,
        tenant=None if tenant is None else fields.read_text("tenant", tenant),
        owner=fields.read_owner(owner, kind, issuer=bench.tokens.prefix),
        created_by=who.name,
        name=fields.read_name(name),
        description=fields.read_note(description),
        scopes=fields.read_scopes(scopes),
        created_at=now,
        expires_at=fields.read_deadline(expires_in, now),
        meta=fields.read_meta(meta),
        secrets=(bench.secret(text, generation=1, now=now),),
    )
    who.check_reach(record)
    yield from _keep(bench, record, who=who, now=now)
    return IssuedToken(text, record)


def _for_whom(who: Standing, owner: Owner | None, tenant: str | None) -> tuple[Owner | None, str | None]:
    """Return for whom to issue: a principal does so for itself alone (K-30, K-42).

    Raises:
        NotPossible: it is to be for somebody else.
    """
    if who.is_system:
        return owner, tenant
    own = who.require_owner()
    if owner not in (None, own) or tenant not in (None, who.tenant):
        raise NotPossible(f"{who.name} issues for itself and within its own tenant alone (K-30)")
    return own, who.tenant


def _keep(bench: Bench, record: Record, *, who: Standing, now: float) -> Flow[None]:
    entries = bench.entries(*events.of_issue(record, who=who, now=now))
    try:
        yield from ask(
            bench.store.add,
            record,
            pepper=bench.pepper_check(),
            max_live=bench.max_live,
            now=now,
            audit=entries,
        )
    except WriteRefused as refused:
        bench.explain(refused, record)
    yield from bench.tell(entries)
    if who.itself is not None:
        yield from _die_with_maker(bench, record, who=who, maker_id=who.itself.id)


def _die_with_maker(bench: Bench, record: Record, *, who: Standing, maker_id: str) -> Flow[None]:
    """Hand no text out if the maker has ended meanwhile: who revoked it may have looked for this too early (K-35)."""
    maker = (yield from ask(bench.store.find, maker_id)).record
    now = bench.clock.time()
    if maker is not None and maker.state(now) is State.ACTIVE:
        return
    ended = rules.revoked(record, by=who.name, reason="policy", now=now)
    entries = bench.entries(*events.of_change(Verb.REVOKE, record, ended, who=who, now=now, reason="policy"))
    with suppress(WriteRefused):  # he has found it after all
        yield from ask(bench.store.replace, ended, expected=record.row_version, audit=entries)
        yield from bench.tell(entries)
    raise NotPossible(NOT_GOOD)


def _make(tokens: TokenFormat, kind: Kind, token_id: str, *, env: str | None) -> str:
    try:
        return tokens.make(kind, token_id, env=env)
    except ValueError as error:
        raise NotPossible(str(error)) from None
