"""The verbs on denials: refuse a token that is genuine, or all that somebody was issued (B-64)."""

from collections.abc import Sequence
from typing import Final, cast

from authmux.errors import NotPossible
from authmux.flow import Flow, ask
from authmux.issuing import fields
from authmux.issuing.actor import System
from authmux.issuing.rules import read_reason
from authmux.issuing.verbs import Verbs
from authmux.jose.claims import MAX_TIME
from authmux.stores.denial import Denial, Denied, Target
from authmux.stores.port import DenialStore, WriteRefused

MAX_DENIALS: Final = 100_000  # half a kilobyte each, in every process
LEEWAY: Final = 300.0  # seconds: for so long after its expiry a verifier may take a token (B-25)


def deny(
    verbs: Verbs,
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

    Raises:
        NotPossible: the target could never match anything, or a moment is none.
    """
    now = verbs.clock.time()
    denial = Denial(
        target=_read_target(target),
        before=_read_moment("before", before),
        until=None if until is None else _read_moment("until", until, later=LEEWAY),
        at=now,
        by=by.name,
        reason=read_reason(reason),
    )
    try:
        return (yield from ask(_store(verbs).deny, denial, limit=MAX_DENIALS, now=now))
    except WriteRefused as refused:
        if refused.reason != "too_many_denials":
            raise
        raise NotPossible(
            f"{MAX_DENIALS} denials stand already: deny a subject, a client or an issuer, and give `until` for tokens"
        ) from None


def lift(verbs: Verbs, target: Target, *, by: System) -> Flow[bool]:
    """Take a denial away; return whether there was one. What it refused is good again, if it still is."""
    del by  # the system may do everything
    return (yield from ask(_store(verbs).lift, _read_target(target)))


def list_denials(verbs: Verbs, *, by: System) -> Flow[Sequence[Denial]]:
    """Return all denials, by target."""
    del by
    return (yield from ask(_store(verbs).list_denials))


def _store(verbs: Verbs) -> DenialStore:
    if not hasattr(verbs.store, "deny"):
        raise NotPossible(f"{type(verbs.store).__name__} keeps no denials: it has not the methods of DenialStore")
    return cast("DenialStore", verbs.store)


def _read_moment(name: str, moment: float | None, *, later: float = 0.0) -> float | None:
    """Return a moment: with one that is none, as NaN, a denial would stand and refuse nobody."""
    if moment is None:
        return None
    if type(moment) not in (int, float) or not 0 <= moment <= MAX_TIME:
        raise NotPossible(f"{name} {moment!r}: write seconds since the epoch, up to the year 9999")
    return moment + later


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
