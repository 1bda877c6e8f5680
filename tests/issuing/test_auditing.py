"""The verbs on the audit log: read, verify, purge, export and import (K-71)."""

import asyncio
import io
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from authmux.errors import Conflict, NotPossible
from authmux.issuing.token_service import AsyncTokenService, TokenService
from authmux.stores.audit_chain import Break, Damage
from authmux.stores.audit_event import Action, AuditEntry, Head
from authmux.stores.audit_lines import read_lines
from authmux.stores.audit_sinks import log_entry
from authmux.stores.memory import MemoryStore
from tests.issuing.house import ADA, BY, DAY, TOKENS, House, house_on


@pytest.fixture
def long_kept(house: House) -> House:
    """Give a house with three keys, issued 401, 400 and 399 days ago and a moment."""
    house.clock.advance(-401 * DAY)
    for number in range(3):
        house.key(name=f"key {number}")
        house.clock.advance(DAY)
    house.clock.advance(398 * DAY)
    return house


def positions(house: House) -> list[int]:
    """Return which entries there are."""
    return [entry.position for entry in house.service.audit(by=BY)]


def test_audit(house: House) -> None:
    """What was done is read again, by what was asked for."""
    key = house.key()
    house.service.revoke(key.record.id, by=BY, reason="compromised")
    [entry] = house.service.audit(by=BY, target=key.record.id, action=Action.REVOKED)
    assert (entry.event.actor, entry.event.reason, entry.event.tenant) == ("console", "compromised", "t1")


def test_tail(house: House) -> None:
    """The end is read, oldest first."""
    for number in range(5):
        house.key(name=f"key {number}")
    assert [entry.position for entry in house.service.audit(by=BY, newest=True, limit=2)] == [4, 5]


def test_limit(house: House) -> None:
    """A page has room for one at least."""
    with pytest.raises(NotPossible, match="limit"):
        house.service.audit(by=BY, limit=0)


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("audit", ()),
        ("verify_audit", ()),
        ("purge_audit", ()),
        ("export_audit", (print,)),
        ("import_audit", ([],)),
        ("replay_revocations", ([],)),
    ],
)
def test_for_the_application_alone(house: House, verb: str, arguments: tuple[Any, ...]) -> None:
    """The log tells of all tenants: no principal gets at it (K-42)."""
    with pytest.raises(NotPossible, match="only the application itself"):
        getattr(house.service, verb)(*arguments, by=ADA)


def test_an_empty_log_verifies(house: House) -> None:
    """Where nothing was done, nothing is broken."""
    found = house.service.verify_audit(by=BY)
    assert (found.entries, found.head, found.broken) == (0, Head(0, ""), None)


def test_verify_many(house: House) -> None:
    """A log of many pages is followed to its head."""
    key = house.key()
    for _ in range(300):
        house.service.disable(key.record.id, by=BY)
        house.service.enable(key.record.id, by=BY)
    found = house.service.verify_audit(by=BY)
    assert (found.entries, found.head.position, found.broken) == (601, 601, None)


def test_purge(long_kept: House) -> None:
    """What is older than 400 days goes, and the rest verifies from there on."""
    point = long_kept.service.purge_audit(by=BY)
    assert point is not None
    assert positions(long_kept) == [2, 3, 4]
    assert point.event.difference["position"] == 1
    found = long_kept.service.verify_audit(by=BY)
    assert (found.start.position, found.entries, found.broken) == (1, 3, None)


def test_purge_sooner(long_kept: House) -> None:
    """A shorter retention is the application's to choose; twice goes further from where the first has got to."""
    long_kept.service.purge_audit(by=BY)
    long_kept.service.purge_audit(by=BY, older_than=timedelta(days=399.5))
    assert positions(long_kept) == [3, 4, 5]
    assert long_kept.service.verify_audit(by=BY).broken is None


def test_purge_all(long_kept: House) -> None:
    """Where all is old, the purge's own entry is what is left."""
    long_kept.service.purge_audit(by=BY, older_than=timedelta(days=1))
    assert positions(long_kept) == [4]
    long_kept.key(name="later")
    found = long_kept.service.verify_audit(by=BY)
    assert (found.start.position, found.head.position, found.broken) == (3, 5, None)


def test_nothing_to_purge(house: House) -> None:
    """Where nothing is old, nothing is written."""
    house.key()
    assert house.service.purge_audit(by=BY) is None
    assert house.service.purge_audit(by=BY) is None
    assert positions(house) == [1]


def test_a_kept_head_after_a_purge(long_kept: House) -> None:
    """A head that was kept before a purge is no break, wherever it lies."""
    heads = [entry.head for entry in long_kept.service.audit(by=BY)]
    long_kept.service.purge_audit(by=BY)
    assert [long_kept.service.verify_audit(by=BY, expected_head=head).broken for head in heads] == [None] * 3


def exported(house: House, *, after: int = 0) -> str:
    """Return the log as lines."""
    file = io.StringIO()
    house.service.export_audit(file.write, by=BY, after=after)
    return file.getvalue()


def test_export(house: House) -> None:
    """Every entry is a line, which is read as what it was."""
    for number in range(3):
        house.key(name=f"key {number}")
    assert list(read_lines(exported(house).splitlines())) == list(house.service.audit(by=BY))


def test_export_goes_on(house: House) -> None:
    """An export tells how far it went, and the next begins there."""
    house.key(name="first")
    head = house.service.export_audit(lambda _: None, by=BY)
    assert head == house.service.audit(by=BY)[-1].head
    house.key(name="second")
    assert len(exported(house, after=head.position).splitlines()) == 1


def test_no_secret_is_exported(house: House) -> None:
    """Neither a text nor a digest is in the log (K-71)."""
    key = house.key()
    rolled = house.service.roll(key.record.id, generation=1, by=BY)
    text = exported(house)
    for issued in (key, rolled):
        assert issued.text not in text
        assert issued.text[-49:] not in text
        assert not any(secret.digest.hex() in text for secret in issued.record.secrets)


@pytest.fixture
def restored(house: House, tmp_path: Path) -> Iterator[House]:
    """Give a second house, which has the log of the first up to its second entry."""
    house.key(name="first")
    house.key(name="second")
    kept = list(house.service.audit(by=BY))
    house.key(name="third")
    with house_on("memory", tmp_path) as other:
        other.service.import_audit(kept, by=BY)
        yield other


def test_import(house: House, restored: House) -> None:
    """What a restored log lacks is put back, what it has is passed over, and the chain holds to the kept head."""
    head = house.service.verify_audit(by=BY).head
    lines = exported(house).splitlines()
    assert restored.service.import_audit(read_lines(lines), by=BY) == 1
    assert restored.service.import_audit(read_lines(lines), by=BY) == 0
    assert restored.service.verify_audit(by=BY, expected_head=head).broken is None


def test_import_of_another_log(house: House, restored: House) -> None:
    """What does not continue the chain is refused, and leaves nothing."""
    restored.key(name="since")
    lines = exported(house).splitlines()
    house.key(name="fourth")
    with pytest.raises(NotPossible, match="entry 4 does not continue"):
        restored.service.import_audit(house.service.audit(by=BY, after=3), by=BY)
    assert restored.service.import_audit(read_lines(lines), by=BY) == 0
    assert positions(restored) == [1, 2, 3]


def test_import_of_a_tampered_log(house: House, restored: House) -> None:
    """What was tampered with is refused, from there on."""
    tampered = exported(house, after=2).replace("third", "forged")
    with pytest.raises(NotPossible, match="entry 3 does not continue this log: changed"):
        restored.service.import_audit(read_lines(tampered.splitlines()), by=BY)


def test_import_while_others_write(house: House, restored: House) -> None:
    """A log that is written to meanwhile is not put back behind the writer's back."""
    entries = list(house.service.audit(by=BY))

    def interrupted() -> Iterator[AuditEntry]:
        restored.key(name="meanwhile")
        yield from entries

    with pytest.raises(Conflict, match="meanwhile"):
        restored.service.import_audit(interrupted(), by=BY)


@pytest.mark.parametrize("line", ["x", "{}", "[]", '{"position": 1}', "null"])
def test_lines_that_are_none(line: str) -> None:
    """A line that is no entry is told of by its number."""
    with pytest.raises(ValueError, match="line 2 is no entry"):
        list(read_lines(["", line]))


class Told:
    """A sink that remembers what it is told."""

    def __init__(self) -> None:
        self.heads: list[Head] = []

    def __call__(self, entry: AuditEntry) -> None:
        self.heads.append(entry.head)


def failing(_: AuditEntry) -> None:
    """Fail, with what must not be logged."""
    raise RuntimeError("a password")


def test_sinks(caplog: pytest.LogCaptureFixture) -> None:
    """Each sink is told of what was committed; one that fails is logged without its words, and fails no verb (K-71)."""
    told = Told()
    service = TokenService(MemoryStore(), TOKENS, audit_sinks=[failing, told])
    key = service.issue_key(name="k", scopes=["a:b"], by=BY)
    service.roll(key.record.id, generation=1, by=BY)
    service.revoke_all(by=BY, tenant="t1")
    assert told.heads == [entry.head for entry in service.audit(by=BY)]
    failures = [record for record in caplog.records if record.name == "authmux.audit"]
    assert len(failures) == len(told.heads)
    assert "a password" not in caplog.text


def test_a_refused_verb_tells_nobody() -> None:
    """What was not done is told to nobody."""
    told = Told()
    service = TokenService(MemoryStore(), TOKENS, audit_sinks=[told])
    service.issue_key(name="k", scopes=["a:b"], client="job", by=BY)
    with pytest.raises(Conflict):
        service.issue_key(name="k", scopes=["a:b"], client="job", by=BY)
    assert len(told.heads) == 1


async def _issue(service: AsyncTokenService) -> None:
    await service.issue_key(name="k", scopes=["a:b"], by=BY)


def test_awaiting_sinks() -> None:
    """A sink may await, in a service that awaits; a blocking one does not hold the event loop."""
    told, awaited = Told(), Told()

    async def sink(entry: AuditEntry) -> None:
        awaited(entry)

    asyncio.run(_issue(AsyncTokenService(MemoryStore(), TOKENS, audit_sinks=[told, sink])))
    assert told.heads == awaited.heads != []


def test_log_entry(caplog: pytest.LogCaptureFixture) -> None:
    """The log as a sink writes one line for each entry, whatever a name holds."""
    caplog.set_level(logging.INFO, "authmux.audit")
    service = TokenService(MemoryStore(), TOKENS, audit_sinks=[log_entry])
    key = service.issue_key(name="k", scopes=["a:b"], tenant="a\nb", by=BY)
    [record] = [record for record in caplog.records if record.name == "authmux.audit"]
    assert record.getMessage() == (f"1 created done: target {key.record.id}, actor console, tenant a\\nb, reason -")


def test_a_damaged_log_is_told_of(house: House) -> None:
    """The answer is a value: where, and what."""
    house.key()
    assert house.service.verify_audit(by=BY, expected_head=Head(5, "00")).broken == Break(2, Damage.MISSING)
