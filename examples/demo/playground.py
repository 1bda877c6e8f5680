"""After the run, on request: the servers stay up, and a person goes on by hand."""

import contextlib
import signal
import sys
from collections.abc import Mapping, Sequence

from examples.demo import screen
from examples.demo.agreed import PATH
from examples.demo.answers import Application

_TO_TRY = {
    "an API key": '-H "Authorization: Bearer {key}"',
    "the same in its own header": '-H "X-API-Key: {key}"',
    "a personal access token": '-H "Authorization: Bearer {pat}"',
    "a JWT": '-H "Authorization: Bearer {jwt}"',
    "a revoked key": '-H "Authorization: Bearer {doomed}"',
    "nothing": "",
}


def keep(applications: Sequence[Application], texts: Mapping[str, str]) -> None:
    """Print commands to try, with credentials that are real and end with this process, and wait for Ctrl-C."""
    screen.show_heading("Try it; Ctrl-C ends it")
    for application in applications:
        for title, options in _TO_TRY.items():
            print(f"# {application.name}: {title}")
            print(f"curl -i {application.url}{PATH} {options.format_map(texts)}".rstrip())
    sys.stdout.flush()  # a pipe would hold it back
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()
