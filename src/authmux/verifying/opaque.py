"""Verifiers of our own opaque tokens: `APIKeyVerifier` and `PATVerifier` (K-20…K-24).

What is remembered is the record, never a verdict: digest, state and deadlines are judged anew on every request.
"""

import hmac
import logging
from collections.abc import Callable, Iterable
from typing import ClassVar, Final, cast

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.credential import PresentedCredential
from authmux.errors import ConfigurationError, CredentialNotAllowed, Fault, InvalidCredential, Unavailable
from authmux.flow import Flow, ask
from authmux.forking import renew_after_fork
from authmux.principal import AnonymousKey, Client, Principal, User
from authmux.stores.port import AsyncTokenStore, Reading, Revision, StoreUnavailable, TokenStore
from authmux.stores.record import Record, Secret, State
from authmux.token_format import Kind, TokenFormat
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


class OpaqueVerifier:
    """Verifies one kind of our own tokens against a store; use one of its subclasses.

    Arguments:
        store: where the records are; blocking or async.
        tokens: the format, with the peppers, that the tokens were issued with.
        remember: how many records to hold in memory; 0.5 to 1 KB each.
        absent_for: seconds for which an id that was not found is not looked up again (K-23); at most 2.
        read_timeout: seconds to wait for a look-up that another request has begun.
        clock: where time comes from.

    Raises:
        ConfigurationError: a number is out of its range.
    """

    kind: ClassVar[Kind]
    proves: ClassVar[tuple[type[Principal], ...]]

    def __init__(
        self,
        store: TokenStore | AsyncTokenStore,
        tokens: TokenFormat,
        *,
        remember: int = 10_000,
        absent_for: float = 2.0,
        read_timeout: float = 5.0,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if remember < 1 or not 0 <= absent_for <= 2 or not read_timeout > 0:
            raise ConfigurationError("remember is 1 or more, absent_for is 0 to 2 seconds, read_timeout is positive")
        self._store = cast("TokenStore", store)  # flows ask it in either colour, and get the same answers
        self._tokens = tokens
        self._absent_for = absent_for
        self._read_timeout = read_timeout
        self._clock = clock
        self.marks = tokens.marks(self.kind)
        self._found: Recent[str, Held] = Recent(remember)
        # Absences have a memory of their own: made-up ids must not push genuine records out.
        self._absent: Recent[str, Held] = Recent(remember)
        self._reads: Flights[tuple[str, Revision], Held] = Flights()
        self._peppers_right_at: Revision | None = None
        renew_after_fork(self)

    def recognises(self, text: str) -> bool:
        """Return whether a text begins as this kind of our tokens does."""
        return text.startswith(self.marks)

    def verify(self, credential: PresentedCredential) -> Flow[Principal]:
        """Return whom a token stands for; see `Verifier.verify`."""
        token = self._tokens.parse(credential.text)
        try:
            revision = self._store.freshness()
            held = self._recall(token.id, revision)
            if held is None:
                held = yield from self._read(token.id, revision)
            record = held.record if held.record is not None and held.record.kind is self.kind else None
            secret = None if record is None else self._find_secret(record, token.text)
            if record is None or secret is None:
                # Perhaps it is we who are wrong: under a wrong pepper nothing matches, and that must be 503 (K-13).
                yield from self._check_peppers()
                raise InvalidCredential(None, "unknown_id" if record is None else "unknown_secret")
        except StoreUnavailable as error:
            raise Unavailable("store_unavailable") from error
        except TimeoutError as error:
            raise Unavailable("store_slow") from error
        return self._judge(held, record, secret, self._clock.time())  # now, after whatever was waited for (K-37)

    def start(self) -> Flow[None]:
        """Check that the peppers are those that the stored digests were made with (K-13)."""
        try:
            yield from self._check_peppers()
        except StoreUnavailable:
            _log.warning("the store does not answer at the start; its keys and tokens are answered 503 until it does")
        except Unavailable as error:
            raise ConfigurationError(
                f"{error.reason}: the pepper is not the one that the stored keys were issued under; put that one back"
            ) from None

    def ports(self) -> Iterable[Callable[..., object]]:
        """Return the store's methods that are asked."""
        return (self._store.find, self._store.pepper_checks)

    def after_fork(self) -> None:
        """Forget what the parent process held."""
        self._found.clear()
        self._absent.clear()
        self._reads.clear()

    def _recall(self, token_id: str, revision: Revision | None) -> Held | None:
        """Return what is remembered, if the store has not changed since it was read (K-22)."""
        if revision is None:
            return None
        held = self._found.get(token_id)
        if held is not None and held.revision == revision:
            return held
        held = self._absent.get(token_id)
        if held is None or held.revision != revision or self._clock.monotonic() >= held.until:
            return None
        return held

    def _read(self, token_id: str, revision: Revision | None) -> Flow[Held]:
        """Read a record, together with whoever wants it under the revision that was just sampled (K-23)."""
        if revision is None:
            return self._hold(token_id, (yield from ask(self._store.find, token_id)))

        def read() -> Flow[Held]:
            held = self._recall(token_id, revision)
            return held or self._hold(token_id, (yield from ask(self._store.find, token_id)))

        return (yield from self._reads.share((token_id, revision), read, timeout=self._read_timeout))

    def _hold(self, token_id: str, reading: Reading) -> Held:
        held = Held(reading, until=self._clock.monotonic() + self._absent_for)
        if reading.revision is not None:
            (self._found if reading.record else self._absent).put(token_id, held)
        return held

    def _judge(self, held: Held, record: Record, secret: Secret, now: float) -> Principal:
        """Return the principal, if the record says yes at this moment; in the order of K-20."""
        if not secret.is_live(now):
            raise InvalidCredential(Fault.REVOKED, "retired_secret", credential_id=record.id)
        state = record.state(now)
        if state is not State.ACTIVE:
            raise InvalidCredential(_REFUSED_STATES[state], state.value, credential_id=record.id)
        if held.has_unknown_restrictions:
            raise CredentialNotAllowed("restriction_not_known", credential_id=record.id)
        return held.principal(secret)

    def _find_secret(self, record: Record, text: str) -> Secret | None:
        """Return the generation that the text is of, the newest first (K-12)."""
        for secret in reversed(record.secrets):
            try:
                digest = self._tokens.digest(text, secret.pepper_id)
            except KeyError:
                raise Unavailable("pepper_missing") from None
            if hmac.compare_digest(digest, secret.digest):
                return secret
        return None

    def _check_peppers(self) -> Flow[None]:
        """Return if our peppers are those of the store; asked again whenever the store has changed.

        Raises:
            Unavailable: one is wrong, or not known here.
        """
        revision = self._store.freshness()
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
