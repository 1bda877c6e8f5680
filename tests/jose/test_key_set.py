"""Key sets: which key a token names, and which documents are no key set at all."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authmux.errors import Fault, InvalidCredential
from authmux.jose.key_set import MAX_KEYS, KeySet, NotAKeySet, parse_key_set
from authmux.testing.signing_key import SigningKey
from tests.jose.token_maker import get_key, jwk, key_set, rename


def read(*keys: SigningKey | dict[str, object]) -> KeySet:
    return parse_key_set(key_set(*keys))


def refusal(keys: KeySet, alg: str, kid: str | None) -> str:
    """Return why no key is chosen."""
    with pytest.raises(InvalidCredential) as caught:
        keys.choose(alg, kid)
    assert caught.value.fault is Fault.SIGNATURE
    return caught.value.reason


def not_a_key_set(document: bytes) -> str:
    with pytest.raises(NotAKeySet) as caught:
        parse_key_set(document)
    return str(caught.value)


def test_the_key_of_a_kid() -> None:
    """B-12: a kid names its key."""
    keys = read(get_key("RS256"), get_key("ES256"), get_key("EdDSA"))
    for name in ("RS256", "ES256", "EdDSA"):
        chosen = keys.choose(name, name)
        assert chosen is not None
        assert chosen.kid == name


@pytest.mark.parametrize("kid", ["es256", "ES256 ", " ES256", "ES25", "ES2566", "", "ＥS256", "ES256\u0301"], ids=ascii)
def test_a_kid_that_only_looks_the_same(kid: str) -> None:
    """A-040: kids are compared exactly."""
    assert read(get_key("ES256")).choose("ES256", kid) is None


def test_normal_forms_are_different_kids() -> None:
    """A-040: a kid in NFC does not name a key in NFD."""
    keys = read(rename(get_key("ES256"), "e\u0301"))
    assert keys.choose("ES256", "é") is None
    assert keys.choose("ES256", "e\u0301") is not None


@pytest.mark.parametrize(
    ("alg", "kid"),
    [
        ("RS256", "ES256"),
        ("ES256", "RS256"),
        ("ES384", "ES256"),
        ("PS256", "RS256"),
        ("RS384", "RS256"),
        ("EdDSA", "ES256"),
        ("HS256", "RS256"),
        ("none", "RS256"),
        ("rs256", "RS256"),
        ("", "RS256"),
    ],
)
def test_the_kid_of_a_key_for_another_algorithm(alg: str, kid: str) -> None:
    """B-12: a known kid whose key is not for this algorithm is refused, not unknown (A-010, A-011)."""
    assert refusal(read(get_key("RS256"), get_key("ES256")), alg, kid) == "key_not_for_alg"


def test_an_unknown_kid() -> None:
    """B-33: a kid that the set does not have is no refusal yet: there may be newer keys."""
    assert read(get_key("ES256")).choose("ES256", "other") is None


def test_a_kid_where_keys_have_none() -> None:
    """A-164: a key without kid is not the key of a kid, though it is the only one."""
    assert read(jwk(get_key("ES256"), kid=None)).choose("ES256", "ES256") is None


def test_no_kid_and_one_candidate() -> None:
    """B-13: a token without kid has the one key that is for its algorithm."""
    chosen = read(get_key("RS256"), get_key("ES256")).choose("ES256", None)
    assert chosen is not None
    assert chosen.kid == "ES256"


def test_no_kid_and_two_candidates() -> None:
    """A-043: a token without kid is refused where two keys could be meant; none is tried."""
    keys = read(get_key("ES256"), get_key("ES256 second"))
    assert refusal(keys, "ES256", None) == "key_ambiguous"


def test_no_kid_and_no_candidate() -> None:
    """B-13: a token without kid is refused where no key is for its algorithm."""
    assert refusal(read(get_key("RS256")), "ES256", None) == "key_not_for_alg"


def test_the_same_key_twice() -> None:
    """A-163: one key published twice under its kid is one key."""
    chosen = read(get_key("ES256"), get_key("ES256")).choose("ES256", "ES256")
    assert chosen is not None


def test_two_keys_of_one_kid() -> None:
    """A-163: two different keys for one algorithm under one kid are both unusable."""
    keys = read(rename(get_key("ES256"), "k"), rename(get_key("ES256 second"), "k"), get_key("RS256"))
    assert refusal(keys, "ES256", "k") == "key_ambiguous"
    assert keys.choose("RS256", "RS256") is not None


def test_two_rsa_keys_of_one_kid_for_any_algorithm() -> None:
    """B-14: a key that names no algorithm is in doubt wherever the other one is meant too."""
    first, second = jwk(get_key("RS256"), kid="k", alg=None), jwk(get_key("RS256 second"), kid="k")
    keys = read(first, second)
    assert refusal(keys, "RS256", "k") == "key_ambiguous"
    assert keys.choose("PS256", "k") is not None


def test_two_types_of_one_kid() -> None:
    """A-163: an RSA and an EC key under one kid are told apart by the algorithm."""
    keys = read(rename(get_key("RS256"), "k"), rename(get_key("ES256"), "k"))
    chosen = [keys.choose(alg, "k") for alg in ("RS256", "ES256")]
    assert [key.algorithms for key in chosen if key] == [{"RS256"}, {"ES256"}]


def test_one_bad_key_among_good_ones() -> None:
    """A-158: bad keys are skipped and counted by reason, and the others are used."""
    bad: list[dict[str, object]] = [
        {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ", "kid": "off the curve"},
        {"kty": "EC", "crv": "secp256k1", "x": "AQ", "y": "AQ", "kid": "unknown crv"},
        {"kty": "AKP", "kid": "unknown kty"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "bad n"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "secret"},
        {**jwk(get_key("EdDSA")), "d": "AQAB"},
        jwk(get_key("RS256 second"), use="enc"),
    ]
    keys = read(*bad[:4], get_key("ES256"), *bad[4:], get_key("RS256"))
    assert [key.kid for key in keys.keys] == ["ES256", "RS256"]
    assert dict(keys.skipped)["secret_published"] == 2
    assert sum(count for _, count in keys.skipped) == len(bad)
    for kid in ("EdDSA", "secret", "bad n"):
        assert keys.choose("EdDSA", kid) is None


def test_members_that_are_no_objects_are_skipped() -> None:
    """B-38: a set with one usable key is a set, whatever else is in it."""
    document = json.dumps({"keys": [1, "x", None, [], get_key("ES256").public_jwk]}).encode()
    keys = parse_key_set(document)
    assert [key.kid for key in keys.keys] == ["ES256"]
    assert keys.skipped == (("not_an_object", 4),)


def test_thumbprints() -> None:
    """B-60: the set knows its keys by their numbers."""
    keys = read(get_key("ES256"), get_key("RS256"), rename(get_key("ES256"), "again"))
    assert keys.thumbprints == {key.thumbprint for key in keys.keys}
    assert len(keys.thumbprints) == 2


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"keys":null}',
        b'{"keys":{}}',
        b'{"keys":"x"}',
        b'{"keys":[]}',
        b'{"keys":[1,"x",null]}',
        b'{"keys":[{}]}',
        b'{"keys":[{"kty":"oct","k":"AAAA"}]}',
        b"<!doctype html><p>Please sign in",
        b"\xff\xfe",
        b'{"keys":[' + b"[" * 20_000,
        b'{"keys":[{"kty":"EC","kty":"EC"}]}',
    ],
    ids=lambda document: ascii(document[:30]),
)
def test_what_is_no_key_set(document: bytes) -> None:
    """B-38: a document without one usable key is a failure, never an empty set (A-155)."""
    assert not_a_key_set(document) in {
        "keys",
        "json",
        "json_not_object",
        "json_depth",
        "json_duplicate_name",
        "no_usable_key",
    }


def test_a_set_with_two_readings() -> None:
    """B-06: a genuine set that names `keys` twice is none."""
    good = key_set(get_key("ES256"))
    assert not_a_key_set(b'{"keys":[],' + good[1:]) == "json_duplicate_name"


@pytest.mark.parametrize(("levels", "is_read"), [(8, True), (9, False)])
def test_depth(levels: int, is_read: bool) -> None:
    """B-52: a set has at most eight levels."""
    inner = levels - 3
    document = key_set(get_key("ES256"))[:-3] + b',"ext":' + b"[" * inner + b"]" * inner + b"}]}"
    if is_read:
        assert parse_key_set(document).keys
    else:
        assert not_a_key_set(document) == "json_depth"


def test_the_largest_set() -> None:
    """B-52: a set has at most 128 keys, good and bad together, unless more are asked for."""
    keys = [jwk(get_key("ES256"), kid=f"k{i}") for i in range(MAX_KEYS)]
    assert MAX_KEYS == 128
    assert len(parse_key_set(key_set(*keys)).keys) == 128
    assert not_a_key_set(key_set(*keys, {})) == "keys"
    assert len(parse_key_set(key_set(*keys, {}), max_keys=1000).keys) == 128


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_any_mutated_set(data: st.DataObject) -> None:
    """A-212: a key set with bytes changed is a set with usable keys, or NotAKeySet and nothing else."""
    document = bytearray(key_set(get_key("ES256"), get_key("EdDSA")))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(document) - 1))
        document[at : at + data.draw(st.integers(0, 3))] = data.draw(
            st.binary(max_size=3) | st.sampled_from([b"\\", b'"', b"[", b"null"])
        )
    try:
        keys = parse_key_set(bytes(document))
    except NotAKeySet:
        return
    assert keys.keys
