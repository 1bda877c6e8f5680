"""`Bench`: what every verb works with, and the one way in which each of them reads and changes a record."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn

from authmux.clock import Clock
from authmux.errors import ConfigurationError, Conflict, NotFound, NotPossible
from authmux.flow import Flow, ask
from authmux.issuing import events
from authmux.issuing.actor import Doer
from authmux.issuing.standing import NOT_GOOD, Standing, of_ours, standing_of
from authmux.issuing.states import NO_SUCH, Verb
from authmux.stores.audit_event import AuditEvent, Entries
from authmux.stores.audit_sinks import Sink, tell
from authmux.stores.port import PepperCheck, TokenStore, WriteRefused
from authmux.stores.record import Record, Secret
from authmux.token_format import TokenFormat, hint

_TRIES: Final = 8  # how often a change is decided again after somebody else's came between


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a service of either colour has.

    Arguments:
        store: where the records are; blocking or async, as its driver is.
        tokens: the format, with the peppers.
        max_live: how many live credentials of a kind one owner may have (K-30).
        clock: where time comes from.
        audit_sinks: are told of every entry of the audit log, once it is committed (K-71).

    Raises:
        ConfigurationError: `max_live` is not positive.
    """

    store: TokenStore
    tokens: TokenFormat
    max_live: int
    clock: Clock
    audit_sinks: tuple[Sink, ...] = ()

    def __post_init__(self) -> None:
        if self.max_live < 1:
            raise ConfigurationError("max_live is 1 or more")

    def who(self, by: Doer) -> Flow[Standing]:
        """Return the standing of somebody, by the record of what he came with as it is now (K-38)."""
        credential = of_ours(by)
        if credential is None or credential.id is None:
            return standing_of(by, None, self.clock.time())
        reading = yield from ask(self.store.find, credential.id)
        now = self.clock.time()
        if reading.suspended_until is not None and now < reading.suspended_until:
            raise NotPossible(NOT_GOOD)
        return standing_of(by, reading.record, now)

    def find(self, credential_id: str, *, who: Standing) -> Flow[Record]:
        """Return a record that is there for him, a deleted one too.

        Raises:
            NotFound: there is none, or none for him (K-42).
        """
        record = (yield from ask(self.store.find, credential_id)).record
        if record is None or not who.sees(record):
            raise NotFound(NO_SUCH)
        return record

    def change(
        self,
        verb: Verb,
        credential_id: str,
        decide: Callable[[Record, float], Record],
        *,
        who: Standing,
        reason: str | None = None,
        pepper: PepperCheck | None = None,
        expected: int | None = None,
    ) -> Flow[Record]:
        """Decide on the record as it is, and write it if it is still that one; else decide again.

        Arguments:
            decide: one of the rules; it hands the record itself back where there is nothing to change.
            reason: written down in the audit log.
            pepper: of a new generation.
            expected: the only row_version that is to be changed.
        """
        for _ in range(_TRIES):
            record = yield from self.find(credential_id, who=who)
            now = self.clock.time()
            who.check(verb, record)
            changed = decide(record, now)
            if expected not in (None, record.row_version):
                raise Conflict(
                    f"{record.id} is at version {record.row_version}, not {expected}: somebody changed it; look again"
                )
            if changed is record:
                return record
            entries = self.entries(*events.of_change(verb, record, changed, who=who, now=now, reason=reason))
            try:
                yield from ask(
                    self.store.replace,
                    changed,
                    expected=record.row_version,
                    pepper=pepper,
                    live_at=now if _is_new_among_the_live(record, changed, now) else None,
                    max_live=self.max_live if not record.is_live(now) else None,
                    audit=entries,
                )
            except WriteRefused as refused:
                if refused.reason == "changed":
                    continue
                self.explain(refused, changed)
            yield from self.tell(entries)
            return changed
        raise Conflict(f"{credential_id} is being changed by others all the time; try again")

    def entries(self, *told: AuditEvent) -> Entries:
        """Return events with what seals them."""
        return Entries(told, self.tokens.peppers.seal())

    def tell(self, entries: Entries) -> Flow[None]:
        """Tell the sinks of what was committed; one that fails fails no verb."""
        return tell(self.audit_sinks, entries)

    def secret(self, text: str, *, generation: int, now: float) -> Secret:
        """Return a generation for a new text."""
        pepper_id = self.tokens.peppers.current
        digest = self.tokens.digest(text, pepper_id)
        return Secret(generation=generation, digest=digest, pepper_id=pepper_id, hint=hint(text), created_at=now)

    def pepper_check(self) -> PepperCheck:
        """Return by what a store notices that our current pepper is another one than it knows."""
        current = self.tokens.peppers.current
        return PepperCheck(current, self.tokens.peppers.check(current))

    def explain(self, refused: WriteRefused, record: Record) -> NoReturn:
        """Say what a store's refusal means."""
        match refused.reason:
            case "name_taken":
                raise Conflict(f"this owner has a live {record.kind.value} named {record.name!r} already") from None
            case "too_many":
                raise NotPossible(
                    f"this owner has {self.max_live} live ones of this kind already: revoke one"
                ) from None
            case "pepper":
                raise ConfigurationError(
                    "the pepper is not the one that this store's keys were issued under: put that one back"
                ) from None
        raise refused


def _is_new_among_the_live(before: Record, after: Record, now: float) -> bool:
    """Return whether a change brings a name among the owner's live ones, so that it must be looked for there (K-30)."""
    return after.is_live(now) and (before.name != after.name or not before.is_live(now))
