"""A whole examination: a sound issuer is well, the profile that fits is named, and nothing is asked in vain."""

import pytest

from authmux import profiles
from authmux.testing import LocalIssuer
from authmux.verifying.diagnosis import Examination, Mark, Part, VerifierOptions, examine
from tests.fault_server import ok
from tests.verifying.diagnosis.scripted_issuer import (
    JWKS,
    PATH,
    examined,
    marked,
    scripted_issuer,
    the_wrong_one,
)  # fmt: skip


def profile_lines(examination: Examination) -> list[tuple[Mark, str]]:
    return [(each.mark, each.says) for each in examination.observations if each.part is Part.PROFILE]


@pytest.mark.parametrize("algorithm", ["RS256", "ES384", "EdDSA"])
def test_a_sound_issuer(algorithm: str) -> None:
    """Nothing is wrong with it, and nothing is to be warned of."""
    with LocalIssuer(algorithm=algorithm) as issuer:
        examination = examine(VerifierOptions(issuer=issuer.url, audience=("https://api.example.com",)))
    assert examination.is_well
    assert marked(examination, Mark.WARNING) == []
    assert {each.part for each in examination.observations} == set(Part) - {Part.OPTIONS}
    assert examination.python == (
        f'JWTVerifier(issuer="{issuer.url}", audience="https://api.example.com", profile=profiles.AUTO)'
    )


def test_keys_that_are_changed() -> None:
    """Every published key is told."""
    with LocalIssuer(algorithm="ES256") as issuer:
        issuer.rotate(algorithm="ES384")
        told = [each.says for each in examine(VerifierOptions(issuer=issuer.url)).observations]
    assert [f"key '{key.kid}' is for {key.algorithm}" for key in issuer.keys] == [
        each for each in told if each.startswith("key '")
    ]


@pytest.mark.parametrize(
    ("issuer", "says"),
    [
        ("http://idp.example", "https"),
        ("idp.example", "https"),
        ("https://", "scheme, host and path"),
        ("https://idp.example/#x", "scheme, host and path"),
        ("https://user:s3cret@idp.example", "scheme, host and path"),
        ("https://idp.example/a b", "blank"),
        ("https://[::1", "no URL"),
        ("https://login.example/{tenantid}/", "jwks_uri"),
        ("https://i%64p.example", "no address that can be asked"),
    ],
)
def test_issuers_that_cannot_be_asked(issuer: str, says: str) -> None:
    """B-11: what no verifier takes is told, and nobody is asked."""
    examination = examine(VerifierOptions(issuer=issuer))
    wrong = the_wrong_one(examination)
    assert (wrong.part, len(examination.observations), examination.python) == (Part.OPTIONS, 1, None)
    assert says in wrong.says


def test_networks_that_are_none() -> None:
    """A network that cannot be read is told."""
    wrong = the_wrong_one(examine(VerifierOptions(issuer="https://idp.invalid", allow_private=("home",))))
    assert "allow_private" in wrong.says


def test_a_profile_that_fits() -> None:
    """The provider is known by its metadata, and its profile is the one in the line."""
    with scripted_issuer(token_endpoint="https://x.example/protocol/openid-connect/token") as server:
        examination = examined(server)
        assert examination.profile is profiles.KEYCLOAK
        assert ("profiles.KEYCLOAK fits" in profile_lines(examination)[0][1]) is True
        assert "profile=profiles.KEYCLOAK" in str(examination.python)


def test_another_profile_than_the_one_that_fits() -> None:
    """Who says another profile is told which one would fit, and keeps his own."""
    with scripted_issuer(token_endpoint="https://x.example/protocol/openid-connect/token") as server:
        examination = examined(server, profile=profiles.RFC9068)
        assert examination.is_well
        assert examination.profile is profiles.RFC9068
        [(mark, says)] = profile_lines(examination)
        assert mark is Mark.WARNING
        assert "Keycloak" in says


def test_a_profile_that_cannot_be() -> None:
    """A profile whose issuers are others is wrong: a verifier would not start."""
    with scripted_issuer() as server:
        options = VerifierOptions(issuer=server.url(PATH), jwks_uri=server.url(JWKS), profile=profiles.ENTRA)
        assert examine(options).is_well  # on this machine anything may stand for Entra
    elsewhere = examine(VerifierOptions(issuer="https://idp.invalid", profile=profiles.ENTRA))
    wrong = [each for each in marked(elsewhere, Mark.WRONG) if each.part is Part.PROFILE]
    assert "is none of profile 'entra'" in wrong[0].says


def test_workloads() -> None:
    """B-67: whom to accept may be left open, and stands in the line as what is still to be said."""
    with scripted_issuer() as server:
        examination = examined(server, profile=profiles.KUBERNETES)
        assert examination.is_well
        assert 'accept={"sub": ["…"]}' in str(examination.python)


def test_metadata_that_is_anothers_tells_no_profile() -> None:
    """What another issuer's metadata says of its endpoints says nothing of this one."""
    with scripted_issuer(token_endpoint="https://x.example/protocol/openid-connect/token", issuer="x") as server:
        assert examined(server).profile is profiles.AUTO


def test_what_it_says_is_short() -> None:
    """An issuer cannot fill the screen: what is quoted of it is cut."""
    with scripted_issuer() as server:
        server.script(
            ok({"keys": [{"kty": "RSA", "alg": "x" * 5000, "kid": "k" * 200, "n": "AQ", "e": "AQ"}]}), path=JWKS
        )
        assert max(len(each.says) for each in examined(server).observations) < 1000


def test_plain_http_where_it_is_allowed() -> None:
    """B-54: an origin that is listed is asked without TLS, as a verifier would ask it; others are not."""
    address = "http://idp.invalid:8080"
    assert "allow_http" in the_wrong_one(examine(VerifierOptions(issuer=address))).says
    asked = examine(VerifierOptions(issuer=address, allow_http=(address,)))
    assert "name of the host is not known" in the_wrong_one(asked).says
    assert f'allow_http=["{address}"]' in str(asked.python)
