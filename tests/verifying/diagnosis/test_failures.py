"""Every reason for which a document cannot be had is told in words, with what to do, and with its cause."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from authmux import ConfigurationError
from authmux.verifying.diagnosis import Examination, VerifierOptions, examine
from authmux.verifying.diagnosis.failures import FAILURES
from tests.docs.operator_words import fetch_reasons
from tests.fault_server import FaultServer, ok, status
from tests.ports import find_port
from tests.verifying.diagnosis.scripted_issuer import JWKS, PATH, examined, scripted_issuer, the_wrong_one
from tests.verifying.test_http_fetch import Authority

OF_KEY_SETS = {"keys", "no_usable_key"}  # no failures to fetch: the check of the key set tells them


def test_every_reason_has_words() -> None:
    """Whatever a fetch may fail for is in the table; statuses are told by their numbers."""
    assert FAILURES.keys() | OF_KEY_SETS | {"status_*"} == fetch_reasons()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def over_tls(context: ssl.SSLContext, ca_bundle: str | None) -> Examination:
    with FaultServer(tls=context) as server:
        server.script(ok({"keys": []}), path=JWKS)
        return examine(VerifierOptions(issuer=server.url(PATH), jwks_uri=server.url(JWKS)), ca_bundle=ca_bundle)


@pytest.mark.parametrize(
    ("make_context", "is_bundled", "cause"),
    [
        pytest.param(lambda authority: authority.serve(), False, "local issuer", id="unknown authority"),
        pytest.param(lambda authority: authority.serve_self_signed(), False, "self-signed", id="self-signed"),
        pytest.param(lambda authority: authority.serve(hosts=["idp.example"]), True, "not valid for", id="other host"),
    ],
)
def test_what_is_wrong_with_tls(
    authority: Authority, make_context: Callable[[Authority], ssl.SSLContext], is_bundled: bool, cause: str
) -> None:
    """B-54: a certificate that is not believed is told as that, with what the TLS library says."""
    wrong = the_wrong_one(over_tls(make_context(authority), authority.bundle if is_bundled else None))
    assert "certificate" in wrong.says
    assert cause in wrong.says
    assert "--ca-bundle" in wrong.advice


def test_an_authority_of_ones_own(authority: Authority) -> None:
    """With its bundle the certificate is good, and it is the key set that is wrong here."""
    wrong = the_wrong_one(over_tls(authority.serve(), authority.bundle))
    assert "no key that could be used" in wrong.says


def test_a_server_without_tls() -> None:
    """Plain HTTP where TLS is due is a fault of TLS."""
    with FaultServer(ok({}), mute=True) as server:
        assert "TLS" in the_wrong_one(examine(VerifierOptions(issuer=server.url(PATH, scheme="https")))).says


def test_nobody_listens() -> None:
    """A port without a server is told as one."""
    wrong = the_wrong_one(examine(VerifierOptions(issuer=f"http://127.0.0.1:{find_port()}")))
    assert "nobody answers" in wrong.says


def test_an_unknown_host() -> None:
    """RFC 6761 §6.4: a name below .invalid is never known."""
    wrong = the_wrong_one(examine(VerifierOptions(issuer="https://idp.invalid")))
    assert "not known" in wrong.says


def test_addresses_inside() -> None:
    """B-56: metadata that leads to another private host is followed only where that was allowed."""
    with scripted_issuer() as server:
        elsewhere = server.url(JWKS, host="localhost", scheme="https")
        server.script(
            ok({"issuer": server.url(PATH), "jwks_uri": elsewhere}), path=f"{PATH}/.well-known/openid-configuration"
        )
        server.script(
            ok({"issuer": server.url(PATH), "jwks_uri": elsewhere}),
            path=f"/.well-known/oauth-authorization-server{PATH}",
        )
        wrong = the_wrong_one(examined(server))
        assert "not public" in wrong.says
        assert "--allow-private" in wrong.advice
        allowed = the_wrong_one(examined(server, allow_private=("127.0.0.0/8", "::1/128")))
        assert "did not answer in time" in allowed.says  # it was asked, and speaks no TLS


def test_an_odd_port_elsewhere() -> None:
    """B-56: another host is asked at the usual port, or at the issuer's."""
    with scripted_issuer(jwks_uri="https://localhost:9/keys") as server:
        assert "unusual port" in the_wrong_one(examined(server)).says


def test_a_server_that_asks_to_wait() -> None:
    """What Retry-After says is passed on."""
    with scripted_issuer() as server:
        server.script(status(503, {"Retry-After": "20"}), path=JWKS)
        assert "wait for 20 s" in the_wrong_one(examined(server)).advice


def test_the_bundle(tmp_path: Path) -> None:
    """A bundle of nothing is said to be one, before anybody is asked."""
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(ConfigurationError, match="ca_bundle"):
        examine(VerifierOptions(issuer="https://idp.invalid"), ca_bundle=str(tmp_path / "empty.pem"))
