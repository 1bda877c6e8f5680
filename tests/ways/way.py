"""What a way is: one manner of adding the middleware, or one neighbour that it may have."""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.faces.callers import Answer, Headers
from tests.ways.house import House


def nothing_more(answer: Answer) -> Answer:
    """Return an answer as it is."""
    return answer


@dataclass(frozen=True, slots=True)
class Way:
    """One manner of adding the middleware.

    Arguments:
        name: how the page calls it.
        build: returns the whole application of a house, with the middleware in it.
        prefix: where the endpoints are then.
        verifications: how often one accepted credential is verified.
        sends: headers that every request has, so that the neighbour has something to do.
        undo: takes away from an answer what a middleware outside of ours does to every one.
        note: what that is, in a word.
        is_logged: whether the framework logs the guard's refusals as failures.
        others: kinds of endpoint whose guard is answered otherwise, with the status.
        why: a sentence for the page that says why anything here is not simply the same.
    """

    name: str
    build: Callable[[House], Any]
    prefix: str = ""
    verifications: int = 1
    sends: Headers = ()
    undo: Callable[[Answer], Answer] = nothing_more
    note: str = ""
    is_logged: bool = False
    others: Mapping[str, int] = field(default_factory=dict)
    why: str = ""


def without(answer: Answer, *names: str) -> Answer:
    """Return an answer without some headers."""
    return Answer(answer.status, tuple(each for each in answer.headers if each[0] not in names), answer.body)


def decompressed(answer: Answer) -> Answer:
    """Return an answer as it was before it was compressed; without its length, which says nothing then."""
    is_compressed = answer.header("content-encoding") == "gzip" and answer.body
    body = gzip.decompress(answer.body) if is_compressed else answer.body
    plain = without(answer, "content-encoding", "content-length", "vary")
    return Answer(plain.status, plain.headers, body)
