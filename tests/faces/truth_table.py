"""The truth table: what is sent, to which door, and what comes of it, on every face and behind every server."""

from tests.faces.rows import (
    CLIENT,
    DOWN,
    KEY,
    MISSING,
    MISSING_FOR_READ,
    NOBODY,
    UNKNOWN,
    UNREADABLE,
    USER,
    Accepted,
    Outcome,
    Refused,
    Row,
    ServerAnswers,
    bad,
    job,
    lacking,
    not_allowed,
)

_AUTHORIZATION = "Authorization: "
_BEARER = "Authorization: Bearer "

HTTPTOOLS = ("httptools", "gunicorn-uvicorn")
GRANIAN = ("granian-asgi", "granian-wsgi")
GUNICORN = ("gunicorn-asgi", "gunicorn-sync", "gunicorn-gthread")


def answered(status: int, *kinds: str) -> dict[str, Outcome]:
    """Return that these servers answer by themselves."""
    return dict.fromkeys(kinds, ServerAnswers(status))


_NUL = answered(400, "h11", *HTTPTOOLS, "hypercorn", *GRANIAN, *GUNICORN, "waitress")
_NUL_WHY = "A NUL in a header may be refused by the server (RFC 9110 §5.5); werkzeug hands it on"
_CONTROL = answered(400, *HTTPTOOLS, *GRANIAN, *GUNICORN, "waitress")
_CONTROL_WHY = "Servers with h11, and werkzeug, hand control characters on"
_LONG = answered(400, "h11") | answered(431, "hypercorn", *GUNICORN, "werkzeug")
LONG_WHY = "The server has a limit of its own for the head of a request; ours comes before anything is computed"
LONE_CR = "A lone carriage return is refused by the server; werkzeug takes it for the end of a line"
_EMPTIED = {"granian-wsgi": MISSING}
_EMPTIED_WHY = "A WSGI application behind granian is handed an empty value in place of one that is not ASCII"

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
    Row(
        id="x-api-key-latin-1",
        sent=("X-API-Key: k\xe9y",),
        outcome=UNREADABLE,
        servers=_EMPTIED,
        why=_EMPTIED_WHY,
    ),
    Row(id="nul", sent=(_BEARER + "a\x00b",), outcome=UNREADABLE, servers=_NUL, why=_NUL_WHY),
    Row(id="nul-after", sent=(_BEARER + "{key.text}\x00",), outcome=UNREADABLE, servers=_NUL, why=_NUL_WHY),
    Row(
        id="control-character",
        sent=(_BEARER + "{key.text}\x01",),
        outcome=UNREADABLE,
        servers=_CONTROL,
        why=_CONTROL_WHY,
    ),
    Row(
        id="latin-1",
        sent=(_BEARER + "{key.text}\xe9",),
        outcome=UNREADABLE,
        servers=_EMPTIED,
        why=_EMPTIED_WHY,
    ),
    Row(
        id="utf-8",
        sent=(_BEARER + "\xc3\xa9",),
        outcome=UNREADABLE,
        servers=_EMPTIED,
        why=_EMPTIED_WHY,
    ),
    Row(
        id="utf-8-scheme",
        sent=(_AUTHORIZATION + "\xc3\xa9 {key.text}",),
        outcome=UNREADABLE,
        servers=_EMPTIED,
        why=_EMPTIED_WHY,
    ),
    Row(
        id="bare-cr",
        sent=(_BEARER + "{key.text}\rX: y",),
        outcome=UNREADABLE,
        servers=_NUL | {"werkzeug": KEY},
        why=LONE_CR,
    ),
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
        servers=_LONG,
        why=LONG_WHY,
    ),
    Row(
        id="oversize-x-api-key",
        sent=("X-API-Key: {oversize.text}",),
        outcome=bad("malformed"),
        servers=_LONG,
        why=LONG_WHY,
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

ROWS = (*ACCEPTED, *ABSENT, *MALFORMED, *INVALID, *NOT_ALLOWED, *UNCHECKED)
