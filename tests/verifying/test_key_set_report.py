"""What is said of a key set that is taken: names, ambiguities, weak keys, each as often as it helps (B-14, B-15)."""

import logging

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.utils import to_base64url_uint

from authmux.jose.key_set import KeySet, parse_key_set
from authmux.verifying.key_set_report import count_ambiguous_kids, count_small_exponents, name_of, report
from authmux.verifying.static_keys import FixedKeys
from tests.jose.token_maker import get_key, jwk, key_set, rename
from tests.verifying.scripted_fetch import ScriptedFetch, keys_of, unchanged
from tests.verifying.test_remote_keys import Stage


def small(kid: str = "small") -> dict[str, object]:
    """Return a sound RSA key with the exponent 3."""
    numbers = rsa.generate_private_key(public_exponent=3, key_size=2048).public_key().public_numbers()
    template = jwk(get_key("RS256"), kid=kid)
    return template | {"n": to_base64url_uint(numbers.n).decode(), "e": to_base64url_uint(numbers.e).decode()}


SMALL = small()


def read(*keys: object) -> KeySet:
    return parse_key_set(key_set(*keys))  # type: ignore[arg-type]


def test_names() -> None:
    """B-74: a set has the same name wherever the same keys stand under the same kids, in any order."""
    first, second = get_key("ES256"), get_key("RS256")
    assert name_of(read(first, second)) == name_of(read(second, first))
    assert len({name_of(read(first)), name_of(read(second)), name_of(read(rename(first, "other")))}) == 3


def test_kids_that_name_two_keys() -> None:
    """B-14: only a kid that names two different keys for one algorithm is ambiguous."""
    first, second, third = (rename(get_key(name), "k") for name in ("ES256", "ES256 second", "RS256"))
    assert count_ambiguous_kids(read(first, first, third)) == 0
    assert count_ambiguous_kids(read(first, second, third)) == 1
    assert count_ambiguous_kids(read(jwk(first, kid=None), jwk(second, kid=None))) == 0


def test_an_exponent_of_three_is_taken() -> None:
    """B-15: an RSA key with the exponent 3 can be used, and is counted."""
    keys = read(SMALL, get_key("RS256"), get_key("ES256"))
    assert (len(keys.keys), count_small_exponents(keys)) == (3, 1)
    chosen = keys.choose("RS256", "small")
    assert chosen is not None


def warnings(caplog: pytest.LogCaptureFixture) -> int:
    said = [each for each in caplog.records if "exponent 3" in each.getMessage()]
    assert all(each.levelno == logging.WARNING for each in said)
    caplog.clear()
    return len(said)


def test_once_for_each_set(caplog: pytest.LogCaptureFixture) -> None:
    """B-15: of a weak key is warned when its set is new, and not each time that the set is fetched again."""
    stage = Stage(ScriptedFetch(keys_of(SMALL, get_key("ES256"), etag="1")))
    assert stage.find("ES256").kid == "ES256"
    assert warnings(caplog) == 1
    stage.refresh()
    stage.fetch.script(unchanged())
    stage.refresh()
    assert warnings(caplog) == 0
    stage.fetch.script(keys_of(SMALL))
    stage.refresh()
    assert warnings(caplog) == 1
    stage.fetch.script(keys_of(get_key("ES256")))
    stage.refresh()
    assert warnings(caplog) == 0


def test_of_keys_that_are_given(caplog: pytest.LogCaptureFixture) -> None:
    """B-42: keys that one was given are warned of too."""
    FixedKeys({"keys": [SMALL]})
    assert warnings(caplog) == 1


def test_a_full_rotation_of_weak_keys(caplog: pytest.LogCaptureFixture) -> None:
    """B-38: each thing that is odd about a set has a line of its own."""
    report("https://idp.example", read(get_key("ES256")), read(SMALL, jwk(get_key("RS256"), use="enc")))
    lines = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert len(lines) == 2
    assert all(line.startswith("issuer https://idp.example: ") for line in lines)
