"""Starlette: API keys, personal access tokens, and your identity provider's JWTs, behind one middleware.

    $ pip install "authmux[starlette,sql]" uvicorn
    $ eval "$(python issue_keys.py)"      # sets KEY and PAT
    $ uvicorn starlette_app:app --port 8000

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

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from authmux import APIKeyVerifier, Authenticator, JWTVerifier, PATVerifier, Peppers, TokenFormat, User
from authmux.starlette import AuthMiddleware, requires
from authmux.stores.sql import SQLStore

tokens = TokenFormat(prefix="acme", peppers=Peppers.file("pepper/", create=True))
store = SQLStore("sqlite:///keys.db")
store.create_schema()
issuer = os.environ.get("AUTHMUX_ISSUER")
jwts = [JWTVerifier(issuer=issuer, audience=os.environ["AUTHMUX_AUDIENCE"])] if issuer else []
auth = Authenticator(APIKeyVerifier(store, tokens), PATVerifier(store, tokens), *jwts)


@requires("reports:read")
async def reports(request: Request) -> JSONResponse:
    return JSONResponse({"name": request.user.display_name, "type": request.user.type})


@requires("reports:write")
async def write_report(request: Request) -> JSONResponse:
    return JSONResponse({"author": request.user.display_name})


@requires(principals=User)
async def me(request: Request) -> JSONResponse:
    return JSONResponse({"id": request.user.id})


routes = [Route("/reports", reports), Route("/reports", write_report, methods=["POST"]), Route("/me", me)]
app = Starlette(routes=routes, middleware=[Middleware(AuthMiddleware, authenticator=auth)])
