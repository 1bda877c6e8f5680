"""The authenticator: a credential goes to the one verifier that knows its shape, and to no other."""

import asyncio
import json
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import OctKey, RSAKey

from authmux import (
    APIKeyVerifier,
    Authenticator,
    ConfigurationError,
    Fault,
    InvalidCredential,
    Kind,
    MemoryStore,
    PATVerifier,
    Peppers,
    PresentedCredential,
    Principal,
    TokenFormat,
    Unavailable,
    ask,
)
from authmux.flow import Flow, run, run_async
from authmux.peppers import new_pepper
from authmux.testing import LocalIssuer
from authmux.testing.manual_clock import ManualClock
from authmux.verifying.jwt import JWTVerifier
from authmux.verifying.verifier import IssuerVerifier, Verifier
from tests.fault_server import FaultServer, status
from tests.jose.token_maker import AUDIENCE, ISSUER, get_key, jwk, mint
from tests.verifying.jwt_door import JWKS_URI, CountingVerifier, Door, admit, es256_door, refusal
from tests.verifying.scripted_fetch import ScriptedFetch, keys_of


class PrefixVerifier:
    """Takes what begins with its prefix, believes all of it or none, and counts.

    Arguments:
        prefix: what it takes.
        error: raised instead of believing.
        port: a function that it asks.
    """

    def __init__(
        self, prefix: str, *, error: Exception | None = None, port: Callable[[], object] | None = None
    ) -> None:
        self.verified = 0
        self.started = 0
        self._prefix = prefix
        self._error = error
        self._port = port

    def recognises(self, text: str) -> bool:
        return text.startswith(self._prefix)

    def verify(self, credential: PresentedCredential) -> Flow[Principal]:
        self.verified += 1
        if self._error:
            raise self._error
        if self._port:
            yield from ask(self._port)
        return Principal(id=credential.text, issuer=self._prefix)

    def start(self) -> Flow[None]:
        self.started += 1
        yield from ()

    def ports(self) -> Iterable[Callable[..., object]]:
        return (self._port,) if self._port else ()


def jwt_verifier(fetch: ScriptedFetch | None = None, **options: str) -> JWTVerifier:
    return JWTVerifier(
        issuer=options.get("issuer", ISSUER),
        audience=AUDIENCE,
        jwks_uri=JWKS_URI,
        fetch=fetch or ScriptedFetch(keys_of(get_key("ES256"))),
        clock=ManualClock(),
    )


def tokens(prefix: str = "acme", *former: str) -> TokenFormat:
    return TokenFormat(prefix=prefix, former_prefixes=former, peppers=Peppers({"p1": new_pepper()}))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_a_credential_goes_to_whom_it_belongs(order: tuple[int, ...]) -> None:
    """B-03: the shape decides, in whatever order the verifiers were given."""
    verifiers: list[Verifier | IssuerVerifier] = [PrefixVerifier("a_"), PrefixVerifier("b_"), jwt_verifier()]
    authenticator = Authenticator(*[verifiers[each] for each in order], clock=ManualClock())
    assert admit(authenticator, "a_1").issuer == "a_"
    assert admit(authenticator, "b_1").issuer == "b_"
    assert admit(authenticator, mint(get_key("ES256"))).issuer == ISSUER


@pytest.mark.parametrize(
    "text",
    ["", "x", "undefined", "null", "acme", "a", "a.b", "a.b.c.d", ".", "...", "a_", "acme_key", "acme-key_x", "Ａ_1"],
)
def test_a_shape_that_nobody_knows(text: str) -> None:
    """A-065: what no verifier recognises is refused, and nobody is asked about it."""
    fetch, store = ScriptedFetch(keys_of(get_key("ES256"))), MemoryStore()
    authenticator = Authenticator(APIKeyVerifier(store, tokens()), PATVerifier(store, tokens()), jwt_verifier(fetch))
    error = refusal(authenticator, text)
    assert (error.fault, error.reason) == (Fault.MALFORMED, "unknown_shape")
    assert fetch.requests == []


def test_a_bad_credential_is_not_tried_elsewhere() -> None:
    """B-03: once a verifier has recognised a text it is his, and his refusal is final."""
    first = PrefixVerifier("a_", error=InvalidCredential(Fault.REVOKED, "no"))
    second = PrefixVerifier("a_")
    assert refusal(Authenticator(first, second), "a_1").reason == "no"
    assert (first.verified, second.verified) == (1, 0)


@pytest.mark.parametrize(
    "error", [Unavailable("store"), RuntimeError("a bug"), ZeroDivisionError()], ids=lambda e: type(e).__name__
)
def test_what_a_verifier_raises_goes_on(error: Exception) -> None:
    """B-75: an outage or a bug is handed on as it is, and never turns into another verifier's yes."""
    second = PrefixVerifier("a_")
    with pytest.raises(type(error)) as caught:
        admit(Authenticator(PrefixVerifier("a_", error=error), second), "a_1")
    assert caught.value is error
    assert second.verified == 0


@pytest.mark.parametrize("shape", ["acme_key_{}", "acme_pat_{}", "old_key_{}"])
def test_one_of_our_prefixes_with_two_dots(shape: str) -> None:
    """B-03: a text that begins as our own does is never taken for a JWT, though it has a JWT's dots."""
    format_, store = tokens("acme", "old"), MemoryStore()
    authenticator = Authenticator(jwt_verifier(), APIKeyVerifier(store, format_), PATVerifier(store, format_))
    assert refusal(authenticator, shape.format("a.b.c")).reason == "token_shape"
    assert refusal(authenticator, shape.format(mint(get_key("ES256")))).reason in {"token_shape", "token_too_long"}


def test_a_good_token_behind_a_prefix() -> None:
    """B-03: without a verifier for the prefix, such a text is a JWT, and a bad one."""
    assert refusal(es256_door().authenticator, "acme_key_" + mint(get_key("ES256"))).fault is Fault.MALFORMED


def test_our_own_keys_beside_jwts() -> None:
    """B-03: a made-up key of our own is looked up as a key, and no issuer hears of it."""
    fetch, format_ = ScriptedFetch(keys_of(get_key("ES256"))), tokens()
    authenticator = Authenticator(jwt_verifier(fetch), APIKeyVerifier(MemoryStore(), format_))
    assert refusal(authenticator, format_.make(Kind.KEY, "0" * 16)).reason == "unknown_id"
    assert fetch.requests == []


def encrypted(algorithm: str) -> str:
    """Return a genuine access token, encrypted to our issuer's public key or to a secret."""
    rsa = json.dumps(jwk(get_key("RS256"), alg=None, use=None))
    key = OctKey.import_key(b"k" * 32) if algorithm == "dir" else RSAKey.import_key(json.loads(rsa))
    return jwe.encrypt_compact({"alg": algorithm, "enc": "A256GCM"}, mint(get_key("RS256")), key)


@pytest.mark.parametrize(
    "text", ["a.b.c.d.e", "....", pytest.param("dir", id="dir"), pytest.param("RSA-OAEP", id="RSA-OAEP")]
)
def test_five_segments(text: str) -> None:
    """A-029: a JWE is refused for its shape, before any key is looked at."""
    door = Door([get_key("RS256")])
    jwe_text = text if "." in text else encrypted(text)
    assert jwe_text.count(".") == 4
    assert door.refusal(jwe_text).reason == "unknown_shape"
    assert door.fetched == 0


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    """B-75: whatever text comes, it is refused, and nothing else happens."""
    error = refusal(ANYBODY, text)
    assert isinstance(error, InvalidCredential)


_STORE = MemoryStore()
ANYBODY = Authenticator(APIKeyVerifier(_STORE, tokens()), PATVerifier(_STORE, tokens()), jwt_verifier())


def test_no_verifier() -> None:
    """B-11: an authenticator that knows nothing is a mistake."""
    with pytest.raises(ConfigurationError):
        Authenticator()


@pytest.mark.parametrize(("remember", "judged"), [(0, 3), (1, 1)])
def test_no_memory(remember: int, judged: int) -> None:
    """B-60: with `remember=0` each token is verified on each request, and no verdict is held."""
    door = es256_door()
    counting = CountingVerifier(door.verifier)
    authenticator = Authenticator(counting, remember=remember, clock=door.clock)
    text = mint(get_key("ES256"))
    assert {admit(authenticator, text).id for _ in range(3)} == {"subject-1"}
    assert counting.judged == judged


def test_less_than_no_memory() -> None:
    """B-60: an authenticator remembers some verdicts, or none."""
    with pytest.raises(ConfigurationError, match="remembers"):
        Authenticator(jwt_verifier(), remember=-1)


def test_two_verifiers_for_one_issuer() -> None:
    """B-20: one of two verifiers for an issuer would never be asked."""
    with pytest.raises(ConfigurationError, match="one issuer"):
        Authenticator(jwt_verifier(), PrefixVerifier("a_"), jwt_verifier())


def test_two_issuers() -> None:
    """B-20: issuers that differ by a slash are two."""
    Authenticator(jwt_verifier(), jwt_verifier(issuer=ISSUER + "/"))


@pytest.mark.parametrize(
    ("first", "second", "is_refused"),
    [
        (("acme",), ("acme",), True),
        (("acme",), ("new", "acme"), True),
        (("acme",), ("other",), False),
    ],
    ids=["same prefix", "former prefix", "two prefixes"],
)
def test_two_verifiers_for_one_prefix(first: tuple[str, ...], second: tuple[str, ...], is_refused: bool) -> None:
    """B-03: two verifiers of keys are taken if they are for different prefixes."""
    verifiers = [APIKeyVerifier(MemoryStore(), tokens(*each)) for each in (first, second)]
    if is_refused:
        with pytest.raises(ConfigurationError, match="prefix"):
            Authenticator(*verifiers)
    else:
        Authenticator(*verifiers)


def test_keys_and_tokens_of_one_format() -> None:
    """B-03: keys and personal access tokens of one format are two shapes."""
    Authenticator(APIKeyVerifier(MemoryStore(), tokens()), PATVerifier(MemoryStore(), tokens()))


def test_start_prepares_everybody() -> None:
    """B-40: every verifier is started, as often as the face does."""
    verifiers = [PrefixVerifier("a_"), PrefixVerifier("b_")]
    authenticator = Authenticator(*verifiers, jwt_verifier())
    run(authenticator.start())
    asyncio.run(run_async(authenticator.start()))
    assert [each.started for each in verifiers] == [2, 2]


def test_both_colours() -> None:
    """B-03: an awaiting caller and a blocking one get the same principal."""
    authenticator = Authenticator(PrefixVerifier("a_", port=lambda: None), jwt_verifier(), clock=ManualClock())
    for text in ("a_1", mint(get_key("ES256"))):
        credential = PresentedCredential(text)
        assert asyncio.run(run_async(authenticator.verify(credential))) == run(authenticator.verify(credential))


async def awaiting() -> None:
    """Stand for an async store's method."""


def test_a_blocking_face_and_an_async_store() -> None:
    """B-03: what awaits is refused by a blocking face when it is put together, by name; the rest is not."""
    Authenticator(PrefixVerifier("a_", port=lambda: None), jwt_verifier()).require_blocking()
    with pytest.raises(ConfigurationError, match="awaiting"):
        Authenticator(PrefixVerifier("a_", port=awaiting), jwt_verifier()).require_blocking()


def test_ready_while_an_issuer_is_away() -> None:
    """B-40: an issuer that is away stops no start: `ready` says False, and raises nothing."""
    with FaultServer(status(500)) as server, LocalIssuer(algorithm="ES256", audience=AUDIENCE) as issuer:
        down = JWTVerifier(issuer=server.url(""), audience=AUDIENCE)
        authenticator = Authenticator(down, JWTVerifier(issuer=issuer.url, audience=AUDIENCE))
        assert run(authenticator.ready()) is False
        assert sorted(each.keys for each in authenticator.health().issuers) == [0, 1]
