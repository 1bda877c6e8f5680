"""Who is told of each entry of the audit log once it is committed: a log, or whatever the application calls."""

import logging
from collections.abc import Callable, Sequence
from typing import TypeAlias

from authmux.flow import Flow, ask
from authmux.stores.audit_event import AuditEntry, Entries

_log = logging.getLogger("authmux.audit")

Sink: TypeAlias = Callable[[AuditEntry], object]
"""Is told of an entry, with its position and MAC; blocking or async. What it raises is logged and goes no further."""


def tell(sinks: Sequence[Sink], entries: Entries) -> Flow[None]:
    """Tell every sink of what was committed; one that fails fails nobody else."""
    for sink in sinks:
        for entry in entries.written:
            try:
                yield from ask(sink, entry)
            except Exception as error:
                _log.error("a sink failed at entry %d, which is in the store: %s", entry.position, type(error).__name__)


def log_entry(entry: AuditEntry) -> None:
    """Write an entry to the log `authmux.audit`; a sink to give as it is."""
    event = entry.event
    texts = (event.target, event.actor, event.tenant, event.reason)
    # Escaped: a name may be whatever somebody wrote, a line break too.
    shown = ("-" if text is None else ascii(text)[1:-1] for text in texts)
    _log.info(
        "%d %s %s: target %s, actor %s, tenant %s, reason %s",
        entry.position,
        event.action.value,
        ascii(event.outcome)[1:-1],
        *shown,
    )
