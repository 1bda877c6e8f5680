"""Every profile: the access tokens of its provider are who they are, and their twins stay outside (B-67, A-115…A-124).

The tokens are data, in `tests/vectors/providers`; each is really signed and goes through an `Authenticator`.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from authmux import Authenticator, Client, ConfigurationError, Principal, User, profiles
from authmux.principal import UnprovenClient
from authmux.profiles import AUTO, RFC9068, Profile
from authmux.testing.manual_clock import ManualClock
from authmux.verifying.jwt import JWTVerifier
from authmux.verifying.jwt_settings import ANY_AUDIENCE
from authmux.verifying.static_keys import FixedKeys
from tests.jose.token_maker import get_key, jwk, rename
from tests.vectors.providers import PROVIDERS, Expected, Sample, read_file, read_samples
from tests.verifying.jwt_door import admit, refusal

SAMPLES = [sample for provider in PROVIDERS for sample in read_samples(provider)]
NAMED = {str(sample): sample for sample in SAMPLES}
PROFILES = {each.name: each for each in vars(profiles).values() if isinstance(each, Profile)}
SETS = ("scopes", "permissions", "roles", "groups")
WORKLOADS = tuple(provider for provider in PROVIDERS if read_file(provider).get("requester_chooses_audience"))


def options(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a `JWTVerifier` that a file tells."""
    read = dict(told)
    read["profile"] = getattr(profiles, read["profile"])
    if read["audience"] == "ANY_AUDIENCE":
        read["audience"] = ANY_AUDIENCE
    if isinstance(read.get("accept"), list):  # pairs, since a path of names is no name in JSON
        read["accept"] = {tuple(path): values for path, values in read["accept"]}
    if "more_scopes" in read:
        read["more_scopes"] = [tuple(path) for path in read["more_scopes"]]
    return read


@cache
def keys_of(kid: str, algorithm: str, issuer: object) -> FixedKeys:
    return FixedKeys({"keys": [jwk(rename(get_key(algorithm), kid), issuer=issuer)]})


def door(sample: Sample, **changes: Any) -> Authenticator:
    """Return an authenticator with the one verifier that the sample is for, in some things another."""
    clock = ManualClock()
    usual: dict[str, Any] = {"keys": keys_of(sample.kid, sample.algorithm, sample.jwk.get("issuer")), "clock": clock}
    return Authenticator(JWTVerifier(**(usual | options(sample.verifier) | changes)), clock=clock)


def sign(sample: Sample) -> str:
    return rename(get_key(sample.algorithm), sample.kid).sign(sample.claims, sample.header)


def told(principal: Principal) -> dict[str, Any]:
    """Return what the files tell of a principal."""
    members = {name: sorted(getattr(principal, name)) for name in SETS}
    who = {name: getattr(principal, name) for name in ("type", "id", "issuer", "tenant", "client_id")}
    return {**who, **members, "actors": [actor.id for actor in principal.actors]}


def judge(authenticator: Authenticator, sample: Sample, expected: Expected) -> None:
    """Check that a token comes to what is expected."""
    if expected.reason is not None:
        assert refusal(authenticator, sign(sample)).reason == expected.reason
        return
    assert expected.principal is not None
    nobody: dict[str, Any] = {"tenant": None, "client_id": None, "actors": [], **{name: [] for name in SETS}}
    wanted = nobody | dict(expected.principal)
    assert told(admit(authenticator, sign(sample))) == wanted | {name: sorted(wanted[name]) for name in SETS}


@pytest.mark.parametrize("sample", NAMED.values(), ids=NAMED)
def test_tokens(sample: Sample) -> None:
    """B-67: an access token stands for exactly its principal, and whatever else the issuer signs is refused."""
    judge(door(sample), sample, sample.expected)


@pytest.mark.parametrize("sample", [sample for sample in SAMPLES if sample.by_auto], ids=str)
def test_the_same_tokens_under_auto(sample: Sample) -> None:
    """B-08: under AUTO the same tokens come to a caller of no proved class, or are refused."""
    assert sample.by_auto is not None
    authenticator = Authenticator(
        JWTVerifier(
            issuer=sample.verifier["issuer"],
            audience=sample.verifier["audience"],
            profile=AUTO,
            keys=keys_of(sample.kid, sample.algorithm, None),
            clock=(clock := ManualClock()),
        ),
        clock=clock,
    )
    judge(authenticator, sample, sample.by_auto)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_auto_proves_no_class(sample: Sample) -> None:
    """A-110: AUTO, which knows of no provider, takes nobody for a `Client` or a `User`, whatever a token says."""
    assert sample.by_auto is None or (sample.by_auto.principal or {}).get("type") not in {"client", "user"}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_has_what_it_must(provider: str) -> None:
    """B-67: each profile is held against an access token that is let in, and one of another class that is not."""
    samples = list(read_samples(provider))
    assert provider in PROFILES
    assert any(sample.expected.principal for sample in samples)
    assert any(sample.expected.reason for sample in samples)
    assert len({(sample.name, str(sample.verifier)) for sample in samples}) == len(samples)


def test_every_profile_has_its_tokens() -> None:
    """B-67: no profile is without tokens here."""
    assert set(PROVIDERS) == set(PROFILES)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_class_that_a_profile_proves_is_shown(provider: str) -> None:
    """B-66: `proves` names every class that a profile's tokens come to."""
    classes = {"principal": Principal, "unproven-client": UnprovenClient, "client": Client, "user": User}
    for sample in read_samples(provider):
        if sample.expected.principal:
            verifier = JWTVerifier(**options(sample.verifier))
            assert classes[sample.expected.principal["type"]] in verifier.proves


@pytest.mark.parametrize("provider", WORKLOADS)
@pytest.mark.parametrize("profile", [AUTO, RFC9068], ids=lambda each: each.name)
def test_requester_chosen_audiences(provider: str, profile: Profile) -> None:
    """B-08: where whoever asks for a token chooses its audience, no general profile is taken."""
    issuer = read_file(provider)["verifiers"]["default"]["issuer"]
    with pytest.raises(ConfigurationError, match=f"anybody may ask for a token.*{provider}"):
        JWTVerifier(issuer=issuer, audience="https://api.acme.example", profile=profile)


@pytest.mark.parametrize("profile", [each for each in PROFILES.values() if each.accept], ids=lambda each: each.name)
@pytest.mark.parametrize(
    "accept", [None, {}, {"actor": ["ada"]}, {"repository": ["acme/reports"], "email": ["a@b.example"]}], ids=str
)
def test_workloads_are_accepted_by_name(profile: Profile, accept: Any) -> None:
    """B-67: such a profile must be told whom to accept, by a claim that nobody can take over."""
    issuer = read_file(profile.name)["verifiers"]["default"]["issuer"]
    with pytest.raises(ConfigurationError, match="say whom to accept"):
        JWTVerifier(issuer=issuer, audience="https://api.acme.example", profile=profile, accept=accept)


@pytest.mark.parametrize("values", [[], [""], [701234567], "", None], ids=repr)
def test_workloads_are_accepted_by_texts(values: Any) -> None:
    """B-67: what is to be accepted is a list of texts that is not empty."""
    with pytest.raises(ConfigurationError, match="without a text to accept"):
        JWTVerifier(
            issuer="https://token.actions.githubusercontent.com",
            audience="https://api.acme.example",
            profile=profiles.GITHUB_ACTIONS,
            accept={"repository_id": values},
        )


WRONG_ISSUERS = {
    "auth0 without its slash": ("AUTH0", "https://acme.eu.auth0.com"),
    "logto with a slash": ("LOGTO", "https://acme.logto.app/oidc/"),
    "logto without its path": ("LOGTO", "https://acme.logto.app"),
    "keycloak without a realm": ("KEYCLOAK", "https://login.acme.example"),
    "keycloak with a slash": ("KEYCLOAK", "https://login.acme.example/realms/acme/"),
    "okta's organisation": ("OKTA", "https://acme.okta.com"),
    "entra's common": ("ENTRA", "https://login.microsoftonline.com/common/v2.0"),
    "entra's domain": ("ENTRA", "https://login.microsoftonline.com/acme.onmicrosoft.com/v2.0"),
    "entra, version 2 without its end": (
        "ENTRA",
        "https://login.microsoftonline.com/7c2f1e90-4b6a-4d3e-9f58-1a0b2c3d4e5f",
    ),
    "entra, version 1 without its slash": ("ENTRA", "https://sts.windows.net/7c2f1e90-4b6a-4d3e-9f58-1a0b2c3d4e5f"),
    "cognito's hosted pages": ("COGNITO", "https://acme.auth.eu-west-1.amazoncognito.com"),
    "kinde with a slash": ("KINDE", "https://acme.kinde.com/"),
    "google without https": ("GOOGLE_ID", "accounts.google.com"),
}


@pytest.mark.parametrize(("profile", "issuer"), WRONG_ISSUERS.values(), ids=WRONG_ISSUERS)
def test_issuers_that_a_provider_does_not_have(profile: str, issuer: str) -> None:
    """B-21: an issuer that no token of the provider could name is refused at construction."""
    with pytest.raises(ConfigurationError, match="issuer"):
        JWTVerifier(issuer=issuer, audience="api", profile=getattr(profiles, profile), accept={"sub": ["x"]})


def with_key_of(sample: Sample, issuer: str) -> Authenticator:
    return door(sample, keys=FixedKeys({"keys": [jwk(rename(get_key(sample.algorithm), sample.kid), issuer=issuer)]}))


OURS, FOREIGN = "7c2f1e90-4b6a-4d3e-9f58-1a0b2c3d4e5f", "9188040d-6c67-4c5b-b112-36a304b66dad"


@pytest.mark.parametrize("name", ["app, version 2", "user, version 2", "app, of a tenant among several"])
def test_keys_of_another_tenant(name: str) -> None:
    """B-21: a key that Entra publishes for one tenant speaks for no other; one that is this tenant's does."""
    sample = NAMED[f"entra: {name}"]
    foreign = with_key_of(sample, f"https://login.microsoftonline.com/{FOREIGN}/v2.0")
    assert refusal(foreign, sign(sample)).reason == "key_of_another_issuer"
    assert admit(with_key_of(sample, f"https://login.microsoftonline.com/{OURS}/v2.0"), sign(sample)).tenant == OURS


def test_a_token_for_graph_cannot_be_verified() -> None:
    """Entra signs tokens for Graph over a hash of the nonce that stands in their header: they verify nowhere else."""
    sample = NAMED["entra: user, version 1"]
    claims = {**sample.claims, "aud": "00000003-0000-0000-c000-000000000000"}
    key, nonce = rename(get_key(sample.algorithm), sample.kid), "QltrBofYb5am7UJ8mCmOJjlNOXqr1bAu2h"
    hashed = key.sign(claims, {"typ": "JWT", "nonce": hashlib.sha256(nonce.encode()).hexdigest()})
    sent = key.sign(claims, {"typ": "JWT", "nonce": nonce}).rpartition(".")[0] + "." + hashed.rpartition(".")[2]
    assert refusal(door(sample, audience=claims["aud"]), sent).reason == "signature"


@pytest.mark.parametrize("sample", [each for each in SAMPLES if each.expected.principal], ids=str)
def test_the_same_tokens_under_another_key(sample: Sample) -> None:
    """B-16: what a token says counts for nothing without the issuer's key."""
    forged = rename(get_key(f"{sample.algorithm} attacker"), sample.kid).sign(sample.claims, sample.header)
    assert refusal(door(sample), forged).reason == "signature"
