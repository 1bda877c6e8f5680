"""A service and the verifiers over one store and one clock, and what a text is worth there."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from authmux.credential import PresentedCredential
from authmux.errors import InvalidCredential
from authmux.flow import run
from authmux.issuing.actor import system
from authmux.issuing.issued_token import IssuedToken
from authmux.issuing.token_service import TokenService
from authmux.peppers import Peppers
from authmux.principal import Client, Principal, User, VerifiedCredential
from authmux.stores.audit_event import Action, AuditEvent
from authmux.stores.audit_log import AuditQuery
from authmux.stores.memory import MemoryStore
from authmux.stores.port import TokenStore
from authmux.stores.record import Record
from authmux.stores.sql import SQLStore
from authmux.testing.manual_clock import ManualClock
from authmux.token_format import TokenFormat
from authmux.verifying.authenticator import Authenticator
from authmux.verifying.opaque import APIKeyVerifier, PATVerifier

NOW: Final = 1_800_000_000.0
DAY: Final = 86_400.0
BY: Final = system("console")
TOKENS: Final = TokenFormat(prefix="acme", peppers=Peppers({"p1": b"a" * 32}))
ADA: Final = User(id="ada", issuer="acme", tenant="t1")
JOB: Final = Client(id="job", issuer="acme", tenant="t1")


class House:
    """Where credentials are issued and verified.

    Arguments:
        store: a blocking one.
        clock: moved by hand.
    """

    def __init__(self, store: TokenStore, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock
        self.service = TokenService(store, TOKENS, clock=clock)
        self._door = Authenticator(*(each(store, TOKENS, clock=clock) for each in (APIKeyVerifier, PATVerifier)))

    def who(self, text: str) -> Principal:
        """Return who comes with a text."""
        principal = run(self._door.verify(PresentedCredential(text)))
        assert principal is not None
        return principal

    def refusal(self, text: str) -> str | None:
        """Return why a text is refused; None where it is accepted."""
        try:
            self.who(text)
        except InvalidCredential as refused:
            return refused.reason
        return None

    def key(self, **changes: Any) -> IssuedToken:
        """Issue a key of the client's, different where it is said so."""
        values: dict[str, Any] = {"name": "nightly", "scopes": ["reports:read"], "by": BY}
        values |= {"client": "job", "tenant": "t1"} | changes
        return self.service.issue_key(**values)

    def pat(self, **changes: Any) -> IssuedToken:
        """Issue a token of the user's, different where it is said so."""
        values: dict[str, Any] = {"name": "laptop", "scopes": ["reports:read"], "by": BY}
        values |= {"user": "ada", "tenant": "t1"} | changes
        return self.service.issue_pat(**values)

    def record(self, issued: IssuedToken) -> Record:
        """Return the record as it is now."""
        record = self.store.find(issued.record.id).record
        assert record is not None
        return record

    def told(self, *actions: Action) -> list[AuditEvent]:
        """Return what the audit log tells, of these actions if any are named."""
        return [entry.event for entry in self.store.audit(AuditQuery(action=actions or None))]


def _on_memory(_: Path) -> Iterator[TokenStore]:
    yield MemoryStore()


def _on_sqlite(directory: Path) -> Iterator[TokenStore]:
    with closing(SQLStore(f"sqlite:///{directory}/keys.db")) as store:
        store.create_schema()
        yield store


@contextmanager
def house_on(kind: str, directory: Path) -> Iterator[House]:
    """Build a house on a store of one kind: "memory" or "sqlite"."""
    open_store = {"memory": _on_memory, "sqlite": _on_sqlite}[kind]
    for store in open_store(directory):
        yield House(store, ManualClock(NOW))


def with_jwt(principal: Principal, *scopes: str) -> Principal:
    """Return a principal who came with a JWT of some scopes."""
    credential = VerifiedCredential(kind="jwt", id="jti-1", expires_at=NOW + 3600)
    return type(principal)(
        id=principal.id,
        issuer=principal.issuer,
        tenant=principal.tenant,
        scopes=frozenset(scopes),
        credential=credential,
    )
