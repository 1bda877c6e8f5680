"""Flask: API keys, personal access tokens, and your identity provider's JWTs, behind one middleware.

    $ pip install "authmux[flask,sql]"
    $ eval "$(python issue_keys.py)"      # sets KEY and PAT
    $ flask --app flask_app run --port 8000

    $ curl -i localhost:8000/reports
    401 {"code": "missing_credential", …}
    $ curl -i localhost:8000/reports -H "Authorization: Bearer $KEY"
    200 {"name": "nightly export", "type": "anonymous"}
    $ curl -i localhost:8000/reports -H "Authorization: Bearer $PAT"
    200 {"name": "ada", "type": "user"}
    $ curl -i localhost:8000/reports -X POST -H "Authorization: Bearer $KEY"
    403 {"code": "insufficient_scope", "required": ["reports:write"], …}
    $ curl -i localhost:8000/me -H "Authorization: Bearer $KEY"
    403 {"code": "credential_not_allowed", "allowed": ["user"], …}

Set AUTHMUX_ISSUER and AUTHMUX_AUDIENCE before you start it, and access tokens of that issuer are taken too:

    $ curl -i localhost:8000/reports -H "Authorization: Bearer $JWT"
    200 {"type": "unproven-client", …}
"""

import os

from flask import Flask

from authmux import APIKeyVerifier, Authenticator, JWTVerifier, PATVerifier, Peppers, TokenFormat, User
from authmux.flask import AuthMiddleware, current_principal, requires
from authmux.stores.sql import SQLStore

tokens = TokenFormat(prefix="acme", peppers=Peppers.file("pepper/", create=True))
store = SQLStore("sqlite:///keys.db")
store.create_schema()
issuer = os.environ.get("AUTHMUX_ISSUER")
jwts = [JWTVerifier(issuer=issuer, audience=os.environ["AUTHMUX_AUDIENCE"])] if issuer else []
auth = Authenticator(APIKeyVerifier(store, tokens), PATVerifier(store, tokens), *jwts)

app = Flask(__name__)
app.wsgi_app = AuthMiddleware(app.wsgi_app, authenticator=auth)  # type: ignore[method-assign]


@app.get("/reports")
@requires("reports:read")
def reports() -> dict[str, str]:
    principal = current_principal()
    return {"name": principal.display_name, "type": principal.type}


@app.post("/reports")
@requires("reports:write")
def write_report() -> dict[str, str]:
    return {"author": current_principal().display_name}


@app.get("/me")
@requires(principals=User)
def me() -> dict[str, str]:
    return {"id": current_principal().id}
