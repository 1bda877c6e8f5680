"""The process that is killed: it uses verbs for ever, and says what it is about to do and what it has done."""

import random
import time
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import Any

from authmux.issuing.issued_token import IssuedToken
from authmux.issuing.token_service import TokenService
from authmux.stores.port import StoreUnavailable
from authmux.stores.record import Record
from authmux.stores.sql import SQLStore
from tests.stores.kill_ledger import BY
from tests.stores.processes import TOKENS


def write(url: str, seed: int, pipe: Connection) -> None:
    """Use verbs for ever, and report each before it begins and when it has returned."""
    chance = random.Random(seed)
    service = TokenService(SQLStore(url), TOKENS)
    keys: list[Record] = []
    while True:
        verb = chance.choice(["issue", "roll", "revoke", "disable"])
        record = chance.choice(keys) if keys else None
        if verb == "issue" or record is None:
            _report(pipe, "issue", "", lambda: _issue(service, seed), keys)
        elif record.revoked_at is None:
            keys.remove(record)
            verb = verb if record.disabled_at is None else "enable"
            _report(pipe, verb, record.id, _deed(service, verb, record), keys)


def _issue(service: TokenService, seed: int) -> IssuedToken:
    return service.issue_key(name="k", scopes=["a:b"], tenant=f"t{seed % 3}", by=BY)


def _deed(service: TokenService, verb: str, record: Record) -> Callable[[], Any]:
    if verb == "roll":
        return lambda: service.roll(record.id, generation=record.generation, overlap=timedelta(0), by=BY)
    return lambda: getattr(service, verb)(record.id, by=BY)


def _report(pipe: Connection, verb: str, name: str, deed: Callable[[], Any], keys: list[Record]) -> None:
    """Do it, and say so: a key that is being issued has no name yet, and needs none if nobody hears of it."""
    is_new = verb == "issue"
    if not is_new:
        pipe.send(("tries", verb, name, {}))
    try:
        done = deed()
    except StoreUnavailable:  # the server's process was killed: nobody knows, and it goes on
        time.sleep(0.02)
        return
    record = done.record if isinstance(done, IssuedToken) else done
    facts = {"version": record.row_version, "generation": record.generation}
    if isinstance(done, IssuedToken):
        facts["text"] = done.text
    if is_new:
        pipe.send(("tries", verb, record.id, {}))
    pipe.send(("did", verb, record.id, facts))
    keys.append(record)
