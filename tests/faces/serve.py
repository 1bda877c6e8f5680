"""The other end of the socket tests: the applications behind real servers, in a process of their own.

python -m tests.faces.serve h11 3 4 5      uvicorn, an application to each listening descriptor
gunicorn 'tests.faces.serve:flask()'       gunicorn's way to call for one
"""

import asyncio
import sys
from typing import Any

import uvicorn

from authmux.stores.sql import SQLStore
from tests.faces.applications import ASGI_FACES, WSGI_FACES
from tests.faces.site import Site


def flask() -> Any:
    """Return the Flask application."""
    site = Site.of_environment()
    return WSGI_FACES["flask"](site.authenticator(SQLStore(site.database)), api_key_header="X-API-Key")


async def serve(http: Any, descriptors: list[int]) -> None:
    """Serve every ASGI application, until a signal ends it."""
    site = Site.of_environment()
    servers: list[uvicorn.Server] = []
    for face, descriptor in zip(ASGI_FACES.values(), descriptors, strict=True):
        app = face(site.authenticator(SQLStore(site.database)), api_key_header="X-API-Key")
        servers.append(uvicorn.Server(uvicorn.Config(app, fd=descriptor, http=http, ws="wsproto", log_level="debug")))
    await asyncio.gather(*(server.serve() for server in servers))


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], [int(each) for each in sys.argv[2:]]))
