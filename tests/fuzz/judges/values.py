"""Texts of our own: tokens, scopes, forms; each is read as it was written, or refused."""

import io
import json
import re
from http.client import HTTPException, parse_headers

import jwt

from authmux.credential import PresentedCredential
from authmux.errors import AuthError, ConfigurationError, InvalidCredential
from authmux.flow import run
from authmux.principal import Principal
from authmux.scopes import covers, parse_grants, parse_needs
from authmux.testing.loopback_server import Request
from authmux.testing.token_endpoint import TokenEndpoint
from authmux.token_format import MAX_LENGTH, checksum
from tests.fuzz.fixed import ED25519, KEY_TEXT, P256, PAT_TEXT, TOKENS, door, jwt_text
from tests.fuzz.judges.outcome import Accepted, Refused, outcome
from tests.jose.token_maker import ISSUER, NOW
from tests.vectors.test_scanner import SCANNER


def judge_token(data: bytes) -> None:
    """K-01…K-08: what is read as a token is written with the same parts again, and scanners know it."""
    text = data.decode("utf-8", "surrogateescape")
    read = outcome(lambda: TOKENS.parse(text), InvalidCredential)
    if isinstance(read, Refused):
        return
    token = read.value
    prefix, kind, *env, token_id, secret = text.split("_")
    assert (prefix in ("acme", "old1"), token.kind.value, token.env or "", token.id) == (
        True,
        kind,
        "".join(env),
        token_id,
    )
    assert len(text) <= MAX_LENGTH
    assert text[-6:] == checksum(text[:-6])
    assert len(secret) == 49
    assert SCANNER.findall(f"<{text}>") == [text]
    assert text not in repr(token)


def judge_scanner(data: bytes) -> None:
    """K-91: what scanners find has the shape of a token, and every token that stands alone is found."""
    text = data.decode("utf-8", "surrogateescape")
    for found in SCANNER.findall(text):
        assert 73 <= len(found) <= 92
        assert re.sub("[0-9A-Za-z_]", "", found) == ""
    for word in re.split(r"[^0-9A-Za-z_]", text, flags=re.ASCII):
        if not isinstance(outcome(lambda word=word: TOKENS.parse(word), InvalidCredential), Refused):  # type: ignore[misc]
            assert word in SCANNER.findall(f" {word} ")


def judge_credential(data: bytes) -> None:
    """B-75: who is let in came with a token that was issued, to the letter; all others are refused, none by 503."""
    text = data.decode("utf-8", "surrogateescape")
    cold = _admit(text)
    if isinstance(cold, Refused):
        assert isinstance(cold.error, InvalidCredential), cold
        assert len(text) < 20 or text not in repr(cold.error)
        return
    assert text in (KEY_TEXT, PAT_TEXT, jwt_text()) or _is_signed(text, cold.value)
    warm = _admit(text)
    assert isinstance(warm, Accepted)
    assert (warm.value.key, warm.value.claims) == (cold.value.key, cold.value.claims)


def _admit(text: str) -> Accepted[Principal] | Refused:
    try:
        return Accepted(run(door().verify(PresentedCredential(text))))
    except AuthError as error:
        return Refused(error)


def _is_signed(text: str, principal: Principal) -> bool:
    """Return whether a token is the fixed issuer's, as PyJWT sees it, and says what the principal says."""
    signing_input, _, _ = text.rpartition(".")
    token = jwt.decode_complete(text, options={"verify_signature": False, "verify_sub": False, "verify_jti": False})
    key = P256 if token["header"]["alg"] == "ES256" else ED25519
    algorithm = jwt.get_algorithm_by_name(key.algorithm)
    assert algorithm.verify(signing_input.encode(), key.private_key.public_key(), token["signature"])
    claims = token["payload"]
    assert principal.issuer == claims["iss"] == ISSUER
    assert principal.id == claims.get("sub", claims.get("client_id"))
    assert 1 <= len(principal.id) <= 255
    assert principal.credential is not None
    assert principal.credential.expires_at is not None
    assert principal.credential.expires_at > NOW - 30
    assert not any(scope.endswith("*") for scope in principal.scopes)
    return hash(principal) == hash(principal.key)


def judge_scopes(data: bytes) -> None:
    """K-50: scopes that are accepted survive a row of a database, and a grant covers what it says and no more."""
    scopes = data.decode("utf-8", "surrogateescape").split(" ")
    needs = outcome(lambda: parse_needs(scopes), ConfigurationError)
    if isinstance(needs, Accepted):
        assert list(needs.value) == list(dict.fromkeys(scopes))
    grants = outcome(lambda: parse_grants(scopes), ValueError)
    if isinstance(grants, Refused):
        return
    assert frozenset(" ".join(sorted(grants.value)).split()) == grants.value
    for need in needs.value if isinstance(needs, Accepted) else ("reports:read",):
        exactly = need in grants.value
        by_star = any(need[: len(grant) - 1] + "*" == grant for grant in grants.value)
        assert covers(grants.value, need) == (exactly or by_star)


_ENDPOINT = TokenEndpoint("https://api.example.com", lambda **_: "token")
_ENDPOINT.add_client("job", "s3cret+%", ["a", "b"])


def judge_token_request(data: bytes) -> None:
    """RFC 6749 §5: the local issuer grants a token, or says in one of the standard's words why not."""
    head, _, body = data.partition(b"\n\n")
    try:
        headers = parse_headers(io.BytesIO(head + b"\r\n\r\n"))
    except HTTPException:
        return  # http.server refuses it by itself
    answer = _ENDPOINT.answer(Request(headers, body))
    assert answer.status in (200, 400, 401)
    assert answer.headers["Cache-Control"] == "no-store"
    assert json.dumps(answer.document)
    if answer.status == 200:
        assert set(str(answer.document["scope"]).split()) <= {"a", "b"}
        assert "job" in data.decode("latin-1") or "%" in data.decode("latin-1") or b"asic" in data.lower()
