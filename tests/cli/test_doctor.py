"""`authmux doctor`: an issuer on loopback is reached as a verifier would, and told in lines or in JSON."""

import json
from pathlib import Path

import pytest

from authmux.testing import LocalIssuer
from authmux.verifying.diagnosis import Mark
from tests.authorization_servers.logto import running_logto
from tests.cli.inquiry import ask
from tests.cli.shop import program
from tests.fault_server import Behaviour, html, redirect, status
from tests.jose.token_maker import get_key, jwk, mint
from tests.verifying.diagnosis.scripted_issuer import JWKS, OAUTH, PATH, scripted_issuer


def test_a_sound_issuer() -> None:
    """All is well: exit 0, a mark on every line, and the Python to paste."""
    with LocalIssuer(algorithm="ES256") as issuer:
        ran = ask("doctor", "--issuer", issuer.url, "--audience", "https://api.example.com")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[-1] == "all is well"
    assert f'JWTVerifier(issuer="{issuer.url}", audience="https://api.example.com", profile=profiles.AUTO)' in lines
    assert all(line.split()[0] in {*Mark, "→"} for line in lines if line.startswith("  "))


def test_a_server_with_logtos_ways() -> None:
    """ES384, metadata in one place, keys that must not be cached: it is well, and known for what it is."""
    with running_logto() as logto:
        ran = ask("doctor", "--issuer", logto.issuer)
    assert ran.code == 0
    assert "is for ES384" in ran.out
    assert "cache-control: no-cache, max-age=0: believed for 300 s" in ran.out
    assert "profile=profiles.LOGTO" in ran.out
    assert ran.out.count("404; passed over") == 2


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        pytest.param(html(), "web page", id="html"),
        pytest.param(status(500), "500", id="500"),
        pytest.param(redirect("https://login.example/in?state=s3cret"), "https://login.example/in", id="redirect"),
    ],
)
def test_something_is_wrong(behaviour: Behaviour, says: str) -> None:
    """What is wrong has its mark and what to do, and the program ends with 6; no query of a redirect is shown."""
    with scripted_issuer() as server:
        server.script(behaviour, path=OAUTH)
        ran = ask("doctor", "--issuer", server.url(PATH))
    assert ran.code == 6
    [wrong] = [number for number, line in enumerate(ran.out.splitlines()) if line.startswith("  wrong")]
    assert says in ran.out.splitlines()[wrong]
    assert ran.out.splitlines()[wrong + 1].strip().startswith("→ ")
    assert "1 thing is wrong" in ran.out
    assert "s3cret" not in ran.out + ran.err


def test_json() -> None:
    """For programs the same is one JSON value, whose members are documented."""
    with scripted_issuer(jwk(get_key("ES256"), d="s3cret-half"), jwk(get_key("ES384"))) as server:
        issuer = server.url(PATH)
        ran = ask("doctor", "--issuer", issuer, "--format", "json")
    assert ran.code == 6
    told = ran.json
    assert told.keys() == {"issuer", "well", "profile", "python", "findings"}
    assert (told["issuer"], told["well"], told["profile"]) == (issuer, False, "auto")
    assert all(each.keys() == {"part", "mark", "says", "do"} for each in told["findings"])
    [wrong] = [each for each in told["findings"] if each["mark"] == "wrong"]
    assert (wrong["part"], "ALARM" in wrong["says"]) == ("keys", True)
    assert "s3cret" not in ran.out


def test_what_an_issuer_writes_moves_no_cursor() -> None:
    """Control characters and credentials in what is quoted are written out, or masked."""
    jwt = mint(get_key("ES256"))
    odd = jwk(get_key("ES256"), kid=f"\x1b[2J\u202e\x9b {jwt}", use="enc")
    with scripted_issuer(odd, get_key("ES384")) as server:
        for form in ("text", "json"):
            ran = ask("doctor", "--issuer", server.url(PATH), "--format", form)
            assert ran.code == 0
            assert not [each for each in ran.out if not each.isprintable() and each != "\n"]
            assert jwt.partition(".")[0] not in ran.out


def test_options_reach_the_verifier() -> None:
    """The address of the keys is taken as it is given, and the profile by its name in any spelling."""
    with scripted_issuer() as server:
        address = server.url(JWKS)
        words = ("--jwks-uri", address, "--profile", "GITHUB_ACTIONS", "--accept", "repository_id=12")
        ran = ask("doctor", "--issuer", server.url(PATH), *words, "--audience", "a", "--audience", "b")
        assert [request.path for request in server.requests] == [JWKS]
    assert ran.code == 0
    assert (
        f'audience=["a", "b"], profile=profiles.GITHUB_ACTIONS, accept={{"repository_id": ["12"]}},'
        f' jwks_uri="{address}")' in ran.out
    )


def test_an_issuer_that_is_none() -> None:
    """What cannot be an issuer is wrong, and there is no line to paste."""
    ran = ask("doctor", "--issuer", "http://idp.example", "--format", "json")
    assert (ran.code, ran.json["python"], ran.json["findings"][0]["part"]) == (6, None, "options")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--issuer", ""),
        ("--issuer", "https://idp.example", "--profile", "nobody"),
        ("--issuer", "https://idp.example", "--profile", ""),
        ("--issuer", "https://idp.example", "--jwks-uri", ""),
        ("--issuer", "https://idp.example", "--accept", "sub"),
        ("--issuer", "https://idp.example", "--ca-bundle", __file__),
        ("--issuer", "https://idp.example", "--format", "xml"),
    ],
    ids=" ".join,
)
def test_misuse(words: tuple[str, ...]) -> None:
    """What cannot be meant is told on standard error, and nobody is asked: exit 2."""
    ran = ask("doctor", *words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err


def test_as_a_program(tmp_path: Path) -> None:
    """It is run from the shell, too, and writes its JSON whole."""
    with LocalIssuer(algorithm="ES256") as issuer:
        done = program(tmp_path, "doctor", "--issuer", issuer.url, "-o", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["well"] is True
