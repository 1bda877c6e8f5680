"""No credential stays in a query string, and no other parameter is changed by a byte (K-82)."""

import base64
import json
import time
from urllib.parse import parse_qsl, quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authmux import APIKeyVerifier, Authenticator, JWTVerifier, MemoryStore, Peppers, TokenFormat
from authmux.token_format import Kind
from authmux.web.query import redact_query

ISSUER = "https://issuer.example/"
ACME = TokenFormat(prefix="acme", peppers=Peppers({"p1": bytes(32)}))
KEY = ACME.make(Kind.KEY, "5g2v9k0m3x7q1b8n")
PAT = ACME.make(Kind.PAT, "5g2v9k0m3x7q1b8n", env="live")
FOREIGN_KEY = KEY.replace("acme", "other")
MASKED = "acme_key_5g2v9k0m3x7q1b8n_***"
AUTHENTICATOR = Authenticator(
    APIKeyVerifier(MemoryStore(), ACME), JWTVerifier(issuer=ISSUER, audience="https://api.example")
)


def segment(members: object) -> str:
    """Return a segment of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=").decode()


def jwt_of(issuer: object) -> str:
    """Return a token that says it is of an issuer; nothing of it is good."""
    return f"{segment({'alg': 'RS256', 'kid': '1'})}.{segment({'iss': issuer})}.c2ln"


OURS = jwt_of(ISSUER)
LINK = jwt_of("https://the-application-itself.example")


def redacted(query: str) -> str:
    """Return a query string without credentials."""
    return redact_query(query.encode("latin-1"), AUTHENTICATOR.is_ours).decode("latin-1")


MASKS: dict[str, tuple[str, str]] = {
    "key": (f"key={KEY}", f"key={MASKED}"),
    "pat": (f"key={PAT}", "key=acme_pat_live_5g2v9k0m3x7q1b8n_***"),
    "of-another-application": (f"key={FOREIGN_KEY}", "key=other_key_5g2v9k0m3x7q1b8n_***"),
    "jwt": (f"x={OURS}", "x=***"),
    "by-its-name": (f"access_token={LINK}", "access_token=***"),
    "by-its-encoded-name": (f"access%5Ftoken={LINK}", "access%5Ftoken=***"),
    "encrypted": (f"access_token={segment({'alg': 'dir'})}..aXY.Y2lwaGVy.dGFn", "access_token=***"),
    "between": (f"a=1&key={KEY}&b=2", f"a=1&key={MASKED}&b=2"),
    "twice": (f"key={KEY}&key={KEY}", f"key={MASKED}&key={MASKED}"),
    "two-kinds": (f"key={KEY}&x={OURS}", f"key={MASKED}&x=***"),
    "as-name": (f"{KEY}=1", f"{MASKED}=1"),
    "alone": (KEY, MASKED),
    "jwt-as-name": (f"{OURS}=1", "***=1"),
    "jwt-alone": (OURS, "***"),
    "percent-encoded": ("key=" + "".join(f"%{ord(each):02x}" for each in KEY), f"key={MASKED}"),
    "some-of-it-encoded": (f"key={KEY.replace('_', '%5F')}", f"key={MASKED}"),
    "mixed-case": (f"key={KEY.replace('k', '%6B').replace('_', '%5f')}", f"key={MASKED}"),
    "jwt-percent-encoded": (f"x={OURS.replace('.', '%2E')}", "x=***"),
    "with-its-scheme": (f"x=Bearer+{OURS}", "x=Bearer+***"),
    "with-its-scheme-encoded": (f"x=Bearer%20{KEY}", f"x=Bearer+{MASKED}"),
    "in-an-address": (
        f"next={quote(f'/reports?access_token={OURS}&b=2', safe='')}",
        "next=%2Freports%3Faccess_token%3D***%26b%3D2",
    ),
    "behind-a-semicolon": (f"a=1;access_token={OURS}", "a=1%3Baccess_token%3D***"),
    "a-bad-one": (f"key=acme_key_{'x' * 40}", "key=***"),
    "an-equals-sign-in-it": (f"key={KEY}==", f"key={MASKED}%3D%3D"),
}


@pytest.mark.parametrize(("query", "masked"), MASKS.values(), ids=MASKS)
def test_masks(query: str, masked: str) -> None:
    """A credential's value is masked where it stands, and the parameter stays."""
    assert redacted(query) == masked


@pytest.mark.parametrize(
    "query",
    [
        "",
        "a=1",
        "page=2&size=100&sort=-created&filter=name%20eq%20x",
        f"link={LINK}",
        f"state={jwt_of(7)}",
        f"state={jwt_of([ISSUER])}",
        f"state={jwt_of(None)}",
        f"state={segment({'iss': ISSUER})}.{segment({'iss': ISSUER})}",
        "access_token=opaque-token-of-somebody-elses-api",
        "version=1.2.3&padding=xxxxxxxxxxxxxxxxxxxxxxxxxx",
        "access_token=1.2.3",
        "&&&===&=&%&%%&%zz&+&;;;;;;;;;;;;;;;;;;;;;;;;;;;;",
        "a=%E4%F6%FC%00%0a%FF&b=\xe4\xf6\xfc" + "x" * 40,
        "key=acme_key_5g2v9k0m3x7q1b8n&hint=" + "x" * 40,
    ],
    ids=[
        "nothing", "short", "ordinary", "a-signed-link", "issuer-number", "issuer-list", "no-issuer", "two-segments",
        "opaque", "version", "short-jwt", "strange", "not-utf-8", "an-id",
    ],
)  # fmt: skip
def test_everything_else_stays(query: str) -> None:
    """What is no credential of ours stays to the byte: an application's own signed links work on."""
    sent = query.encode("latin-1")
    assert redact_query(sent, AUTHENTICATOR.is_ours) is sent


OTHERS = st.lists(st.binary(max_size=60).map(lambda each: each.replace(b"&", b"")), max_size=5)


@given(OTHERS, OTHERS, st.sampled_from([KEY, PAT, OURS]), st.sampled_from(["key", "access_token", "", "ä b"]))
def test_other_parameters_stay(before: list[bytes], after: list[bytes], secret: str, name: str) -> None:
    """Whatever stands beside a credential stays to the byte, in its place."""
    parameter = f"{quote_plus(name)}={secret}".encode()
    query = redact_query(b"&".join([*before, parameter, *after]), AUTHENTICATOR.is_ours)
    parts = query.split(b"&")
    assert parts[: len(before)] == before
    assert parts[len(before) + 1 :] == after
    assert secret[-40:].encode() not in query
    assert len(parts) == len(before) + 1 + len(after)


@given(st.sampled_from([KEY, PAT, OURS]), st.lists(st.booleans(), min_size=200, max_size=200))
def test_no_encoding_hides_it(secret: str, encoded: list[bool]) -> None:
    """However a credential is percent-encoded, what an application would decode is masked."""
    spelt = "".join(f"%{ord(each):02X}" if hide else each for each, hide in zip(secret, encoded * 3, strict=False))
    assert all(secret[-40:] not in value for _, value in parse_qsl(redacted(f"key={spelt}")))


@given(st.binary(max_size=200))
def test_any_bytes(query: bytes) -> None:
    """Whatever bytes come, something of the same shape goes on."""
    redact_query(query, AUTHENTICATOR.is_ours)


MANY: dict[str, str] = {
    "jwts": f"a={jwt_of('x')}&",
    "ours": f"a={OURS}&",
    "jwts-in-one": f"{jwt_of('x')} ",
    "keys": f"a={KEY}&",
    "keys-in-one": KEY,
    "nearly-jwt": "eyJ",
    "nearly-jwts": "eyJhbGciOi.ab.",
    "dots": "a.b.c.",
    "marks": "_key_",
    "percent": "%65",
    "broken-percent": "%",
    "plus": "+",
    "separators": "&",
    "brackets": "[",
}


@pytest.mark.parametrize("piece", MANY.values(), ids=MANY)
def test_time_is_linear(piece: str) -> None:
    """A query string of 64 KiB, the most that servers let pass, takes milliseconds whatever is in it."""
    query = ("a=" + piece * (65_536 // len(piece))).encode()
    began = time.thread_time()
    redact_query(query, AUTHENTICATOR.is_ours)
    assert time.thread_time() - began < 0.4


def test_redacting_again_changes_nothing() -> None:
    """What was masked stays as it is, should another middleware look at it."""
    for _, masked in MASKS.values():
        assert redacted(masked) == masked
