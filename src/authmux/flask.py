"""The face for Flask, and for everything that raises werkzeug's exceptions.

app.wsgi_app = AuthMiddleware(app.wsgi_app, authenticator=auth)
"""

from typing import Any

from werkzeug.exceptions import default_exceptions

from authmux import wsgi
from authmux.guard import current_principal, requires, warn_of_lost_guards
from authmux.verifying.authenticator import Authenticator
from authmux.visit import find_principal
from authmux.wsgi import still_valid

__all__ = ["AuthMiddleware", "current_principal", "find_principal", "install", "requires", "still_valid"]


class AuthMiddleware(wsgi.AuthMiddleware):
    """`authmux.wsgi.AuthMiddleware`, whose refusals go through Flask's own error handling on their way out."""

    def look_over(self) -> None:
        """Warn where a guard was put on a view too late."""
        app = getattr(self.app, "__self__", None)  # wsgi_app is a method of the application
        warn_of_lost_guards(getattr(app, "view_functions", {}).values())

    def as_native(self, status: int) -> Exception:
        """Return werkzeug's exception for a status."""
        return default_exceptions[status]()


def install(app: Any, authenticator: Authenticator, **options: Any) -> None:
    """Put `AuthMiddleware` around a Flask application's `wsgi_app`; the options are that class's arguments."""
    app.wsgi_app = AuthMiddleware(app.wsgi_app, authenticator=authenticator, **options)
