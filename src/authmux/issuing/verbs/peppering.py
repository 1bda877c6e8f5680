"""The verbs on peppers: `pepper_status` and `retire_pepper` (K-13)."""

from collections.abc import Sequence
from hmac import compare_digest
from typing import cast

from authmux.errors import ConfigurationError, NotPossible
from authmux.flow import Flow, ask
from authmux.issuing.actor import System
from authmux.issuing.bench import Bench
from authmux.issuing.pepper_status import PepperStatus
from authmux.stores.digest_upgrade import UpgradingStore
from authmux.stores.port import WriteRefused


def pepper_status(bench: Bench, *, by: System) -> Flow[Sequence[PepperStatus]]:
    """Return how things stand with every pepper that is known here or in the store, oldest first (K-13).

    Raises:
        ConfigurationError: the store cannot count them.
        NotPossible: it is not the application itself that asks.
    """
    store = _store(bench, by)
    peppers = bench.tokens.peppers
    counts = yield from ask(store.pepper_counts, now=bench.clock.time())
    kept = {each.pepper_id: each.check for each in (yield from ask(bench.store.pepper_checks))}
    found = dict.fromkeys((*sorted({*kept, *counts} - {*peppers}), *peppers))
    return [
        PepperStatus(
            pepper_id=each,
            is_known=each in peppers,
            is_current=each == peppers.current,
            is_right=compare_digest(kept[each], peppers.check(each)) if each in kept and each in peppers else None,
            live_secrets=counts.get(each, 0),
        )
        for each in found
    ]


def retire_pepper(
    bench: Bench, pepper_id: str, *, by: System, although_used: bool = False
) -> Flow[Sequence[PepperStatus]]:
    """Have the store forget a pepper, so that it may be removed from where peppers are kept; return what remains.

    Arguments:
        although_used: also where live secrets are under it. They are refused for good then, as unknown.

    Raises:
        ConfigurationError: the store cannot do that.
        NotPossible: it is the current one, or secrets are under it, or it is not the application itself that asks.
    """
    store = _store(bench, by)
    if pepper_id == bench.tokens.peppers.current:
        raise NotPossible(f"{pepper_id} is the current pepper: rotate first")
    try:
        yield from ask(store.forget_pepper, pepper_id, now=bench.clock.time(), although_used=although_used)
    except WriteRefused:
        raise NotPossible(
            f"live secrets are under {pepper_id}: each moves to the current pepper when it is used; roll or revoke"
            " those that are not used"
        ) from None
    return (yield from pepper_status(bench, by=by))


def _store(bench: Bench, by: System) -> UpgradingStore:
    if not isinstance(by, System):
        raise NotPossible("only the application itself looks after peppers: by=system()")
    store = cast("object", bench.store)
    if not isinstance(store, UpgradingStore):
        raise ConfigurationError("this store does not count what is under each pepper; it has no pepper_counts")
    return store
