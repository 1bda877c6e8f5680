"""The command line on a real PostgreSQL: the same verbs, and no word of the password that stands in its URL."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from authmux import APIKeyVerifier, InvalidCredential, PresentedCredential, run
from authmux.stores.sql import SQLStore
from tests.cli.shop import Shop
from tests.postgres import PostgreSQL, postgresql

ISSUE = ("keys", "issue", "--name", "n", "--scope", "a:b")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    """Run a server."""
    with postgresql() as running:
        yield running


@pytest.fixture
def url(server: PostgreSQL, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of an empty schema, which the environment names."""
    url = server.url("psycopg", server.make_room())
    monkeypatch.setenv("AUTHMUX_STORE", url)
    monkeypatch.setenv("AUTHMUX_TRACEBACK", "1")
    return url


def test_verbs(shop: Shop, url: str) -> None:
    """Tables are made, a key is issued and verifies, is listed, rolled and revoked."""
    assert shop.run("init").code == 0
    text = shop.run(*ISSUE).out.strip()
    store = SQLStore(url)
    verifier = APIKeyVerifier(store, shop.tokens)
    assert run(verifier.verify(PresentedCredential(text))).scopes == {"a:b"}
    [record] = shop.run("keys", "list", "--state", "active", "-o", "json").json
    assert shop.run("keys", "roll", record["id"]).code == 0
    assert shop.run("keys", "revoke", record["id"], "--yes").code == 0
    with pytest.raises(InvalidCredential):
        run(verifier.verify(PresentedCredential(text)))
    store.close()


def test_moved_here(shop: Shop, url: str) -> None:
    """A shop moves from its file to the server, and goes on there; no word of the password is said."""
    file = f"sqlite:///{shop.directory / 'keys.db'}"
    text = shop.issue("--client", "billing", "--store", file).out.strip()
    credential_id = text.split("_")[2]
    said = []
    for words in (
        ("migrate", "--from", file, "--to", url),
        ("upgrade",), ("pepper", "status"), ("keys", "edit", credential_id, "--add-scope", "a:b"),
        ("keys", "disable", credential_id, "--yes"), ("keys", "enable", credential_id), ("usage", credential_id),
        ("clients", "suspend", "billing", "--yes"), ("clients", "reactivate", "billing"), ("clients", "list"),
        ("deny", "add", "issuer", "--issuer", "https://idp.example/", "--yes"), ("deny", "list"),
        ("audit", "tail"), ("audit", "verify"), ("keys", "delete", credential_id, "--yes"),
        ("keys", "undelete", credential_id), ("revoke-all", "--owner", "client:billing", "--yes"),
    ):  # fmt: skip
        done = shop.run(*words)
        assert done.code == 0, (words, done.err)
        said.append(done.out + done.err)
    assert "every row is equal" in said[0]
    assert "revoked: 1 key or token" in said[-1]
    assert str(urlsplit(url).password) not in "".join(said)
    store = SQLStore(url)
    with pytest.raises(InvalidCredential):
        run(APIKeyVerifier(store, shop.tokens).verify(PresentedCredential(text)))
    store.close()


@pytest.mark.parametrize("words", [ISSUE, ("keys", "list"), ("keys", "revoke", "0" * 16, "--yes")], ids=lambda w: w[1])
def test_no_tables(shop: Shop, url: str, words: tuple[str, ...]) -> None:
    """Without tables it is said what to run (K-15), and the password is not said."""
    done = shop.run(*words)
    assert (done.code, done.out) == (5, "")
    assert "run `authmux init`" in done.err
    assert str(urlsplit(url).password) not in done.err


@pytest.mark.parametrize("change", ["password", "port", "database"])
def test_no_way_in(shop: Shop, url: str, change: str) -> None:
    """A database that lets nobody in, or is not there, is said to be away, without the password (K-92)."""
    parts = urlsplit(url)
    old, new = {
        "password": (f":{parts.password}@", ":hunter2two@"),
        "port": (f":{parts.port}/", ":1/"),
        "database": (parts.path, "/nowhere"),
    }[change]
    done = shop.run("keys", "list", "--store", url.replace(old, new))
    assert (done.code, done.out) == (5, "")
    assert "the store does not answer: " in done.err
    assert not [each for each in (str(parts.password), "hunter2two") if each in done.err]
