"""What a `JWTVerifier` may be told, and that everything else is refused with a sentence (B-11)."""

from typing import Any

import pytest

from authmux import ConfigurationError, profiles
from authmux.jose.jwk import ALGORITHMS
from authmux.profiles import AUTO
from authmux.verifying.jwt import JWTVerifier
from authmux.verifying.jwt_settings import (
    ANY_AUDIENCE,
    read_accept,
    read_algorithms,
    read_audience,
    read_clients,
    read_issuers,
    read_jwks_uri,
    read_limits,
    read_seconds,
    require_https,
)
from authmux.verifying.static_keys import FixedKeys
from tests.jose.token_maker import get_key

TID, OTHER = "7c2f1e90-4b6a-4d3e-9f58-1a0b2c3d4e5f", "11111111-2222-4333-8444-555555555555"
TEMPLATE = "https://login.microsoftonline.com/{tenantid}/v2.0"


@pytest.mark.parametrize(
    "url",
    [
        "https://idp.example",
        "https://idp.example/",
        "https://idp.example:8443/realms/a",
        "http://127.0.0.1:8080",
        "http://localhost/realms/a",
        "http://[::1]:5000",
    ],
)
def test_urls(url: str) -> None:
    """B-54: keys come by https, or from this machine itself."""
    require_https("issuer", url)


@pytest.mark.parametrize(
    "url",
    [
        "http://idp.example", "idp.example", "", "ftp://idp.example", "file:///etc/keys", "https://", "https:///path",
        "https://u:p@idp.example", "https://@idp.example", "https://idp.example/#x", "https://idp.example/?a=b",
        "https://idp.example/ ", " https://idp.example", "https://idp.example\n", "https://idp\t.example",
        "https://idp.éxample", "https://[::1", "http://127.0.0.1.evil.example", "http://localhost.evil.example",
    ],
    ids=ascii,
)  # fmt: skip
def test_urls_that_are_none(url: str) -> None:
    """B-11: everything else is refused, a blank at the end too, which no token's `iss` would have."""
    with pytest.raises(ConfigurationError, match="issuer"):
        require_https("issuer", url)


def test_a_query_in_jwks_uri() -> None:
    """Entra names an application in the query of its jwks_uri."""
    require_https("jwks_uri", "https://login.microsoftonline.com/x/discovery/keys?appid=1")


def test_issuers_of_several_tenants() -> None:
    """B-21: a template stands for one issuer a tenant, and knows which is whose."""
    names = read_issuers(TEMPLATE, profiles.ENTRA, [TID, OTHER])
    assert names == {TEMPLATE.replace("{tenantid}", each): each for each in (TID, OTHER)}


def test_aliases() -> None:
    """B-21: Google writes its issuer in two ways."""
    names = read_issuers("https://accounts.google.com", profiles.GOOGLE_ID, ())
    assert names == {"https://accounts.google.com": None, "accounts.google.com": None}


@pytest.mark.parametrize(
    ("issuer", "profile", "tenants"),
    [
        (TEMPLATE, profiles.ENTRA, ()),
        (TEMPLATE, profiles.ENTRA, TID),
        (TEMPLATE, profiles.ENTRA, ["common"]),
        (TEMPLATE, profiles.ENTRA, [""]),
        (TEMPLATE, AUTO, [TID]),
        (TEMPLATE.replace("{tenantid}", TID), profiles.ENTRA, [TID]),
        ("https://login.microsoftonline.com/{tenantid}", profiles.ENTRA, [TID]),
    ],
    ids=str,
)
def test_tenants_that_do_not_fit(issuer: str, profile: Any, tenants: Any) -> None:
    """B-21: a template needs tenants of its provider's form, and a profile that says where they stand."""
    with pytest.raises(ConfigurationError):
        read_issuers(issuer, profile, tenants)


def test_an_issuer_on_loopback_may_play_any_provider() -> None:
    """A profile can be tried with an issuer on this machine, whose form is not the provider's."""
    assert read_issuers("http://127.0.0.1:5000", profiles.OKTA, ()) == {"http://127.0.0.1:5000": None}


@pytest.mark.parametrize(
    ("max_keys", "stale_for"), [(1, 0), (128, 86_400), (1000, 7 * 86_400)], ids=["least", "default", "most"]
)
def test_limits(max_keys: int, stale_for: float) -> None:
    """B-32, B-52: a set has 1 to 1000 keys, and is believed for up to seven days."""
    limits = read_limits(max_keys, stale_for)
    assert (limits.max_keys, limits.stale_for) == (max_keys, stale_for)


@pytest.mark.parametrize(
    ("max_keys", "stale_for"), [(0, 0), (1001, 0), (128, -1), (128, 604_801), (128, float("nan"))], ids=str
)
def test_limits_that_cannot_be(max_keys: int, stale_for: float) -> None:
    """B-11: a number out of its range is refused, with the range."""
    with pytest.raises(ConfigurationError, match=r"max_keys|stale_for"):
        JWTVerifier(issuer="https://idp.example", audience="api", max_keys=max_keys, stale_for=stale_for)


@pytest.mark.parametrize("keys", [FixedKeys({"keys": [get_key("ES256").public_jwk]})], ids=["FixedKeys"])
def test_a_template_whose_keys_are_given(keys: FixedKeys) -> None:
    """B-42: where nothing is fetched, nobody has to say from where, of a template neither."""
    verifier = JWTVerifier(issuer=TEMPLATE, audience="api", profile=profiles.ENTRA, tenants=[TID], keys=keys)
    assert list(verifier.issuers) == [TEMPLATE.replace("{tenantid}", TID)]


def test_keys_of_a_template() -> None:
    """B-57: a template has no metadata, so that it must be said where the keys are."""
    with pytest.raises(ConfigurationError, match="jwks_uri"):
        read_jwks_uri(None, TEMPLATE)
    assert read_jwks_uri("https://login.microsoftonline.com/keys", TEMPLATE) == "https://login.microsoftonline.com/keys"
    assert read_jwks_uri(None, "https://idp.example") is None


@pytest.mark.parametrize(
    ("audience", "expected"),
    [("api", {"api"}), (["api", "api2"], {"api", "api2"}), (frozenset({"a"}), {"a"}), (ANY_AUDIENCE, set())],
    ids=str,
)
def test_audiences(audience: Any, expected: set[str]) -> None:
    """B-22: one name or several; none only on purpose."""
    assert read_audience(audience) == expected


@pytest.mark.parametrize("audience", ["", [], None, [""], ["api", ""], [1], b"api", {}], ids=ascii)
def test_audiences_that_are_none(audience: Any) -> None:
    """B-11: an audience that was forgotten does not let everybody in."""
    with pytest.raises(ConfigurationError, match="audience is empty"):
        read_audience(audience)


def test_any_audience_says_what_it_is() -> None:
    """In a traceback or a log it is read as it was written."""
    assert repr(ANY_AUDIENCE) == "ANY_AUDIENCE"


@pytest.mark.parametrize("clients", ["nightly-job", [""], [1], [None]], ids=str)
def test_clients_that_are_none(clients: Any) -> None:
    """B-67: clients are a list of ids; one text would be a client a letter."""
    assert read_clients(["nightly-job"]) == {"nightly-job"}
    assert read_clients(()) == frozenset()
    with pytest.raises(ConfigurationError, match="list of client ids"):
        read_clients(clients)


@pytest.mark.parametrize("algorithms", ["RS256", ["RS256", "ES256"]], ids=str)
def test_algorithms(algorithms: Any) -> None:
    """B-10: they can be narrowed."""
    assert read_algorithms(algorithms) == ({algorithms} if isinstance(algorithms, str) else set(algorithms))
    assert read_algorithms(None) == ALGORITHMS


@pytest.mark.parametrize("algorithms", [[], "", "none", "HS256", ["RS256", "HS256"], ["rs256"], "ES256K"], ids=str)
def test_algorithms_that_are_none(algorithms: Any) -> None:
    """B-10: none, HMAC and what is misspelt are no algorithms here."""
    with pytest.raises(ConfigurationError, match="algorithms"):
        read_algorithms(algorithms)


@pytest.mark.parametrize("seconds", [-1, 301, float("nan"), float("inf"), -float("inf")])
def test_seconds_that_are_none(seconds: float) -> None:
    """B-25: the leeway lies between 0 and 300 seconds."""
    assert read_seconds("leeway", 0, least=0, most=300) == 0
    with pytest.raises(ConfigurationError, match="from 0 to 300"):
        read_seconds("leeway", seconds, least=0, most=300)


def test_accept_for_a_general_profile() -> None:
    """B-67: accept= narrows the tokens of any profile, by claims or by paths."""
    path = ("a", "b")
    assert read_accept({"azp": "one", path: ["x", "y"]}, AUTO) == {"azp": {"one"}, path: {"x", "y"}}
    assert read_accept(None, AUTO) == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "http://idp.example"},
        {"audience": ""},
        {"algorithms": []},
        {"leeway": 301},
        {"max_lifetime": 0},
        {"max_age": -1},
        {"jwks_uri": "http://idp.example/keys"},
        {"jwks_uri": "file:///keys"},
        {"allow_private": ["10.0.0.1/8"]},
    ],
    ids=str,
)
def test_a_verifier_that_cannot_work(changes: dict[str, Any]) -> None:
    """B-11: what is wrong is said when the verifier is made, and not with the first request."""
    options: dict[str, Any] = {"issuer": "https://idp.example", "audience": "api", **changes}
    with pytest.raises(ConfigurationError):
        JWTVerifier(**options)


@pytest.mark.parametrize("issuer", ["https://i%64p.example", "https://idp.example\\@evil.example", "https://[::1"])
def test_an_issuer_that_cannot_be_asked(issuer: str) -> None:
    """B-11, B-56: an issuer that is no URL on which all parsers agree is refused while the program starts."""
    with pytest.raises(ConfigurationError):
        JWTVerifier(issuer=issuer, audience="a")
