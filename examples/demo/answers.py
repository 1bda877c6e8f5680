"""Send a request over HTTP, and read who was let in or what was refused."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from examples.demo.agreed import PATH
from examples.demo.cases import Case

_DESCRIPTION = re.compile(r'error_description="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Arguments:
        status: 0 where nothing came.
        outcome: the class of the principal or the code of the refusal, as the table expects it.
        shown: the principal or the challenge, for the screen.
        detail: the refusal, in words.
    """

    status: int
    outcome: str
    shown: str
    detail: str = ""

    def is_expected(self, case: Case) -> bool:
        """Return whether it is what the table says."""
        return (self.status, self.outcome) == (case.status, case.expected)


class Application:
    """One of the applications, as its callers see it."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the machine has no business on loopback

    def send(self, case: Case, texts: Mapping[str, str]) -> Answer:
        """Send a case's request once."""
        headers = dict(header.format_map(texts).split(": ", 1) for header in case.headers)
        try:
            return _read(self._session.get(self.url + PATH, headers=headers, timeout=10))
        except requests.RequestException as error:
            return Answer(0, "no answer", type(error).__name__)

    def close(self) -> None:
        """Hang up."""
        self._session.close()


def _read(response: requests.Response) -> Answer:
    try:
        body = response.json()
        return _principal(body) if response.ok else _refusal(response, body)
    except (ValueError, KeyError):
        return Answer(response.status_code, "not an answer of this demonstration", response.text[:80])


def _principal(body: dict[str, Any]) -> Answer:
    shown = f"{body['class']} {body['id']} · {' '.join(body['scopes'])}"
    if body["generation"]:
        shown += f" · generation {body['generation']}"
    return Answer(200, body["class"], shown)


def _refusal(response: requests.Response, problem: dict[str, Any]) -> Answer:
    challenge = response.headers.get("WWW-Authenticate", "no challenge")
    description = _DESCRIPTION.search(challenge)
    outcome = f"{problem['code']}: {description[1]}" if description else problem["code"]
    return Answer(response.status_code, outcome, challenge, problem["detail"])
