"""The other end of the browser's tests: an application with Swagger UI, in a process of its own.

python -m tests.browser.serve 3      uvicorn, on the listening descriptor 3
"""

import sys
from importlib.resources import files
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from authmux import APIKeyVerifier, Authenticator, JWTVerifier, PATVerifier
from authmux.fastapi import AuthMiddleware, CurrentPrincipal, requires
from authmux.stores.sql import SQLStore
from tests.faces.site import AUDIENCE, Site

SWAGGER_UI = Path(str(files("drf_spectacular_sidecar"))) / "static/drf_spectacular_sidecar/swagger-ui-dist"


def new_app(site: Site) -> FastAPI:
    """Return an application that takes credentials of every kind, everywhere; FastAPI's own /docs wants a CDN."""
    store = SQLStore(site.database)
    authenticator = Authenticator(
        APIKeyVerifier(store, site.tokens()),
        PATVerifier(store, site.tokens()),
        JWTVerifier(issuer=site.issuer, audience=AUDIENCE, subjects_assigned_by_issuer=True),
    )
    app = FastAPI(title="Acme", docs_url=None)
    app.add_middleware(
        AuthMiddleware,
        authenticator=authenticator,
        api_key_header="X-API-Key",
        basic=True,
        required=True,
        public=["/docs", "/openapi.json", "/static/*"],
    )
    app.mount("/static", StaticFiles(directory=SWAGGER_UI))

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="Acme",
            swagger_js_url="/static/swagger-ui-bundle.js",
            swagger_css_url="/static/swagger-ui.css",
            swagger_favicon_url="/static/favicon-32x32.png",
        )

    @app.get("/whoami")
    @requires("reports:read")
    async def whoami(principal: CurrentPrincipal) -> dict[str, str]:
        return {"type": principal.type, "id": principal.id}

    return app


if __name__ == "__main__":
    uvicorn.run(new_app(Site.of_environment()), fd=int(sys.argv[1]), log_level="warning")
