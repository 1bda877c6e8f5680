"""Digests on their way to the current pepper, off the request path (K-13, K-14)."""

import logging
from typing import Any, Final

from authmux.background import Background
from authmux.flow import Flow, ask, awaits, run, run_async
from authmux.forking import renew_after_fork
from authmux.stores.digest_upgrade import DigestUpgrade
from authmux.stores.port import AsyncRecordSource, PepperCheck, RecordSource, WriteRefused
from authmux.stores.record import Secret
from authmux.token_format import TokenFormat

_log = logging.getLogger("authmux.verifying")

_MOST: Final = 1000  # waiting; what comes on top of that moves with a later use
_BATCH: Final = 200  # in one transaction


class DigestMoves:
    """Has the store move what was just proved. What is lost on the way stays where it is, and moves with a later use.

    Arguments:
        store: one that can move digests; with another, none is.
        tokens: the format, with the peppers.
    """

    def __init__(self, store: RecordSource | AsyncRecordSource, tokens: TokenFormat) -> None:
        current = tokens.peppers.current
        self._pepper = PepperCheck(current, tokens.peppers.check(current))
        self._upgrade: Any = getattr(store, "upgrade_digests", None)
        self._waiting: dict[tuple[str, int], DigestUpgrade] = {}
        is_async = self._upgrade is not None and awaits(self._upgrade)
        self.background = Background(self._write_async if is_async else self._write, name="moved digests", pause=1.0)
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Leave to the parent what it was about to move."""
        self._waiting = {}

    def add(self, credential_id: str, secret: Secret, digest: bytes) -> None:
        """Have the digest of one generation moved soon."""
        if self._upgrade is None or len(self._waiting) >= _MOST:
            return
        self._put(
            DigestUpgrade(credential_id=credential_id, generation=secret.generation, old=secret.digest, new=digest)
        )
        self.background.wake()

    def _write(self) -> None:
        run(self._move())

    async def _write_async(self) -> None:
        await run_async(self._move())

    def _move(self) -> Flow[None]:
        taken, self._waiting = list(self._waiting.values()), {}
        for at in range(0, len(taken), _BATCH):
            try:
                yield from ask(self._upgrade, taken[at : at + _BATCH], pepper=self._pepper)
            except WriteRefused:
                _log.error("digests stay under their pepper: the store has another one as %s", self._pepper.pepper_id)
                return
            except Exception:
                for each in taken[at:]:
                    self._put(each)
                raise

    def _put(self, upgrade: DigestUpgrade) -> None:
        self._waiting[upgrade.credential_id, upgrade.generation] = upgrade
