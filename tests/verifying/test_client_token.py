"""A token for the issuer: to the origins that were configured, over TLS, as it is in the file now (B-54)."""

from pathlib import Path

import pytest

from authmux import ConfigurationError
from authmux.verifying.fetch import FetchFailed
from authmux.verifying.http_fetch import HTTPFetch
from tests.fault_server import FaultServer, ok
from tests.verifying.test_http_fetch import Authority

TOKEN = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    return path


def test_it_is_sent_over_tls(authority: Authority, file: Path) -> None:
    """B-54: the issuer that was configured sees the token, and a new one once the file has it."""
    with FaultServer(ok({}), tls=authority.serve()) as server:
        unheld = HTTPFetch(ca_bundle=authority.bundle, token_file=str(file))
        held = unheld.held_to(trusted=[server.url("")], allow_private=())
        unheld(server.url(), {})
        file.write_text("second")
        held(server.url(), {})
        assert [each.headers["authorization"] for each in server.requests] == [f"Bearer {TOKEN}", "Bearer second"]


def test_what_the_caller_says_counts_more(authority: Authority, file: Path) -> None:
    """A question with credentials of its own, as to an introspection endpoint, keeps them."""
    with FaultServer(ok({}), tls=authority.serve()) as server:
        HTTPFetch(ca_bundle=authority.bundle, token_file=str(file))(server.url(), {"Authorization": "Basic eA=="})
        assert [each.headers["authorization"] for each in server.requests] == ["Basic eA=="]


def test_it_is_not_sent_without_tls(file: Path) -> None:
    """B-54: nobody on the way may read it, on loopback neither."""
    with FaultServer(ok({})) as server:
        HTTPFetch(token_file=str(file))(server.url(), {})
        assert "authorization" not in server.requests[0].headers


def test_it_is_not_sent_elsewhere(authority: Authority, file: Path) -> None:
    """B-56: where metadata sends to another origin, that one does not see it."""
    with FaultServer(ok({}), tls=authority.serve()) as server:
        fetch = HTTPFetch(ca_bundle=authority.bundle, token_file=str(file), resolve=lambda *_: ["127.0.0.1"])
        trusted = server.url("", host="elsewhere")  # the same port, which a learnt origin may have
        held = fetch.held_to(trusted=[trusted], allow_private=["127.0.0.0/8"])
        assert held(server.url(host="localhost"), {}).status == 200
        assert "authorization" not in server.requests[0].headers


@pytest.mark.parametrize("content", [None, "", "two words", "é", "a\nb"], ids=ascii)
def test_files_without_a_token(
    authority: Authority, file: Path, content: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """B-11: what is no token is refused at the start, and said later on; it is never shown."""
    fetch = HTTPFetch(ca_bundle=authority.bundle, token_file=str(file))
    if content is None:
        file.unlink()
    else:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="token_file"):
        HTTPFetch(token_file=str(file))
    with FaultServer(ok({}), tls=authority.serve()) as server:
        fetch(server.url(), {})
        assert "authorization" not in server.requests[0].headers
    assert "cannot be used" in caplog.text
    assert "two words" not in caplog.text


def test_it_is_not_shown(authority: Authority, file: Path) -> None:
    """No error and no repr holds the token."""
    fetch = HTTPFetch(ca_bundle=authority.bundle, token_file=str(file))
    with FaultServer(ok({}), tls=authority.serve()) as server:
        url = server.url()
    with pytest.raises(FetchFailed) as caught:
        fetch(url, {})
    assert TOKEN not in f"{caught.value!r} {caught.value.__cause__!r} {fetch!r} {vars(fetch)!r}"
