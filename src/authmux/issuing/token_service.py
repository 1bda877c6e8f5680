"""`TokenService` and `AsyncTokenService`: issue and manage keys and tokens, blocking or awaiting."""

from collections.abc import Sequence
from typing import cast

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.errors import ConfigurationError
from authmux.flow import awaits
from authmux.issuing.bench import Bench
from authmux.issuing.colours import awaiting, blocking
from authmux.issuing.verbs import (
    auditing,
    changing,
    clearing,
    denying,
    ending,
    importing,
    minting,
    peppering,
    reading,
    replaying,
    using,
)
from authmux.issuing.verbs.minting import OVERLAP, PAT_LIFE
from authmux.stores.audit_sinks import Sink
from authmux.stores.port import AsyncTokenStore, TokenStore
from authmux.token_format import TokenFormat

__all__ = ["OVERLAP", "PAT_LIFE", "AsyncTokenService", "TokenService"]


class TokenService:
    """Issues and manages the keys and tokens of one store.

    Arguments:
        store: where the records are; a blocking one.
        tokens: the format, with the peppers; the verifiers take the same one.
        max_live: how many live credentials of a kind one owner may have; keys that are nobody's are not counted.
        audit_sinks: are told of every entry of the audit log once it is committed; blocking or async (K-71).
        clock: where time comes from.

    Raises:
        ConfigurationError: the store awaits, or `max_live` is not positive.

    Every verb takes `by`, who uses it: `system()`, or a principal, for whom there is only what is its own (K-42). It
    raises `NotFound`, `Conflict` or `NotPossible`, with what to do; and `stores.port.StoreUnavailable`.
    """

    def __init__(
        self,
        store: TokenStore,
        tokens: TokenFormat,
        *,
        max_live: int = 100,
        audit_sinks: Sequence[Sink] = (),
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if awaits(store.find):
            raise ConfigurationError(
                "TokenService blocks, and this store awaits: give a blocking store, or use AsyncTokenService"
            )
        self._bench = Bench(store=store, tokens=tokens, max_live=max_live, clock=clock, audit_sinks=tuple(audit_sinks))

    issue_key = blocking(minting.issue_key)
    issue_pat = blocking(minting.issue_pat)
    get = blocking(reading.get)
    list = blocking(reading.list_records)
    edit = blocking(changing.edit)
    roll = blocking(minting.roll)
    disable = blocking(changing.disable)
    enable = blocking(changing.enable)
    expire = blocking(ending.expire)
    revoke = blocking(ending.revoke)
    revoke_all = blocking(clearing.revoke_all)
    delete = blocking(ending.delete)
    undelete = blocking(ending.undelete)
    purge = blocking(clearing.purge)
    get_self = blocking(reading.get_self)
    roll_self = blocking(minting.roll_self)
    revoke_self = blocking(ending.revoke_self)
    usage = blocking(using.usage)
    audit = blocking(auditing.audit)
    verify_audit = blocking(auditing.verify_audit)
    purge_audit = blocking(auditing.purge_audit)
    export_audit = blocking(auditing.export_audit)
    import_audit = blocking(auditing.import_audit)
    replay_revocations = blocking(replaying.replay_revocations)
    import_foreign = blocking(importing.import_foreign)
    pepper_status = blocking(peppering.pepper_status)
    retire_pepper = blocking(peppering.retire_pepper)
    deny = blocking(denying.deny)
    lift = blocking(denying.lift)
    list_denials = blocking(denying.list_denials)
    suspend = blocking(denying.suspend)
    reactivate = blocking(denying.reactivate)


class AsyncTokenService:
    """Issues and manages the keys and tokens of one store, for callers that await.

    Arguments:
        store: where the records are; one that awaits, or a blocking one, which is asked in a worker thread.
        tokens: the format, with the peppers; the verifiers take the same one.
        max_live: how many live credentials of a kind one owner may have; keys that are nobody's are not counted.
        audit_sinks: are told of every entry of the audit log once it is committed; blocking or async (K-71).
        clock: where time comes from.

    Raises:
        ConfigurationError: `max_live` is not positive.

    Every verb takes `by`, who uses it: `system()`, or a principal, for whom there is only what is its own (K-42). It
    raises `NotFound`, `Conflict` or `NotPossible`, with what to do; and `stores.port.StoreUnavailable`.
    """

    def __init__(
        self,
        store: TokenStore | AsyncTokenStore,
        tokens: TokenFormat,
        *,
        max_live: int = 100,
        audit_sinks: Sequence[Sink] = (),
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        either = cast("TokenStore", store)  # verbs ask it in either colour, and get the same answers
        self._bench = Bench(store=either, tokens=tokens, max_live=max_live, clock=clock, audit_sinks=tuple(audit_sinks))

    issue_key = awaiting(minting.issue_key)
    issue_pat = awaiting(minting.issue_pat)
    get = awaiting(reading.get)
    list = awaiting(reading.list_records)
    edit = awaiting(changing.edit)
    roll = awaiting(minting.roll)
    disable = awaiting(changing.disable)
    enable = awaiting(changing.enable)
    expire = awaiting(ending.expire)
    revoke = awaiting(ending.revoke)
    revoke_all = awaiting(clearing.revoke_all)
    delete = awaiting(ending.delete)
    undelete = awaiting(ending.undelete)
    purge = awaiting(clearing.purge)
    get_self = awaiting(reading.get_self)
    roll_self = awaiting(minting.roll_self)
    revoke_self = awaiting(ending.revoke_self)
    usage = awaiting(using.usage)
    audit = awaiting(auditing.audit)
    verify_audit = awaiting(auditing.verify_audit)
    purge_audit = awaiting(auditing.purge_audit)
    export_audit = awaiting(auditing.export_audit)
    import_audit = awaiting(auditing.import_audit)
    replay_revocations = awaiting(replaying.replay_revocations)
    import_foreign = awaiting(importing.import_foreign)
    pepper_status = awaiting(peppering.pepper_status)
    retire_pepper = awaiting(peppering.retire_pepper)
    deny = awaiting(denying.deny)
    lift = awaiting(denying.lift)
    list_denials = awaiting(denying.list_denials)
    suspend = awaiting(denying.suspend)
    reactivate = awaiting(denying.reactivate)
