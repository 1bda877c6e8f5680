"""Writes docs/reference/redaction.md from a run of the redaction matrix."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.servers.kinds import KINDS, LOGGED
from tests.servers.leaks import Leaks
from tests.servers.places import OUTCOMES, PLACES, Place

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "redaction.md"

_OPENING: Final = f"""\
# What stands in logs

No credential stands in an answer, an error page or a traceback, and none in an access log, as far as that can be seen
to from behind the server. This page is written by `python -m tests.servers`: a request for each cell, with a credential
of its own, to a real server with its access log on; afterwards eight characters of the secret in a row are looked for
in the answer and in all that the process wrote. A test fails when the page is not what came of it.

The applications run in debug mode where their framework has one, and their endpoint fails with the whole request (scope
or environ) in its message; so does a verifier. The access logs are as talkative as they are in use:

- gunicorn with its own workers, and hypercorn: `{LOGGED}`
- granian: with the query string
- uvicorn, werkzeug: as they are; werkzeug with its debugger
- waitress, which has none: a middleware around the application that logs all of the environ

## The table

An empty cell: it is nowhere, and nothing was done for that. *filter*: the server writes down the request as it came,
and `RedactingFilter` masks it. *leaks*: nothing masks it. In an answer there was never any.
"""

_CLOSING: Final = """\
## Put the filter in

authmux masks what it can reach: scope and environ. A server that keeps the request for itself writes it down from
there; this puts the filter on every log handler of the process:

```python
from authmux.redaction import mask_logs

mask_logs()
```

The handlers must be there by then:

| server | where to call it |
|---|---|
| uvicorn, granian, gunicorn | where the application is made |
| hypercorn | in the first request: it makes its handlers after the lifespan has started |
| `waitress-serve` | in the first request; it has no access log, and hands on to your own handlers |
| werkzeug (`flask run`) | where the application is made, after `logging.basicConfig(level=logging.INFO)` |

## What is left

- **What stands in front of your application** has written the address down before. Never send keys in addresses; one
  that was there should be rolled.
"""

_WORDS: Final = {frozenset[str](): "", frozenset({"plain"}): "filter", frozenset({"plain", "masked"}): "leaks"}


def write_page(leaks: Leaks) -> str:
    """Return the page."""
    names = [f"`{kind}`" for kind in KINDS]
    table = [_line("credential in", "request", *names), "|---" * (len(names) + 2) + "|"]
    return "\n".join([_OPENING, *table, *(row for place in PLACES for row in _rows(leaks, place)), "", _CLOSING])


def cells_of(leaks: Leaks, place: Place, outcome: str) -> tuple[str, ...]:
    """Return a row: for each server where the credential can be read."""
    return tuple(_WORDS[frozenset(leaks.told_in(kind, place, outcome))] for kind in KINDS)


def _rows(leaks: Leaks, place: Place) -> Iterator[str]:
    """Return a line for all outcomes that have the same cells."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for outcome in OUTCOMES:
        if any((cell.place, cell.outcome) == (place, outcome) for cell in leaks.cells):
            groups.setdefault(cells_of(leaks, place, outcome), []).append(outcome)
    for number, (cells, outcomes) in enumerate(groups.items()):
        yield _line("" if number else place.name, "any" if len(groups) == 1 else ", ".join(outcomes), *cells)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
