"""Several players who use verbs on the same few credentials at once, and what must hold when they are done."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from authmux.issuing.token_service import TokenService
from authmux.stores.audit_event import Action
from authmux.stores.audit_log import AuditQuery
from authmux.stores.port import TokenStore
from authmux.stores.record import Record
from tests.issuing.house import BY

_VERBS: Final = ("edit", "edit", "roll", "roll", "disable", "enable", "enable", "delete", "undelete", "undelete", "get")
_NO_CHANGES: Final = {Action.CREATED, Action.GENERATION_RETIRED}


@dataclass(frozen=True)
class Move:
    """A verb with its arguments."""

    verb: str
    credential_id: str
    given: dict[str, Any]


@dataclass
class Table:
    """What the players have before them.

    Arguments:
        texts: of each credential, all that were handed out.
        revoked: whose revocation has returned.
    """

    texts: dict[str, list[str]] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)

    @classmethod
    def laid(cls, service: TokenService, *, count: int = 4) -> "Table":
        """Return a table with a few credentials on it."""
        table = cls()
        for number in range(count):
            issued = service.issue_key(name=f"key {number}", scopes=["a:b"], client="job", by=BY)
            table.texts[issued.record.id] = [issued.text]
        return table

    def moves(self, seed: int, *, count: int) -> Iterator[Move]:
        """Return what one player does; somewhere in the last third he revokes one of them."""
        dice = random.Random(seed)
        ids = sorted(self.texts)
        end = dice.randrange(2 * count // 3, count)
        for turn in range(count):
            of = ids[seed % len(ids)] if turn == end else dice.choice(ids)
            verb = "revoke" if turn == end else dice.choice(_VERBS)
            given: dict[str, Any] = {"by": BY}
            if verb == "edit":
                given["description"] = f"{seed} {turn}"
            if verb == "roll":
                given |= {"generation": len(self.texts[of]), "overlap": timedelta(hours=dice.randrange(2))}
            yield Move(verb, of, given)

    def note(self, move: Move, answer: Any) -> Sequence[str]:
        """Note what came of a move; return the texts that must be refused from now on."""
        if move.verb == "roll":
            self.texts[move.credential_id].append(answer.text)
        if move.verb != "revoke":
            return []
        self.revoked.add(move.credential_id)
        return list(self.texts[move.credential_id])

    def check(self, store: TokenStore) -> None:
        """Check that no revocation was lost, and that every version is one change that was written down."""
        records = {credential_id: _get(store, credential_id) for credential_id in self.texts}
        assert {each.id for each in records.values() if each.revoked_at is not None} == self.revoked
        for record in records.values():
            told = [entry.event for entry in store.audit(AuditQuery(target=record.id, limit=100_000))]
            changes = Counter(event.action for event in told if event.action not in _NO_CHANGES)
            assert record.row_version == 1 + changes.total()
            assert record.generation == 1 + changes[Action.ROLLED] == len(self.texts[record.id])
            assert changes[Action.REVOKED] == (record.id in self.revoked)


def _get(store: TokenStore, credential_id: str) -> Record:
    record = store.find(credential_id).record
    assert record is not None
    return record
