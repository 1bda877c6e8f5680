"""JSON, tokens, claims, keys and key sets: what is accepted has one spelling, and other libraries read it the same."""

import base64
from typing import Any

import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from jwt import PyJWK

from authmux.errors import InvalidCredential
from authmux.jose.claims import TimeRules
from authmux.jose.compact import CompactToken, decode_segment, parse_compact, parse_header
from authmux.jose.jwk import ALGORITHMS, PublicKey, UnusableKey, parse_key
from authmux.jose.key_set import MAX_KEYS, SET_DEPTH, KeySet, NotAKeySet, parse_key_set
from authmux.jose.strict_json import NotStrict, parse_object
from authmux.profiles import AUTO
from authmux.verifying.caller import read_scopes
from authmux.verifying.claim_rules import ClaimRules
from authmux.verifying.key_set_report import count_ambiguous_kids
from authmux.verifying.token_class import client_id
from tests.fuzz.judges.json_grammar import read_strictly
from tests.fuzz.judges.outcome import Accepted, Refused, outcome
from tests.jose.token_maker import AUDIENCE, ISSUER, NOW

RULES = ClaimRules(issuers={ISSUER: None}, audiences=frozenset({AUDIENCE}), profile=AUTO, time=TimeRules(leeway=30.0))
_DEPTHS = (4, 8, 16)
_OTHER_LIBRARY: dict[str, Any] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}


def judge_strict_json(data: bytes) -> None:
    """B-06: the text is read as a slow reader reads it, with the same values of the same types, or by neither."""
    for depth in _DEPTHS:
        read = outcome(lambda depth=depth: parse_object(data, max_depth=depth), NotStrict)  # type: ignore[misc]
        expected = read_strictly(data, max_depth=depth)
        assert (read.value if isinstance(read, Accepted) else None) == expected
        assert isinstance(read, Refused) or repr(read.value) == repr(expected)  # 1, 1.0 and True are equal


def judge_compact(data: bytes) -> None:
    """B-04…B-07: a token that is accepted has no other spelling, and PyJWT reads the same header and claims."""
    text = data.decode("utf-8", "surrogateescape")
    read = outcome(lambda: parse_compact(text), InvalidCredential)
    if isinstance(read, Refused):
        return
    token = read.value
    segments = text.split(".")
    assert ".".join(_encode(decode_segment(segment.encode())) for segment in segments) == text
    assert token.signing_input + b"." + segments[2].encode() == text.encode()
    other = jwt.decode_complete(text, options={"verify_signature": False, "verify_sub": False, "verify_jti": False})
    assert repr(other["payload"]) == repr(token.claims)
    assert other["signature"] == token.signature
    _agree_on_header(token, other["header"])


def _agree_on_header(token: CompactToken, other: dict[str, Any]) -> None:
    assert (token.header.alg, token.header.kid) == (other["alg"], other.get("kid"))
    assert (token.header.typ is None) == ("typ" not in other)
    assert token.header.typ is None or other["typ"].lower().endswith(token.header.typ.lower())


def judge_header(data: bytes) -> None:
    """B-07: a header is read, or refused as malformed; the same bytes in base64url always with the same end."""
    segment = _encode(data).encode()
    read = outcome(lambda: parse_header(segment), InvalidCredential)
    assert isinstance(read, Refused) or read.value.kid is None or 1 <= len(read.value.kid) <= 256
    raw = outcome(lambda: decode_segment(data), InvalidCredential)
    assert isinstance(raw, Refused) or _encode(raw.value).encode() == data


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def judge_claims(data: bytes) -> None:
    """B-08…B-27: claims are judged by what they say and not by its order; who is accepted is somebody, here and now."""
    read = outcome(lambda: parse_object(data, max_depth=17), NotStrict)
    if isinstance(read, Refused) or not isinstance(claims := read.value.get("claims"), dict):
        return
    typ = read.value.get("typ")
    typ = typ if isinstance(typ, str) else None
    judged = _judge(typ, claims)
    assert judged == _judge(typ, dict(reversed(claims.items())))
    if judged is not None:
        return
    assert claims["iss"] == ISSUER
    assert AUDIENCE in ([claims["aud"]] if isinstance(claims["aud"], str) else claims["aud"])
    assert {type(claims[name]) for name in ("exp", "nbf", "iat") if name in claims} <= {int, float}
    assert NOW - 30 < claims["exp"] <= 253_402_300_799
    assert claims.get("nbf", 0) <= NOW + 30 >= claims.get("iat", 0)
    assert claims.get("sub") or client_id(claims, AUTO)
    assert _judge(typ, claims | {"cnf": {}}) == "bound"
    scopes = outcome(lambda: read_scopes(claims), InvalidCredential)
    if isinstance(scopes, Accepted):
        assert not any(set(scope) & set(' "\\*\n\0') - set("*") or scope[-1] == "*" for scope in scopes.value)


def _judge(typ: str | None, claims: dict[str, Any]) -> str | None:
    """Return why claims are refused; None where they are good."""
    judged = outcome(lambda: RULES.check(typ, claims, now=NOW), InvalidCredential)
    return str(judged.error) if isinstance(judged, Refused) else None


def judge_jwk(data: bytes) -> None:
    """B-10…B-15: PyJWT and joserfc read the same key, with the same numbers and the same name, and no private half."""
    read = outcome(lambda: parse_object(data, max_depth=SET_DEPTH), NotStrict)
    if isinstance(read, Accepted):
        member = read.value
        key = outcome(lambda: parse_key(member), UnusableKey)
        if isinstance(key, Accepted):
            _agree_on_key(key.value, member)


def _agree_on_key(key: PublicKey, member: dict[str, Any]) -> None:
    assert key.algorithms
    assert key.algorithms <= ALGORITHMS
    assert not {"d", "p", "q", "dp", "dq", "qi", "oth", "k"} & member.keys()
    plain: dict[str, Any] = {name: member[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in member}
    for alg in key.algorithms - {"Ed25519"}:
        assert PyJWK(plain, alg).key == key.key
    other = _OTHER_LIBRARY[member["kty"]].import_key(key.key)  # joserfc takes the key itself: it wants no padding
    assert other.thumbprint() == key.thumbprint
    again = parse_key(other.as_dict(private=False))
    assert (again.thumbprint, again.key) == (key.thumbprint, key.key)
    for alg in key.algorithms:
        for signature in (b"", bytes(key.signature_length), b"\xff" * key.signature_length):
            refused = outcome(lambda alg=alg, given=signature: key.verify(alg, b"", given), InvalidCredential)  # type: ignore[misc]
            assert isinstance(refused, Refused)


def judge_key_set(data: bytes) -> None:
    """B-12…B-15, B-38: a set is what its members are one by one; a name means one key or none."""
    read = outcome(lambda: parse_key_set(data), NotAKeySet)
    if isinstance(read, Refused):
        return
    keys = read.value
    members = parse_object(data, max_depth=SET_DEPTH)["keys"]
    assert len(keys.keys) + sum(count for _, count in keys.skipped) == len(members) <= MAX_KEYS
    alone = [outcome(lambda each=each: parse_key(each), UnusableKey) for each in members]  # type: ignore[misc]
    assert [each.value.thumbprint for each in alone if isinstance(each, Accepted)] == [
        key.thumbprint for key in keys.keys
    ]
    assert 0 <= count_ambiguous_kids(keys) <= len(keys.keys)
    for kid in {None, "unknown", *(key.kid for key in keys.keys)}:
        for alg in ALGORITHMS:
            _choose(keys, alg, kid)


def _choose(keys: KeySet, alg: str, kid: str | None) -> None:
    chosen = outcome(lambda: keys.choose(alg, kid), InvalidCredential)
    if isinstance(chosen, Accepted) and chosen.value is not None:
        assert alg in chosen.value.algorithms
        assert kid in (None, chosen.value.kid)
        rivals = [key for key in keys.keys if alg in key.algorithms and kid in (None, key.kid)]
        assert {key.thumbprint for key in rivals} == {chosen.value.thumbprint}
