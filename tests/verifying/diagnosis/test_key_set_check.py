"""The key set as the doctor tells it: each key with its use, and how long the set is believed."""

from math import prod

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from authmux.testing.signing_key import SigningKey
from authmux.verifying.diagnosis import Mark, Observation, Part
from authmux.verifying.diagnosis.key_set_check import MAX_BODY, SKIPPED
from authmux.verifying.http_fetch import HTTPFetch
from tests.docs.operator_words import key_reasons
from tests.fault_server import Behaviour, FaultServer, html, huge_body, ok, redirect, status
from tests.jose.test_jwk import rsa_jwk
from tests.jose.token_maker import get_key, jwk, rename
from tests.verifying.diagnosis.scripted_issuer import JWKS, examined, marked, scripted_issuer, the_wrong_one

GOOD = get_key("ES256")


def of_keys(server: FaultServer) -> list[Observation]:
    return [each for each in examined(server).observations if each.part is Part.KEYS]


def rsa_key(*, bits: int = 2048, exponent: int = 65_537) -> dict[str, object]:
    key = rsa.generate_private_key(public_exponent=exponent, key_size=bits).public_key()
    return {**RSAAlgorithm.to_jwk(key, as_dict=True), "kid": "other"}


def roca() -> dict[str, object]:
    """Return a key whose modulus is a power of 65537, namely the first, modulo each of the primes of the test."""
    product = prod((11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157))
    return rsa_jwk(n=65_537 + product * 2 * ((1 << 2046) // product + 1), kid="other")


@pytest.mark.parametrize(
    ("member", "mark", "says"),
    [
        pytest.param(rsa_key(bits=1024), Mark.WARNING, "weak", id="1024 bits"),
        pytest.param(rsa_key(exponent=3), Mark.WARNING, "exponent 3", id="e = 3"),
        pytest.param(rsa_jwk(e=2**32 + 1, kid="other"), Mark.WARNING, "no sound RSA key", id="long exponent"),
        pytest.param(roca(), Mark.WRONG, "ROCA", id="ROCA"),
        pytest.param(jwk(get_key("ES384"), kid="other", d="AAAA"), Mark.WRONG, "ALARM", id="private half"),
        pytest.param({"kty": "oct", "k": "AAAA", "kid": "other"}, Mark.WRONG, "ALARM", id="shared secret"),
        pytest.param(jwk(get_key("RS256"), kid="other", use="enc"), Mark.OK, "for encryption", id="for encryption"),
        pytest.param(jwk(get_key("RS256"), kid="other", key_ops=["sign"]), Mark.OK, "not for verifying", id="key_ops"),
        pytest.param(jwk(get_key("RS256"), kid="other", alg="RS1"), Mark.WARNING, "'RS1'", id="unknown alg"),
        pytest.param({"kty": "XYZ", "kid": "other"}, Mark.OK, "type", id="unknown type"),
        pytest.param(jwk(get_key("RS256"), kid=None), Mark.OK, "without a kid", id="no kid"),
        pytest.param(jwk(get_key("RS256"), kid="other", alg=None), Mark.OK, "PS256", id="no alg"),
        pytest.param(jwk(get_key("RS256"), kid=7), Mark.WARNING, "its kid is no text", id="a number for a kid"),
        pytest.param(jwk(get_key("ES256"), kid="other", x=None), Mark.WARNING, "missing", id="half a point"),
        pytest.param(jwk(get_key("ES256"), kid="other", x="A" * 43), Mark.WARNING, "no key", id="not on the curve"),
        pytest.param(jwk(get_key("ES256"), kid="other", x="=?"), Mark.WARNING, "base64url", id="not base64url"),
        pytest.param("text", Mark.WARNING, "no object", id="no object"),
    ],
)
def test_a_key_beside_a_good_one(member: object, mark: Mark, says: str) -> None:
    """B-15: each key is told by its name, with what it is for, or why it is skipped and what to do."""
    with scripted_issuer() as server:
        server.script(ok({"keys": [GOOD.public_jwk, member]}), path=JWKS)
        [told] = [each for each in of_keys(server) if says in each.says]
        assert told.mark is mark
        assert ("other" in told.says) is (isinstance(member, dict) and member.get("kid") == "other")
        assert bool(told.advice) is (mark is not Mark.OK)
        assert examined(server).is_well is (mark is not Mark.WRONG)


def test_every_reason_has_words() -> None:
    """Whatever a key may be skipped for is in the table."""
    assert SKIPPED.keys() == key_reasons()


def test_a_secret_is_not_repeated() -> None:
    """The alarm names the key, and shows nothing of what leaked."""
    with scripted_issuer(GOOD, {**GOOD.public_jwk, "kid": "leaked", "d": "s3cret-half"}) as server:
        examination = examined(server)
        assert "'leaked'" in the_wrong_one(examination).says
        assert "s3cret" not in repr(examination)


def test_two_keys_of_one_name() -> None:
    """B-14: a kid with two different keys names neither; the same key twice is one."""
    with scripted_issuer(GOOD, GOOD) as server:
        assert examined(server).is_well
    with scripted_issuer(GOOD, rename(get_key("ES256 second"), GOOD.kid)) as server:
        assert "two different keys" in the_wrong_one(examined(server)).says


def test_a_nameless_key_among_others() -> None:
    """B-13: a token that names no key is refused where two would fit."""
    with scripted_issuer(GOOD, jwk(get_key("ES256 second"), kid=None)) as server:
        assert any("no kid" in each.says for each in marked(examined(server), Mark.WARNING))
    with scripted_issuer(jwk(GOOD, kid=None)) as server:
        assert marked(examined(server), Mark.WARNING) == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 600),
        ("max-age=15", 300),
        ("public, max-age=1200, must-revalidate", 1200),
        ("max-age=604800", 3600),
        ("no-cache, max-age=0", 300),
        ("no-store", 300),
        ("nonsense", 600),
    ],
    ids=str,
)
def test_how_long_it_is_believed(header: str | None, seconds: int) -> None:
    """B-30: whatever the header says, a set is believed for five minutes to an hour; both are told."""
    with scripted_issuer(headers={} if header is None else {"Cache-Control": header}) as server:
        told = of_keys(server)[-1]
        assert f"believed for {seconds} s" in told.says
        assert (header or "no cache-control") in told.says


@pytest.mark.parametrize(
    ("count", "mark"), [(1, Mark.OK), (102, Mark.OK), (103, Mark.WARNING), (128, Mark.WARNING), (129, Mark.WRONG)]
)
def test_how_many_keys(count: int, mark: Mark) -> None:
    """B-52: past 128 keys a set is none; shortly before it, that is a warning."""
    with scripted_issuer(*[rename(GOOD, str(number)) for number in range(count)]) as server:
        told = of_keys(server)[0]
        assert (told.mark, f"{count} key" in told.says) == (mark, True)


def test_how_large_it_is() -> None:
    """B-52: a set near the limit of the body is a warning; what is past it is not read."""
    with scripted_issuer(jwk(GOOD, padding="x" * 220_000)) as server:
        assert of_keys(server)[0].mark is Mark.WARNING
    with scripted_issuer(jwk(GOOD, padding="x" * 300_000)) as server:
        assert "larger" in the_wrong_one(examined(server)).says
    assert HTTPFetch()._max_body == MAX_BODY


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        pytest.param(status(404), "answered 404", id="404"),
        pytest.param(status(500), "answered 500", id="500"),
        pytest.param(html(), "web page", id="html"),
        pytest.param(redirect("https://cdn.example/keys"), "'https://cdn.example/keys'", id="redirect"),
        pytest.param(huge_body(300_000), "larger", id="huge"),
        pytest.param(status(200, {"Content-Type": "application/json"}, b"{"), "no strict JSON", id="no JSON"),
        pytest.param(ok({"kees": []}), "no key set", id="another document"),
        pytest.param(ok({"keys": {}}), "no key set", id="no list"),
        pytest.param(ok({"keys": []}), "no key that could be used", id="empty"),
    ],
)
def test_sets_that_are_none(behaviour: Behaviour, says: str) -> None:
    """B-38: an answer without keys is told as what it is."""
    with scripted_issuer() as server:
        server.script(behaviour, path=JWKS)
        assert says in the_wrong_one(examined(server)).says


@pytest.mark.parametrize("algorithm", ["RS256", "PS512", "ES256", "ES384", "ES512", "EdDSA"])
def test_which_algorithms(algorithm: str) -> None:
    """B-10: a key says what it may be used with."""
    with scripted_issuer(SigningKey.generate(algorithm)) as server:
        assert any(f"is for {algorithm}" in each.says or f", {algorithm}" in each.says for each in of_keys(server))
