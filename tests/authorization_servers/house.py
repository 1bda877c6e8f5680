"""Applications that authmux protects, running behind real servers; `protected` is what runs there."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.authorization_servers.processes import listen, port_of, running

FACES = ("fastapi", "flask")


@contextmanager
def protected_applications(settings: Mapping[str, Any], *, directory: Path) -> Iterator[Mapping[str, str]]:
    """Run each application, and give the URL that it guards."""
    urls: dict[str, str] = {}
    with ExitStack() as stack:
        for face in FACES:
            listener = stack.enter_context(listen())
            urls[face] = f"http://127.0.0.1:{port_of(listener)}/reports"
            module = "tests.authorization_servers.protected"
            command = [sys.executable, "-m", module, face, str(listener.fileno()), json.dumps(settings)]
            stack.enter_context(running(command, listener, log=directory / f"{face}.log"))
        yield urls


def get(url: str, token: str) -> requests.Response:
    """Return what an application answers to a token."""
    return requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10)


def refusal(answer: requests.Response) -> tuple[int, str]:
    """Return the status, and what the challenge says is wrong."""
    challenge = answer.headers.get("WWW-Authenticate", "")
    return answer.status_code, challenge.partition('error_description="')[2].partition('"')[0]
