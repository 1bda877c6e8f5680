"""Events to write down, and seals to write them with."""

from typing import Any, Final

from hypothesis import strategies as st

from authmux.peppers import Peppers
from authmux.principal import frozen
from authmux.stores.audit_event import Action, AuditEvent, Entries, Seal
from tests.stores.sample_records import NOW

PEPPERS: Final = Peppers({"p1": b"a" * 32, "p2": b"b" * 32})
SEAL: Final = PEPPERS.seals()["p1"]


def make_event(**changes: Any) -> AuditEvent:
    """Return an event that differs where a test says so."""
    values: dict[str, Any] = {"at": NOW, "action": Action.CREATED, "actor": "console", "target": "t" * 16}
    return AuditEvent(**values | changes)


def make_entries(*events: AuditEvent, seal: Seal = SEAL) -> Entries:
    """Return events to be written; one, where none is given."""
    return Entries(events or (make_event(),), seal)


_TEXT: Final = st.text(max_size=40)  # with NUL and lone halves of pairs: a request's header may hold anything
_JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)


def any_event() -> st.SearchStrategy[AuditEvent]:
    """Return every event that there could be."""
    maybe = st.none() | _TEXT
    return st.builds(
        AuditEvent,
        at=st.floats(min_value=0, max_value=1e11),
        action=st.sampled_from(Action),
        outcome=_TEXT,
        tenant=maybe,
        actor=_TEXT,
        actor_credential=maybe,
        actor_generation=st.none() | st.integers(1, 1000),
        target=_TEXT,
        reason=maybe,
        difference=st.dictionaries(_TEXT, _JSON, max_size=3).map(frozen),
        address=maybe,
        user_agent=maybe,
        request_id=maybe,
    )
