"""What a process reported of its verbs until it was killed, and whether the store still knows all of it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from authmux.credential import PresentedCredential
from authmux.errors import InvalidCredential
from authmux.flow import run
from authmux.issuing.actor import system
from authmux.issuing.token_service import TokenService
from authmux.stores.audit_event import Action, AuditEntry, Head
from authmux.stores.audit_log import AuditQuery
from authmux.stores.port import Query, TokenStore
from authmux.stores.record import Record, State
from authmux.token_format import TokenFormat
from authmux.verifying.opaque import APIKeyVerifier

Report: TypeAlias = tuple[Literal["tries", "did"], str, str, dict[str, Any]]
"""What a child says: that it begins a verb, or that the verb returned; then the verb, the id, and facts."""

BY: Final = system("kills")
_SECONDARY: Final = frozenset({Action.GENERATION_RETIRED})  # told beside the event of the verb itself


@dataclass
class Known:
    """What is known of one key.

    Arguments:
        version: the row_version that the last verb returned.
        open: how many verbs were begun of which nobody knows whether they happened.
    """

    text: str
    version: int = 0
    generation: int = 0
    is_revoked: bool = False
    open: int = 0


@dataclass
class Ledger:
    """Everything that was reported."""

    keys: dict[str, Known] = field(default_factory=dict)
    verbs: Counter[str] = field(default_factory=Counter)
    cut_off: int = 0
    head: Head = field(default_factory=lambda: Head(0, ""))

    def take(self, reports: list[Report]) -> set[str]:
        """Take in what one child said until its end; return the keys that it is about."""
        touched: set[str] = set()
        for stage, verb, credential_id, facts in reports:
            known = self.keys.setdefault(credential_id, Known(facts.get("text", "")))
            touched.add(credential_id)
            if stage == "tries":
                known.open += 1
            elif stage == "did":
                known.open -= 1
                self.verbs[verb] += 1
                known.text = facts.get("text", known.text)
                known.version, known.generation = facts["version"], facts["generation"]
                known.is_revoked |= verb == "revoke"
        self.cut_off += sum(self.keys[each].open > 0 for each in touched)
        return touched

    def check(self, store: TokenStore, tokens: TokenFormat, touched: set[str]) -> None:
        """Fail unless the store knows all that was reported of these keys, and its audit log holds."""
        door = APIKeyVerifier(store, tokens)
        for credential_id in touched:
            self._check_key(store, door, credential_id)
        found = TokenService(store, tokens).verify_audit(by=BY, expected_head=self.head)
        assert found.broken is None, found
        self.head = found.head

    def check_unheard(self, store: TokenStore) -> None:
        """Fail unless every key that there is, heard of or not, has its entries in the audit log."""
        after: str | None = None
        while page := store.list(Query(after=after)):
            for record in page:
                assert len(_changes(store, record.id)) == record.row_version, record.id
            after = page[-1].id

    def _check_key(self, store: TokenStore, door: APIKeyVerifier, credential_id: str) -> None:
        known, record = self.keys[credential_id], store.find(credential_id).record
        # Each change and its entry are one transaction: there are exactly as many of the one as of the other.
        assert len(_changes(store, credential_id)) == (record.row_version if record else 0), credential_id
        if record is None:
            assert known.version == 0, f"{credential_id} was issued, and is gone"
            return
        assert known.version <= record.row_version <= known.version + known.open, credential_id
        assert record.generation >= known.generation, credential_id
        if known.is_revoked:
            assert record.state(0) is State.REVOKED, f"{credential_id} was revoked, and is not"
        if known.text and not known.open:
            assert _is_accepted(door, known.text) == _works(record), credential_id


def _changes(store: TokenStore, credential_id: str) -> list[AuditEntry]:
    entries = store.audit(AuditQuery(target=credential_id, limit=1000))
    return [entry for entry in entries if entry.event.action not in _SECONDARY]


def _works(record: Record) -> bool:
    return record.state(0) is State.ACTIVE


def _is_accepted(door: APIKeyVerifier, text: str) -> bool:
    try:
        run(door.verify(PresentedCredential(text)))
    except InvalidCredential:
        return False
    return True
