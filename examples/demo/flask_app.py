"""The Flask application; gunicorn serves it, in two workers."""

from flask import Flask

from authmux.flask import AuthMiddleware, current_principal, requires
from examples.demo.agreed import API_KEY_HEADER, PATH, SCOPE, describe, make_authenticator

app = Flask(__name__)
app.wsgi_app = AuthMiddleware(  # type: ignore[method-assign]  # as Flask's own documentation puts a middleware in
    app.wsgi_app, authenticator=make_authenticator(), api_key_header=API_KEY_HEADER, realm="demo"
)


@app.get(PATH)
@requires(SCOPE)
def reports() -> dict[str, object]:
    """Say who came."""
    return describe(current_principal())
