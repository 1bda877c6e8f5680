"""`Desk`: what every verb works with, and what it does for each of them."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from authmux.cli.exit_codes import Misuse
from authmux.cli.record_view import last_use_text, summary
from authmux.cli.references import WholeToken, parse_reference
from authmux.cli.voice import Voice
from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.errors import NotFound
from authmux.issuing.actor import System
from authmux.issuing.token_service import TokenService
from authmux.stores.record import Record
from authmux.stores.usage import Usage
from authmux.token_format import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where a verb is used.

    Arguments:
        service: what does it.
        by: what is written down as the doer.
        voice: standard error.
        as_json: whether the product is JSON.
        clock: where time comes from.
    """

    service: TokenService
    by: System
    voice: Voice
    as_json: bool
    clock: Clock = SYSTEM_CLOCK

    def now(self) -> float:
        """Return the time, in seconds since the epoch."""
        return self.clock.time()

    def usage(self, records: Collection[Record]) -> Mapping[str, Usage]:
        """Return what is known of the uses of credentials, by id."""
        return self.service.usage([record.id for record in records], by=self.by)

    def summaries(self, records: Collection[Record]) -> str:
        """Return lines by which a person knows credentials again, and sees whether they are in use."""
        usage, now = self.usage(records), self.now()
        return "\n".join(f"{summary(record, now)}, {last_use_text(usage.get(record.id))}" for record in records)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindDesk(Desk):
    """Where a verb on credentials of one kind is used.

    Arguments:
        kind, noun: which credentials, and what people call one.
    """

    kind: Kind
    noun: str

    def get_record(self, credential_id: str, *, include_deleted: bool = False) -> Record:
        """Return the record of a credential of this kind.

        Raises:
            NotFound: there is none, or it is of the other kind.
        """
        try:
            record = self.service.get(credential_id, by=self.by, include_deleted=include_deleted)
        except NotFound:
            raise NotFound(f"there is no {self.noun} {credential_id}") from None
        if record.kind is not self.kind:
            raise NotFound(
                f"there is no {self.noun} {credential_id}; one of another kind has this id: use"
                f" `authmux {record.kind.value}s`"
            )
        return record


def read_reference(text: str, *, where: str, is_typed: bool = True) -> str:
    """Return an id.

    Arguments:
        where: how to call the text, which is not repeated: it may be a secret.
        is_typed: whether it stands in the shell's history now.

    Raises:
        Misuse: it is none.
    """
    try:
        return parse_reference(text)
    except WholeToken as token:
        history = "It now stands in your shell's history and was visible to other users of this machine: " * is_typed
        raise Misuse(
            f"{where} is a whole token, and that is a secret. {history}{'r' if is_typed else 'R'}oll or revoke it,"
            f" and give only its id: {token.credential_id}"
        ) from None
    except ValueError as error:
        raise Misuse(f"{where} {error}") from None


@contextmanager
def option(name: str) -> Iterator[None]:
    """Say of what is wrong which option it stands in."""
    try:
        yield
    except ValueError as error:
        raise Misuse(f"{name}: {error}") from None
