"""Discovery as the doctor tells it: which places answered what, whose metadata it is, and where the keys are."""

from collections.abc import Callable

import pytest

from authmux.verifying.diagnosis import Mark, Part
from tests.fault_server import (
    Behaviour,
    drip_headers,
    early_close,
    garbage,
    gzip_bomb,
    html,
    huge_body,
    ok,
    raw,
    redirect,
    reset,
    status,
)  # fmt: skip
from tests.verifying.diagnosis.scripted_issuer import (
    APPENDED,
    INSERTED,
    JWKS,
    OAUTH,
    PATH,
    PLACES,
    examined,
    marked,
    scripted_issuer,
    the_wrong_one,
)  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_the_place_of_the_metadata(place: str) -> None:
    """B-57: each of the three places may be the one, and those before it are said to be passed over."""
    with scripted_issuer(at=place) as server:
        examination = examined(server)
        told = [each.says for each in examination.observations if each.part is Part.DISCOVERY]
        assert examination.is_well
        for path, says in zip(PLACES, told, strict=False):
            assert says.startswith(server.url(path))
            assert ("answers" in says) is (path == place)
            assert ("404; passed over" in says) is (PLACES.index(path) < PLACES.index(place))
        assert f"its issuer is '{server.url(PATH)}', to the byte" in told
        assert f"its keys are at '{server.url(JWKS)}'" in told


def test_a_verifier_asks_the_same() -> None:
    """What a verifier asks comes first and in its order; what it does not get to is said to be that."""
    with scripted_issuer(at=OAUTH) as server:
        examination = examined(server)
        assert [request.path for request in server.requests] == [OAUTH, INSERTED, APPENDED, JWKS]
        behind = [each.says for each in examination.observations if "does not get there" in each.says]
        assert len(behind) == 2


@pytest.mark.parametrize(
    ("spell", "says"),
    [
        pytest.param(lambda name: f"{name}/", "with a slash at the end", id="slash too few"),
        pytest.param(lambda name: name.upper(), "capital letters", id="capitals"),
        pytest.param(lambda name: name.replace("http:", "https:"), "and not", id="scheme"),
        pytest.param(lambda _: "https://evil.example/", "evil.example", id="another"),
        pytest.param(lambda _: "https://login.example/{tenantid}/v2.0", "{tenantid}", id="template"),
        pytest.param(lambda _: ["x"], "missing, or no text", id="a list"),
        pytest.param(lambda _: None, "missing, or no text", id="none"),
    ],
)
def test_metadata_of_another_issuer(spell: Callable[[str], object], says: str) -> None:
    """B-21: an issuer that differs in a byte is another one, and it is said in what."""
    with scripted_issuer() as server:
        metadata = {"issuer": spell(server.url(PATH)), "jwks_uri": server.url(JWKS)}
        server.script(ok(metadata), path=OAUTH)
        wrong = the_wrong_one(examined(server))
        assert says in wrong.says
        assert JWKS not in [request.path for request in server.requests]


def test_the_classic_slash() -> None:
    """The issuer that was given has a slash too many: the spelling that is published is in the advice and the line."""
    with scripted_issuer() as server:
        examination = examined(server, issuer=f"{server.url(PATH)}/")
        wrong = the_wrong_one(examination)
        assert "without a slash at the end" in wrong.says
        assert f"'{server.url(PATH)}'" in wrong.advice
        assert f'issuer="{server.url(PATH)}",' in str(examination.python)


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        pytest.param(status(500), "answered 500", id="500"),
        pytest.param(status(503, {"Retry-After": "20"}), "answered 503", id="503"),
        pytest.param(status(429), "answered 429", id="429"),
        pytest.param(html(), "web page", id="html"),
        pytest.param(redirect("https://login.example/in?state=s3cret"), "'https://login.example/in'", id="redirect"),
        pytest.param(redirect("/elsewhere?x=s3cret", code=308), "'/elsewhere'", id="redirect within"),
        pytest.param(redirect("https://[::1?s3cret"), "cannot be read", id="redirect to nowhere"),
        pytest.param(early_close(), "broke", id="early close"),
        pytest.param(reset(), "broke", id="reset"),
        pytest.param(garbage(), "broke", id="garbage"),
        pytest.param(gzip_bomb(1000), "compressed", id="compressed"),
        pytest.param(huge_body(300_000), "larger", id="too large"),
        pytest.param(status(200, {"Content-Type": "application/json"}, b"{"), "no strict JSON", id="no JSON"),
        pytest.param(ok([]), "no strict JSON", id="no object"),
        pytest.param(raw(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"a":1,"a":2}'), "no strict JSON",
                     id="duplicate member"),
    ],
)  # fmt: skip
def test_what_ends_the_search(behaviour: Behaviour, says: str) -> None:
    """B-57: what is neither a document nor 4xx ends a verifier's search; it is told as what it is."""
    with scripted_issuer() as server:
        server.script(behaviour, path=OAUTH)
        examination = examined(server)
        wrong = the_wrong_one(examination)
        assert says in wrong.says
        assert "s3cret" not in repr(examination)
        assert JWKS not in [request.path for request in server.requests]


def test_a_slow_place() -> None:
    """B-50: whoever drips is given up at the deadline, and that is what is said."""
    with scripted_issuer() as server:
        server.script(drip_headers(), path=OAUTH)
        assert "did not answer in time" in the_wrong_one(examined(server)).says


def test_good_metadata_behind_a_failure() -> None:
    """A console that answers every path with a page hides the metadata: the way around it is said."""
    with scripted_issuer(at=APPENDED) as server:
        server.script(html(), path=OAUTH)
        examination = examined(server)
        assert "web page" in the_wrong_one(examination).says
        hidden = next(each for each in marked(examination, Mark.WARNING) if each.part is Part.DISCOVERY)
        assert server.url(APPENDED) in hidden.says
        assert f"--jwks-uri {server.url(JWKS)}" in hidden.advice


def test_places_that_contradict_each_other() -> None:
    """Two documents with two addresses: one of them is out of date."""
    with scripted_issuer() as server:
        server.script(ok({"issuer": server.url(PATH), "jwks_uri": server.url("/old")}), path=APPENDED)
        examination = examined(server)
        assert examination.is_well
        assert any("/old" in each.says for each in marked(examination, Mark.WARNING))


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410])
def test_no_metadata_at_all(code: int) -> None:
    """Three times 4xx is no metadata; `jwks_uri` helps."""
    with scripted_issuer() as server:
        server.script(status(code), path=OAUTH)
        wrong = the_wrong_one(examined(server))
        assert "none of the well-known places" in wrong.says
        assert "jwks_uri" in wrong.advice


@pytest.mark.parametrize(
    ("jwks_uri", "says"),
    [
        (None, "does not say where the keys are"),
        (5, "does not say where the keys are"),
        ("ftp://idp.example/keys", "not https"),
        ("http://169.254.169.254/latest", "not https"),
    ],
    ids=["missing", "a number", "ftp", "the cloud's own"],
)
def test_addresses_that_are_none(jwks_uri: object, says: str) -> None:
    """B-57: the metadata must say where the keys are, and that must be https."""
    with scripted_issuer(jwks_uri=jwks_uri) as server:
        assert says in the_wrong_one(examined(server)).says


def test_an_explicit_address() -> None:
    """`jwks_uri` skips discovery, for the doctor as for a verifier."""
    with scripted_issuer() as server:
        examination = examined(server, jwks_uri=server.url(JWKS))
        assert examination.is_well
        assert [request.path for request in server.requests] == [JWKS]
        assert "not needed" in examination.observations[0].says
