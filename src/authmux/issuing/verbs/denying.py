"""The verbs that refuse what is genuine: denials of JWTs (B-64), and suspended owners (K-40)."""

from collections.abc import Sequence
from typing import Final, cast

from authmux.errors import NotPossible
from authmux.flow import Flow, ask
from authmux.issuing import events, fields
from authmux.issuing.actor import System
from authmux.issuing.bench import Bench
from authmux.issuing.rules import read_reason
from authmux.issuing.standing import Standing
from authmux.stores.audit_event import Action
from authmux.stores.denial import Denial, Denied, Target
from authmux.stores.denial_store import DenialStore
from authmux.stores.port import WriteRefused
from authmux.stores.record import Owner, OwnerType

MAX_DENIALS: Final = 100_000  # half a kilobyte each, in every process
LEEWAY: Final = 300.0  # seconds: for so long after its expiry a verifier may take a token (B-25)


def deny(
    bench: Bench,
    target: Target,
    *,
    by: System,
    reason: str = "other",
    before: float | None = None,
    until: float | None = None,
) -> Flow[Denial]:
    """Refuse tokens from now on, though they are genuine; to deny again adds to what is refused.

    It counts where the `Authenticator` was given the store as `denials=`.

    Arguments:
        target: whose: `Target(Denied.SUBJECT, issuer, "alice")`, as the principal has `issuer` and `id`; a `TOKEN` by
            its `jti`, a `CLIENT`, a `TENANT` (with no issuer), an `ISSUER` (with no value), or a `KEY` by its `kid` or
            its thumbprint.
        reason: compromised, superseded, offboarding, policy or other.
        before: refuse only what was issued at this moment or earlier, in seconds since the epoch, or does not say when;
            None refuses whatever comes, as long as the denial stands.
        until: from when on it need not stand, in seconds since the epoch: the token's `exp`, say. It is kept 300 s
            longer, since a verifier may be that lenient. None for no end.
    """
    who = yield from _system(bench, by)
    end = fields.read_moment("until", until)
    end = None if end is None else end + LEEWAY
    return (yield from _deny(bench, Action.DENIED, _read_target(target), who, reason, before=before, until=end))


def lift(bench: Bench, target: Target, *, by: System) -> Flow[bool]:
    """Take a denial away; return whether there was one. What it refused is good again, if it still is."""
    who = yield from _system(bench, by)
    return (yield from _lift(bench, Action.LIFTED, _read_target(target), who))


def list_denials(bench: Bench, *, by: System) -> Flow[Sequence[Denial]]:
    """Return all denials and suspensions, by target."""
    yield from _system(bench, by)
    return (yield from ask(denials_of(bench).list_denials))


def suspend(
    bench: Bench,
    *,
    by: System,
    user: str | Owner | None = None,
    client: str | Owner | None = None,
    tenant: str | None = None,
    reason: str = "other",
    until: float | None = None,
) -> Flow[Denial]:
    """Refuse everything that somebody owns, from the next request on, until he is reactivated (K-40).

    Nothing of it is changed: what is good now works again afterwards. JWTs of the same user, client or tenant are
    refused too, where the `Authenticator` was given the store as `denials=`.

    Arguments:
        user, client: an id of yours, or an `Owner`, whose type may be another one as well.
        tenant: everything within it.
        reason: compromised, superseded, offboarding, policy or other.
        until: when it ends by itself, in seconds since the epoch.
    """
    who = yield from _system(bench, by)
    target = _target_of(bench, user=user, client=client, tenant=tenant)
    return (yield from _deny(bench, Action.SUSPENDED, target, who, reason, before=None, until=until))


def reactivate(
    bench: Bench,
    *,
    by: System,
    user: str | Owner | None = None,
    client: str | Owner | None = None,
    tenant: str | None = None,
) -> Flow[bool]:
    """End a suspension; return whether there was one (K-40).

    Arguments:
        user, client, tenant: see `suspend`.
    """
    who = yield from _system(bench, by)
    target = _target_of(bench, user=user, client=client, tenant=tenant)
    return (yield from _lift(bench, Action.REACTIVATED, target, who))


def _deny(
    bench: Bench,
    action: Action,
    target: Target,
    who: Standing,
    reason: str,
    *,
    before: float | None,
    until: float | None,
) -> Flow[Denial]:
    now = bench.clock.time()
    denial = Denial(
        target=target,
        before=fields.read_moment("before", before),
        until=fields.read_moment("until", until),
        at=now,
        by=who.name,
        reason=read_reason(reason),
    )
    entries = bench.entries(events.of_denial(action, denial.target, who=who, now=now, denial=denial))
    try:
        denial = yield from ask(denials_of(bench).deny, denial, limit=MAX_DENIALS, now=now, audit=entries)
    except WriteRefused as refused:
        if refused.reason != "too_many_denials":
            raise
        raise NotPossible(
            f"{MAX_DENIALS} denials stand already: deny a subject, a client or an issuer, and give `until` for tokens"
        ) from None
    yield from bench.tell(entries)
    return denial


def _lift(bench: Bench, action: Action, target: Target, who: Standing) -> Flow[bool]:
    entries = bench.entries(events.of_denial(action, target, who=who, now=bench.clock.time()))
    was_there = yield from ask(denials_of(bench).lift, target, audit=entries)
    if was_there:
        yield from bench.tell(entries)
    return was_there


def _system(bench: Bench, by: System) -> Flow[Standing]:
    who = yield from bench.who(by)
    if not who.is_system:
        raise NotPossible("only the application itself denies and suspends: by=system()")
    return who


def denials_of(bench: Bench) -> DenialStore:
    """Return the store as one of denials.

    Raises:
        NotPossible: it is none.
    """
    if not hasattr(bench.store, "deny"):
        raise NotPossible(f"{type(bench.store).__name__} keeps no denials: it has not the methods of DenialStore")
    return cast("DenialStore", bench.store)


def _target_of(bench: Bench, *, user: str | Owner | None, client: str | Owner | None, tenant: str | None) -> Target:
    """Return the one that was named."""
    if sum(each is not None for each in (user, client, tenant)) != 1:
        raise NotPossible("name one: a user, a client or a tenant")
    if tenant is not None:
        return _read_target(Target(Denied.TENANT, "", tenant))
    owner = user if user is not None else client
    if isinstance(owner, str):
        owner = Owner(OwnerType.USER if user is not None else OwnerType.CLIENT, bench.tokens.prefix, owner)
    assert owner is not None
    try:
        return _read_target(Target.of_owner(owner))
    except ValueError as error:
        raise NotPossible(str(error)) from None


def _read_target(target: Target) -> Target:
    """Return what a denial may name: a name left out would never match anything, and refuse nobody."""
    if target.what not in list(Denied):  # who reads the denials would know no such word, and refuse everybody
        raise NotPossible(f"{target.what!r}: what is denied is one of {', '.join(Denied)}")
    what = Denied(target.what)
    if bool(target.issuer) == (what is Denied.TENANT):
        raise NotPossible("name the issuer, as the principal has it; for a tenant, which is yours, leave it empty")
    if bool(target.value) == (what is Denied.ISSUER):
        raise NotPossible("name what is denied; for an issuer as a whole, leave the value empty")
    issuer = fields.read_text("the issuer", target.issuer, limit=512)
    return Target(what, issuer, fields.read_text("the value", target.value, limit=512))
