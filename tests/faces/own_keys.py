"""Keys and tokens in the memory of this process: issued, revoked and narrowed at will."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import NoReturn

from authmux import APIKeyVerifier, Authenticator, MemoryStore, PATVerifier, Peppers, TokenFormat, TokenService, system
from authmux.stores.port import Revision, StoreUnavailable

_BY = system("tests")


class FailingStore(MemoryStore):
    """A store that can be made unreachable."""

    is_away = False

    def freshness(self) -> Revision:
        return self._fail() if self.is_away else super().freshness()

    def _fail(self) -> NoReturn:
        raise StoreUnavailable


class OwnKeys:
    """Issues keys and tokens, and makes authenticators that know them."""

    def __init__(self) -> None:
        self.store = FailingStore()
        self._tokens = TokenFormat(prefix="acme", peppers=Peppers({"p1": bytes(32)}))
        self._service = TokenService(self.store, self._tokens)
        self._numbers = count()

    def authenticator(self) -> Authenticator:
        """Return one that has verified nothing so far."""
        return Authenticator(APIKeyVerifier(self.store, self._tokens), PATVerifier(self.store, self._tokens))

    def key(self, *scopes: str, expires_in: timedelta | None = None) -> str:
        """Return the text of a new key."""
        name = f"key {next(self._numbers)}"
        return self._service.issue_key(name=name, scopes=scopes, by=_BY, expires_in=expires_in).text

    def pat(self, user: str, *scopes: str) -> str:
        """Return the text of a new personal access token."""
        name = f"token {next(self._numbers)}"
        return self._service.issue_pat(user=user, name=name, scopes=scopes, by=_BY).text

    def revoke(self, text: str) -> None:
        """Revoke a key or a token."""
        self._service.revoke(self._tokens.parse(text).id, by=_BY)

    def narrow(self, text: str, *scopes: str) -> None:
        """Leave a key or a token only some scopes."""
        record = self.store.find(self._tokens.parse(text).id).record
        assert record
        narrowed = replace(record, scopes=frozenset(scopes), row_version=record.row_version + 1)
        self.store.replace(narrowed, expected=record.row_version)
