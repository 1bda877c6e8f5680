"""The other end of the socket tests: applications behind real servers, in a process of their own.

python -m tests.servers.serve uvicorn h11 wsproto 3 4 5    uvicorn, an application to each listening descriptor
python -m tests.servers.serve waitress 3                   waitress and werkzeug likewise, with one
gunicorn 'tests.servers.serve:application()'               how the others call for one
"""

import asyncio
import socket
import sys
from typing import Any

import uvicorn
import waitress
from werkzeug.debug import DebuggedApplication
from werkzeug.serving import make_server

from authmux.stores.sql import SQLStore
from tests.faces.applications import ASGI_FACES, WSGI_FACES
from tests.faces.site import Site
from tests.servers.leaky import LEAKY, AccessLog, leaky_authenticator
from tests.servers.running import wanted_applications


def application(name: str = "") -> Any:
    """Return an application by its name; without one, the first that is wanted of this process."""
    site = Site.of_environment()
    name = name or wanted_applications()[0]
    if name in LEAKY:
        return LEAKY[name](leaky_authenticator(site))
    return (ASGI_FACES | WSGI_FACES)[name](site.authenticator(SQLStore(site.database)), api_key_header="X-API-Key")


async def serve_uvicorn(http: Any, ws: Any, *descriptors: str) -> None:
    """Serve every wanted application, until a signal ends it."""
    servers = [
        uvicorn.Server(uvicorn.Config(application(name), fd=int(descriptor), http=http, ws=ws, log_level="debug"))
        for name, descriptor in zip(wanted_applications(), descriptors, strict=True)
    ]
    await asyncio.gather(*(server.serve() for server in servers))


def serve_waitress(descriptor: str) -> None:
    """Serve one application with waitress, which has no log of requests, and so with one around it."""
    waitress.serve(AccessLog(application()), sockets=[socket.socket(fileno=int(descriptor))], threads=2)


def serve_werkzeug(descriptor: str) -> None:
    """Serve one application with werkzeug's development server, as `flask run` does; with its debugger if it may."""
    app = application()
    app = DebuggedApplication(app) if wanted_applications()[0] in LEAKY else app
    make_server("127.0.0.1", 0, app, threaded=True, fd=int(descriptor)).serve_forever()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["uvicorn", *words]:
            asyncio.run(serve_uvicorn(*words))
        case ["waitress", descriptor]:
            serve_waitress(descriptor)
        case ["werkzeug", descriptor]:
            serve_werkzeug(descriptor)
