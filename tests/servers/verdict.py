"""What came back, in a few words, as the tables of the documentation show it."""

import json
from typing import Final

from tests.faces.callers import Answer
from tests.faces.rows import Accepted, Outcome, Refused

NO_ANSWER: Final = Answer(0, (), b"")
"""Stands where the server hung up without a word."""


def verdict_of(answer: Answer) -> str:
    """Return a status and whose it is: `200 client`, `401 invalid_token`, `431 server`."""
    if answer == NO_ANSWER:
        return "no answer"
    if answer.header("content-type") == "application/problem+json":
        return f"{answer.status} {json.loads(answer.body)['code']}" if answer.body else str(answer.status)
    if answer.status == 200:
        who = json.loads(answer.body)["who"] if answer.body else ""
        return f"200 {who.partition(' ')[0]}".strip()
    return f"{answer.status} {'application' if answer.status == 404 else 'server'}"


def rule_of(outcome: Outcome) -> str:
    """Return the verdict that the truth table gives, in the same words."""
    match outcome:
        case Accepted():
            return f"200 {outcome.who.partition(' ')[0]}"
        case Refused():
            return f"{outcome.status} {outcome.code}"
        case _:
            return f"{outcome.status} server"
