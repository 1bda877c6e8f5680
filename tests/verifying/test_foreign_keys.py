"""Keys that another library made: who is believed, by which digest, and what becomes of it when it is used (K-14)."""

import asyncio
import base64
import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from argon2 import PasswordHasher

from authmux.credential import PresentedCredential
from authmux.errors import AuthError, ConfigurationError, Fault, InvalidCredential, Unavailable
from authmux.flow import run, run_async
from authmux.foreign_shape import ForeignShape, digested_keys, drf_api_keys, knox_tokens, started_keys
from authmux.issuing.actor import system
from authmux.issuing.foreign_entry import ForeignEntry
from authmux.issuing.token_service import TokenService
from authmux.peppers import Peppers
from authmux.principal import AnonymousKey, Principal, User
from authmux.stores.foreign import ForeignName
from authmux.stores.memory import MemoryStore
from authmux.stores.record import Owner, OwnerType, Secret
from authmux.stores.sql import AsyncSQLStore, SQLStore
from authmux.testing.manual_clock import ManualClock
from authmux.token_format import Kind, TokenFormat
from authmux.verifying.authenticator import Authenticator
from authmux.verifying.issuer_resolver import IssuerResolver
from authmux.verifying.opaque import APIKeyVerifier, OpaqueVerifier, PATVerifier
from tests.verifying.watched_stores import CountingStore

BY = system("import")
TOKENS = TokenFormat(prefix="acme", peppers=Peppers({"p1": b"a" * 32}))
TEXT = "Ab3dEf9h." + "s" * 32
OTHER = TEXT[:-1] + "t"
ROUNDS = 1000


def pbkdf2(text: str, rounds: int = ROUNDS) -> bytes:
    """Return what Django keeps, in the form in which we keep it."""
    digest = base64.b64encode(hashlib.pbkdf2_hmac("sha256", text.encode(), b"salt", rounds))
    return b"%d$salt$%b" % (rounds, digest)


def salted(text: str) -> bytes:
    """Return a salt, and the digest of salt and text."""
    return b"salt$" + hashlib.sha256(b"salt" + text.encode()).hexdigest().encode()


DIGESTS: dict[str, Callable[[str], bytes]] = {
    "sha256": lambda text: hashlib.sha256(text.encode()).digest(),
    "sha512": lambda text: hashlib.sha512(text.encode()).digest(),
    "sha3-512": lambda text: hashlib.sha3_512(text.encode()).digest(),
    "salted-sha256": salted,
    "pbkdf2-sha256": pbkdf2,
    "argon2": lambda text: PasswordHasher(1, 64, 1).hash(text).encode(),
    "bcrypt": lambda text: bcrypt.hashpw(text.encode()[:72], bcrypt.gensalt(4)),
    "bcrypt-sha256": lambda text: bcrypt.hashpw(hashlib.sha256(text.encode()).hexdigest().encode(), bcrypt.gensalt(4)),
}


def entry(algorithm: str = "sha512", text: str = TEXT, **changes: Any) -> ForeignEntry:
    """Return a key of djangorestframework-api-key's shape, with a digest of some kind."""
    values: dict[str, Any] = {
        "foreign": ForeignName("drf-api-key", text[:8]),
        "algorithm": algorithm,
        "digest": DIGESTS[algorithm](text),
        "kind": Kind.KEY,
        "name": "partner",
        "scopes": frozenset({"reports:read"}),
    }
    return ForeignEntry(**values | changes)


def imported(store: Any, *entries: ForeignEntry) -> list[str]:
    """Import keys; return their ids."""
    report = TokenService(store, TOKENS).import_foreign(entries, by=BY)
    assert not report.refused
    return list(report.taken.values())


def shape(*algorithms: str) -> ForeignShape:
    """Return the shape, with the kinds of digests that are believed."""
    return drf_api_keys(algorithms=algorithms)


def verifier_on(store: Any, *shapes: ForeignShape, **options: Any) -> APIKeyVerifier:
    """Return a verifier of keys that takes some shapes."""
    return APIKeyVerifier(store, TOKENS, accept_digests=shapes, **options)


def verify(verifier: OpaqueVerifier, text: str = TEXT) -> Principal:
    """Verify, blocking."""
    return run(verifier.verify(PresentedCredential(text)))


def refusal(verifier: OpaqueVerifier, text: str = TEXT) -> AuthError:
    """Return how a text is refused."""
    with pytest.raises(AuthError) as caught:
        verify(verifier, text)
    return caught.value


def flush(verifier: OpaqueVerifier) -> None:
    """Have what was proved moved now."""
    verifier._moves.background.flush()


def secret_of(store: Any, key_id: str) -> Secret:
    """Return what is kept of a key."""
    record = store.find(key_id).record
    assert record is not None
    secret: Secret = record.secrets[0]
    return secret


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Give a store of each kind that remembers."""
    if request.param == "memory":
        yield MemoryStore()
        return
    with closing(SQLStore(f"sqlite:///{tmp_path}/keys.db")) as store:
        store.create_schema()
        yield store


each_kind = pytest.mark.parametrize("algorithm", DIGESTS)


@each_kind
def test_verifies_at_once(store: Any, algorithm: str) -> None:
    """An imported key is believed with the very text that was handed out once (K-14)."""
    key_id, *_ = imported(store, entry(algorithm))
    principal = verify(verifier_on(store, shape(algorithm)))
    assert type(principal) is AnonymousKey
    assert (principal.id, *principal.scopes) == (key_id, "reports:read")


@each_kind
def test_moves_with_the_first_use(store: Any, algorithm: str) -> None:
    """With its first use the digest becomes one of ours, off the request path, and is the only one believed (K-14)."""
    key_id, *_ = imported(store, entry(algorithm))
    verifier = verifier_on(store, shape(algorithm))
    verify(verifier)
    assert secret_of(store, key_id).algorithm == algorithm
    flush(verifier)
    secret = secret_of(store, key_id)
    assert (secret.algorithm, secret.pepper_id, secret.digest) == ("hmac-sha256", "p1", TOKENS.digest(TEXT, "p1"))
    for after in (verifier, verifier_on(store, shape(algorithm)), verifier_on(store, shape())):
        assert verify(after).id == key_id
        assert refusal(after, OTHER).reason == "unknown_secret"


@each_kind
def test_a_wrong_text(store: Any, algorithm: str) -> None:
    """A text that differs in one character proves nothing, and nothing moves (K-12, K-14)."""
    key_id, *_ = imported(store, entry(algorithm))
    verifier = verifier_on(store, shape(algorithm))
    error = refusal(verifier, OTHER)
    assert isinstance(error, InvalidCredential)
    assert (error.fault, error.reason, error.credential_id) == (None, "unknown_secret", None)
    flush(verifier)
    assert secret_of(store, key_id).algorithm == algorithm


@each_kind
def test_a_kind_that_is_not_listed(store: Any, algorithm: str) -> None:
    """A digest of a kind that the application did not list is not believed, though the text is right (K-14)."""
    imported(store, entry(algorithm))
    others = [each for each in DIGESTS if each != algorithm]
    assert refusal(verifier_on(store, shape(*others))).reason == "unknown_secret"
    assert refusal(verifier_on(store, shape())).reason == "unknown_secret"


def test_off_by_default(store: Any) -> None:
    """Without `accept_digests` the text is of a shape that nobody knows, also after it has moved (K-14)."""
    imported(store, entry())
    verifier = verifier_on(store, shape("sha512"))
    verify(verifier)
    flush(verifier)
    with pytest.raises(InvalidCredential, match="unknown_shape"):
        run(Authenticator(verifier_on(store)).verify(PresentedCredential(TEXT)))


@each_kind
def test_a_token_of_ours_is_proved_by_hmac_alone(store: Any, algorithm: str) -> None:
    """A text of our own shape is never proved by a foreign digest, whatever its row says (K-12, K-14)."""
    text = TOKENS.make(Kind.KEY, "0" * 16)
    planted = entry(algorithm, digest=DIGESTS[algorithm](text))
    key_id, *_ = imported(store, planted)
    with_its_id = TOKENS.make(Kind.KEY, key_id)
    service = TokenService(store, TOKENS)
    imported(
        store, entry(algorithm, foreign=ForeignName("drf-api-key", "other"), digest=DIGESTS[algorithm](with_its_id))
    )
    verifier = verifier_on(store, drf_api_keys(algorithms=list(DIGESTS)))
    assert refusal(verifier, text).reason == "unknown_id"
    assert refusal(verifier, with_its_id).reason == "unknown_secret"
    assert verify(verifier, service.issue_key(name="ours", scopes=["a:b"], by=BY).text)


def test_an_unknown_key(store: Any) -> None:
    """A text of the shape that nobody has is refused, and looked up once (K-23)."""
    counting = Through(CountingStore(store), store)
    verifier = verifier_on(counting, shape("sha512"))
    assert refusal(verifier).reason == refusal(verifier).reason == "unknown_id"
    assert counting.foreign_reads == 1


class Through:
    """A store through which one sees how often a foreign name is looked up."""

    def __init__(self, counting: CountingStore, kept: Any) -> None:
        self._counting, self._kept, self.foreign_reads = counting, kept, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kept, name)

    def find_foreign(self, name: ForeignName) -> Any:
        """Count, and find."""
        self.foreign_reads += 1
        return self._kept.find_foreign(name)


def test_it_is_remembered_under_the_revision(store: Any) -> None:
    """An imported record is remembered like every other, and read again after every change (K-21, K-22)."""
    key_id, *_ = imported(store, entry())
    counting = Through(CountingStore(store), store)
    verifier = verifier_on(counting, shape("sha512"))
    for _ in range(3):
        verify(verifier)
    assert counting.foreign_reads == 1
    TokenService(store, TOKENS).revoke(key_id, by=BY)
    error = refusal(verifier)
    assert (error.reason, error.credential_id) == ("revoked", key_id)
    assert counting.foreign_reads == 2


def test_an_import_is_seen_at_once(store: Any) -> None:
    """A key that was unknown a moment ago is believed as soon as it is imported (K-22)."""
    verifier = verifier_on(store, shape("sha512"))
    refusal(verifier)
    imported(store, entry())
    assert verify(verifier)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"expires_at": 1.0}, "expired"), ({"revoked_at": 1.0}, "revoked")],
    ids=["expired", "revoked"],
)
def test_state_of_what_was_imported(store: Any, changes: dict[str, Any], reason: str) -> None:
    """What was expired or revoked where it comes from, is so here (K-34…K-37)."""
    imported(store, entry(**changes))
    assert refusal(verifier_on(store, shape("sha512"))).reason == reason


def test_suspended_owner(store: Any) -> None:
    """An imported key of a client who is suspended is refused, until he is reactivated (K-40)."""
    key_id, *_ = imported(store, entry(owner=Owner(OwnerType.CLIENT, "acme", "partner")))
    verifier, service = verifier_on(store, shape("sha512")), TokenService(store, TOKENS)
    assert verify(verifier).id == "partner"
    service.suspend(client="partner", by=BY)
    error = refusal(verifier)
    assert (error.reason, error.credential_id) == ("suspended", key_id)
    service.reactivate(client="partner", by=BY)
    assert verify(verifier).id == "partner"


def test_rolled(store: Any) -> None:
    """An imported key that is rolled becomes one of ours; its old text works until the overlap is over (K-33)."""
    key_id, *_ = imported(store, entry())
    fresh = TokenService(store, TOKENS).roll(key_id, generation=1, by=BY)
    verifier = verifier_on(store, shape("sha512"))
    assert verify(verifier, fresh.text).id == verify(verifier, TEXT).id == key_id
    assert fresh.text.startswith("acme_key_")


def test_users_token(store: Any) -> None:
    """A token of knox is its user's, and another verifier's: a key's door does not know it."""
    text = "0123456789abcdef" * 4
    digest = hashlib.sha512(text.encode()).digest()
    foreign = ForeignName("knox", digest.hex()[:32])
    owner = Owner(OwnerType.USER, "acme", "7")
    imported(store, entry(foreign=foreign, digest=digest, kind=Kind.PAT, owner=owner))
    principal = verify(PATVerifier(store, TOKENS, accept_digests=[knox_tokens()]), text)
    assert type(principal) is User
    assert principal.id == "7"
    assert refusal(verifier_on(store, knox_tokens()), text).reason == "unknown_id"
    assert refusal(PATVerifier(store, TOKENS, accept_digests=[knox_tokens(only_upgraded=True)]), text).reason == (
        "unknown_secret"
    )


def test_two_verifiers_of_one_shape(store: Any) -> None:
    """The same shape for keys and for tokens is refused: the second verifier would never be asked (B-03)."""
    with pytest.raises(ConfigurationError, match="some text is both"):
        Authenticator(verifier_on(store, shape("sha512")), PATVerifier(store, TOKENS, accept_digests=[shape("sha512")]))


def test_a_shape_that_a_jwt_could_be_of(store: Any) -> None:
    """Where JWTs are taken no shape may have two dots; where none are, it may (B-03)."""

    def resolve(_: str) -> None:
        raise AssertionError

    verifier = verifier_on(store, digested_keys("dotted", characters="ab.", lengths=(20, 30)))
    Authenticator(verifier)
    with pytest.raises(ConfigurationError, match="a JWT"):
        Authenticator(verifier, IssuerResolver(resolve))


def test_a_shape_of_ours(store: Any) -> None:
    """A shape that a token of ours could be of is refused (K-14)."""
    with pytest.raises(ConfigurationError, match="a token of ours"):
        verifier_on(store, digested_keys("own", prefix="acme_", characters="kepat_", lengths=(5, 60)))


def test_a_store_that_cannot_keep_them() -> None:
    """A store without foreign names is refused while the program is put together."""
    plain: Any = CountingStore(MemoryStore())
    with pytest.raises(ConfigurationError, match="find_foreign"):
        verifier_on(plain, shape("sha512"))


def test_masked_in_addresses(store: Any) -> None:
    """What is of an imported shape is taken for a credential where addresses are masked (K-82)."""
    assert Authenticator(verifier_on(store, shape("sha512"))).is_ours(TEXT)
    assert not Authenticator(verifier_on(store)).is_ours(TEXT)


FORMLESS = [
    pytest.param("sha512", b"", id="nothing"),
    pytest.param("sha512", b"x" * 63, id="cut-off"),
    pytest.param("pbkdf2-sha256", b"0$salt$" + b"A" * 43 + b"=", id="no-rounds"),
    pytest.param("pbkdf2-sha256", b"99999999$salt$" + b"A" * 43 + b"=", id="rounds-without-end"),
    pytest.param("argon2", b"$argon2id$v=19$m=99999999,t=2,p=8$c2FsdHNhbHQ$aGFzaA", id="memory-without-end"),
    pytest.param("bcrypt", b"$2b$31$" + b"." * 53, id="cost-without-end"),
    pytest.param("salted-sha256", b"salt", id="no-digest"),
]


@pytest.mark.parametrize(("algorithm", "digest"), FORMLESS)
def test_a_digest_without_form(algorithm: str, digest: bytes) -> None:
    """A row whose digest is none is nobody's, and costs no time, however it came there (K-14)."""
    store = MemoryStore()
    key_id, *_ = imported(store, entry(algorithm))
    record = store.find(key_id).record
    assert record is not None
    secret = replace(record.secrets[0], digest=digest)
    store.replace(replace(record, secrets=(secret,), row_version=2), expected=1)
    started = time.monotonic()
    assert refusal(verifier_on(store, shape(algorithm))).reason == "unknown_secret"
    assert time.monotonic() - started < 1


# Digests that take long


def test_slow_digests_run_off_the_loop(store: Any) -> None:
    """While a digest takes half a second, the event loop serves others (K-14)."""
    imported(store, entry("pbkdf2-sha256", digest=pbkdf2(TEXT, 400_000)))
    verifier = verifier_on(store, shape("pbkdf2-sha256"))

    async def serve() -> float:
        task = asyncio.create_task(run_async(verifier.verify(PresentedCredential(TEXT))))
        longest, last = 0.0, time.monotonic()
        while not task.done():
            await asyncio.sleep(0.001)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
        assert (await task).scopes == {"reports:read"}
        return longest

    assert asyncio.run(serve()) < 0.1


def test_many_with_one_text_cause_one_digest(store: Any) -> None:
    """Twenty requests that come at once with a slow key are all served, by one computation (K-14)."""
    imported(store, entry("pbkdf2-sha256", digest=pbkdf2(TEXT, 100_000)))
    verifier = verifier_on(store, shape("pbkdf2-sha256"))
    with ThreadPoolExecutor(20) as threads:
        assert len({each.id for each in threads.map(lambda _: verify(verifier), range(20))}) == 1


def test_many_keys_at_once() -> None:
    """Eight slow keys that come at once are all served, one after the other (K-14)."""
    store = MemoryStore()
    texts = [f"Ab3dEf{number:02}." + "s" * 32 for number in range(8)]
    imported(store, *(entry("pbkdf2-sha256", text) for text in texts))
    verifier = verifier_on(store, shape("pbkdf2-sha256"))
    with ThreadPoolExecutor(8) as threads:
        assert len({each.id for each in threads.map(lambda text: verify(verifier, text), texts)}) == 8


def test_guessing_is_slowed_down(store: Any) -> None:
    """A third guess at one slow key within a second is 503 and costs nothing; others are served meanwhile (K-14)."""
    clock = ManualClock()
    other = "zzzzzzzz." + "s" * 32
    imported(store, entry("pbkdf2-sha256"), entry("pbkdf2-sha256", other))
    verifier = verifier_on(store, shape("pbkdf2-sha256"), clock=clock)
    guesses = [f"{TEXT[:-1]}{letter}" for letter in "abcdef"]
    reasons = [refusal(verifier, guess).reason for guess in guesses]
    assert reasons == ["unknown_secret"] * 2 + ["slow_digest_limit"] * 4
    assert isinstance(refusal(verifier), Unavailable)
    assert verify(verifier, other)
    clock.advance(1.0)
    assert verify(verifier)


def test_a_guess_does_not_hold_up_a_key_that_has_moved(store: Any) -> None:
    """Once a key is ours no guess is slow any more, and none is limited here (K-14)."""
    imported(store, entry("pbkdf2-sha256"))
    verifier = verifier_on(store, shape("pbkdf2-sha256"), clock=ManualClock())
    verify(verifier)
    assert {refusal(verifier, f"{TEXT[:-1]}{letter}").reason for letter in "abcdef"} == {"unknown_secret"}
    assert verify(verifier)


def test_patience_ends(store: Any) -> None:
    """A digest that takes longer than the verifier waits is 503, and not a refusal for good (K-24)."""
    imported(store, entry("pbkdf2-sha256", digest=pbkdf2(TEXT, 1_000_000)))
    verifier = verifier_on(store, shape("pbkdf2-sha256"), read_timeout=0.02)
    error = refusal(verifier)
    assert isinstance(error, Unavailable)
    assert (error.fault if isinstance(error, InvalidCredential) else None) is None
    assert error.reason == "slow_digests_busy"


def test_awaiting(tmp_path: Path) -> None:
    """An async store finds imported keys, and moves them, on the event loop."""

    async def use() -> str:
        store = AsyncSQLStore(f"sqlite+aiosqlite:///{tmp_path}/keys.db")
        try:
            verifier = APIKeyVerifier(store, TOKENS, accept_digests=[shape("pbkdf2-sha256")])
            principal = await run_async(verifier.verify(PresentedCredential(TEXT)))
            await verifier._moves.background.flush_async()
            record = (await store.find(principal.id)).record
            assert record is not None
            return record.secrets[0].algorithm
        finally:
            await store.close()

    with closing(SQLStore(f"sqlite:///{tmp_path}/keys.db")) as store:
        store.create_schema()
        imported(store, entry("pbkdf2-sha256"))
    assert asyncio.run(use()) == "hmac-sha256"


def test_a_blocking_face_and_an_async_store(tmp_path: Path) -> None:
    """A blocking face refuses an async store's way to look up foreign names, too."""
    store = AsyncSQLStore(f"sqlite+aiosqlite:///{tmp_path}/keys.db")
    ports = APIKeyVerifier(store, TOKENS, accept_digests=[shape("sha512")]).ports()
    assert store.find_foreign in ports


def test_started_keys(store: Any) -> None:
    """Keys of one's own making, with a salted digest, are found by how they begin (K-14)."""
    text = "live-0123456789abcdefABCDEF"
    own = started_keys("own", prefix="live-", lengths=(22, 22), start=13, algorithms=["salted-sha256"])
    imported(store, entry("salted-sha256", text, foreign=ForeignName("own", text[:13])))
    assert verify(verifier_on(store, own), text)
    error = refusal(verifier_on(store, own), text[:-1] + "x")
    assert isinstance(error, InvalidCredential)
    assert error.fault is not Fault.MALFORMED
