"""The face for any ASGI application; it imports no framework.

app = AuthMiddleware(app, authenticator=auth)
"""

from authmux.asgi.messages import App, Message, Receive, Scope, Send
from authmux.asgi.middleware import AuthMiddleware, install, still_valid

__all__ = ["App", "AuthMiddleware", "Message", "Receive", "Scope", "Send", "install", "still_valid"]
