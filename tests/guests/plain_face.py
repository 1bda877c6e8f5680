"""What every guest is held against: the answers of the plain face around nothing but a guard."""

import httpx2

from authmux import asgi
from tests.faces.callers import Answer, ASGICaller
from tests.ways.house import READ, House, Outcome
from tests.ways.matrix import bare

_PLAIN = ASGICaller(asgi.AuthMiddleware(bare, authenticator=House().authenticator()))


def plain_answer(outcome: Outcome) -> Answer:
    """Return how the plain face refuses."""
    return _PLAIN(f"/{outcome.scope}", outcome.headers)


def path_of(outcome: Outcome, prefix: str = "") -> str:
    """Return the path of a guest's endpoint that asks for the outcome's scope."""
    return f"{prefix}/read" if outcome.scope == READ else f"{prefix}/write"


def sent_by(outcome: Outcome) -> dict[str, str]:
    """Return the headers of a request as HTTP clients take them."""
    return {name: value.decode() for name, value in outcome.headers}


def answer_of(response: httpx2.Response) -> Answer:
    """Return a client's response as an answer."""
    headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers.raw)
    return Answer(response.status_code, headers, response.content)
