"""`AuthMiddleware` for WSGI: each request's way, from the server to the application and back."""

from collections.abc import Iterable
from typing import Any, Unpack

from authmux.credential import Location, PresentedCredential
from authmux.errors import AuthError
from authmux.flow import run
from authmux.verifying.authenticator import Authenticator
from authmux.visit import Visit, current_visit, recheck_visit
from authmux.web.challenge import Challenge
from authmux.web.doorkeeper import VISIT, Doorkeeper
from authmux.web.options import Options
from authmux.wsgi.body import Body, close_body, is_file
from authmux.wsgi.request import CredentialReader, Environ, is_preflight, router_path, sent
from authmux.wsgi.way_out import WayOut, write


class AuthMiddleware:
    """Finds out who is calling, once for each request, and answers the refusals of `requires`.

    Arguments:
        app: the application.
        authenticator: knows the credentials that the application takes; its stores must block, not await.

    `Options` says what the others are.

    Raises:
        ConfigurationError: one of them cannot be used.
    """

    def __init__(self, app: Any, *, authenticator: Authenticator, **options: Unpack[Options]) -> None:
        authenticator.require_blocking()
        self.app = app
        self._doorkeeper = Doorkeeper(authenticator, as_native=self.as_native, **options)
        self._reader = CredentialReader(self._doorkeeper)
        self._is_looked_over = False
        run(authenticator.start())

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Serve one request."""
        if not self._is_looked_over:
            self.look_over()
            self._is_looked_over = True
        try:
            visit = self._find(environ) or self._open(environ)
            if visit.principal is None and self._doorkeeper.is_required:
                self._doorkeeper.require(router_path(environ), is_preflight=is_preflight(environ))
        except AuthError as refusal:
            return write(self._turn_away(refusal, environ), environ, start_response)
        return self._serve(environ, start_response, visit)

    def _find(self, environ: Environ) -> Visit | None:
        """Return the visit that a middleware further out has opened."""
        return self._doorkeeper.visit_of(environ, sent(environ), self._reader.places) if VISIT in environ else None

    def _handed_on(self, environ: Environ) -> PresentedCredential | None:
        if VISIT not in environ:
            return None
        return self._doorkeeper.handed_on(environ, sent(environ), self._reader.places)

    def _open(self, environ: Environ) -> Visit:
        """Verify the credential of a request, if there is one."""
        self._reader.redact(environ)
        credential = self._reader.take(environ) or self._handed_on(environ)
        principal = None
        if credential is not None:
            site = environ.get("HTTP_SEC_FETCH_SITE") if credential.location is Location.BASIC else None
            principal = run(self._doorkeeper.verify(credential, fetch_site=site))
        visit = environ[VISIT] = self._doorkeeper.admit(principal, sent(environ), credential)
        return visit

    def _turn_away(self, refusal: AuthError, environ: Environ) -> Challenge:
        sent_by, user_agent = environ.get("REMOTE_ADDR"), environ.get("HTTP_USER_AGENT")
        return self._doorkeeper.turn_away(refusal, address=sent_by, user_agent=user_agent)

    def _serve(self, environ: Environ, start_response: Any, visit: Visit) -> Iterable[bytes]:
        way_out = WayOut(self._doorkeeper, visit, environ, start_response)
        token = current_visit.set(visit)
        try:
            body = self.app(environ, way_out.start_response)
            if way_out.challenge is not None:
                close_body(body)
        except Exception as error:
            return way_out.after(error)
        finally:
            current_visit.reset(token)
        if way_out.challenge is not None:
            return way_out.write()
        if type(body) in (list, tuple) or is_file(body, environ):
            return body  # type: ignore[no-any-return]  # nothing of the application runs while it is sent
        return Body(body, way_out, visit)

    def look_over(self) -> None:
        """Warn of an application that is put together wrongly, as far as that can be seen."""

    def as_native(self, status: int) -> Exception | None:
        """Return the web framework's own exception for a status; None where it has none."""
        return None


def install(app: Any, authenticator: Authenticator, **options: Unpack[Options]) -> AuthMiddleware:
    """Return the application behind `AuthMiddleware`; the options are that class's arguments."""
    return AuthMiddleware(app, authenticator=authenticator, **options)


def still_valid() -> bool:
    """Return whether the caller's credential is still good, and reaches what guards have asked; for long answers.

    Raises:
        Unavailable: that cannot be said just now.
    """
    return run(recheck_visit())
