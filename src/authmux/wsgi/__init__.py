"""The face for any WSGI application; it imports no framework.

app = AuthMiddleware(app, authenticator=auth)
"""

from authmux.wsgi.middleware import AuthMiddleware, install, still_valid

__all__ = ["AuthMiddleware", "install", "still_valid"]
