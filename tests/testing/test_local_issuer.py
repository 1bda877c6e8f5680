"""The local issuer behaves as a real authorization server: its documents, its tokens, its refusals."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote_plus

import httpx2
import jwt
import pytest
from authlib.integrations.requests_client import OAuth2Session

from authmux.errors import ConfigurationError
from authmux.testing.local_issuer import LocalIssuer
from authmux.testing.loopback_server import BODY_LIMIT
from authmux.testing.manual_clock import ManualClock
from authmux.testing.signing_key import ALGORITHMS, SigningKey

AUDIENCE = "https://api.example.com"
SECRET = "a secret"
CLIENT = {"client_id": "reports-job", "client_secret": SECRET}
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def issuer() -> Iterator[LocalIssuer]:
    """Run an issuer with one client; ES256, because its keys are made quickly."""
    with LocalIssuer(algorithm="ES256", audience=AUDIENCE) as running:
        running.add_client("reports-job", SECRET, scopes=("reports:read", "reports:write"))
        yield running


@pytest.fixture
def http() -> Iterator[httpx2.Client]:
    """Give an HTTP client that heeds no proxy of the machine."""
    with httpx2.Client(trust_env=False, timeout=5) as client:
        yield client


def verify(issuer: LocalIssuer, token: str) -> dict[str, object]:
    """Verify a token as an API would, with the published keys, and return its claims."""
    key_set = httpx2.get(issuer.jwks_uri, trust_env=False).json()
    key = jwt.PyJWKSet.from_dict(key_set)[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, key, algorithms=[key.algorithm_name], audience=AUDIENCE, issuer=issuer.url)


def connect(issuer: LocalIssuer) -> socket.socket:
    """Open a connection for what no HTTP client would send."""
    return socket.create_connection(("127.0.0.1", httpx2.URL(issuer.url).port or 0), timeout=5)


def hang_up(issuer: LocalIssuer) -> None:
    """Reset a connection in the middle of a request, and wait until its thread has ended."""
    before = threading.active_count()
    with connect(issuer) as connection:
        connection.sendall(b"GET /jwks")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)


@pytest.mark.parametrize("name", ["oauth-authorization-server", "openid-configuration"])
def test_discovery(issuer: LocalIssuer, http: httpx2.Client, name: str) -> None:
    """Both discovery documents say where everything is and what is supported."""
    answer = http.get(f"{issuer.url}/.well-known/{name}")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "issuer": issuer.url,
        "jwks_uri": f"{issuer.url}/jwks",
        "token_endpoint": f"{issuer.url}/token",
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "response_types_supported": ["none"],
        "subject_types_supported": ["public"],
        "scopes_supported": ["reports:read", "reports:write"],
    }


def test_discovery_without_scopes(http: httpx2.Client) -> None:
    """A list that would be empty is left out of the discovery document (RFC 8414 §3.2)."""
    with LocalIssuer(algorithm="EdDSA") as issuer:
        assert "scopes_supported" not in http.get(f"{issuer.url}/.well-known/openid-configuration").json()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_published_key_verifies(algorithm: str) -> None:
    """A token of any algorithm is verified by the key that the issuer publishes."""
    with LocalIssuer(algorithm=algorithm, audience=AUDIENCE) as issuer:
        assert verify(issuer, issuer.token(subject="reports-job"))["sub"] == "reports-job"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_jwk_is_public(algorithm: str) -> None:
    """A published key says what it is for and nothing private."""
    jwk = SigningKey.generate(algorithm).public_jwk
    assert (jwk["alg"], jwk["use"]) == (algorithm, "sig")
    assert not jwk.keys() & {"d", "p", "q", "dp", "dq", "qi", "key_ops"}


@pytest.mark.parametrize(
    ("max_age", "expected"), [(600, "max-age=600"), (0, "max-age=0"), (None, None)], ids=["some", "zero", "none"]
)
def test_jwks_max_age(http: httpx2.Client, max_age: int | None, expected: str | None) -> None:
    """The key set may be cached for as long as the constructor was told."""
    with LocalIssuer(algorithm="EdDSA", jwks_max_age=max_age) as issuer:
        assert http.get(issuer.jwks_uri).headers.get("cache-control") == expected


def test_token_follows_rfc_9068() -> None:
    """A minted token has the header and the claims of RFC 9068, counted from the issuer's clock."""
    with LocalIssuer(algorithm="ES256", audience=AUDIENCE, clock=ManualClock(1_700_000_000.75)) as issuer:
        token = issuer.token(subject="ada", client_id="reports-job", scope="reports:read", expires_in=60)
        claims = jwt.decode(token, options={"verify_signature": False})
        assert jwt.get_unverified_header(token) == {"typ": "at+jwt", "alg": "ES256", "kid": issuer.key.kid}
        assert claims.pop("jti")
        assert claims == {
            "iss": issuer.url,
            "sub": "ada",
            "aud": AUDIENCE,
            "exp": 1_700_000_060,
            "iat": 1_700_000_000,
            "client_id": "reports-job",
            "scope": "reports:read",
        }


def test_claims_and_headers_override(issuer: LocalIssuer) -> None:
    """What the caller gives replaces or extends the usual claims and headers."""
    token = issuer.token(subject="ada", claims={"sub": "eve", "tenant": 7}, headers={"typ": "JWT", "x": [1]})
    claims, header = verify(issuer, token), jwt.get_unverified_header(token)
    assert (claims["sub"], claims["tenant"], header["typ"], header["x"]) == ("eve", 7, "JWT", [1])


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope"])
def test_none_removes_a_claim(issuer: LocalIssuer, name: str) -> None:
    """A claim given as None is not in the token."""
    token = issuer.token(subject="ada", scope="reports:read", claims={name: None})
    assert name not in jwt.decode(token, options={"verify_signature": False})


@pytest.mark.parametrize("name", ["typ", "kid", "alg"])
def test_none_removes_a_header(issuer: LocalIssuer, name: str) -> None:
    """A header given as None is not in the token."""
    assert name not in jwt.get_unverified_header(issuer.token(subject="ada", headers={name: None}))


def test_typ_may_be_left_out() -> None:
    """An issuer made with typ=None writes no such header."""
    with LocalIssuer(algorithm="EdDSA", typ=None) as issuer:
        assert "typ" not in jwt.get_unverified_header(issuer.token(subject="ada"))


@pytest.mark.parametrize("claimed", ["none", "HS256", "RS256"])
def test_forged_algorithm(issuer: LocalIssuer, claimed: str) -> None:
    """A token may claim any algorithm, and is signed by the issuer's key nevertheless."""
    token = issuer.token(subject="ada", headers={"alg": claimed})
    assert jwt.get_unverified_header(token)["alg"] == claimed
    with pytest.raises(jwt.InvalidTokenError):
        verify(issuer, token)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_client_credentials(issuer: LocalIssuer, method: str) -> None:
    """A real OAuth client gets a token that verifies, with all its scopes, however it authenticates."""
    session: Any = OAuth2Session("reports-job", SECRET, token_endpoint_auth_method=method)
    session.trust_env = False
    with closing(session):
        answer = session.fetch_token(issuer.token_endpoint, grant_type="client_credentials")
    claims = verify(issuer, answer["access_token"])
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    assert answer["scope"] == claims["scope"] == "reports:read reports:write"
    assert claims["sub"] == claims["client_id"] == "reports-job"


def test_token_answer_is_not_cached(issuer: LocalIssuer, http: httpx2.Client) -> None:
    """Neither a token nor a refusal may be stored on the way (RFC 6749 §5.1)."""
    answers = [http.post(issuer.token_endpoint, data=form) for form in (GRANT | CLIENT, GRANT)]
    assert [(answer.status_code, answer.headers["cache-control"]) for answer in answers] == [
        (200, "no-store"),
        (401, "no-store"),
    ]


@pytest.mark.parametrize(
    ("form", "scope"),
    [
        ({"scope": "reports:read"}, "reports:read"),
        ({"scope": "reports:write reports:read"}, "reports:write reports:read"),
        ({"scope": "reports:read reports:read"}, "reports:read"),
        ({"scope": ""}, "reports:read reports:write"),
        ({"audience": AUDIENCE}, "reports:read reports:write"),
        ({"resource": AUDIENCE}, "reports:read reports:write"),
    ],
    ids=["subset", "all, in its order", "twice", "empty is omitted", "audience", "resource"],
)
def test_granted(issuer: LocalIssuer, http: httpx2.Client, form: dict[str, str], scope: str) -> None:
    """A client may narrow its scopes, and name the audience that it gets anyway."""
    answer = http.post(issuer.token_endpoint, data=GRANT | CLIENT | form).json()
    assert answer["scope"] == verify(issuer, answer["access_token"])["scope"] == scope


def test_client_without_scopes(issuer: LocalIssuer, http: httpx2.Client) -> None:
    """A client that may ask for nothing gets a token without a scope claim."""
    issuer.add_client("bare", SECRET)
    answer = http.post(issuer.token_endpoint, data=GRANT | CLIENT | {"client_id": "bare"}).json()
    assert "scope" not in verify(issuer, answer["access_token"])


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        (CLIENT, 400, "invalid_request"),
        (CLIENT | {"grant_type": "password"}, 400, "unsupported_grant_type"),
        (GRANT, 401, "invalid_client"),
        (GRANT | CLIENT | {"client_secret": "wrong"}, 401, "invalid_client"),
        (GRANT | CLIENT | {"client_id": "nobody"}, 401, "invalid_client"),
        (GRANT | {"client_id": "reports-job"}, 401, "invalid_client"),
        (GRANT | CLIENT | {"scope": "reports:read admin"}, 400, "invalid_scope"),
        (GRANT | CLIENT | {"audience": "https://other.example.com"}, 400, "invalid_target"),
        (GRANT | CLIENT | {"resource": "https://other.example.com"}, 400, "invalid_target"),
        (GRANT | CLIENT | {"audience": AUDIENCE, "resource": "urn:other"}, 400, "invalid_target"),
        (GRANT | CLIENT | {"scope": ["reports:read", "reports:write"]}, 400, "invalid_request"),
    ],
    ids=[
        "no grant type",
        "another grant type",
        "no client",
        "wrong secret",
        "unknown client",
        "no secret",
        "scope beyond the client's",
        "another audience",
        "another resource",
        "one of two targets",
        "a parameter twice",
    ],
)
def test_refused(
    issuer: LocalIssuer, http: httpx2.Client, form: dict[str, str | list[str]], status: int, error: str
) -> None:
    """A request that the token endpoint cannot grant is refused with the RFC's own error code."""
    answer = http.post(issuer.token_endpoint, data=form)
    assert (answer.status_code, answer.json()) == (status, {"error": error})


@pytest.mark.parametrize(
    "authorization",
    ["Basic cmVwb3J0cy1qb2I6d3Jvbmc=", "Basic", "Basic !", "Basic /w==", "Bearer cmVwb3J0cy1qb2I6YSBzZWNyZXQ="],
    ids=["wrong secret", "empty", "not base64", "not UTF-8", "another scheme"],
)
def test_wrong_authorization(issuer: LocalIssuer, http: httpx2.Client, authorization: str) -> None:
    """A header that holds no client's Basic credential is answered with a challenge for one (RFC 6749 §5.2)."""
    answer = http.post(issuer.token_endpoint, data=GRANT, headers={"Authorization": authorization})
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_two_ways_of_authenticating(issuer: LocalIssuer, http: httpx2.Client) -> None:
    """A client that authenticates in two places at once is refused (RFC 6749 §2.3)."""
    answer = http.post(issuer.token_endpoint, data=GRANT | CLIENT, auth=("reports-job", SECRET))
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})


@pytest.mark.parametrize("secret", ["a:b", "100%", "%41", "a+b c", "café", "=&?"], ids=ascii)
def test_special_characters_in_basic(issuer: LocalIssuer, http: httpx2.Client, secret: str) -> None:
    """Id and secret are form-urlencoded inside Basic, so that any character may be in them (RFC 6749 §2.3.1)."""
    issuer.add_client("job:é", secret)
    answer = http.post(issuer.token_endpoint, data=GRANT, auth=(quote_plus("job:é"), quote_plus(secret)))
    assert verify(issuer, answer.json()["access_token"])["sub"] == "job:é"


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b'{"grant_type": "client_credentials"}', "application/json"),
        (b"grant_type=\xff", "application/x-www-form-urlencoded"),
        (b"&".join([b"a=b"] * 99), "application/x-www-form-urlencoded"),
    ],
    ids=["JSON", "not UTF-8", "too many parameters"],
)
def test_unreadable_form(issuer: LocalIssuer, http: httpx2.Client, content: bytes, content_type: str) -> None:
    """A body that is not a readable form is refused."""
    answer = http.post(issuer.token_endpoint, content=content, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})


@pytest.mark.parametrize(
    ("size", "status"), [(BODY_LIMIT, 401), (BODY_LIMIT + 1, 413), (8 * BODY_LIMIT, 413)], ids=["at", "over", "far"]
)
def test_body_limit(issuer: LocalIssuer, http: httpx2.Client, size: int, status: int) -> None:
    """A body over the limit is refused unread, and the client hears of it."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert http.post(issuer.token_endpoint, content=b"a=".ljust(size, b"b"), headers=form).status_code == status


@pytest.mark.parametrize(
    "header",
    ["Content-Length: -1", f"Content-Length: {'9' * 5000}", "Transfer-Encoding: chunked"],
    ids=["negative", "huge", "chunked"],
)
def test_body_of_unknown_length(issuer: LocalIssuer, header: str) -> None:
    """A body whose end cannot be known is refused, and the connection with it."""
    with connect(issuer) as connection, connection.makefile("rb") as answer:
        connection.sendall(f"POST /token HTTP/1.1\r\n{header}\r\n\r\n".encode())
        head = answer.read()  # which returns, because the issuer closes
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"\r\nConnection: close\r\n" in head


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/", 404, None),
        ("GET", "/jwks/", 404, None),
        ("POST", "/nowhere", 404, None),
        ("POST", "/jwks", 405, "GET"),
        ("DELETE", "/.well-known/openid-configuration", 405, "GET"),
        ("GET", "/token", 405, "POST"),
        ("HEAD", "/jwks", 405, "GET"),
    ],
)
def test_wrong_door(
    issuer: LocalIssuer, http: httpx2.Client, method: str, path: str, status: int, allow: str | None
) -> None:
    """An unknown path or a wrong method is refused in JSON, and the connection stays usable."""
    answer = http.request(method, issuer.url + path, content=b"ignored")
    assert (answer.status_code, answer.headers.get("allow")) == (status, allow)
    assert answer.headers["content-type"] == "application/json"
    assert http.get(issuer.jwks_uri).status_code == 200


@pytest.mark.parametrize(("keep_old", "published"), [(True, 2), (False, 1)], ids=["keep", "drop"])
def test_rotate(issuer: LocalIssuer, http: httpx2.Client, keep_old: bool, published: int) -> None:
    """After a rotation the new key signs, and the old one is published only if it was kept."""
    old_key, old_token = issuer.key, issuer.token(subject="ada")
    new_key = issuer.rotate(keep_old=keep_old)
    kids = [jwk["kid"] for jwk in http.get(issuer.jwks_uri).json()["keys"]]
    assert kids == [key.kid for key in issuer.keys] == [new_key.kid, old_key.kid][:published]
    assert issuer.key is new_key
    assert verify(issuer, issuer.token(subject="ada"))["sub"] == "ada"
    assert (jwt.get_unverified_header(old_token)["kid"] in kids) is keep_old


def test_rotate_to_another_algorithm(issuer: LocalIssuer, http: httpx2.Client) -> None:
    """A rotation may change the algorithm, and discovery names both while both are published."""
    issuer.rotate(algorithm="EdDSA")
    metadata = http.get(f"{issuer.url}/.well-known/openid-configuration").json()
    assert metadata["id_token_signing_alg_values_supported"] == ["ES256", "EdDSA"]
    assert verify(issuer, issuer.token(subject="ada"))


def test_fetches_are_counted(issuer: LocalIssuer) -> None:
    """Every request is counted by its path, without its query, from however many threads."""
    urls = [issuer.jwks_uri, f"{issuer.jwks_uri}?again", f"{issuer.url}/nowhere"] * 4
    threads = [threading.Thread(target=httpx2.get, args=(url,), kwargs={"trust_env": False}) for url in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (issuer.fetches("/jwks"), issuer.fetches("/nowhere"), issuer.fetches("/token")) == (8, 4, 0)
    assert len(issuer.requests) == 12


def test_repr_hides_secrets(issuer: LocalIssuer) -> None:
    """Neither the issuer nor its key prints a secret or key material."""
    printed = repr(issuer) + repr(issuer.key) + repr(vars(issuer))
    assert issuer.key.kid in printed
    for hidden in (SECRET, "private", issuer.key.public_jwk["x"]):
        assert hidden not in printed


def test_nothing_is_logged(issuer: LocalIssuer, http: httpx2.Client, capfd: pytest.CaptureFixture[str]) -> None:
    """Serving, refusing and being hung up on print nothing."""
    http.get(issuer.jwks_uri)
    http.get(f"{issuer.url}/nowhere")
    hang_up(issuer)
    issuer.stop()
    assert capfd.readouterr() == ("", "")


def test_stop_twice(issuer: LocalIssuer, http: httpx2.Client) -> None:
    """A stopped issuer answers nobody, not even on a connection that was open, and may be stopped again."""
    http.get(issuer.jwks_uri)
    serving = {thread for thread in threading.enumerate() if thread.name == "local-issuer"}
    issuer.stop()
    issuer.stop()
    with pytest.raises(httpx2.TransportError):
        http.get(issuer.jwks_uri)
    # Another test's issuer may go on for the whole session; this one's thread is gone.
    assert len(serving - set(threading.enumerate())) == 1


def test_start_again(issuer: LocalIssuer, http: httpx2.Client) -> None:
    """An issuer that comes back after an outage has the same URL and the same keys."""
    url, token = issuer.url, issuer.token(subject="ada")
    issuer.stop()
    token_of_outage = issuer.token(subject="ada")
    issuer.start()
    assert issuer.url == url
    assert verify(issuer, token)["iss"] == verify(issuer, token_of_outage)["iss"] == url
    assert http.get(issuer.jwks_uri).status_code == 200


@pytest.mark.parametrize(
    ("mistake", "advice"),
    [
        (lambda _: LocalIssuer(algorithm="HS256"), "choose one of RS256"),
        (lambda _: SigningKey.generate("none"), "choose one of RS256"),
        (lambda issuer: issuer.rotate(algorithm="ES256K"), "choose one of RS256"),
        (lambda issuer: issuer.start(), "stop it before"),
        (lambda _: LocalIssuer(algorithm="EdDSA").url, "use it in a with block"),
        (lambda issuer: issuer.add_client("job", SECRET, scopes="reports:read"), "not one string"),
        (lambda issuer: issuer.add_client("job", ""), "neither of them empty"),
    ],
    ids=["algorithm", "key algorithm", "rotation", "started twice", "not started", "scopes", "empty secret"],
)
def test_mistakes(issuer: LocalIssuer, mistake: Callable[[LocalIssuer], object], advice: str) -> None:
    """A mistake in putting it together is named, with what to do instead."""
    with pytest.raises(ConfigurationError, match=advice):
        mistake(issuer)
