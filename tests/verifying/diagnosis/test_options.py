"""What a verifier is told, and the line of Python that tells it so."""

import pytest

from authmux import ConfigurationError, JWTVerifier, profiles
from authmux.verifying.diagnosis import VerifierOptions
from authmux.verifying.diagnosis.options import name_of
from tests.verifying.test_providers import PROFILES

ENTRA = "https://login.microsoftonline.com/{tenantid}/v2.0"
TENANT = "11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    ("options", "profile"),
    [
        (VerifierOptions(issuer="https://idp.example", audience=("a",)), profiles.AUTO),
        (VerifierOptions(issuer='https://idp.example/"', audience=("a", 'b"', "é")), profiles.RFC9068),
        (VerifierOptions(issuer="https://idp.example", audience=("a",), jwks_uri="https://idp.example/k",
                         allow_private=("10.0.0.0/8",), allow_http=("http://idp:8080",)), profiles.LOGTO),
        (VerifierOptions(issuer=ENTRA, audience=("a",), tenants=(TENANT,), jwks_uri="https://x.example/k"),
         profiles.ENTRA),
        (VerifierOptions(issuer="https://k.example", audience=("a",)), profiles.KUBERNETES),
        (VerifierOptions(issuer="https://k.example", audience=("a",),
                         accept={("kubernetes.io", "namespace"): ("shop", "till")}), profiles.KUBERNETES),
    ],
    ids=["plain", "quotes", "addresses", "tenants", "to be accepted", "accepted"],
)  # fmt: skip
def test_the_line_is_python(options: VerifierOptions, profile: profiles.Profile) -> None:
    """The line can be pasted, and is told just that; where the options do not go together, Python says so, too."""
    try:
        made = eval(options.as_python(profile), {"JWTVerifier": JWTVerifier, "profiles": profiles})
    except ConfigurationError as error:
        with pytest.raises(ConfigurationError, match=str(error)[:20]):
            options.verifier(profile=profile)
    else:
        assert (made.issuer, made.rules.profile) == (options.issuer, profile)
        assert made.rules.audiences == set(options.audience)
        assert {path: tuple(sorted(each)) for path, each in made.rules.accept.items()} == (
            {path: tuple(sorted(each)) for path, each in options.accept.items()}
            or dict.fromkeys(made.rules.accept, ("…",))
        )


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda each: each.name)
def test_names_of_profiles(profile: profiles.Profile) -> None:
    """The name in the line is the one that Python knows it by."""
    assert eval(name_of(profile), {"profiles": profiles}) is profile


def test_an_audience_that_is_still_to_be_said() -> None:
    """Without an audience there are three dots, which no token names."""
    assert 'audience="…"' in VerifierOptions(issuer="https://idp.example").as_python(profiles.AUTO)


@pytest.mark.parametrize("issuer", ["https://i%64p.example", "https://idp.example/\\"])
def test_an_address_that_cannot_be_asked(issuer: str) -> None:
    """What no fetch would ask is a mistake of the configuration."""
    with pytest.raises(ConfigurationError, match="no address"):
        VerifierOptions(issuer=issuer, audience=("a",)).verifier()
