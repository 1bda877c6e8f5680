"""What a refused caller is told: one row of the table for each class of error."""

import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from authmux.errors import (
    AuthError,
    ConfigurationError,
    CredentialNotAllowed,
    Fault,
    InsufficientScope,
    InvalidCredential,
    LimitExceeded,
    MalformedCredential,
    MissingCredential,
    Unavailable,
)
from authmux.web.challenge import Challenge, Challenger

CHALLENGER = Challenger(realm="api")
# RFC 9110 §11.6.1, without the escapes that we never need.
CHALLENGE = re.compile(r'Bearer [a-z_]+="[ !#-\[\]-~]*"(, [a-z_]+="[ !#-\[\]-~]*")*')
FIELD_VALUE = re.compile(r"[\x20-\x7e]*")
SCOPE = st.from_regex(r"[\x21\x23-\x5b\x5d-\x7e]{1,20}", fullmatch=True)


def header(challenge: Challenge, name: str) -> str | None:
    """Return the one value of a header, or None."""
    values = [value for each, value in challenge.headers if each == name]
    assert len(values) <= 1
    return values[0] if values else None


ROWS: dict[str, tuple[AuthError, int, str | None, dict[str, Any], dict[str, str]]] = {
    "missing": (MissingCredential(), 401, 'Bearer realm="api"', {"code": "missing_credential"}, {}),
    "missing-for-scopes": (
        MissingCredential(required=["a:b", "c:d"]),
        401,
        'Bearer realm="api", scope="a:b c:d"',
        {"code": "missing_credential"},
        {},
    ),
    "malformed": (
        MalformedCredential("header_grammar"),
        400,
        'Bearer realm="api", error="invalid_request"',
        {"code": "invalid_request"},
        {},
    ),
    "invalid": (
        InvalidCredential(None, "unknown_id"),
        401,
        'Bearer realm="api", error="invalid_token"',
        {"code": "invalid_token"},
        {},
    ),
    **{
        f"invalid-{fault.name.lower()}": (
            InvalidCredential(fault, "reason"),
            401,
            f'Bearer realm="api", error="invalid_token", error_description="{fault.value}"',
            {"code": "invalid_token"},
            {},
        )
        for fault in Fault
    },
    "invalid-proved": (
        InvalidCredential(Fault.REVOKED, "revoked", credential_id="k1"),
        401,
        'Bearer realm="api", error="invalid_token", error_description="revoked"',
        {"code": "invalid_token", "credential_id": "k1"},
        {},
    ),
    "insufficient": (
        InsufficientScope(required=["a:b", "c:d"], granted=["a:b"], credential_id="k1"),
        403,
        'Bearer realm="api", error="insufficient_scope", scope="a:b c:d"',
        {"code": "insufficient_scope", "credential_id": "k1", "required": ["a:b", "c:d"], "granted": ["a:b"]},
        {"X-Accepted-Scopes": "a:b c:d"},
    ),
    "insufficient-of-nothing": (
        InsufficientScope(required=["a:b"], granted=[]),
        403,
        'Bearer realm="api", error="insufficient_scope", scope="a:b"',
        {"code": "insufficient_scope", "required": ["a:b"]},
        {"X-Accepted-Scopes": "a:b"},
    ),
    "not-allowed": (
        CredentialNotAllowed("principal_type", allowed=["user", "client"], credential_id="k1"),
        403,
        None,
        {"code": "credential_not_allowed", "credential_id": "k1", "allowed": ["user", "client"]},
        {},
    ),
    "not-allowed-at-all": (CredentialNotAllowed("no_proved_class"), 403, None, {"code": "credential_not_allowed"}, {}),
    "limit": (
        LimitExceeded("per_minute", retry_after=12.0),
        429,
        None,
        {"code": "limit_exceeded"},
        {"Retry-After": "12"},
    ),
    "unavailable": (Unavailable("store_unavailable"), 503, None, {"code": "unavailable"}, {"Retry-After": "1"}),
}

TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    429: "Too Many Requests",
    503: "Service Unavailable",
}


@pytest.mark.parametrize(("error", "status", "challenge", "members", "more"), ROWS.values(), ids=ROWS.keys())
def test_row(
    error: AuthError, status: int, challenge: str | None, members: dict[str, Any], more: dict[str, str]
) -> None:
    """Each class of error has its status, its challenge or none, its members, and the headers of any refusal."""
    written = CHALLENGER.challenge_for(error)
    problem = json.loads(written.body)
    assert written.status == status
    assert dict(written.headers) == {
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(written.body)),
        "Cache-Control": "no-store",
        **({"WWW-Authenticate": challenge} if challenge else {}),
        **more,
    }
    assert problem.pop("detail")
    assert problem == {"type": "about:blank", "title": TITLES[status], "status": status, **members}


@pytest.mark.parametrize(("error", "status"), [(row[0], row[1]) for row in ROWS.values()], ids=ROWS.keys())
def test_status_line(error: AuthError, status: int) -> None:
    """The status is also there as WSGI writes it."""
    assert CHALLENGER.challenge_for(error).status_line == f"{status} {TITLES[status]}"


@pytest.mark.parametrize(
    ("seconds", "written"), [(-1.0, "1"), (0.0, "1"), (0.2, "1"), (1.0, "1"), (1.2, "2"), (30.0, "30")], ids=str
)
def test_retry_after_is_rounded_up(seconds: float, written: str) -> None:
    """Whoever is asked to wait is told whole seconds, one at least, and never too few."""
    assert header(CHALLENGER.challenge_for(Unavailable("store_slow", retry_after=seconds)), "Retry-After") == written


def test_unknown_error() -> None:
    """A class of error that the table does not know is a bug, and raised again: never a way in."""

    class Novelty(AuthError):
        pass

    error = Novelty("novel")
    with pytest.raises(Novelty) as raised:
        CHALLENGER.challenge_for(error)
    assert raised.value is error


@pytest.mark.parametrize("realm", ["", "api", "The Reports API", "a,b=c;d'e"])
def test_realm(realm: str) -> None:
    """The challenge names the protection space."""
    assert header(Challenger(realm=realm).challenge_for(MissingCredential()), "WWW-Authenticate") == (
        f'Bearer realm="{realm}"'
    )


@pytest.mark.parametrize("realm", ['a"b', "a\\b", "a\r\nX: y", "a\n", "ä", "a\x00", "a\x7f"], ids=ascii)
def test_realm_that_cannot_be_written(realm: str) -> None:
    """A realm that would have to be escaped is refused at once."""
    with pytest.raises(ConfigurationError, match="realm"):
        Challenger(realm=realm)


ERRORS = st.one_of(
    st.builds(MissingCredential, st.text(), required=st.lists(SCOPE)),
    st.builds(MalformedCredential, st.text(), credential_id=st.none() | st.text()),
    st.builds(InvalidCredential, st.none() | st.sampled_from(Fault), st.text(), credential_id=st.none() | st.text()),
    st.builds(
        InsufficientScope,
        required=st.lists(SCOPE, min_size=1),
        granted=st.lists(st.text()),
        credential_id=st.none() | st.text(),
    ),
    st.builds(CredentialNotAllowed, st.text(), allowed=st.lists(st.text()), credential_id=st.none() | st.text()),
    st.builds(LimitExceeded, st.text(), retry_after=st.floats(0, 1e6), credential_id=st.none() | st.text()),
    st.builds(Unavailable, st.text(), retry_after=st.floats(0, 1e6)),
)


def check_wire(challenge: Challenge) -> None:
    """Check that a challenge can be sent as it stands."""
    for name, value in challenge.headers:
        assert name.isascii()
        assert FIELD_VALUE.fullmatch(value)
    written = header(challenge, "WWW-Authenticate")
    assert written is None or CHALLENGE.fullmatch(written)
    assert challenge.body.isascii()
    assert header(challenge, "Content-Length") == str(len(challenge.body))
    assert json.loads(challenge.body)["status"] == challenge.status


@given(error=ERRORS)
def test_any_error(error: AuthError) -> None:
    """Whatever an error holds, its challenge is printable ASCII, a quoted string stays one, and the body is JSON."""
    check_wire(CHALLENGER.challenge_for(error))


@given(required=st.lists(st.text(max_size=20), min_size=1, max_size=3))
@example(required=['a"', "\r\nSet-Cookie: a=b"])
@example(required=["\x00"])
def test_any_scope(required: list[str]) -> None:
    """So it is where a verifier of an application's own asks for scopes that are none (A-146)."""
    check_wire(CHALLENGER.challenge_for(InsufficientScope(required=required, granted=[])))
    check_wire(CHALLENGER.challenge_for(MissingCredential(required=required)))


@pytest.mark.parametrize("error", [row[0] for row in ROWS.values()], ids=ROWS.keys())
def test_reason_is_for_the_operator(error: AuthError) -> None:
    """The finer reason is not told."""
    error.reason = "a-reason-that-nobody-is-told"
    challenge = CHALLENGER.challenge_for(error)
    assert "a-reason" not in f"{challenge.headers}{challenge.body!r}"
