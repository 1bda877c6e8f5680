"""The verbs on keys and tokens, as flows: written once, for services that block and services that await."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NoReturn

from authmux.clock import Clock
from authmux.errors import ConfigurationError, Conflict, NotFound, NotPossible
from authmux.flow import Flow, ask
from authmux.issuing import fields, rules
from authmux.issuing.actor import System
from authmux.issuing.issued_token import IssuedToken
from authmux.stores.port import PepperCheck, Query, TokenStore, WriteRefused
from authmux.stores.record import Owner, OwnerType, Record, Secret
from authmux.token_format import Kind, TokenFormat, hint, new_id

PAT_LIFE: Final = timedelta(days=30)  # K-30
OVERLAP: Final = timedelta(hours=24)  # K-33
_TRIES: Final = 8  # how often a change is decided again after somebody else's came between


@dataclass(frozen=True, slots=True, kw_only=True)
class Verbs:
    """What a service of either colour does, with the very arguments that its methods have.

    Arguments:
        store: where the records are; blocking or async, as its driver is.
        tokens: the format, with the peppers.
        max_live: how many live credentials of a kind one owner may have (K-30).
        clock: where time comes from.

    Raises:
        ConfigurationError: `max_live` is not positive.
    """

    store: TokenStore
    tokens: TokenFormat
    max_live: int
    clock: Clock

    def __post_init__(self) -> None:
        if self.max_live < 1:
            raise ConfigurationError("max_live is 1 or more")

    def issue_key(
        self,
        *,
        name: str,
        scopes: Iterable[str],
        by: System,
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
            env: a mark in its text, such as "live" or "test" (K-03).
            expires_in: how long it lives; by default until it is revoked.
            description, meta: the application's own notes.
        """
        return self._issue(
            Kind.KEY,
            owner=self._owner(OwnerType.CLIENT, client),
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
        self,
        *,
        user: str | Owner,
        name: str,
        scopes: Iterable[str],
        by: System,
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
            name, scopes, tenant, env, description, meta: see `issue_key`.
        """
        return self._issue(
            Kind.PAT,
            owner=self._owner(OwnerType.USER, user),
            name=name,
            scopes=scopes,
            tenant=tenant,
            env=env,
            expires_in=expires_in,
            description=description,
            meta=meta,
            by=by,
        )

    def get(self, credential_id: str, *, by: System) -> Flow[Record]:
        """Return a record by its public id; it never holds the text (K-31)."""
        del by  # the system may see everything; a principal will see its own (K-42)
        reading = yield from ask(self.store.find, credential_id)
        if reading.record is None:
            raise NotFound("there is no such key or token: give its id, the 16 characters before the last '_'")
        return reading.record

    def list(
        self,
        *,
        by: System,
        kind: Kind | None = None,
        tenant: str | None = None,
        owner: Owner | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> Flow[Sequence[Record]]:
        """Return the records that match, by id (K-31).

        Arguments:
            kind, tenant, owner: only these.
            limit: how many at most.
            after: only ids behind this one, to read page after page.
        """
        del by
        if limit < 1:
            raise NotPossible("limit is 1 or more")
        query = Query(kind=kind, tenant=tenant, owner=owner, limit=limit, after=after)
        return (yield from ask(self.store.list, query))

    def roll(
        self, credential_id: str, *, generation: int, by: System, overlap: timedelta = OVERLAP
    ) -> Flow[IssuedToken]:
        """Issue a new text for the same credential; the old one works until the overlap is over (K-33).

        Arguments:
            generation: the one that is to be replaced, `record.generation`: so two who roll at once do not kill a
                text that is in use.
            overlap: how long the old text still works, 0 to 30 days, never past the expiry; 24 hours by default. A
                text that was replaced earlier and still works, stops now.
        """
        record = yield from self.get(credential_id, by=by)
        text = self.tokens.make(record.kind, record.id, env=record.env)

        def decide(record: Record, now: float) -> Record:
            fresh = self._secret(text, generation=record.generation + 1, now=now)
            return rules.rolled(record, fresh, generation=generation, overlap=overlap, now=now)

        return IssuedToken(text, (yield from self._change(credential_id, decide, pepper=self._pepper_check(), by=by)))

    def revoke(self, credential_id: str, *, by: System, reason: str = "other") -> Flow[Record]:
        """Refuse a credential from now on, for good (K-35).

        Arguments:
            reason: compromised, superseded, offboarding, policy or other.
        """

        def decide(record: Record, now: float) -> Record:
            return rules.revoked(record, by=by.name, reason=reason, now=now)

        return (yield from self._change(credential_id, decide, pepper=None, by=by))

    def _owner(self, type: OwnerType, whose: str | Owner | None) -> Owner | None:
        """Return an owner of ours by his id, and every other as he was given."""
        return Owner(type, self.tokens.prefix, whose) if isinstance(whose, str) else whose

    def _issue(
        self,
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
        by: System,
    ) -> Flow[IssuedToken]:
        """Make a credential and keep its record (K-30)."""
        now = self.clock.time()
        token_id = new_id()
        text = _make(self.tokens, kind, token_id, env=env)
        record = Record(
            id=token_id,
            kind=kind,
            env=env,
            tenant=None if tenant is None else fields.read_text("tenant", tenant),
            owner=fields.read_owner(owner, kind, issuer=self.tokens.prefix),
            created_by=by.name,
            name=fields.read_name(name),
            description=fields.read_text("description", description, limit=fields.MAX_NOTE),
            scopes=fields.read_scopes(scopes),
            created_at=now,
            expires_at=fields.read_deadline(expires_in, now),
            meta=fields.read_meta(meta),
            secrets=(self._secret(text, generation=1, now=now),),
        )
        try:
            yield from ask(self.store.add, record, pepper=self._pepper_check(), max_live=self.max_live, now=now)
        except WriteRefused as refused:
            _explain(refused, record, self.max_live)
        return IssuedToken(text, record)

    def _change(
        self, credential_id: str, decide: Callable[[Record, float], Record], *, pepper: PepperCheck | None, by: System
    ) -> Flow[Record]:
        """Decide on the record as it is, and write it if it is still that one; else decide again."""
        for _ in range(_TRIES):
            record = yield from self.get(credential_id, by=by)
            changed = decide(record, self.clock.time())
            if changed is record:
                return record
            try:
                yield from ask(self.store.replace, changed, expected=record.row_version, pepper=pepper)
            except WriteRefused as refused:
                if refused.reason == "changed":
                    continue
                _explain(refused, record, self.max_live)
            return changed
        raise Conflict(f"{credential_id} is being changed by others all the time; try again")

    def _secret(self, text: str, *, generation: int, now: float) -> Secret:
        pepper_id = self.tokens.peppers.current
        digest = self.tokens.digest(text, pepper_id)
        return Secret(generation=generation, digest=digest, pepper_id=pepper_id, hint=hint(text), created_at=now)

    def _pepper_check(self) -> PepperCheck:
        current = self.tokens.peppers.current
        return PepperCheck(current, self.tokens.peppers.check(current))


def _explain(refused: WriteRefused, record: Record, max_live: int) -> NoReturn:
    match refused.reason:
        case "name_taken":
            raise Conflict(f"this owner has a live {record.kind.value} named {record.name!r} already") from None
        case "too_many":
            raise NotPossible(f"this owner has {max_live} live ones of this kind already: revoke one") from None
        case "pepper":
            raise ConfigurationError(
                "the pepper is not the one that this store's keys were issued under: put that one back"
            ) from None
    raise refused


def _make(tokens: TokenFormat, kind: Kind, token_id: str, *, env: str | None) -> str:
    try:
        return tokens.make(kind, token_id, env=env)
    except ValueError as error:
        raise NotPossible(str(error)) from None
