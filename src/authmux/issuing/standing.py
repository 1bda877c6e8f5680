"""`Standing`: what somebody who uses a verb may see, and how far his hand reaches (K-30, K-38, K-42); decisions only.

The application itself may do everything. A session's principal, whom the application vouches for, manages what is his
own. Who came with a credential is bound by it: it manages with the scope `credentials:manage`, gives away no more than
it holds, and without that scope a key or token can only read, revoke and (`self:roll`) roll itself.
"""

from dataclasses import dataclass, replace
from typing import Final

from authmux.errors import NotPossible
from authmux.issuing import fields
from authmux.issuing.actor import Doer, System
from authmux.issuing.edits import widened
from authmux.issuing.states import Verb
from authmux.principal import Client, Principal, User, VerifiedCredential
from authmux.scopes import covers
from authmux.stores.port import Query
from authmux.stores.record import Owner, OwnerType, Record, State
from authmux.token_format import Kind

MANAGE: Final = "credentials:manage"  # K-30
SELF_ROLL: Final = "self:roll"  # K-38
NOT_GOOD: Final = "the key or token that one came with is no longer good"

_OUR_KINDS: Final = frozenset(kind.value for kind in Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Who uses a verb.

    Arguments:
        name: what is written down as the doer in a record.
        actor: who that is, for the audit log.
        credential: what he came with, if he came with anything.
        is_system: whether it is the application itself.
        owner: whose credentials he manages; None where he manages none.
        tenant: within which.
        itself: the record of the key or token that he came with.
        grants: what he may give away at most; None for no bound.
    """

    name: str
    actor: str
    credential: VerifiedCredential | None = None
    is_system: bool = False
    owner: Owner | None = None
    tenant: str | None = None
    itself: Record | None = None
    grants: frozenset[str] | None = None

    def sees(self, record: Record) -> bool:
        """Return whether a record is there for him (K-42)."""
        if self.is_system or self._is(record):
            return True
        return self.owner is not None and (self.owner, self.tenant) == (record.owner, record.tenant)

    def narrow(self, query: Query) -> Query | None:
        """Return a query that asks for nothing but what he manages; None where that cannot be anything (K-42)."""
        if self.is_system:
            return query
        is_foreign = query.owner not in (None, self.owner) or query.tenant not in (None, self.tenant)
        if self.owner is None or is_foreign or (query.tenantless and self.tenant is not None):
            return None
        return replace(query, owner=self.owner, tenant=self.tenant, tenantless=self.tenant is None)

    def check(self, verb: Verb, record: Record) -> None:
        """Refuse a verb that is not for him, on a record that he sees.

        Raises:
            NotPossible: it is not.
        """
        if self.is_system:
            return
        if self.owner is None:
            self._check_self(verb)
        elif verb is Verb.ROLL and not self._is(record):
            self._check_taking(record)

    def check_growth(self, before: Record, after: Record) -> None:
        """Refuse to make a credential reach further, or live longer, than he may give away.

        Raises:
            NotPossible: that is not for him.
        """
        is_longer = before.expires_at is not None and (after.expires_at is None or after.expires_at > before.expires_at)
        if widened(before.scopes, after.scopes) or is_longer:
            self._check_taking(after)

    def check_reach(self, record: Record) -> None:
        """Refuse to make what reaches further than what he came with (K-30).

        Raises:
            NotPossible: it does.
        """
        wider = [] if self.grants is None else sorted(widened(self.grants, record.scopes))
        if wider:
            raise NotPossible(f"what {self.name} holds does not cover {', '.join(wider)}: ask for less (K-30)")
        if self.itself is None:
            return
        end = self.itself.expires_at
        if end is not None and (record.expires_at is None or record.expires_at > end):
            raise NotPossible(f"it would outlive what {self.name} is allowed: say an earlier expiry (K-30)")
        if covers(record.scopes, MANAGE) and not self._is(record):
            raise NotPossible(f"what a key or token makes cannot hold {MANAGE} (K-30)")

    def require_owner(self) -> Owner:
        """Return for whom he issues.

        Raises:
            NotPossible: he does not.
        """
        if self.owner is None:
            raise NotPossible(
                f"{self.name} issues nothing: that takes the application, a session of a user or client, or the scope"
                f" {MANAGE} in the newest text of what belongs to one (K-30, K-38)"
            )
        return self.owner

    def _is(self, record: Record) -> bool:
        return self.itself is not None and self.itself.id == record.id

    def _check_taking(self, record: Record) -> None:
        """Refuse him a text or rights that he does not have already."""
        is_made = record.created_by == self.name
        if self.itself is not None and not (is_made or self._is(record)):
            # What it took hold of so would outlive it: only what it made dies with it.
            raise NotPossible(f"{self.name} can do that to itself and to what it made, and to nothing else (K-30)")
        self.check_reach(record)

    def _check_self(self, verb: Verb) -> None:
        """Refuse what a key or token cannot do to itself (K-38)."""
        assert self.itself is not None
        if verb is Verb.REVOKE:
            return
        if verb is not Verb.ROLL:
            raise NotPossible(f"to {verb.value} a credential, one needs the scope {MANAGE}")
        if not covers(self.itself.scopes, SELF_ROLL):
            raise NotPossible(f"to roll itself, {self.name} needs the scope {SELF_ROLL} (K-38)")
        if not _is_newest(self.credential, self.itself):
            raise NotPossible(f"{self.name} was rolled: only its newest text can roll it (K-38)")


def reference(record: Record) -> str:
    """Return what is written down as the doer where a key or token did something."""
    return f"{record.kind.value}:{record.id}"


def of_ours(by: Doer) -> VerifiedCredential | None:
    """Return the key or token of ours that somebody came with."""
    credential = by.credential if isinstance(by, Principal) else None
    return credential if credential is not None and credential.kind in _OUR_KINDS else None


def standing_of(by: Doer, itself: Record | None, now: float) -> Standing:
    """Return the standing of somebody.

    Arguments:
        itself: the record of the key or token that he came with, as it is now.

    Raises:
        NotPossible: that is no longer good, or is not of this store; or his id is none that a store can keep.
        TypeError: it is nobody.
    """
    if isinstance(by, System):
        return Standing(name=by.name, actor=by.name, is_system=True)
    if not isinstance(by, Principal):
        raise TypeError(f"by is system() or a principal, and not {type(by).__name__}")
    credential = of_ours(by)
    if credential is not None:
        return _of_credential(by, credential, itself, now)
    is_owner = isinstance(by, (User, Client)) and (by.credential is None or covers(by.scopes, MANAGE))
    return Standing(
        name=_short(by.identity),
        actor=by.identity,
        credential=by.credential,
        owner=_readable(Owner.of(by)) if is_owner else None,
        tenant=by.tenant,
        grants=None if by.credential is None else by.scopes,
    )


def _of_credential(by: Principal, credential: VerifiedCredential, itself: Record | None, now: float) -> Standing:
    """Return what a key or token may do by its record: what the principal was told may be older."""
    secret = (
        None if itself is None else next((s for s in itself.secrets if s.generation == credential.generation), None)
    )
    if itself is None or secret is None or not _is_of(by, itself):
        raise NotPossible("the key or token that one came with is not of this store")
    if itself.state(now) is not State.ACTIVE or not secret.is_live(now):
        raise NotPossible(NOT_GOOD)
    manages = (
        itself.owner.type is not OwnerType.NONE and covers(itself.scopes, MANAGE) and _is_newest(credential, itself)
    )
    return Standing(
        name=reference(itself),
        actor=by.identity,
        credential=credential,
        owner=itself.owner if manages else None,
        tenant=itself.tenant,
        itself=itself,
        grants=itself.scopes,
    )


def _is_of(by: Principal, record: Record) -> bool:
    """Return whether a principal is who comes with this credential."""
    assert by.credential is not None
    make = record.principal_class()
    who = record.owner.id if make in (User, Client) else record.id
    is_same = (by.issuer, by.tenant, by.id) == (record.owner.issuer, record.tenant, who)
    return is_same and type(by) is make and by.credential.kind == record.kind.value


def _is_newest(credential: VerifiedCredential | None, record: Record) -> bool:
    return credential is not None and credential.generation == record.generation


def _readable(owner: Owner) -> Owner:
    fields.read_text("who issues", owner.id)
    fields.read_text("who issues", owner.issuer, limit=512)
    return owner


def _short(identity: str) -> str:
    """Return an identity as a record has room for it."""
    return identity if len(identity) <= fields.MAX_TEXT else f"{identity[: fields.MAX_TEXT - 1]}…"
