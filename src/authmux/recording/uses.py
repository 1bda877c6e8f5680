"""`Uses`: requests folded together by their credential, until they are written down (K-70)."""

import ipaddress
import logging
import threading
from collections import deque
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from authmux.stores.usage import Usage

_log = logging.getLogger("authmux.recording")

_TOGETHER: Final = 256  # notes that are folded at once: 0.1 ms
_MINUTE: Final = 60.0
_PREFIX: Final = {4: 24, 6: 48}  # bits of an address that are kept (K-70)
_CLASSES: Final = 6  # of statuses: those below 100, which are none, to 5xx


class _Tally:
    """The uses of one credential since they were last written down."""

    __slots__ = ("address", "first", "last", "statuses")

    def __init__(self, now: float) -> None:
        self.first = self.last = now
        self.address: str | None = None
        self.statuses = [0] * _CLASSES

    def usage(self) -> Usage:
        below, informed, succeeded, redirected, rejected, failed = self.statuses
        return Usage(
            first_used_at=self.first // _MINUTE * _MINUTE,
            last_used_at=self.last // _MINUTE * _MINUTE,
            last_address=network_of(self.address),
            succeeded=below + informed + succeeded,
            redirected=redirected,
            rejected=rejected,
            failed=failed,
        )


class Uses:
    """Takes notes in about a microsecond, and without a lock that a request could wait for.

    Arguments:
        most: how many credentials are held at most; where nothing can be written down, further ones are not counted.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.after_fork()

    def after_fork(self) -> None:
        """Begin with none: those of the parent are the parent's to write down."""
        self._notes: deque[tuple[str, str | None, int, float]] = deque()  # appending to one needs no lock
        self._tallies: dict[str, _Tally] = {}
        self._unwritten: dict[str, Usage] = {}
        self._lock = threading.Lock()
        self._has_dropped = False

    def note(self, credential_id: str, address: str | None, status: int, now: float) -> bool:
        """Note a use; return whether so much has come together that it is to be written down early."""
        self._notes.append((credential_id, address, status, now))
        if len(self._notes) < _TOGETHER:
            return False
        if self._lock.acquire(blocking=False):  # who holds it, folds already
            try:
                self._fold()
            finally:
                self._lock.release()
        return len(self._tallies) >= self._most // 2  # the other half is for those who come meanwhile

    def is_empty(self) -> bool:
        """Return whether there is nothing to be written down."""
        return not (self._notes or self._tallies or self._unwritten)

    def take(self) -> Mapping[str, Usage]:
        """Return all that was noted, and begin anew."""
        with self._lock:
            self._fold()
            tallies, self._tallies = self._tallies, {}
            taken, self._unwritten = self._unwritten, {}
            self._has_dropped = False
        for credential_id, tally in tallies.items():
            _add(taken, credential_id, tally.usage())
        return taken

    def put_back(self, uses: Mapping[str, Usage]) -> None:
        """Take again what could not be written down."""
        with self._lock:
            for credential_id, use in uses.items():
                _add(self._unwritten, credential_id, use)

    def _fold(self) -> None:
        tallies, take = self._tallies, self._notes.popleft
        for _ in range(len(self._notes)):  # and no more: others go on appending
            credential_id, address, status, now = take()
            tally = tallies.get(credential_id)
            if tally is None:
                if len(tallies) + len(self._unwritten) >= self._most and credential_id not in self._unwritten:
                    self._drop()
                    continue
                tally = tallies[credential_id] = _Tally(now)
            tally.last = now
            tally.address = address or tally.address
            tally.statuses[min(status // 100, _CLASSES - 1)] += 1

    def _drop(self) -> None:
        if not self._has_dropped:
            _log.warning("uses of more than %d credentials wait to be written: others are not counted", self._most)
        self._has_dropped = True


def _add(uses: dict[str, Usage], credential_id: str, use: Usage) -> None:
    known = uses.get(credential_id)
    uses[credential_id] = use if known is None else known.and_then(use)


@lru_cache(maxsize=4096)
def network_of(address: str | None) -> str | None:
    """Return the network that is written down of an address: /24, or /48 of IPv6; None for what is none."""
    try:
        ip = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:  # a Unix socket, or what a proxy was taken at its word for
        return None
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return str(ipaddress.ip_network((ip, _PREFIX[ip.version]), strict=False))
