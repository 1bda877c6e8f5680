"""The refusals, as the document shows them: read off real ones, so that there is no second table of them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from authmux.errors import (
    AuthError,
    CredentialNotAllowed,
    Fault,
    InsufficientScope,
    InvalidCredential,
    MalformedCredential,
    MissingCredential,
    Unavailable,
)
from authmux.web.challenge import Challenge, Challenger
from authmux.web.openapi.marks import Need

PROBLEM: Final = "AuthProblem"

_ID: Final = "5g2v9k0m3x7q1b8n"
SAMPLES: Final[tuple[AuthError, ...]] = (
    MalformedCredential("sample"),
    MissingCredential("sample", required=["reports:read"]),
    InvalidCredential(Fault.EXPIRED, "sample", credential_id=_ID),
    InsufficientScope(required=["reports:write"], granted=["reports:read"], credential_id=_ID),
    CredentialNotAllowed("sample", allowed=["user"], credential_id=_ID),
    Unavailable("sample", retry_after=2),
)
"""One of each refusal that an operation may answer with; none is ever raised."""

_MEANINGS: Final = {
    400: "The credential cannot be read, or there is more than one.",
    401: "No credential was sent, or it is not good.",
    403: "The credential is good, and not enough for this.",
    503: "The credential could not be checked just now, and may well be good: try again.",
}
MEMBERS: Final = {
    "type": "Always `about:blank`: the status says it all (RFC 9457 §4.2.1).",
    "title": "The status in words.",
    "status": "The status.",
    "code": "What is wrong, for programs.",
    "detail": "What is wrong, for people.",
    "credential_id": "The public id of the credential; only where it was proved genuine.",
    "required": "The scopes that the operation asks for.",
    "granted": "The scopes that the credential has.",
    "allowed": "The callers, or kinds of credential, that the operation takes.",
}
_HEADERS: Final = {
    "WWW-Authenticate": "What to send (RFC 6750 §3).",
    "Retry-After": "Seconds after which to try again.",
    "X-Accepted-Scopes": "The scopes that the operation asks for, separated by blanks.",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and what is answered with it."""

    name: str
    definition: Mapping[str, Any]


def answers_of(realm: str, *, problem: str) -> dict[int, Answer]:
    """Return the answers of a protection space by status.

    Arguments:
        realm: its name.
        problem: where the schema of their bodies is.
    """
    by_status: dict[int, list[Challenge]] = {}
    for challenge in _challenges(realm):
        by_status.setdefault(challenge.status, []).append(challenge)
    return {status: _answer(status, challenges, problem) for status, challenges in by_status.items()}


def problem_schema() -> dict[str, Any]:
    """Return the schema of the bodies (RFC 9457).

    It requires nothing and ends no list, so that a client that was generated from it can also read what is yet to come,
    and what the application itself answers with the same status: FastAPI's `{"detail": …}`, say.
    """
    bodies = [json.loads(each.body) for each in _challenges("")]
    members = {name: value for body in bodies for name, value in body.items()}
    properties = {name: {**_type_of(value), "description": MEMBERS[name]} for name, value in members.items()}
    codes = dict.fromkeys(f"`{body['code']}`" for body in bodies)
    properties["code"]["description"] += f" Today one of {', '.join(codes)}."
    return {
        "title": PROBLEM,
        "description": "Why a request was refused (RFC 9457).",
        "type": "object",
        "properties": properties,
    }


def statuses_for(need: Need) -> tuple[int, ...]:
    """Return the statuses with which an operation may refuse."""
    return (400, 401, 403, 503) if need.may_forbid else (400, 401, 503)


def explain(need: Need) -> str:
    """Return what an operation's 403 means, in a sentence or two."""
    needed = [f"the scope `{scope}`" for scope in need.scopes]
    needed += [f"the kind of credential {_either(kinds)}" for kinds in need.kinds]
    needed += [f"the type of caller {_either(callers)}" for callers in need.callers]
    return f"{_MEANINGS[403]} Needed: {', '.join(needed)}."


def _answer(status: int, challenges: list[Challenge], problem: str) -> Answer:
    examples = {body["code"]: {"value": body} for body in (json.loads(each.body) for each in challenges)}
    definition = {
        "description": _MEANINGS[status],
        "headers": _headers(challenges),
        "content": {"application/problem+json": {"schema": {"$ref": problem}, "examples": examples}},
    }
    return Answer(HTTPStatus(status).phrase.replace(" ", ""), definition)


def _headers(challenges: list[Challenge]) -> dict[str, Any]:
    sent = {name: value for each in challenges for name, value in each.headers if name in _HEADERS}
    return {
        name: {
            "description": _HEADERS[name],
            "schema": {"type": "integer" if value.isdecimal() else "string"},
            "example": int(value) if value.isdecimal() else value,
        }
        for name, value in sent.items()
    }


def _challenges(realm: str) -> list[Challenge]:
    challenger = Challenger(realm=realm)
    return [challenger.challenge_for(sample) for sample in SAMPLES]


def _type_of(value: object) -> dict[str, Any]:
    if isinstance(value, list):
        return {"type": "array", "items": {"type": "string"}}
    return {"type": "integer" if isinstance(value, int) else "string"}


def _either(words: Iterable[str]) -> str:
    return " or ".join(f"`{word}`" for word in sorted(words))
