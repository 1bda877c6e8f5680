"""`Doorkeeper`: what every face does with a request, whatever its protocol: find, verify, admit, refuse."""

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any

from authmux.credential import PresentedCredential
from authmux.errors import AuthError, Unavailable
from authmux.flow import Flow
from authmux.forking import renew_if_forked
from authmux.guard import Visit, standing_principal
from authmux.principal import Principal
from authmux.verifying.authenticator import Authenticator
from authmux.web.challenge import Challenge, Challenger
from authmux.web.headers import Locations

_log = logging.getLogger("authmux.web")

VISIT = "authmux.visit"
"""Under this name a request carries its visit, in an ASGI scope and in a WSGI environ."""


class Doorkeeper:
    """Lets a request in with its principal, or writes its refusal.

    Arguments:
        authenticator: knows the credentials.
        api_key_header: a header for credentials beside `Authorization`, such as "X-API-Key".
        realm: the name of the protection space, shown in challenges.
        as_native: makes the web framework's own exception of a status, for a guard to raise; None where there is none.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        *,
        api_key_header: str | None,
        realm: str,
        as_native: Callable[[int], Exception | None],
    ) -> None:
        self.authenticator = authenticator
        self.find = Locations(api_key_header=api_key_header).find
        self._verify = authenticator.verify
        self._challenger = Challenger(realm=realm)
        self._as_native = as_native
        self._at_home_in = 0

    def verify(self, credential: PresentedCredential) -> Flow[Principal]:
        """Return who brings a credential; see `Authenticator.verify`."""
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

    def visit_of(self, request: Mapping[str, Any], sent: object) -> Visit | None:
        """Return the visit that another middleware with the same authenticator opened for this request.

        It may be of another face, so its duties remain to be done; only nothing is verified again. From here on it is
        this framework's exceptions that its guards raise, if it has any.

        Arguments:
            sent: the headers of this request; a copy of its scope that was given others is another request.
        """
        visit = request.get(VISIT)
        if not isinstance(visit, Visit) or visit.opened_by is not self.authenticator or visit.sent != sent:
            return None
        if self._as_native(401) is not None:
            visit.as_native = self._native
        return visit

    def admit(self, principal: Principal | None, sent: object) -> Visit:
        """Open a visit; where no credential was sent, a test may have said who comes."""
        principal = principal or standing_principal()
        return Visit(principal, opened_by=self.authenticator, sent=sent, as_native=self._native)

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
