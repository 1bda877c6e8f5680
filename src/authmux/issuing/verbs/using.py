"""The verb on what was used: `usage` (K-31, K-70)."""

from collections.abc import Collection, Mapping

from authmux.flow import Flow, ask
from authmux.issuing.actor import Doer
from authmux.issuing.bench import Bench
from authmux.stores.usage import Usage


def usage(bench: Bench, credential_ids: Collection[str], *, by: Doer) -> Flow[Mapping[str, Usage]]:
    """Return how often credentials were used, and when last, by their ids.

    One that was never used is not in the answer; nor is one that is not there for who asks (K-42). It tells of all uses
    but those of the last seconds, if the application's `Authenticator` has a `UsageRecorder`.
    """
    who = yield from bench.who(by)
    seen: list[str] = []
    for credential_id in dict.fromkeys(credential_ids):
        if not who.is_system:
            record = (yield from ask(bench.store.find, credential_id)).record
            if record is None or not who.sees(record):
                continue
        seen.append(credential_id)
    return (yield from ask(bench.store.usage, seen))
