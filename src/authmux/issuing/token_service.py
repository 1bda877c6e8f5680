"""`TokenService` and `AsyncTokenService`: issue, list, roll and revoke keys and tokens, blocking or awaiting."""

from typing import cast

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.errors import ConfigurationError
from authmux.flow import awaits
from authmux.issuing import denying
from authmux.issuing.colours import awaiting, blocking
from authmux.issuing.verbs import OVERLAP, PAT_LIFE, Verbs
from authmux.stores.port import AsyncTokenStore, TokenStore
from authmux.token_format import TokenFormat

__all__ = ["OVERLAP", "PAT_LIFE", "AsyncTokenService", "TokenService"]


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
            raise ConfigurationError(
                "TokenService blocks, and this store awaits: give a blocking store, or use AsyncTokenService"
            )
        self._verbs = Verbs(store=store, tokens=tokens, max_live=max_live, clock=clock)

    issue_key = blocking(Verbs.issue_key)
    issue_pat = blocking(Verbs.issue_pat)
    get = blocking(Verbs.get)
    list = blocking(Verbs.list)
    roll = blocking(Verbs.roll)
    revoke = blocking(Verbs.revoke)
    deny = blocking(denying.deny)
    lift = blocking(denying.lift)
    list_denials = blocking(denying.list_denials)


class AsyncTokenService:
    """Issues and manages the keys and tokens of one store, for callers that await.

    Arguments:
        store: where the records are; one that awaits, or a blocking one, which is asked in a worker thread.
        tokens: the format, with the peppers; the verifiers take the same one.
        max_live: how many live credentials of a kind one owner may have; keys that are nobody's are not counted.
        clock: where time comes from.

    Raises:
        ConfigurationError: `max_live` is not positive.

    Every verb takes `by`, who uses it, and raises `NotFound`, `Conflict` or `NotPossible`, with what to do; and
    `stores.port.StoreUnavailable`.
    """

    def __init__(
        self,
        store: TokenStore | AsyncTokenStore,
        tokens: TokenFormat,
        *,
        max_live: int = 100,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        either = cast("TokenStore", store)  # verbs ask it in either colour, and get the same answers
        self._verbs = Verbs(store=either, tokens=tokens, max_live=max_live, clock=clock)

    issue_key = awaiting(Verbs.issue_key)
    issue_pat = awaiting(Verbs.issue_pat)
    get = awaiting(Verbs.get)
    list = awaiting(Verbs.list)
    roll = awaiting(Verbs.roll)
    revoke = awaiting(Verbs.revoke)
    deny = awaiting(denying.deny)
    lift = awaiting(denying.lift)
    list_denials = awaiting(denying.list_denials)
