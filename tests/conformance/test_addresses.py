"""Where metadata may send us: no private address in any spelling, no second answer of a name, no redirect, no port."""

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_network
from typing import Final

import pytest

from authmux import Authenticator, run
from authmux.testing import LocalIssuer
from authmux.verifying.addresses import may_lead_to
from authmux.verifying.http_fetch import HTTPFetch, resolve_name
from authmux.verifying.jwt import JWTVerifier
from tests.conformance.addresses import FORBIDDEN, GLOBAL, PRIVATE
from tests.conformance.scene import FACES, Scene, open_scene, published
from tests.faces.rows import DOWN
from tests.fault_server import FaultServer, ok, redirect, status
from tests.jose.token_maker import AUDIENCE, access_token, get_key, mint
from tests.verifying.test_http_fetch import Authority

EVERYTHING: Final = ("0.0.0.0/0", "::/0")


@pytest.mark.parametrize("name", PRIVATE)
def test_addresses_that_must_be_allowed(name: str) -> None:
    """B-56: no address that is not global is connected to, however it is wrapped, unless it is in a list."""
    assert not may_lead_to(PRIVATE[name])


@pytest.mark.parametrize("name", FORBIDDEN)
def test_addresses_that_nobody_may_allow(name: str) -> None:
    """B-56: where clouds keep a machine's secrets nothing is fetched, whatever is allowed."""
    assert not may_lead_to(FORBIDDEN[name])
    assert not may_lead_to(FORBIDDEN[name], [ip_network(each) for each in EVERYTHING])


@pytest.mark.parametrize("name", GLOBAL)
def test_addresses_of_the_internet(name: str) -> None:
    """B-56: global addresses are connected to, wrapped ones too: the table is not one that refuses everything."""
    assert may_lead_to(GLOBAL[name])


class Names:
    """A resolver that gives one answer after the other, the last for ever, and remembers what it was asked."""

    def __init__(self) -> None:
        self._answers: list[Sequence[str]] = []
        self.asked: list[tuple[str, int]] = []

    def answer(self, *answers: Sequence[str]) -> None:
        """Answer so from now on."""
        self._answers, self.asked = list(answers), []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


class Inn:
    """A scene whose issuer tells by its metadata where its keys are.

    Arguments:
        names: what is resolved.
        fetch: resolves with them.
    """

    def __init__(self, names: Names, fetch: HTTPFetch) -> None:
        self.names = names
        self._fetch = fetch

    @contextmanager
    def open(self, *, allow_private: Sequence[str] = (), tls: ssl.SSLContext | None = None) -> Iterator[Scene]:
        """Open it, with networks that are allowed beside those of the Internet."""

        def hold(server: FaultServer) -> HTTPFetch:
            return self._fetch.held_to(trusted=[issuer_of(server)], allow_private=allow_private)

        with open_scene(status(404), issuer=issuer_of, at=None, fetch_for=hold, tls=tls) as scene:
            yield scene


def issuer_of(server: FaultServer) -> str:
    return server.url("/tenant")


def lead(scene: Scene, jwks_uri: str) -> None:
    """Have the issuer's metadata say where its keys are."""
    metadata = ok({"issuer": scene.verifier.issuer, "jwks_uri": jwks_uri})
    scene.server.script(metadata, path="/.well-known/oauth-authorization-server/tenant")


def token(scene: Scene) -> str:
    return mint(get_key("ES256"), access_token(iss=scene.verifier.issuer))


def keys_asked(scene: Scene) -> int:
    """Return how often anything but the metadata was asked for."""
    return sum("/.well-known/" not in request.path for request in scene.server.requests)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Give an authority that the inn trusts."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def inn(authority: Authority) -> Inn:
    """Give a way to open scenes; what makes them is made once, for it takes a while."""
    names = Names()
    return Inn(names, HTTPFetch(resolve=names, ca_bundle=authority.bundle))


@pytest.mark.parametrize("name", [*PRIVATE, *FORBIDDEN])
def test_names_that_lead_inside(inn: Inn, name: str) -> None:
    """A-184: where a name that metadata chose has such an address, alone or among others, nothing is connected to."""
    address = {**PRIVATE, **FORBIDDEN}[name]
    inn.names.answer([address], ["8.8.8.8", address])
    with inn.open() as scene:
        lead(scene, "https://keys.example/jwks")
        for outcome in (1, 2):
            DOWN.check(scene.send(token(scene)), method="GET", bank={})
            assert scene.outcomes == {"address": outcome}
            scene.clock.advance(1)
        assert inn.names.asked == [("keys.example", 443)] * 2
        assert keys_asked(scene) == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]", "localhost"])
def test_hosts_that_are_addresses(inn: Inn, host: str) -> None:
    """B-56: an address in the URL is looked at like one that a name has, however the system reads it."""
    inn.names.answer(resolve_name(host.strip("[]"), 443))
    with inn.open() as scene:
        lead(scene, f"https://{host}/jwks")
        DOWN.check(scene.send(token(scene)), method="GET", bank={})
        assert scene.outcomes == {"address": 1}


def test_a_name_that_has_no_address(inn: Inn) -> None:
    """B-56: a name without any address leads nowhere."""
    inn.names.answer([])
    with inn.open() as scene:
        lead(scene, "https://keys.example/jwks")
        DOWN.check(scene.send(token(scene)), method="GET", bank={})
        assert scene.outcomes == {"address": 1}


def test_the_address_that_was_checked_is_the_one(inn: Inn, authority: Authority) -> None:
    """A-184: a name is resolved once for each fetch, and what was looked at is connected to; SNI uses the name."""
    inn.names.answer(["127.0.0.1"], ["127.0.0.1"], ["127.0.0.2"])
    tls = authority.serve(hosts=["127.0.0.1", "keys.example"])
    with inn.open(allow_private=["127.0.0.1/32"], tls=tls) as scene:
        port = int(scene.verifier.issuer.split(":")[2].partition("/")[0])
        lead(scene, f"https://keys.example:{port}/jwks")
        scene.server.script(published(get_key("ES256")), path="/jwks")
        assert scene.status(token(scene)) == 200
        assert inn.names.asked == [("keys.example", port)]
        assert [each.headers["host"] for each in scene.server.requests][-1] == f"keys.example:{port}"
        scene.pass_time(600)
        assert (len(inn.names.asked), keys_asked(scene)) == (2, 2)
        scene.pass_time(600)  # now it is somewhere else, inside
        assert (scene.outcomes["address"] >= 1, keys_asked(scene)) == (True, 2)
        assert scene.status(token(scene)) == 200


def test_a_certificate_for_another_name(inn: Inn, authority: Authority) -> None:
    """B-54: a server at the right address that is not the one of the name is not asked."""
    inn.names.answer(["127.0.0.1"])
    with inn.open(allow_private=["127.0.0.0/8"], tls=authority.serve(hosts=["127.0.0.1"])) as scene:
        port = scene.verifier.issuer.split(":")[2].partition("/")[0]
        lead(scene, f"https://keys.example:{port}/jwks")
        DOWN.check(scene.send(token(scene)), method="GET", bank={})
        assert (scene.outcomes, keys_asked(scene)) == ({"tls": 1}, 0)


@pytest.mark.parametrize("port", [22, 25, 80, 6379, 8443, 65535])
def test_ports(inn: Inn, port: int) -> None:
    """B-56: keys are at port 443, or at the port of the issuer itself: metadata is no way to knock at others."""
    inn.names.answer(["8.8.8.8"])
    with inn.open() as scene:
        lead(scene, f"https://keys.example:{port}/jwks")
        DOWN.check(scene.send(token(scene)), method="GET", bank={})
        assert scene.outcomes == {"port": 1}
        assert inn.names.asked == []


@pytest.mark.parametrize(
    "jwks_uri",
    ["https://u:p@keys.example/jwks", "https://@keys.example/", "https://keys.example/jwks#x", "https://a b.example/"],
)
def test_urls_with_more_in_them(inn: Inn, jwks_uri: str) -> None:
    """B-56: userinfo, a fragment or a blank in the address of the keys is refused before anybody is asked."""
    with inn.open() as scene:
        lead(scene, jwks_uri)
        DOWN.check(scene.send(token(scene)), method="GET", bank={})
        assert scene.outcomes == {"url": 1}


def test_the_issuer_itself_may_be_inside(inn: Inn) -> None:
    """A-185: an issuer that was configured at a private address may have its keys there, and only there."""
    with inn.open() as scene:
        lead(scene, scene.server.url("/keys"))
        scene.server.script(published(get_key("ES256")), path="/keys")
        assert [scene.status(token(scene), face=face) for face in FACES] == [200, 200]
        assert keys_asked(scene) == 1


def test_redirects_to_the_inside(inn: Inn) -> None:
    """B-53: neither metadata nor keys are looked for where a redirect says."""
    with inn.open() as scene:
        inside = scene.server.url("/inside")
        scene.server.script(redirect(inside))
        DOWN.check(scene.send(token(scene)), method="GET", bank={})
        lead(scene, scene.server.url("/keys"))
        scene.server.script(redirect(inside), path="/keys")
        scene.clock.advance(1)
        DOWN.check(scene.send(token(scene)), method="GET", bank={})
        assert scene.outcomes == {"redirect": 2}
        assert "/inside" not in [request.path for request in scene.server.requests]


@pytest.mark.parametrize("allowed", [(), ("127.0.0.1/32",)], ids=["held", "allowed"])
def test_a_fetch_of_ones_own_is_held_too(inn: Inn, authority: Authority, allowed: Sequence[str]) -> None:
    """B-56: metadata leads nowhere inside, also where the application brought a fetch, for its own authorities say."""
    inn.names.answer(["127.0.0.1"])
    tls = authority.serve(hosts=["127.0.0.1", "keys.example"])
    with inn.open(tls=tls) as scene:
        port = scene.verifier.issuer.split(":")[2].partition("/")[0]
        lead(scene, f"https://keys.example:{port}/jwks")
        scene.server.script(published(get_key("ES256")), path="/jwks")
        fetch = HTTPFetch(resolve=inn.names, ca_bundle=authority.bundle)
        issuer = scene.verifier.issuer
        scene.guard(
            JWTVerifier(issuer=issuer, audience=AUDIENCE, fetch=fetch, clock=scene.clock, allow_private=allowed)
        )
        assert (scene.status(token(scene)), keys_asked(scene)) == ((200, 1) if allowed else (503, 0))


def test_a_host_whose_first_address_does_not_answer() -> None:
    """B-56: all addresses were looked at, and the first that answers serves: one of IPv6 may lead nowhere from here."""
    with FaultServer() as server:
        server.script(ok({}))
        origin = server.url("", host="keys.example")
        fetch = HTTPFetch(
            resolve=lambda host, port: ["127.0.0.9", "127.0.0.1"],
            allow_http=[origin],
            trusted=[server.url("/")],
            allow_private=["127.0.0.0/8"],
        )
        assert fetch(f"{origin}/jwks", {}).body == b"{}"


def test_an_issuer_whose_address_somebody_else_chose() -> None:
    """B-56: with `trust_issuer_address=False` the issuer's own address must be public too, or nothing is fetched."""
    with LocalIssuer(algorithm="ES256", audience=AUDIENCE) as issuer:
        for trusted, outcomes in ((True, {"fetched": 1}), (False, {"port": 1})):
            verifier = JWTVerifier(issuer=issuer.url, audience=AUDIENCE, trust_issuer_address=trusted)
            authenticator = Authenticator(verifier)
            assert run(authenticator.ready()) is trusted
            assert [each.fetches for each in authenticator.health().issuers] == [outcomes]
