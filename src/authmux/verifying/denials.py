"""What is refused though it is genuine: a snapshot of the store's denials, so that a request awaits nothing (B-64)."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, cast

from authmux.clock import Clock
from authmux.credential import PresentedCredential
from authmux.errors import Fault, InvalidCredential, Unavailable
from authmux.flow import Flow, ask
from authmux.forking import renew_after_fork
from authmux.principal import Principal
from authmux.stores.denial import DenialsVersion, Denied, DenyList, Target
from authmux.stores.denial_store import AsyncDenialStore, DenialStore
from authmux.stores.port import Revision, StoreUnavailable
from authmux.verifying.recent import Flights
from authmux.verifying.verdict import Verdict
from authmux.verifying.verifier import Verifier

WAIT: Final = 5.0  # seconds for a reading that another request has begun


class Denials:
    """Knows all denials, as they are now.

    They are read again whenever the store's revision is another one, and only if it is the denials that changed. While
    the store cannot say that, nothing is believed: the answer is 503.

    Arguments:
        store: where they are kept; blocking or async.
        clock: where time comes from.
    """

    def __init__(self, store: DenialStore | AsyncDenialStore, *, clock: Clock) -> None:
        self._store = cast("DenialStore", store)  # flows ask it in either colour, and get the same answers
        self._clock = clock
        self._held: tuple[Revision, DenyList] | None = None
        self._readings: Flights[Revision, DenyList] = Flights()
        self._lists: Flights[DenialsVersion, DenyList] = Flights()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Forget what the parent process held."""
        self._held = None
        self._readings.clear()
        self._lists.clear()

    def at_hand(self) -> DenyList | None:
        """Return the denials if they are known to be those of now, without waiting.

        Raises:
            Unavailable: the store is away.
        """
        try:
            revision = self._store.freshness()
        except StoreUnavailable as error:
            raise Unavailable("denials_unavailable") from error
        held = self._held
        return held[1] if held is not None and held[0] == revision else None

    def have_allowed(self, verdict: Verdict) -> bool:
        """Return whether a verdict was looked up among the very denials of now, without waiting."""
        deny_list = self.at_hand()
        return deny_list is not None and verdict.allowed_by == deny_list.version

    def current(self) -> Flow[DenyList]:
        """Return the denials as they are now.

        Raises:
            Unavailable: they cannot be had.
        """
        deny_list = self.at_hand()
        if deny_list is not None:
            return deny_list
        try:
            revision = self._store.freshness()
            if revision is None:
                return (yield from self._read())
            return (yield from self._readings.share(revision, self._read, timeout=WAIT))
        except StoreUnavailable as error:
            raise Unavailable("denials_unavailable") from error
        except TimeoutError as error:
            raise Unavailable("denials_slow") from error

    def check(self, principal: Principal, *more: Target) -> Flow[DenialsVersion]:
        """Return the version of the denials, none of which is of this principal.

        Arguments:
            more: other names by which its token may be refused.

        Raises:
            InvalidCredential: one is.
            Unavailable: that cannot be said.
        """
        deny_list = yield from self.current()
        issued_at = principal.claims.get("iat")
        if not isinstance(issued_at, int | float):  # as a verifier of the application's own may leave it
            issued_at = None
        denial = deny_list.find((*targets_of(principal), *more), issued_at=issued_at, now=self._clock.time())
        if denial is not None:
            reference = principal.credential.id if principal.credential else None
            raise InvalidCredential(Fault.REVOKED, f"denied_{denial.target.what}", credential_id=reference)
        return deny_list.version

    def ports(self) -> Iterable[Callable[..., object]]:
        """Return what is asked."""
        return (self._store.denials_version, self._store.denials)

    def _read(self) -> Flow[DenyList]:
        """See which denials there are, and read them where they are others: once for all who have seen the same."""
        seen = yield from ask(self._store.denials_version)
        held = self._held
        if held is not None and held[1].version == seen.version:
            deny_list = held[1]
        else:
            deny_list = yield from self._lists.share(seen.version, lambda: ask(self._store.denials), timeout=WAIT)
        self._held = None if seen.revision is None else (seen.revision, deny_list)
        return deny_list


def targets_of(principal: Principal) -> Iterator[Target]:
    """Return the names by which a principal's token may be refused; he who acts for it is among them."""
    issuer = principal.issuer
    yield Target(Denied.ISSUER, issuer, "")
    yield Target(Denied.SUBJECT, issuer, principal.id)
    if principal.client_id is not None:
        yield Target(Denied.CLIENT, issuer, principal.client_id)
    if principal.tenant is not None:
        yield Target(Denied.TENANT, "", principal.tenant)
    if principal.credential is not None and principal.credential.id is not None:
        yield Target(Denied.TOKEN, issuer, principal.credential.id)
    for actor in principal.actors[:1]:  # only the one who acts now decides (B-28)
        yield Target(Denied.SUBJECT, actor.issuer or issuer, actor.id)


class Undenied:
    """A verifier whose principals are looked up among the denials as well, for credentials that are no JWTs.

    Arguments:
        verifier: says whose they are.
        denials: says who is refused nevertheless.
    """

    def __init__(self, verifier: Verifier, denials: Denials) -> None:
        self._verifier = verifier
        self._denials = denials

    def __getattr__(self, name: str) -> Any:
        return getattr(self._verifier, name)

    def recognises(self, text: str) -> bool:
        """Return what the verifier does."""
        return self._verifier.recognises(text)

    def verify(self, credential: PresentedCredential) -> Flow[Principal]:
        """Return who brings a credential, if nothing denies him; see `Verifier.verify`."""
        principal = yield from self._verifier.verify(credential)
        yield from self._denials.check(principal)
        return principal

    def start(self) -> Flow[None]:
        """Check the verifier."""
        return self._verifier.start()

    def ports(self) -> Iterable[Callable[..., object]]:
        """Return what is asked."""
        return (*self._verifier.ports(), *self._denials.ports())
