"""The other end of the socket tests: a guest behind waitress, in a process of its own.

python -m tests.guests.serve tests.guests.test_django:served_wsgi --fd=3
"""

import importlib
import socket
import sys

import waitress


def serve(factory: str, descriptor: int) -> None:
    """Serve what a factory makes, until a signal ends it."""
    module, _, name = factory.partition(":")
    app = getattr(importlib.import_module(module), name)()
    waitress.serve(app, sockets=[socket.socket(fileno=descriptor)], threads=2)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2].removeprefix("--fd=")))
