"""The truth table: what is sent, to which door, and what comes of it, on every face and behind every server.

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
        servers: what comes of it behind a server that is different: `h11`, `httptools` or `gunicorn`.
        in_process: whether a server hands it to the application as it is written here.
        api_key_header: whether `X-API-Key` is a place for credentials.
    """

    id: str
    sent: tuple[str, ...] = ()
    door: str = "/any"
    method: str = "GET"
    outcome: Outcome
    servers: Mapping[str, Outcome] = field(default_factory=dict[str, Outcome])
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


_AUTHORIZATION = "Authorization: "
_BEARER = "Authorization: Bearer "
_ALL_400 = {name: ServerAnswers(400) for name in ("h11", "httptools", "gunicorn")}
_STRICT_400 = {name: ServerAnswers(400) for name in ("httptools", "gunicorn")}

ACCEPTED = (
    Row(id="bearer", sent=(_BEARER + "{key.text}",), outcome=KEY),
    Row(id="bearer-mixed-case", sent=(_AUTHORIZATION + "bEaReR {key.text}",), outcome=KEY),
    Row(id="apikey", sent=(_AUTHORIZATION + "ApiKey {key.text}",), outcome=KEY),
    Row(id="apikey-mixed-case", sent=(_AUTHORIZATION + "aPIkEY {key.text}",), outcome=KEY),
    Row(id="api-key", sent=(_AUTHORIZATION + "Api-Key {key.text}",), outcome=KEY),
    Row(id="api-key-mixed-case", sent=(_AUTHORIZATION + "aPI-kEY {key.text}",), outcome=KEY),
    Row(id="token", sent=(_AUTHORIZATION + "Token {key.text}",), outcome=KEY),
    Row(id="token-mixed-case", sent=(_AUTHORIZATION + "tOKEn {key.text}",), outcome=KEY),
    Row(id="x-api-key", sent=("X-API-Key: {key.text}",), outcome=KEY),
    Row(id="x-api-key-mixed-case", sent=("x-aPI-kEY: {key.text}",), outcome=KEY),
    Row(id="x-api-key-beside-basic", sent=("Authorization: Basic dTpw", "X-API-Key: {key.text}"), outcome=KEY),
    Row(id="x-api-key-beside-empty", sent=("Authorization: ", "X-API-Key: {key.text}"), outcome=KEY),
    Row(id="empty-x-api-key-beside-bearer", sent=(_BEARER + "{key.text}", "X-API-Key: "), outcome=KEY),
    Row(
        id="x-api-key-off",
        sent=("X-API-Key: {key.text}",),
        outcome=MISSING,
        api_key_header=False,
    ),
    Row(
        id="x-api-key-off-beside-bearer",
        sent=(_BEARER + "{client.text}", "X-API-Key: {key.text}"),
        outcome=CLIENT,
        api_key_header=False,
    ),
    Row(id="client-key", sent=(_BEARER + "{client.text}",), outcome=CLIENT),
    Row(id="client-key-wildcard", sent=(_BEARER + "{client.text}",), door="/read", outcome=CLIENT),
    Row(id="pat", sent=(_BEARER + "{pat.text}",), outcome=USER),
    Row(id="pat-for-users", sent=(_BEARER + "{pat.text}",), door="/users", outcome=USER),
    Row(id="pat-for-pats", sent=(_BEARER + "{pat.text}",), door="/pats", outcome=USER),
    Row(id="jwt-rs256", sent=(_BEARER + "{rs256.text}",), door="/read", outcome=job("rs256")),
    Row(id="jwt-es256", sent=(_BEARER + "{es256.text}",), door="/read", outcome=job("es256")),
    Row(id="jwt-es384", sent=(_BEARER + "{es384.text}",), door="/read", outcome=job("es384")),
    Row(id="jwt-eddsa", sent=(_BEARER + "{eddsa.text}",), door="/read", outcome=job("eddsa")),
    Row(id="jwt-in-x-api-key", sent=("X-API-Key: {eddsa.text}",), outcome=job("eddsa")),
    Row(
        id="jwt-of-no-proved-class-with-scope",
        sent=(_BEARER + "{unproved.text}",),
        door="/read",
        outcome=Accepted("principal u1 by jwt {unproved.id} -"),
    ),
    Row(
        id="rolled-old-text",
        sent=(_BEARER + "{rolled.text}",),
        outcome=Accepted("anonymous {rolled.id} by key {rolled.id} 1"),
    ),
    Row(
        id="rolled-new-text",
        sent=(_BEARER + "{fresh.text}",),
        outcome=Accepted("anonymous {rolled.id} by key {rolled.id} 2"),
    ),
    Row(id="two-spaces", sent=(_AUTHORIZATION + "Bearer  {key.text}",), outcome=KEY),
    Row(id="blanks-around", sent=(_AUTHORIZATION + "  Bearer {key.text} \t ",), outcome=KEY),
    Row(id="open-door", sent=(_BEARER + "{key.text}",), door="/open", outcome=KEY),
    Row(id="accepted-head", sent=(_BEARER + "{key.text}",), method="HEAD", outcome=KEY),
    Row(id="accepted-post", sent=(_BEARER + "{key.text}",), method="POST", outcome=KEY),
)  # fmt: skip

ABSENT = (
    Row(id="nothing", outcome=MISSING),
    Row(id="nothing-for-scope", door="/read", outcome=MISSING_FOR_READ),
    Row(id="nothing-at-open-door", door="/open", outcome=NOBODY),
    Row(id="nothing-head", method="HEAD", outcome=MISSING),
    Row(id="nothing-post", method="POST", door="/read", outcome=MISSING_FOR_READ),
    Row(id="empty", sent=("Authorization: ",), outcome=MISSING),
    Row(id="empty-at-open-door", sent=("Authorization: ",), door="/open", outcome=NOBODY),
    Row(id="blank", sent=("Authorization:  \t ",), outcome=MISSING),
    Row(id="empty-x-api-key", sent=("X-API-Key: ",), outcome=MISSING),
    Row(id="basic", sent=("Authorization: Basic dXNlcjpwYXNz",), outcome=MISSING),
    Row(id="basic-at-open-door", sent=("Authorization: Basic dXNlcjpwYXNz",), door="/open", outcome=NOBODY),
    Row(
        id="digest",
        sent=('Authorization: Digest username="Mufasa", realm="a, b", uri="/x", token="t", response="6629"',),
        outcome=MISSING,
    ),
    Row(id="negotiate", sent=("Authorization: Negotiate YIIJvwYGKwYBBQUCoIIJszCCCa+gJDAi==",), outcome=MISSING),
    Row(id="secret-as-scheme", sent=(_AUTHORIZATION + "{key.text}",), outcome=MISSING),
    Row(id="secret-as-scheme-with-more", sent=(_AUTHORIZATION + "{key.text} x",), outcome=MISSING),
    Row(id="scheme-that-begins-as-ours", sent=(_AUTHORIZATION + "BearerX {key.text}",), outcome=MISSING),
    Row(id="key-in-query", door="/any?access_token={key.text}&api_key={key.text}", outcome=MISSING),
)  # fmt: skip

MALFORMED = (
    Row(id="bearer-alone", sent=("Authorization: Bearer",), outcome=UNREADABLE),
    Row(id="bearer-blank", sent=("Authorization: Bearer ",), outcome=UNREADABLE),
    Row(id="bearer-alone-at-open-door", sent=("Authorization: Bearer",), door="/open", outcome=UNREADABLE),
    Row(id="tab", sent=(_AUTHORIZATION + "Bearer\t{key.text}",), outcome=UNREADABLE),
    Row(id="comma-after", sent=(_BEARER + "{key.text},",), outcome=UNREADABLE),
    Row(id="comma-before", sent=(_AUTHORIZATION + ",Bearer {key.text}",), outcome=UNREADABLE),
    Row(id="two-in-one", sent=(_BEARER + "{key.text}, Bearer {pat.text}",), outcome=UNREADABLE),
    Row(id="two-in-one-without-comma", sent=(_BEARER + "{key.text} Bearer {pat.text}",), outcome=UNREADABLE),
    Row(id="two-words", sent=(_BEARER + "{key.text} {key.text}",), outcome=UNREADABLE),
    Row(id="foreign-then-ours", sent=(_AUTHORIZATION + "Basic dTpw, Bearer {key.text}",), outcome=UNREADABLE),
    Row(id="ours-then-foreign", sent=(_BEARER + "{key.text}, Basic dTpw",), outcome=UNREADABLE),
    Row(id="two-headers-same", sent=(_BEARER + "{key.text}", _BEARER + "{key.text}"), outcome=UNREADABLE),
    Row(id="two-headers-different", sent=(_BEARER + "{key.text}", _BEARER + "{pat.text}"), outcome=UNREADABLE),
    Row(
        id="two-headers-foreign-first",
        sent=("Authorization: Basic dTpw", "Authorization: Token {key.text}"),
        outcome=UNREADABLE,
    ),
    Row(id="two-headers-empty-first", sent=("Authorization: ", _BEARER + "{key.text}"), outcome=UNREADABLE),
    Row(id="header-and-x-api-key", sent=(_BEARER + "{eddsa.text}", "X-API-Key: {key.text}"), outcome=UNREADABLE),
    Row(id="header-and-x-api-key-same", sent=(_BEARER + "{key.text}", "X-API-Key: {key.text}"), outcome=UNREADABLE),
    Row(id="two-x-api-keys", sent=("X-API-Key: {key.text}", "X-API-Key: {key.text}"), outcome=UNREADABLE),
    Row(id="x-api-key-with-scheme", sent=("X-API-Key: Bearer {key.text}",), outcome=UNREADABLE),
    Row(id="x-api-key-latin-1", sent=("X-API-Key: k\xe9y",), outcome=UNREADABLE),
    Row(id="nul", sent=(_BEARER + "a\x00b",), outcome=UNREADABLE, servers=_ALL_400),
    Row(id="nul-after", sent=(_BEARER + "{key.text}\x00",), outcome=UNREADABLE, servers=_ALL_400),
    Row(id="control-character", sent=(_BEARER + "{key.text}\x01",), outcome=UNREADABLE, servers=_STRICT_400),
    Row(id="latin-1", sent=(_BEARER + "{key.text}\xe9",), outcome=UNREADABLE),
    Row(id="utf-8", sent=(_BEARER + "\xc3\xa9",), outcome=UNREADABLE),
    Row(id="utf-8-scheme", sent=(_AUTHORIZATION + "\xc3\xa9 {key.text}",), outcome=UNREADABLE),
    Row(id="quoted", sent=(_BEARER + '"{key.text}"',), outcome=UNREADABLE),
    Row(id="malformed-head", sent=("Authorization: Bearer",), method="HEAD", outcome=UNREADABLE),
    Row(id="malformed-post", sent=("Authorization: Bearer",), method="POST", outcome=UNREADABLE),
)  # fmt: skip

INVALID = (
    Row(id="garbage", sent=(_BEARER + "garbage",), outcome=bad("malformed")),
    Row(id="dots", sent=(_BEARER + "a.b.c",), outcome=bad("malformed")),
    Row(id="mistyped", sent=(_BEARER + "{mistyped.text}",), outcome=bad("malformed")),
    Row(id="truncated", sent=(_BEARER + "{truncated.text}",), outcome=bad("malformed")),
    Row(id="bad-at-open-door", sent=(_BEARER + "{mistyped.text}",), door="/open", outcome=bad("malformed")),
    Row(id="unknown-key", sent=(_BEARER + "{unknown.text}",), outcome=UNKNOWN),
    Row(id="unknown-key-in-x-api-key", sent=("X-API-Key: {unknown.text}",), outcome=UNKNOWN),
    Row(id="unknown-key-at-open-door", sent=(_BEARER + "{unknown.text}",), door="/open", outcome=UNKNOWN),
    Row(id="wrong-secret", sent=(_BEARER + "{wrong_secret.text}",), outcome=UNKNOWN),
    Row(id="key-with-id-of-pat", sent=(_BEARER + "{wrong_kind.text}",), outcome=UNKNOWN),
    Row(id="revoked", sent=(_BEARER + "{revoked.text}",), outcome=bad("revoked", proved="revoked")),
    Row(id="expired", sent=(_BEARER + "{expired.text}",), outcome=bad("expired", proved="expired")),
    Row(id="retired", sent=(_BEARER + "{retired.text}",), outcome=bad("revoked", proved="retired")),
    Row(id="expired-jwt", sent=(_BEARER + "{expired_jwt.text}",), outcome=bad("expired")),
    Row(id="early-jwt", sent=(_BEARER + "{early_jwt.text}",), outcome=bad("not yet valid")),
    Row(id="other-audience", sent=(_BEARER + "{other_audience.text}",), outcome=bad("audience")),
    Row(id="unknown-issuer", sent=(_BEARER + "{unknown_issuer.text}",), outcome=bad("issuer")),
    Row(id="alg-none", sent=(_BEARER + "{alg_none.text}",), outcome=bad("signature")),
    Row(id="unsigned", sent=(_BEARER + "{unsigned.text}",), outcome=bad("malformed")),
    Row(id="alg-hs256", sent=(_BEARER + "{alg_hs256.text}",), outcome=bad("signature")),
    Row(id="bad-signature", sent=(_BEARER + "{forged.text}",), outcome=bad("signature")),
    Row(id="unknown-kid", sent=(_BEARER + "{unknown_kid.text}",), outcome=bad("signature")),
    Row(id="id-token", sent=(_BEARER + "{id_token.text}",), outcome=bad("type")),
    Row(id="five-segments", sent=(_BEARER + "{five_segments.text}",), outcome=bad("malformed")),
    Row(
        id="oversize",
        sent=(_BEARER + "{oversize.text}",),
        outcome=bad("malformed"),
        servers={"h11": ServerAnswers(400), "gunicorn": ServerAnswers(431)},
    ),
    Row(
        id="oversize-x-api-key",
        sent=("X-API-Key: {oversize.text}",),
        outcome=bad("malformed"),
        servers={"h11": ServerAnswers(400), "gunicorn": ServerAnswers(431)},
    ),
    Row(id="invalid-head", sent=(_BEARER + "garbage",), method="HEAD", outcome=bad("malformed")),
    Row(id="invalid-post", sent=(_BEARER + "garbage",), method="POST", outcome=bad("malformed")),
)  # fmt: skip

_LACKING = lacking("reports:write reports:audit", granted=["reports:read"], proved="key")

NOT_ALLOWED = (
    Row(id="key-lacks-scopes", sent=(_BEARER + "{key.text}",), door="/write", outcome=_LACKING),
    Row(id="key-lacks-scopes-head", sent=(_BEARER + "{key.text}",), door="/write", method="HEAD", outcome=_LACKING),
    Row(id="key-lacks-scopes-post", sent=(_BEARER + "{key.text}",), door="/write", method="POST", outcome=_LACKING),
    Row(
        id="jwt-lacks-scopes",
        sent=(_BEARER + "{eddsa.text}",),
        door="/write",
        outcome=lacking("reports:write reports:audit", granted=["reports:read"], proved="eddsa"),
    ),
    Row(
        id="jwt-wildcard-is-none",
        sent=(_BEARER + "{wildcard.text}",),
        door="/read",
        outcome=Refused(
            403,
            "insufficient_scope",
            ', error="insufficient_scope", scope="reports:read"',
            {"credential_id": "{wildcard.id}", "required": ["reports:read"]},
            {"x-accepted-scopes": "reports:read"},
        ),
    ),
    Row(id="key-no-user", sent=(_BEARER + "{key.text}",), door="/users", outcome=not_allowed("user", proved="key")),
    Row(id="jwt-no-user", sent=(_BEARER + "{eddsa.text}",), door="/users", outcome=not_allowed("user", proved="eddsa")),
    Row(id="key-no-pat", sent=(_BEARER + "{key.text}",), door="/pats", outcome=not_allowed("pat", proved="key")),
    Row(id="jwt-no-pat", sent=(_BEARER + "{eddsa.text}",), door="/pats", outcome=not_allowed("pat", proved="eddsa")),
    Row(id="no-proved-class", sent=(_BEARER + "{unproved.text}",), outcome=not_allowed(proved="unproved")),
)  # fmt: skip

UNCHECKED = (
    Row(id="store-down", sent=(_BEARER + "{down.text}",), outcome=DOWN),
    Row(id="store-down-at-open-door", sent=(_BEARER + "{down.text}",), door="/open", outcome=DOWN),
    Row(id="store-down-head", sent=(_BEARER + "{down.text}",), method="HEAD", outcome=DOWN),
    Row(id="store-down-post", sent=(_BEARER + "{down.text}",), method="POST", outcome=DOWN),
    Row(id="issuer-down-cold", sent=(_BEARER + "{closed.text}",), outcome=DOWN),
)

# What a server may change before the application sees it.
CHANGED = (
    Row(
        id="folded",
        sent=("Authorization: Bearer\r\n {key.text}",),
        outcome=KEY,
        servers=_STRICT_400,
        in_process=False,
    ),
    Row(
        id="folded-within",
        sent=("Authorization: Bearer {key.text}\r\n {key.text}",),
        outcome=UNREADABLE,
        servers=_STRICT_400,
        in_process=False,
    ),
    Row(id="bare-cr", sent=(_BEARER + "{key.text}\rX: y",), outcome=UNREADABLE, servers=_ALL_400),
    Row(
        id="bare-lf",  # h11 takes the rest for the next header
        sent=(_BEARER + "{key.text}\nX: y",),
        outcome=KEY,
        servers=_STRICT_400,
        in_process=False,
    ),
    Row(
        id="underscore",  # gunicorn drops it, and the others hand on a header of another name
        sent=("X_API_Key: {key.text}",),
        outcome=MISSING,
        in_process=False,
    ),
)

ROWS = (*ACCEPTED, *ABSENT, *MALFORMED, *INVALID, *NOT_ALLOWED, *UNCHECKED, *CHANGED)
