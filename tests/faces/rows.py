"""The rows of the truth table: what each is made of, and what may come of it.

`{key.text}` stands for the text of the credential that `site.py` calls `key`, and `{key.id}` for its id.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.faces.callers import Answer, Caller, Headers
from tests.faces.site import Bank

_TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 503: "Service Unavailable"}


@dataclass(frozen=True, slots=True)
class Accepted:
    """The endpoint answers, and this is whom it was called by."""

    who: str

    def check(self, answer: Answer, *, method: str, bank: Bank) -> None:
        """Return if the answer is that."""
        assert answer.status == 200
        assert answer.header("www-authenticate") is None
        if method != "HEAD":
            assert json.loads(answer.body) == {"who": self.who.format_map(bank)}


@dataclass(frozen=True, slots=True)
class Refused:
    """The middleware answers with a problem; `members` are those beside type, title, status, code and detail."""

    status: int
    code: str
    challenge: str | None = None
    members: Mapping[str, str | list[str]] = field(default_factory=dict[str, str | list[str]])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def check(self, answer: Answer, *, method: str, bank: Bank) -> None:
        """Return if the answer is that, to the byte but for the wording of `detail`."""
        assert answer.status == self.status
        challenge = None if self.challenge is None else f'Bearer realm="api"{self.challenge}'
        assert answer.header("www-authenticate") == challenge
        assert answer.header("content-type") == "application/problem+json"
        assert answer.header("cache-control") == "no-store"
        assert answer.header("x-accepted-scopes") == self.headers.get("x-accepted-scopes")
        retry_after = answer.header("retry-after")
        assert (retry_after is not None) == (self.status == 503)
        assert 1 <= int(retry_after or 1) <= 30
        if method == "HEAD":
            assert answer.body == b""
            return
        assert answer.header("content-length") == str(len(answer.body))
        members = {name: _filled(value, bank) for name, value in self.members.items()}
        problem = json.loads(answer.body)
        assert problem.pop("detail")
        assert problem == {
            "type": "about:blank",
            "title": _TITLES[self.status],
            "status": self.status,
            "code": self.code,
            **members,
        }


@dataclass(frozen=True, slots=True)
class ServerAnswers:
    """The server answers by itself, before the application hears of it."""

    status: int

    def check(self, answer: Answer, *, method: str, bank: Bank) -> None:
        """Return if the answer is that, and not one of ours."""
        assert answer.status == self.status
        assert answer.header("content-type") != "application/problem+json"


def _filled(value: str | list[str], bank: Bank) -> str | list[str]:
    return value.format_map(bank) if isinstance(value, str) else value


Outcome = Accepted | Refused | ServerAnswers


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is sent, to which door, and what comes of it.

    Arguments:
        sent: header lines.
        outcome: on every face, and behind every server that is not named in `servers`.
        servers: what comes of it behind a server that is different, by the names of `tests/servers/kinds.py`.
        why: why it is different there.
        in_process: whether a server hands it to the application as it is written here.
        api_key_header: whether `X-API-Key` is a place for credentials.
    """

    id: str
    sent: tuple[str, ...] = ()
    door: str = "/any"
    method: str = "GET"
    outcome: Outcome
    servers: Mapping[str, Outcome] = field(default_factory=dict[str, Outcome])
    why: str = ""
    in_process: bool = True
    api_key_header: bool = True

    def send(self, caller: Caller, bank: Bank) -> Answer:
        """Send the request."""
        return caller(self.door.format_map(bank), self.headers(bank), method=self.method)

    def headers(self, bank: Bank) -> Headers:
        """Return the headers as they go over the wire."""
        lines = [line.partition(": ") for line in self.sent]
        return [(name, value.format_map(bank).encode("latin-1")) for name, _, value in lines]

    def check(self, answer: Answer, bank: Bank, *, server: str = "") -> None:
        """Return if the answer is the one that the table gives."""
        self.servers.get(server, self.outcome).check(answer, method=self.method, bank=bank)


MISSING = Refused(401, "missing_credential", "")
MISSING_FOR_READ = Refused(401, "missing_credential", ', scope="reports:read"')
UNREADABLE = Refused(400, "invalid_request", ', error="invalid_request"')
UNKNOWN = Refused(401, "invalid_token", ', error="invalid_token"')
DOWN = Refused(503, "unavailable")
NOBODY = Accepted("nobody")

KEY = Accepted("anonymous {key.id} by key {key.id} 1")
CLIENT = Accepted("client billing by key {client.id} 1")
USER = Accepted("user u1 by pat {pat.id} 1")


def bad(fault: str, *, proved: str | None = None) -> Refused:
    """Return the refusal of a credential that is not good; it is named once its secret was proved."""
    members: dict[str, str | list[str]] = {"credential_id": f"{{{proved}.id}}"} if proved else {}
    return Refused(401, "invalid_token", f', error="invalid_token", error_description="{fault}"', members)


def lacking(needed: str, *, granted: list[str], proved: str) -> Refused:
    """Return the refusal of a credential that is good and lacks a scope."""
    return Refused(
        403,
        "insufficient_scope",
        f', error="insufficient_scope", scope="{needed}"',
        {"credential_id": f"{{{proved}.id}}", "required": needed.split(), "granted": granted},
        {"x-accepted-scopes": needed},
    )


def not_allowed(*allowed: str, proved: str) -> Refused:
    """Return the refusal of a credential that is good and of a kind that may not come here."""
    members: dict[str, str | list[str]] = {"credential_id": f"{{{proved}.id}}"}
    return Refused(403, "credential_not_allowed", None, members | ({"allowed": list(allowed)} if allowed else {}))


def job(name: str) -> Accepted:
    """Return the acceptance of an access token."""
    return Accepted(f"client job by jwt {{{name}.id}} -")
