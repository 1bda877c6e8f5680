"""`Doorkeeper`: what every face does with a request, whatever its protocol: find, verify, admit, refuse."""

import logging
import os
from collections.abc import Callable, Collection, Mapping
from typing import Any

from authmux.credential import Location, PresentedCredential
from authmux.errors import AuthError, ConfigurationError, CredentialNotAllowed, MissingCredential, Unavailable
from authmux.flow import Flow
from authmux.forking import renew_if_forked
from authmux.principal import Principal
from authmux.verifying.authenticator import Authenticator
from authmux.visit import Headers, Visit, standing_principal
from authmux.web import caching
from authmux.web.challenge import Challenge, Challenger
from authmux.web.headers import Locations
from authmux.web.public_paths import PublicPaths
from authmux.web.query import redact_query

_log = logging.getLogger("authmux.web")

VISIT = "authmux.visit"
"""Under this name a request carries its visit, in an ASGI scope and in a WSGI environ."""


class Doorkeeper:
    """Lets a request in with its principal, or writes its refusal.

    Arguments:
        authenticator: knows the credentials.
        as_native: makes the web framework's own exception of a status, for a guard to raise; None where there is none.

    `Options` says what the others are.

    Raises:
        ConfigurationError: one of them cannot be used.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        *,
        as_native: Callable[[int], Exception | None],
        api_key_header: str | None = None,
        basic: bool = False,
        required: bool = False,
        public: Collection[str] = (),
        preflights: bool = True,
        keep_credential: bool = False,
        realm: str = "api",
    ) -> None:
        if public and not required:
            raise ConfigurationError("public paths say what required=True leaves open: give required=True as well")
        self.authenticator = authenticator
        locations = Locations(api_key_header=api_key_header, basic=authenticator.is_key_or_pat if basic else None)
        self.find = locations.find
        self._locations = locations.known()
        self.api_key_header = api_key_header.lower() if api_key_header else None
        self.is_required = required
        self.keeps_credential = keep_credential
        self._public = PublicPaths(public)
        self._preflights = preflights
        self._verify = authenticator.verify
        self._observer = authenticator.observer
        self.recorder = authenticator.recorder
        self._challenger = Challenger(realm=realm)
        self._as_native = as_native
        self._at_home_in = 0

    def redact(self, query: bytes, address: str | None = None, *, repeats: bool = False) -> bytes:
        """Return a query string without the credentials in it (K-82); the same object where there is none.

        Arguments:
            address: where the request comes from.
            repeats: whether it only repeats, in another place, what was redacted before.
        """
        redacted = redact_query(query, self.authenticator.is_ours)
        if redacted is not query:
            _log.warning("a credential stood in a query string and was masked there: have it rolled")
            if self.recorder is not None and not repeats:
                self.recorder.exposed(redacted.decode("latin-1"), address=address)
        return redacted

    def redact_url(self, url: bytes, address: str | None = None, *, repeats: bool = False) -> bytes:
        """Return a request's target, or the address of the page it came from, with its query string redacted."""
        path, mark, query = url.partition(b"?")
        return path + mark + self.redact(query, address, repeats=repeats)

    def record(self, visit: Visit, *, address: str | None, status: int) -> None:
        """Have a use written down, once for each visit (K-70); called as the response begins."""
        if self.recorder is not None and visit.principal is not None and not visit.is_recorded:
            visit.is_recorded = True
            self.recorder.used(visit.principal, address=address, status=status)

    def verify(self, credential: PresentedCredential, *, fetch_site: str | None = None) -> Flow[Principal]:
        """Return who brings a credential; see `Authenticator.verify`.

        Arguments:
            fetch_site: the value of `Sec-Fetch-Site`. Browsers send what is in `Basic` unasked, from any page (K-80).
        """
        if credential.location is Location.BASIC and fetch_site == "cross-site":
            raise CredentialNotAllowed("basic_cross_site")
        if self._at_home_in != os.getpid():
            self._settle()
        principal: Principal | None = yield from self._verify(credential)
        if principal is None:  # a verifier of the application's own that forgot to refuse
            raise TypeError("a verifier returned nobody: return a principal, or raise InvalidCredential")
        return principal

    def _settle(self) -> None:
        """Be at home in this process, which may be a child that was forked in any way."""
        self._at_home_in = os.getpid()
        renew_if_forked()
        self.authenticator.preload()

    def visit_of(self, request: Mapping[str, Any], sent: Headers, places: Collection[object]) -> Visit | None:
        """Return the visit that another middleware with the same authenticator opened for this request.

        It may be of another face, so its duties remain to be done; only nothing is verified again. From here on it is
        this framework's exceptions that its guards raise, if it has any.

        Arguments:
            sent: the headers of this request.
            places: the names of those that a credential may stand in.
        """
        visit = _visit_in(request, sent, places)
        if visit is None or visit.opened_by is not self.authenticator:
            return None
        if self._as_native(401) is not None:
            visit.as_native = self._native
        return visit

    def handed_on(
        self, request: Mapping[str, Any], sent: Headers, places: Collection[object]
    ) -> PresentedCredential | None:
        """Return the credential that a middleware with another authenticator took out of this request.

        It counts only if it may stand there for this one too; arguments as in `visit_of`.
        """
        visit = _visit_in(request, sent, places)
        if visit is None or visit.credential is None:
            return None
        return visit.credential if visit.credential.location in self._locations else None

    def admit(self, principal: Principal | None, sent: Headers, credential: PresentedCredential | None = None) -> Visit:
        """Open a visit; where no credential was sent, a test may have said who comes."""
        if self._observer is not None:
            if principal is None:
                self._observer.absent()
            else:
                self._observer.accepted(principal.credential.kind if principal.credential else "none")
        return Visit(
            principal or standing_principal(),
            opened_by=self.authenticator,
            credential=credential,
            sent=tuple(sent),  # as it is now: the list is everybody's to change
            as_native=self._native,
        )

    def require(self, path: str, *, is_preflight: bool) -> None:
        """Return if a request without a credential may go on to the application.

        Arguments:
            path: as the application's router sees it.

        Raises:
            MissingCredential: the path is not public.
        """
        if not (path in self._public or (is_preflight and self._preflights)):
            raise MissingCredential("required")

    def mark(self, headers: caching.Headers, visit: Visit) -> caching.Headers:
        """Return the headers of a response that stands, with what caches must know of it (K-82)."""
        if self.api_key_header is None:
            return headers
        by_header = visit.credential is not None and visit.credential.location is Location.HEADER
        return caching.kept_apart(headers, header=self.api_key_header.encode("ascii"), is_private=by_header)

    def turn_away(self, refusal: AuthError, *, address: str | None, user_agent: str | None) -> Challenge:
        """Return the challenge for a request that goes no further than its credential."""
        if self.recorder is not None:
            self.recorder.refused(refusal, address=address, user_agent=user_agent)
        return self.answer(refusal)

    def answer(self, refusal: AuthError) -> Challenge:
        """Return the challenge for a refusal, and note it for the operator: never with the credential's text."""
        _log.log(
            logging.WARNING if isinstance(refusal, Unavailable) else logging.INFO,
            "refused: %s, %s, credential %s",
            type(refusal).__name__,
            refusal.reason,
            # Escaped: a JWT's id is whatever its issuer let somebody write, a line break too.
            ascii(refusal.credential_id)[1:-1] if refusal.credential_id else "not proved",
        )
        if self._observer is not None:
            self._observer.refused(type(refusal).__name__, refusal.reason)
        return self._challenger.challenge_for(refusal)

    def answer_visit(self, visit: Visit) -> Challenge:
        """Return the challenge for the refusal that a guard left, which is answered with that, and once."""
        refusal, visit.refusal = visit.refusal, None
        assert refusal is not None
        return self.answer(refusal)

    def answer_instead(self, visit: Visit, status: int) -> Challenge | None:
        """Return what to answer in place of a response with this status; None where that response stands.

        The application's own response to a refusal by the guard gives way, so that the same refusal is the same
        bytes in every framework. A response of another status shows that the application took care of it itself.
        """
        if visit.refusal is None or status not in (self._challenger.challenge_for(visit.refusal).status, 500):
            return None
        return self.answer_visit(visit)

    def _native(self, refusal: AuthError) -> Exception:
        return self._as_native(self._challenger.challenge_for(refusal).status) or refusal


def _visit_in(request: Mapping[str, Any], sent: Headers, places: Collection[object]) -> Visit | None:
    """Return the visit that a request carries, if it was opened for this very request.

    A copy of it that was given other headers, as a part of a batch is, is another request. A middleware in between may
    have added some, but none that a credential may stand in.
    """
    visit = request.get(VISIT)
    if not isinstance(visit, Visit):
        return None
    before, now = set(map(tuple, visit.sent)), set(map(tuple, sent))  # some servers have lists for pairs
    return visit if before <= now and not any(name in places for name, _ in now - before) else None
