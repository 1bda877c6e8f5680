"""One question to an issuer for its keys: where they are, what is sent along, and how much of an answer is taken."""

from authmux.clock import Clock
from authmux.verifying.discovery import KeyAddress
from authmux.verifying.fetch import Fetch, FetchFailed
from authmux.verifying.snapshot import Limits, Snapshot, max_age, next_snapshot


class PublishedKeys:
    """The keys as their issuer publishes them.

    Arguments:
        address: where they are.
        fetch: how documents are fetched.
        limits: what is taken of an answer.
        clock: where time comes from.
    """

    def __init__(self, address: KeyAddress, *, fetch: Fetch, limits: Limits, clock: Clock) -> None:
        self._address = address
        self._fetch = fetch
        self._limits = limits
        self._clock = clock

    def get(self, held: Snapshot | None, *, forced: bool) -> tuple[Snapshot, float | None]:
        """Return the keys as they are published now, and for how many seconds the answer says it is fresh.

        Arguments:
            held: the keys until now, which the issuer may confirm.
            forced: ask past every cache on the way (B-33).

        Raises:
            FetchFailed: they cannot be had.
            NotAKeySet: there is no usable key among them.
        """
        source = self._address.get(now=self._clock.monotonic())
        headers = {"Accept": "application/jwk-set+json, application/json"}
        if forced:
            headers["Cache-Control"] = "no-cache"
        if held is not None and held.etag is not None and held.source == source:
            headers["If-None-Match"] = held.etag
        try:
            answer = self._fetch(source, headers)
        except FetchFailed as error:
            if error.status == 404:
                self._address.forget()
            raise
        now = self._clock.monotonic()
        return next_snapshot(held, answer, source, now=now, limits=self._limits), max_age(answer)
