"""Faults where the keys come from: known keys go on serving, and without any the answer is 503."""

import gzip
import json
import logging
import time
from collections.abc import Mapping
from datetime import timedelta
from threading import Event
from typing import Final

import pytest

from authmux.verifying.fetch import Fetched
from authmux.verifying.http_fetch import HTTPFetch
from tests.conformance.attack import SIGNATURE, assert_silent
from tests.conformance.forgeries import es256
from tests.conformance.scene import FACES, all_kinds, document, http_fetch, open_scene, published
from tests.faces.rows import DOWN
from tests.fault_server import (
    Behaviour,
    FaultServer,
    drip_body,
    drip_headers,
    early_close,
    endless_chunked,
    garbage,
    gzip_bomb,
    held,
    html,
    huge_body,
    ok,
    redirect,
    reset,
    status,
    wrong_length,
)
from tests.jose.token_maker import access_token, get_key, jwk, mint
from tests.verifying.test_http_fetch import Authority

LIMIT: Final = 256 * 1024
MIB: Final = 1024 * 1024
SHORT: Final = 0.3  # seconds of real time, where a deadline is what is tested
NEW: Final = get_key("ES256 new")
TEXT: Final = {"Content-Type": "text/plain"}

FAULTS: Mapping[str, Behaviour] = {
    "A-148 500": status(500),
    "A-148 502 with a page": status(502, {"Content-Type": "text/html"}, b"<h1>Bad gateway"),
    "A-148 503": status(503, {"Retry-After": "5"}),
    "A-148 429": status(429, {"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}),
    "A-148 404": status(404),
    "A-148 403": status(403),
    "A-148 204": status(204),
    "A-148 206": status(206, {"Content-Type": "application/json"}, json.dumps(document(NEW)).encode()),
    "A-148 304 unasked": status(304),
    "A-154 a byte too long": status(200, TEXT, json.dumps(document(NEW)).encode().ljust(LIMIT + 1)),
    "A-154 60 MB": huge_body(60 * MIB),
    "A-154 endless chunks": endless_chunked(),
    "A-154 gzip bomb": gzip_bomb(64 * MIB),
    "A-154 gzip": status(200, {"Content-Encoding": "gzip"}, gzip.compress(json.dumps(document(NEW)).encode())),
    "A-154 plain, said to be gzip": status(200, {"Content-Encoding": "gzip"}, json.dumps(document(NEW)).encode()),
    "A-154 129 keys": ok(document(*[jwk(NEW, kid=f"k{number}") for number in range(129)])),
    "A-154 nine deep": ok({**document(NEW), "x": [[[[[[[[1]]]]]]]]}),
    "A-155 HTML": html(),
    "A-155 HTML with keys": status(200, {"Content-Type": "text/html"}, json.dumps(document(NEW)).encode()),
    "A-155 null": ok(None),
    "A-155 a list": ok([]),
    "A-155 a list of keys": ok(document(NEW)["keys"]),
    "A-155 an empty object": ok({}),
    "A-155 keys null": ok({"keys": None}),
    "A-155 keys an object": ok({"keys": {}}),
    "A-155 keys empty": ok({"keys": []}),
    "A-155 keys of no kind": ok({"keys": [1, "x", None]}),
    "A-155 keys twice": status(200, TEXT, json.dumps(document(NEW)).encode()[:-1] + b',"keys":[]}'),
    "A-155 empty": status(200, TEXT),
    "A-155 BOM": status(200, TEXT, b"\xef\xbb\xbf" + json.dumps(document(NEW)).encode()),
    "A-155 UTF-16": status(200, TEXT, json.dumps(document(NEW)).encode("utf-16")),
    "A-157 a byte short": wrong_length(document(NEW)),
    "A-157 closed": early_close(),
    "A-157 reset": reset(),
    "A-157 not HTTP": garbage(),
    "B-53 redirect": redirect("/elsewhere"),
    "B-53 redirect to http": redirect("http://127.0.0.1:1/keys", code=301),
    "B-53 redirect to a file": redirect("file:///etc/passwd", code=307),
    "B-53 redirect for good": redirect("/elsewhere", code=308),
}


def alarms(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what the operator was told of fetching."""
    return [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING and "fetch" in each.name]


@pytest.mark.parametrize("name", FAULTS)
def test_known_keys_outlive_a_fault(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """B-38: whatever comes instead of keys, known ones go on serving, the operator is told, and it ends by itself."""
    caplog.set_level(logging.DEBUG)
    with open_scene() as scene:
        scene.begin()
        scene.server.script(published(NEW), path="/elsewhere")
        scene.server.script(FAULTS[name])
        scene.pass_time(700)
        text = es256()
        for face in FACES:
            answer = scene.send(text, face=face)
            assert answer.status == 200
            assert_silent(text, answer, caplog.text)
            SIGNATURE.check(scene.send(mint(NEW), face=face), method="GET", bank={})
        assert 2 <= scene.fetched <= 14
        assert {request.path for request in scene.server.requests} == {"/keys"}
        assert any("its keys cannot be fetched" in each for each in alarms(caplog))
        scene.server.script(published(NEW))
        scene.pass_time(61)
        assert scene.status(mint(NEW)) == 200


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_from_the_start(name: str, face: str, caplog: pytest.LogCaptureFixture) -> None:
    """B-37: without any keys a good token is answered 503, with few fetches, and 200 as soon as there are keys."""
    caplog.set_level(logging.DEBUG)
    text = mint(NEW)
    with open_scene(FAULTS[name]) as scene:
        for _ in range(20):
            answer = scene.send(text, face=face)
            DOWN.check(answer, method="GET", bank={})
            assert_silent(text, answer, caplog.text)
            scene.pass_time(0.05)
        assert 1 <= scene.fetched <= 2
        scene.server.script(published(NEW))
        scene.pass_time(5)
        assert scene.status(text, face=face) == 200
        assert scene.fetched <= 4


@pytest.mark.parametrize("behaviour", [drip_headers(), drip_body(document(NEW))], ids=["headers", "body"])
def test_a_dripping_server_is_cut(behaviour: Behaviour) -> None:
    """A-152: a byte now and then does not stretch the deadline, and what has come until then is no answer."""
    with open_scene(behaviour, fetch=HTTPFetch(deadline=SHORT)) as scene:
        begun = time.monotonic()
        DOWN.check(scene.send(mint(NEW)), method="GET", bank={})
        assert SHORT <= time.monotonic() - begun < SHORT + 1
        assert scene.outcomes == {"timeout": 1}


def test_a_known_key_does_not_wait_for_a_refresh(caplog: pytest.LogCaptureFixture) -> None:
    """A-151: while a refresh hangs, tokens of known keys are answered as ever, in any number and on both faces."""
    gate = Event()
    with open_scene(all_kinds(), held(gate, published(NEW))) as scene:
        scene.begin()
        scene.pass_time(700, waiting=False)
        scene.wait_for_request()
        begun = time.monotonic()
        for number in range(50):
            text = mint(get_key("ES256"), access_token(jti=f"t{number}"))
            assert [scene.status(text, face=face) for face in FACES] == [200, 200]
        assert time.monotonic() - begun < 2  # a single wait would take three seconds
        assert scene.fetched == 1
        gate.set()
        scene.timekeeper.settle()
        assert scene.status(mint(NEW)) == 200


class Detour:
    """Fetches from elsewhere than it is asked for, once it is told where."""

    def __init__(self, fetch: HTTPFetch) -> None:
        self._fetch = fetch
        self.to: str | None = None

    def __call__(self, url: str, headers: Mapping[str, str], /) -> Fetched:
        return self._fetch(self.to or url, headers)


@pytest.mark.parametrize("name", ["A-157 expired", "A-157 wrong host", "A-157 self-signed", "A-157 unknown authority"])
def test_bad_certificates(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A-157: a server that does not prove itself is not asked anything, and known keys stay."""
    authority, other = (Authority(tmp_path_factory.mktemp("authority")) for _ in range(2))
    context = {
        "A-157 expired": lambda: authority.serve(age=timedelta(days=30)),
        "A-157 wrong host": lambda: authority.serve(hosts=["idp.example"]),
        "A-157 self-signed": authority.serve_self_signed,
        "A-157 unknown authority": other.serve,
    }[name]()
    detour = Detour(HTTPFetch(ca_bundle=authority.bundle))
    with FaultServer(published(NEW), tls=context) as impostor, open_scene(fetch=detour) as scene:
        scene.begin()
        detour.to = impostor.url("/keys")
        scene.pass_time(700)
        assert [scene.status(es256(), face=face) for face in FACES] == [200, 200]
        SIGNATURE.check(scene.send(mint(NEW)), method="GET", bank={})
        assert (impostor.requests, scene.fetched) == ([], 0)
        assert scene.outcomes["tls"] >= 1


def test_an_outage_of_a_day(caplog: pytest.LogCaptureFixture) -> None:
    """B-32: known keys serve through 24 hours of outage, with an error logged after one; then 503, until it ends."""
    with open_scene() as scene:
        scene.begin()
        scene.server.script(status(503, {"Retry-After": "300"}))
        scene.pass_time(3500)
        assert not [each for each in caplog.records if each.levelno >= logging.ERROR]
        scene.pass_time(23 * 3600)
        fresh = {"iat": int(scene.clock.time()), "exp": int(scene.clock.time()) + 9000}
        text = mint(get_key("ES256"), access_token(**fresh))
        assert [scene.status(text, face=face) for face in FACES] == [200, 200]
        assert [
            each
            for each in caplog.records
            if each.levelno >= logging.ERROR and "cannot be fetched" in each.getMessage()
        ]
        scene.pass_time(3600)
        for face in FACES:
            DOWN.check(scene.send(text, face=face), method="GET", bank={})
        assert scene.fetched <= 25 * 3600 / 300
        scene.server.script(all_kinds())
        scene.pass_time(301)
        assert scene.status(text) == 200


def test_a_server_that_flips(caplog: pytest.LogCaptureFixture) -> None:
    """B-38: a server that answers now with keys, now with a page, an error or nothing, is not noticed by callers."""
    faults = [html(), all_kinds(), status(500), reset(), all_kinds(), ok({}), early_close()]
    with open_scene(all_kinds(), *faults, all_kinds()) as scene:
        scene.begin()
        for _ in range(40):
            scene.pass_time(60)
            assert [scene.status(es256(), face=face) for face in FACES] == [200, 200]
        assert len(faults) <= scene.fetched <= len(faults) + 8


def test_an_issuer_that_nobody_listens_at() -> None:
    """A-148: where nothing listens at all, the answer is 503, and the next issuer is not held up."""
    fetch = http_fetch()
    with FaultServer(status(500)) as gone:
        uri = gone.url("/keys")
    with open_scene(fetch=lambda _, headers: fetch(uri, headers)) as scene:
        for face in FACES:
            DOWN.check(scene.send(es256(), face=face), method="GET", bank={})
        assert scene.outcomes == {"connect": 1}
