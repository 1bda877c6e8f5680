"""`TokenService`: issue, list, roll and revoke keys and tokens, for callers that block."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.errors import ConfigurationError
from authmux.flow import awaits, run
from authmux.issuing.actor import System
from authmux.issuing.issued_token import IssuedToken
from authmux.issuing.verbs import Verbs
from authmux.stores.port import Query, TokenStore
from authmux.stores.record import Owner, OwnerType, Record
from authmux.token_format import Kind, TokenFormat

PAT_LIFE: Final = timedelta(days=30)
OVERLAP: Final = timedelta(hours=24)


class TokenService:
    """Issues and manages the keys and tokens of one store.

    Arguments:
        store: where the records are; a blocking one.
        tokens: the format, with the peppers; the verifiers take the same one.
        max_live: how many live credentials of a kind one owner may have; keys that are nobody's are not counted.
        clock: where time comes from.

    Raises:
        ConfigurationError: the store awaits, or `max_live` is not positive.

    Every verb takes `by`, who uses it, and raises `NotFound`, `Conflict` or `NotPossible`, with what to do; and
    `stores.port.StoreUnavailable`.
    """

    def __init__(
        self, store: TokenStore, tokens: TokenFormat, *, max_live: int = 100, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        if awaits(store.find):
            raise ConfigurationError("TokenService blocks, and this store awaits: give a blocking store")
        if max_live < 1:
            raise ConfigurationError("max_live is 1 or more")
        self._issuer = tokens.prefix
        self._verbs = Verbs(store=store, tokens=tokens, max_live=max_live, clock=clock)

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
    ) -> IssuedToken:
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
        owner = Owner(OwnerType.CLIENT, self._issuer, client) if isinstance(client, str) else client
        return run(
            self._verbs.issue(
                Kind.KEY,
                owner=owner,
                name=name,
                scopes=scopes,
                tenant=tenant,
                env=env,
                expires_in=expires_in,
                description=description,
                meta=meta,
                by=by,
            )
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
    ) -> IssuedToken:
        """Issue a personal access token; its text is in the answer, and never to be had again.

        Arguments:
            user: the user's id, or `Owner.of(user)` for one whom an identity provider names.
            expires_in: how long it lives, 30 days by default; None for no end.
            name, scopes, tenant, env, description, meta: see `issue_key`.
        """
        owner = Owner(OwnerType.USER, self._issuer, user) if isinstance(user, str) else user
        return run(
            self._verbs.issue(
                Kind.PAT,
                owner=owner,
                name=name,
                scopes=scopes,
                tenant=tenant,
                env=env,
                expires_in=expires_in,
                description=description,
                meta=meta,
                by=by,
            )
        )

    def get(self, credential_id: str, *, by: System) -> Record:
        """Return a record by its public id; it never holds the text (K-31)."""
        return run(self._verbs.get(credential_id, by=by))

    def list(
        self,
        *,
        by: System,
        kind: Kind | None = None,
        tenant: str | None = None,
        owner: Owner | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> Sequence[Record]:
        """Return the records that match, by id (K-31).

        Arguments:
            kind, tenant, owner: only these.
            limit: how many at most.
            after: only ids behind this one, to read page after page.
        """
        query = Query(kind=kind, tenant=tenant, owner=owner, limit=limit, after=after)
        return run(self._verbs.list(query, by=by))

    def roll(self, credential_id: str, *, generation: int, by: System, overlap: timedelta = OVERLAP) -> IssuedToken:
        """Issue a new text for the same credential; the old one works until the overlap is over (K-33).

        Arguments:
            generation: the one that is to be replaced, `record.generation`: so two who roll at once do not kill a
                text that is in use.
            overlap: how long the old text still works, 0 to 30 days, never past the expiry; 24 hours by default. A
                text that was replaced earlier and still works, stops now.
        """
        return run(self._verbs.roll(credential_id, generation=generation, overlap=overlap, by=by))

    def revoke(self, credential_id: str, *, by: System, reason: str = "other") -> Record:
        """Refuse a credential from now on, for good (K-35).

        Arguments:
            reason: compromised, superseded, offboarding, policy or other.
        """
        return run(self._verbs.revoke(credential_id, reason=reason, by=by))
