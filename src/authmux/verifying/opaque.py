"""Verifiers of our own opaque tokens: `APIKeyVerifier` and `PATVerifier` (K-20…K-24).

What is remembered is the record, never a verdict: digest, state and deadlines are judged anew on every request.
"""

import hmac
import logging
from collections.abc import Callable, Collection, Iterable
from typing import Any, ClassVar, Final, TypeAlias, cast

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.credential import PresentedCredential
from authmux.errors import ConfigurationError, CredentialNotAllowed, Fault, InvalidCredential, Unavailable
from authmux.flow import Flow, ask
from authmux.foreign_shape import ForeignShape
from authmux.forking import renew_after_fork
from authmux.principal import AnonymousKey, Client, Principal, User
from authmux.stores.foreign import ForeignName
from authmux.stores.port import AsyncRecordSource, Reading, RecordSource, Revision, StoreUnavailable
from authmux.stores.record import Record, Secret, State
from authmux.token_format import Kind, TokenFormat
from authmux.verifying.digest_moves import DigestMoves
from authmux.verifying.foreign_keys import ForeignKeys, name_of
from authmux.verifying.held import Held
from authmux.verifying.recent import Flights, Recent

_log = logging.getLogger("authmux.verifying")

_REFUSED_STATES: Final = {
    State.NOT_YET: Fault.NOT_YET_VALID,
    State.EXPIRED: Fault.EXPIRED,
    State.DISABLED: Fault.REVOKED,
    State.REVOKED: Fault.REVOKED,
    State.DELETED: Fault.REVOKED,
}

_Name: TypeAlias = str | ForeignName  # the public id in a token of ours, or what another library's is found by


class OpaqueVerifier:
    """Verifies one kind of our own tokens against a store; use one of its subclasses.

    Arguments:
        store: where the records are; blocking or async.
        tokens: the format, with the peppers, that the tokens were issued with.
        remember: how many records to hold in memory; 0.5 to 1 KB each.
        absent_for: seconds for which an id that was not found is not looked up again (K-23); at most 2.
        read_timeout: seconds to wait for a look-up that another request has begun.
        accept_digests: shapes of keys that another library made and that were imported (K-14); none by default.
        clock: where time comes from.

    Raises:
        ConfigurationError: a number is out of its range, some text could be of two shapes, or the store cannot keep
            what was imported.
    """

    kind: ClassVar[Kind]
    proves: ClassVar[tuple[type[Principal], ...]]

    def __init__(
        self,
        store: RecordSource | AsyncRecordSource,
        tokens: TokenFormat,
        *,
        remember: int = 10_000,
        absent_for: float = 2.0,
        read_timeout: float = 5.0,
        accept_digests: Collection[ForeignShape] = (),
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if remember < 1 or not 0 <= absent_for <= 2 or not read_timeout > 0:
            raise ConfigurationError("remember is 1 or more, absent_for is 0 to 2 seconds, read_timeout is positive")
        self._store = cast("RecordSource", store)  # flows ask it in either colour, and get the same answers
        self._tokens = tokens
        self._absent_for = absent_for
        self._read_timeout = read_timeout
        self._clock = clock
        self.marks = tokens.marks(self.kind)
        self._current_pepper = tokens.peppers.current
        self._moves = DigestMoves(store, tokens)
        self._foreign = ForeignKeys(accept_digests, tokens, patience=read_timeout, clock=clock)
        self.foreign_shapes = self._foreign.shapes
        self._find_foreign: Any = getattr(store, "find_foreign", None)
        if self.foreign_shapes and self._find_foreign is None:
            raise ConfigurationError("accept_digests: this store cannot keep what was imported; it has no find_foreign")
        self._found: Recent[_Name, Held] = Recent(remember)
        # Absences have a memory of their own: made-up ids must not push genuine records out.
        self._absent: Recent[_Name, Held] = Recent(remember)
        self._reads: Flights[tuple[_Name, Revision], Held] = Flights()
        self._peppers_right_at: Revision | None = None
        renew_after_fork(self)

    def recognises(self, text: str) -> bool:
        """Return whether a text begins as this kind of our tokens does, or is of a shape that was imported."""
        return text.startswith(self.marks) or (bool(self.foreign_shapes) and self._foreign.shape_of(text) is not None)

    def verify(self, credential: PresentedCredential) -> Flow[Principal]:
        """Return whom a token stands for; see `Verifier.verify`."""
        text = credential.text
        shape = self._foreign.shape_of(text) if self.foreign_shapes and not text.startswith(self.marks) else None
        name: _Name = self._tokens.parse(text).id if shape is None else name_of(text, shape)
        try:
            revision = self._store.freshness()
            held = self._recall(name, revision)
            if held is None:
                held = yield from self._read(name, revision)
            record = held.record if held.record is not None and held.record.kind is self.kind else None
            if record is None:
                secret = None
            elif shape is None:
                secret = self._find_secret(record, text)
            else:
                secret = yield from self._foreign.prove(record, text, shape)
            if record is None or secret is None:
                # Perhaps it is we who are wrong: under a wrong pepper nothing matches, and that must be 503 (K-13).
                yield from self._check_peppers(held.revision)
                raise InvalidCredential(None, "unknown_id" if record is None else "unknown_secret")
        except StoreUnavailable as error:
            raise Unavailable("store_unavailable") from error
        except TimeoutError as error:
            raise Unavailable("store_slow") from error
        principal = self._judge(held, record, secret, self._clock.time())  # now, after whatever was waited for (K-37)
        if secret.pepper_id != self._current_pepper:
            self._move(name, held, secret, text)
        return principal

    def start(self) -> Flow[None]:
        """Check that the peppers are those that the stored digests were made with (K-13)."""
        try:
            yield from self._check_peppers(self._store.freshness())
        except StoreUnavailable:
            _log.warning("the store does not answer at the start; its keys and tokens are answered 503 until it does")
        except Unavailable as error:
            raise ConfigurationError(
                f"{error.reason}: the pepper is not the one that the stored keys were issued under; put that one back"
            ) from None

    def ports(self) -> Iterable[Callable[..., object]]:
        """Return the store's methods that are asked."""
        foreign = (self._find_foreign,) if self.foreign_shapes else ()
        return (self._store.find, self._store.pepper_checks, *foreign)

    def after_fork(self) -> None:
        """Forget what the parent process held."""
        self._found.clear()
        self._absent.clear()
        self._reads.clear()

    def _recall(self, name: _Name, revision: Revision | None) -> Held | None:
        """Return what is remembered, if the store has not changed since it was read (K-22)."""
        if revision is None:
            return None
        held = self._found.get(name)
        if held is not None and held.revision == revision:
            return held
        held = self._absent.get(name)
        if held is None or held.revision != revision or self._clock.monotonic() >= held.until:
            return None
        return held

    def _read(self, name: _Name, revision: Revision | None) -> Flow[Held]:
        """Read a record, together with whoever wants it under the revision that was just sampled (K-23)."""
        if revision is None:
            return self._hold(name, (yield from self._look_up(name)))

        def read() -> Flow[Held]:
            held = self._recall(name, revision)
            return held or self._hold(name, (yield from self._look_up(name)))

        return (yield from self._reads.share((name, revision), read, timeout=self._read_timeout))

    def _look_up(self, name: _Name) -> Flow[Reading]:
        if isinstance(name, str):
            return ask(self._store.find, name)
        return ask(self._find_foreign, name)

    def _hold(self, name: _Name, reading: Reading) -> Held:
        held = Held(reading, until=self._clock.monotonic() + self._absent_for)
        if reading.revision is not None:
            (self._found if reading.record else self._absent).put(name, held)
        return held

    def _judge(self, held: Held, record: Record, secret: Secret, now: float) -> Principal:
        """Return the principal, if the record says yes at this moment; in the order of K-20."""
        if not secret.is_live(now):
            raise InvalidCredential(Fault.REVOKED, "retired_secret", credential_id=record.id)
        state = record.state(now)
        if state is not State.ACTIVE:
            raise InvalidCredential(_REFUSED_STATES[state], state.value, credential_id=record.id)
        if held.suspended_until is not None and now < held.suspended_until:
            raise InvalidCredential(Fault.REVOKED, "suspended", credential_id=record.id)
        if held.has_unknown_restrictions:
            raise CredentialNotAllowed("restriction_not_known", credential_id=record.id)
        return held.principal(secret)

    def _find_secret(self, record: Record, text: str) -> Secret | None:
        """Return the generation that a text of ours is of, the newest first, whatever else the row says (K-12)."""
        for secret in reversed(record.secrets):
            if self._tokens.matches(text, secret.digest, pepper_id=secret.pepper_id):
                return secret
        return None

    def _move(self, name: _Name, held: Held, secret: Secret, text: str) -> None:
        """Have a proved digest moved to the current pepper; what is held has it at once (K-13)."""
        assert held.record is not None
        digest = self._tokens.digest(text, self._current_pepper)
        if held.revision is not None:
            self._found.put(name, held.moved(secret, digest=digest, pepper_id=self._current_pepper))
        self._moves.add(held.record.id, secret, digest)

    def _check_peppers(self, revision: Revision | None) -> Flow[None]:
        """Return if our peppers are those of the store; asked again whenever the store has changed.

        Arguments:
            revision: under which was read what did not match. A pepper that is new there has made it another one.

        Raises:
            Unavailable: one is wrong, or not known here.
        """
        if revision is not None and revision == self._peppers_right_at:
            return
        peppers = self._tokens.peppers
        for kept in (yield from ask(self._store.pepper_checks)):
            if kept.pepper_id not in peppers:
                raise Unavailable("pepper_missing")
            if not hmac.compare_digest(peppers.check(kept.pepper_id), kept.check):
                raise Unavailable("pepper_wrong")
        self._peppers_right_at = revision


class APIKeyVerifier(OpaqueVerifier):
    """Verifies API keys: a `Client` where the key belongs to one, else an `AnonymousKey`."""

    kind = Kind.KEY
    proves = (Client, AnonymousKey)


class PATVerifier(OpaqueVerifier):
    """Verifies personal access tokens: always a `User`."""

    kind = Kind.PAT
    proves = (User,)
