"""The doctor visits real servers, and explains their tokens: what it finds is what the applications then believe."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from authmux import profiles
from authmux.testing.signing_key import SigningKey
from authmux.verifying.diagnosis import Mark, VerifierOptions, examine
from tests.authorization_servers import authlib_server
from tests.authorization_servers.logto import MACHINE, RESOURCE, Logto, running_logto
from tests.authorization_servers.oidc_provider import AUDIENCE, OIDCProvider
from tests.authorization_servers.test_oidc_provider import grant
from tests.cli.inquiry import ask, leaked

LOGTO = ("--audience", RESOURCE, "--profile", "logto")


def told_by(issuer: str, *words: str) -> Mapping[str, Any]:
    ran = ask("doctor", "--issuer", issuer, "--format", "json", *words)
    told: Mapping[str, Any] = json.loads(ran.out)
    assert ran.code == (0 if told["well"] else 6)
    return told


def test_oidc_provider(provider: OIDCProvider, provider_keys: tuple[SigningKey, ...]) -> None:
    """Its metadata is found, and each of its keys is usable for the algorithm that it signs with."""
    told = told_by(provider.issuer, "--audience", AUDIENCE)
    assert told["well"]
    says = [each["says"] for each in told["findings"]]
    for key in provider_keys:
        assert any(f"key '{key.kid}' is for" in each and key.algorithm in each for each in says)


def test_a_token_of_oidc_provider(provider: OIDCProvider) -> None:
    """A token that the applications let in is accepted, and one for another API is not."""
    token = grant(provider, "EdDSA")
    words = ("explain", "--issuer", provider.issuer, "--profile", "rfc9068", "--audience")
    good = ask(*words, AUDIENCE, stdin=token)
    assert (good.code, leaked(token, good)) == (0, [])
    assert '  id           "job"' in good.out
    bad = ask(*words, "https://other.example", stdin=token)
    assert (bad.code, "\nrefused: aud\n" in bad.out, leaked(token, bad)) == (6, True, [])


def test_an_opaque_token_of_oidc_provider(provider: OIDCProvider) -> None:
    """What has no parts is told to be opaque, and not repeated."""
    token = grant(provider, "opaque")
    ran = ask("explain", "--issuer", provider.issuer, "--audience", AUDIENCE, stdin=token)
    assert (ran.code, "an opaque token" in ran.out, leaked(token, ran)) == (6, True, [])


def test_authlibs_server(authlib_issuer: str) -> None:
    """An issuer with a path is found where RFC 8414 puts it, or where OpenID Connect does."""
    told = told_by(authlib_issuer, "--audience", authlib_server.AUDIENCE)
    assert told["well"]


def test_logto(logto: Logto) -> None:
    """It is known by its metadata, and its machine's token stands for a client."""
    told = told_by(logto.issuer, *LOGTO)
    assert (told["well"], told["profile"]) == (True, "logto")
    token = logto.token(sub=MACHINE, client_id=MACHINE)
    ran = ask("explain", "--issuer", logto.issuer, *LOGTO, stdin=f"Bearer {token}\n")
    assert (ran.code, leaked(token, ran)) == (0, [])
    assert "\naccepted: Client\n" in ran.out


def test_a_key_without_alg_after_a_rotation() -> None:
    """After a rotation to RSA Logto's key names no algorithm, and is for all of RSA's."""
    with running_logto() as logto:
        logto.rotate(SigningKey.generate("RS256"), keep=logto.published)
        examination = examine(VerifierOptions(issuer=logto.issuer, profile=profiles.LOGTO))
    assert examination.is_well
    [told] = [each.says for each in examination.observations if "RS256" in each.says]
    assert "PS512" in told


def test_a_server_that_fails() -> None:
    """A key set that is answered 500 is the issuer's fault."""
    with running_logto() as logto:
        logto.published = []
        wrong = [each for each in examine(VerifierOptions(issuer=logto.issuer)).observations if each.mark is Mark.WRONG]
    assert "answered 500" in wrong[0].says


@pytest.mark.parametrize("slash", ["/", "//"])
def test_a_slash_too_many(logto: Logto, slash: str) -> None:
    """The classic mistake is named, with the spelling that is published."""
    told = told_by(f"{logto.issuer}{slash}")
    [wrong] = [each for each in told["findings"] if each["mark"] == "wrong" and each["part"] == "discovery"]
    assert "slash at the end" in wrong["says"]
    assert f"'{logto.issuer}'" in wrong["do"]
    assert f'issuer="{logto.issuer}"' in told["python"]
