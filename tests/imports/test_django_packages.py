"""Keys made by the real djangorestframework-api-key and django-rest-knox work here with the very texts (K-14)."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import flask
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from authmux import (
    APIKeyVerifier,
    Authenticator,
    ImportReport,
    Owner,
    OwnerType,
    PATVerifier,
    Peppers,
    TokenFormat,
    TokenService,
    current_principal,
    drf_api_keys,
    from_drf_api_key,
    from_knox,
    knox_tokens,
    requires,
    system,
)
from authmux.flask import install as install_on_flask
from authmux.starlette import AuthMiddleware
from authmux.stores.foreign import ForeignName
from authmux.stores.sql import SQLStore

BY = system("import")
ALGORITHMS = ["sha512", "pbkdf2-sha256", "argon2", "bcrypt-sha256"]
TOKENS = TokenFormat(prefix="acme", peppers=Peppers({"p1": b"a" * 32}))

KEYS = ["key", "same name", "to expire", "pbkdf2_sha256", "argon2", "bcrypt_sha256"]
USERS = {"knox ada": "1", "knox bob": "2", "knox without end": "1"}


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Run the Django project once; return its database and the texts that it printed."""
    path = tmp_path_factory.mktemp("django") / "db.sqlite3"
    command = [sys.executable, "-m", "tests.imports.django_project", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return path, json.loads(done.stdout)


@pytest.fixture
def texts(project: tuple[Path, dict[str, str]]) -> Mapping[str, str]:
    """Return the texts of the keys, by what they are."""
    return project[1]


@pytest.fixture
def rows(project: tuple[Path, dict[str, str]]) -> Iterator[sqlite3.Connection]:
    """Give the other application's database, as one reads it with nothing but Python."""
    with closing(sqlite3.connect(project[0])) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SQLStore]:
    """Give a store of ours."""
    with closing(SQLStore(f"sqlite:///{tmp_path}/keys.db")) as store:
        store.create_schema()
        yield store


@pytest.fixture
def service(store: SQLStore) -> TokenService:
    """Give a service."""
    return TokenService(store, TOKENS)


def owner_of(row: Mapping[str, Any]) -> Owner:
    """Return the user whose a token of knox is."""
    return Owner(OwnerType.USER, "acme", str(row["user_id"]))


def import_all(service: TokenService, rows: sqlite3.Connection) -> tuple[ImportReport, ImportReport]:
    """Import both tables."""
    keys = rows.execute("SELECT * FROM rest_framework_api_key_apikey")
    tokens = rows.execute("SELECT * FROM knox_authtoken")
    return (
        service.import_foreign(from_drf_api_key(keys, scopes=["reports:read"]), by=BY),
        service.import_foreign(from_knox(tokens, scopes=["reports:read"], owner=owner_of), by=BY),
    )


def verifiers(store: SQLStore, *, algorithms: list[str] | None = None) -> tuple[APIKeyVerifier, PATVerifier]:
    """Return verifiers that take both shapes; without algorithms, only what was used since it was imported."""
    return (
        APIKeyVerifier(store, TOKENS, accept_digests=[drf_api_keys(algorithms=algorithms or ())]),
        PATVerifier(store, TOKENS, accept_digests=[knox_tokens(only_upgraded=not algorithms)]),
    )


def starlette_app(*doors: Any) -> TestClient:
    """Return a client of an application behind some verifiers."""

    @requires("reports:read")
    async def read(request: Request) -> JSONResponse:
        return JSONResponse({"type": type(request.user).__name__, "id": request.user.id})

    app = Starlette(routes=[Route("/reports", read)])
    app.add_middleware(AuthMiddleware, authenticator=Authenticator(*doors))
    return TestClient(app)


def status(client: TestClient, scheme: str, text: str) -> int:
    """Return how a request with a text is answered."""
    return int(client.get("/reports", headers={"Authorization": f"{scheme} {text}"}).status_code)


def test_everything_is_taken(service: TokenService, rows: sqlite3.Connection) -> None:
    """Every row of both tables is in a report, as taken (K-14)."""
    keys, tokens = import_all(service, rows)
    assert (len(keys.taken), keys.there, keys.refused) == (8, (), ())
    assert (len(tokens.taken), tokens.there, tokens.refused) == (5, (), ())


def test_keys_work_at_once(
    service: TokenService, store: SQLStore, rows: sqlite3.Connection, texts: Mapping[str, str]
) -> None:
    """Clients go on as they are: the same texts under the same scheme, `Api-Key` (K-14)."""
    import_all(service, rows)
    with starlette_app(*verifiers(store, algorithms=ALGORITHMS)) as client:
        assert {name: status(client, "Api-Key", texts[name]) for name in KEYS} == dict.fromkeys(KEYS, 200)
        assert {name: status(client, "Api-Key", texts[name]) for name in ("expired", "revoked")} == {
            "expired": 401,
            "revoked": 401,
        }
        assert status(client, "Api-Key", texts["key"][:-1] + "~") == 401
        assert status(client, "Api-Key", texts["key"][:-4] + "aaaa") == 401


def test_tokens_work_at_once(
    service: TokenService, store: SQLStore, rows: sqlite3.Connection, texts: Mapping[str, str]
) -> None:
    """Users' tokens are their users', under knox's scheme, `Token` (K-14)."""
    import_all(service, rows)
    with starlette_app(*verifiers(store, algorithms=ALGORITHMS)) as client:
        for name, user in USERS.items():
            answer = client.get("/reports", headers={"Authorization": f"Token {texts[name]}"})
            assert (answer.status_code, answer.json()) == (200, {"type": "User", "id": user})
        assert status(client, "Token", texts["knox expired"]) == 401


def test_tokens_with_a_prefix(
    service: TokenService, store: SQLStore, rows: sqlite3.Connection, texts: Mapping[str, str]
) -> None:
    """Tokens of knox with its TOKEN_PREFIX are of another shape, which is said where the verifier is made."""
    import_all(service, rows)
    door = PATVerifier(store, TOKENS, accept_digests=[knox_tokens(prefix="kx-")])
    with starlette_app(door) as client:
        assert status(client, "Token", texts["knox with prefix"]) == 200
        assert status(client, "Token", texts["knox ada"]) == 401


def test_on_flask(service: TokenService, store: SQLStore, rows: sqlite3.Connection, texts: Mapping[str, str]) -> None:
    """It is the same on a blocking face."""
    import_all(service, rows)
    app = flask.Flask(__name__)

    @app.get("/reports")
    @requires("reports:read")
    def read() -> str:
        return current_principal().display_name

    install_on_flask(app, Authenticator(*verifiers(store, algorithms=ALGORITHMS)))
    client = app.test_client()
    answers = [client.get("/reports", headers={"Authorization": f"Api-Key {texts[name]}"}) for name in KEYS[:4]]
    assert [answer.text for answer in answers] == ["partner", "partner", "trial", "pbkdf2_sha256"]


def test_upgraded_by_use(
    service: TokenService, store: SQLStore, rows: sqlite3.Connection, texts: Mapping[str, str]
) -> None:
    """What was used is under our pepper; then no foreign digest need be believed any more, only the shape (K-14)."""
    import_all(service, rows)
    doors = verifiers(store, algorithms=ALGORITHMS)
    with starlette_app(*doors) as client:
        assert [status(client, "Api-Key", texts[name]) for name in KEYS[1:]] == [200] * 5
        assert status(client, "Token", texts["knox bob"]) == 200
    for door in doors:
        door._moves.background.flush()
    assert {each.pepper_id: each.live_secrets for each in service.pepper_status(by=BY)} == {"": 4, "p1": 6}
    with starlette_app(*verifiers(store)) as client:
        assert [status(client, "Api-Key", texts[name]) for name in KEYS] == [401, *[200] * 5]
        assert status(client, "Token", texts["knox bob"]) == 200
        assert status(client, "Token", texts["knox ada"]) == 401
    with starlette_app(APIKeyVerifier(store, TOKENS), PATVerifier(store, TOKENS)) as client:
        assert status(client, "Api-Key", texts["same name"]) == 401  # of a shape that nobody knows any more


def test_repeated(service: TokenService, store: SQLStore, rows: sqlite3.Connection, texts: Mapping[str, str]) -> None:
    """An import that is repeated takes what is new, and leaves what was used or revoked here as it is (K-14)."""
    keys, _ = import_all(service, rows)
    key_id = keys.taken[ForeignName("drf-api-key", texts["key"][:8])]
    service.revoke(key_id, by=BY)
    again, tokens = import_all(service, rows)
    assert (len(again.taken), len(again.there), again.refused) == (0, 8, ())
    assert (len(tokens.taken), len(tokens.there)) == (0, 5)
    assert service.get(key_id, by=BY).revoked_at is not None
    with starlette_app(*verifiers(store, algorithms=ALGORITHMS)) as client:
        assert status(client, "Api-Key", texts["key"]) == 401
        assert status(client, "Api-Key", texts["same name"]) == 200


def test_no_text_is_kept(
    service: TokenService, store: SQLStore, rows: sqlite3.Connection, texts: Mapping[str, str], tmp_path: Path
) -> None:
    """Nothing of a text that is secret is in the database after the import and the use (K-10)."""
    import_all(service, rows)
    doors = verifiers(store, algorithms=ALGORITHMS)
    with starlette_app(*doors) as client:
        for name in KEYS[:4]:
            status(client, "Api-Key", texts[name])
        status(client, "Token", texts["knox ada"])
    for door in doors:
        door._moves.background.flush()
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.name.startswith("keys.db"))
    secrets = [texts[name].partition(".")[2] for name in KEYS] + [texts[name][:15] for name in USERS]
    assert not [each for each in secrets if each.encode() in kept]
    assert texts["key"][:8].encode() in kept  # what it is found by: so one knows that the search finds what is there
