"""The applications that authmux protects, each behind a real server: `python -m … FACE DESCRIPTOR SETTINGS`."""

import json
import os
import socket
import sys
from collections.abc import Mapping
from typing import Any

import uvicorn
import waitress
from fastapi import FastAPI
from flask import Flask

from authmux import Authenticator, JWTVerifier, Principal, profiles
from authmux.fastapi import AuthMiddleware as ASGIMiddleware
from authmux.fastapi import CurrentPrincipal
from authmux.fastapi import requires as requires_asgi
from authmux.flask import AuthMiddleware as WSGIMiddleware
from authmux.flask import current_principal, requires
from authmux.verifying.introspect import HTTPIntrospect
from authmux.verifying.introspection import IntrospectionVerifier


def authenticator(settings: Mapping[str, Any]) -> Authenticator:
    """Return what believes the tokens of all the servers, and asks about opaque ones if it knows where."""
    jwts = [
        JWTVerifier(
            issuer=each["issuer"],
            audience=each["audience"],
            profile=getattr(profiles, each["profile"]),
            subjects_assigned_by_issuer=each["profile"] == "RFC9068",
        )
        for each in settings["issuers"]
    ]
    return Authenticator(*jwts, *(_introspection(each) for each in [settings.get("introspection")] if each))


def _introspection(settings: Mapping[str, Any]) -> IntrospectionVerifier:
    client_id, secret = settings["client"]
    return IntrospectionVerifier(
        HTTPIntrospect(settings["endpoint"], client_id=client_id, client_secret=secret),
        issuer=settings["issuer"],
        audience=settings["audience"],
        subjects_assigned_by_issuer=True,
        bad_for=0,
    )


def described(principal: Principal) -> dict[str, Any]:
    """Return who is calling."""
    return {
        "type": principal.type,
        "id": principal.id,
        "issuer": principal.issuer,
        "tenant": principal.tenant,
        "scopes": sorted(principal.scopes),
    }


def fastapi_app(settings: Mapping[str, Any]) -> FastAPI:
    """Return the FastAPI application."""
    app = FastAPI()
    app.add_middleware(ASGIMiddleware, authenticator=authenticator(settings))

    @app.get("/reports")
    @requires_asgi("reports:read")
    async def reports(principal: CurrentPrincipal) -> dict[str, Any]:
        return described(principal)

    return app


def flask_app(settings: Mapping[str, Any]) -> Flask:
    """Return the Flask application."""
    app = Flask(__name__)
    app.wsgi_app = WSGIMiddleware(app.wsgi_app, authenticator=authenticator(settings))  # type: ignore[method-assign]

    @app.get("/reports")
    @requires("reports:read")
    def reports() -> dict[str, Any]:
        return described(current_principal())

    return app


def main(face: str, descriptor: int, settings: Mapping[str, Any]) -> None:
    """Serve until a signal ends it."""
    if face == "fastapi":
        uvicorn.Server(uvicorn.Config(fastapi_app(settings), fd=descriptor, log_level="info")).run()
    else:
        waitress.serve(flask_app(settings), sockets=[socket.socket(fileno=os.dup(descriptor))], threads=4)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]))
