"""Every token that must be refused is refused; and how many of them other libraries accept."""

from base64 import urlsafe_b64decode
from time import time

import pytest

from authmux import Authenticator, InvalidCredential, PresentedCredential, run
from authmux.verifying.jwt import JWTVerifier
from authmux.verifying.static_keys import FixedKeys
from tests.jose.token_maker import encode
from tests.oracles.forbidden import forbidden_groups
from tests.oracles.forbidden.bench import AUDIENCE, ISSUER, claims, header, key_set, sign
from tests.oracles.libraries import LIBRARIES, outcome
from tests.oracles.table import as_markdown, outcomes

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
GROUPS = forbidden_groups(int(time()))
TOKENS = {name: text for tokens in GROUPS.values() for name, text in tokens.items()}


@pytest.fixture(scope="module")
def door() -> Authenticator:
    """Return an authenticator as an application has it, with nothing set but what must be."""
    return Authenticator(JWTVerifier(issuer=ISSUER, audience=AUDIENCE, keys=FixedKeys(key_set())))


def test_there_are_enough() -> None:
    """The figures in the documentation are of 120 tokens or more, each under a name of its own."""
    assert len(TOKENS) == sum(map(len, GROUPS.values())) >= 120


@pytest.mark.parametrize("text", TOKENS.values(), ids=TOKENS)
def test_it_is_refused(door: Authenticator, text: str) -> None:
    """It is refused as a bad token, and by no other error."""
    with pytest.raises(InvalidCredential):
        run(door.verify(PresentedCredential(text)))


@pytest.mark.parametrize("key", ["RS256", "ES256", "ES384", "EdDSA", "PS256 second"])
def test_the_good_one_is_not(door: Authenticator, key: str) -> None:
    """The token that all of them were made from is accepted, by everybody."""
    good = sign(header(key=key), claims(int(time())), key=key)
    assert run(door.verify(PresentedCredential(good))).id == "ada"
    assert {name: outcome(name, good) for name in LIBRARIES} == dict.fromkeys(LIBRARIES, "accepts")


def test_each_ecdsa_signature_has_a_twin(door: Authenticator) -> None:
    """B-16: with (r, n - s) it is as good to everybody, so that nothing may be remembered by a signature (B-60)."""
    signed, _, text = sign(header(), claims(int(time()))).rpartition(".")
    signature = urlsafe_b64decode(text + "==")
    twin = signature[:32] + (_P256_ORDER - int.from_bytes(signature[32:])).to_bytes(32)
    other = f"{signed}.{encode(twin)}"
    assert run(door.verify(PresentedCredential(other))).id == "ada"
    assert {name: outcome(name, other) for name in LIBRARIES} == dict.fromkeys(LIBRARIES, "accepts")


def test_other_libraries_are_laxer() -> None:
    """That is why the strict envelope is our own (B-77): each accepts some, and the table says how many."""
    found = outcomes(TOKENS)
    assert all("accepts" in by_name.values() for by_name in found.values())
    table = as_markdown(GROUPS)
    assert all(f"| {library} " in table for library in LIBRARIES)
