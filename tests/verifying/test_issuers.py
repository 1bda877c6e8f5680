"""The issuer table: a token goes to its issuer's verifier, and a verdict from memory is the one that it would get."""

import hashlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authmux import AuthError, ConfigurationError, Fault, FixedKeys, PresentedCredential, Unavailable
from authmux.flow import run
from authmux.testing.manual_clock import ManualClock
from authmux.testing.signing_key import SigningKey
from authmux.verifying.issuers import MAX_ISSUERS, IssuerTable
from authmux.verifying.jwt import REMEMBERED_FOR, JWTVerifier
from tests.jose.stopwatch import fastest
from tests.jose.token_maker import AUDIENCE, ISSUER, NOW, access_token, get_key, jwk, mint, rename
from tests.verifying.jwt_door import JWKS_URI, CountingVerifier, Outcome, admit, refusal
from tests.verifying.scripted_fetch import Gate, ScriptedFetch, down, keys_of

KEY, NEW = rename(get_key("ES256"), "old"), rename(get_key("ES256 second"), "new")


class Table:
    """A table with one issuer, whose verifier counts."""

    def __init__(self, *keys: SigningKey | dict[str, object], leeway: float = 0, remember: int = 100) -> None:
        self.clock = ManualClock()
        self.fetch = ScriptedFetch(keys_of(*keys or (KEY,)))
        verifier = JWTVerifier(
            issuer=ISSUER, audience=AUDIENCE, jwks_uri=JWKS_URI, leeway=leeway, fetch=self.fetch, clock=self.clock
        )
        self.counting = CountingVerifier(verifier)
        self.table = self.anew(remember=remember)

    def anew(self, *, remember: int = 100) -> IssuerTable:
        """Return a table with the same verifier and nothing in memory."""
        return IssuerTable([self.counting], remember=remember, clock=self.clock)

    @property
    def judged(self) -> int:
        return self.counting.judged

    def publish(self, *keys: SigningKey | dict[str, object]) -> None:
        """Have the issuer publish other keys, and the verifier learn of it."""
        self.fetch.script(keys_of(*keys))
        self.clock.advance(31)
        outcome(self.table, mint(KEY, kid="made-up"))
        self.counting.judged = 0


def outcome(table: IssuerTable, text: str) -> Outcome:
    """Return how it ends: who was let in, or which refusal."""
    try:
        return "admitted", admit(table, text).id
    except AuthError as error:
        return type(error).__name__, error.reason


def test_a_token_is_judged_once() -> None:
    """B-60: the second time the verdict comes from memory, the very same principal."""
    table = Table()
    text = mint(KEY)
    first = admit(table.table, text)
    assert admit(table.table, text) is first
    assert (table.judged, len(table.fetch.requests)) == (1, 1)


def test_a_known_token_asks_for_nothing() -> None:
    """B-60: a verdict from memory ends the flow at its first step."""
    table = Table()
    text = mint(KEY)
    admit(table.table, text)
    with pytest.raises(StopIteration):
        next(table.table.verify(PresentedCredential(text)))


def test_tokens_that_differ_by_one_signature() -> None:
    """B-60: two signatures over the same claims are two tokens."""
    table = Table()
    texts = {mint(KEY) for _ in range(5)}  # ECDSA draws a number for each
    assert len(texts) == 5
    for text in texts:
        admit(table.table, text)
    assert table.judged == 5


@pytest.mark.parametrize("leeway", [0, 30])
def test_a_token_that_expires_in_memory(leeway: float) -> None:
    """A-094: a remembered token is refused at the second at which it expires."""
    table = Table(leeway=leeway)
    text = mint(KEY, access_token(exp=NOW + 60))
    admit(table.table, text)
    table.clock.advance(59 + leeway)
    admit(table.table, text)
    assert table.judged == 1
    table.clock.advance(1)
    assert refusal(table.table, text).fault is Fault.EXPIRED


def test_the_wall_clock_is_set() -> None:
    """A-095: the verdict follows the wall clock, to and fro, and nothing is fetched for it."""
    table = Table(leeway=30)
    text = mint(KEY, access_token(exp=NOW + 1800))
    admit(table.table, text)
    table.clock.set_wall(NOW - 3600)
    assert refusal(table.table, text).fault is Fault.NOT_YET_VALID
    table.clock.set_wall(NOW - 30)
    admit(table.table, text)
    table.clock.set_wall(NOW + 3600)
    assert refusal(table.table, text).fault is Fault.EXPIRED
    table.clock.set_wall(NOW)
    admit(table.table, text)
    assert len(table.fetch.requests) == 1


def test_the_wall_clock_does_not_age_the_keys() -> None:
    """B-76: keys age by the monotonic clock, so that a wall clock that is set years ahead makes none too old."""
    table = Table()
    admit(table.table, mint(KEY))
    table.clock.set_wall(NOW + 10**8)
    text = mint(KEY, access_token(iat=NOW + 10**8, exp=NOW + 10**8 + 60))
    admit(table.table, text)
    assert len(table.fetch.requests) == 1


def test_a_verdict_is_not_remembered_for_long() -> None:
    """B-60: after 300 seconds a token is judged again, however long it lives."""
    table = Table()
    text = mint(KEY)
    admit(table.table, text)
    table.clock.advance(REMEMBERED_FOR - 1)
    admit(table.table, text)
    assert table.judged == 1
    table.clock.advance(1)
    admit(table.table, text)
    assert (REMEMBERED_FOR, table.judged) == (300, 2)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(-50, 400),
    st.none() | st.integers(-400, 100),
    st.none() | st.integers(-400, 100),
    st.sampled_from([0, 30, 300]),
    st.lists(st.integers(-800, 800), min_size=2, max_size=8),
)
def test_a_warm_verdict_is_the_cold_one(
    exp: int, nbf: int | None, iat: int | None, leeway: int, moments: list[int]
) -> None:
    """B-60: at every instant a table that remembers says what a table without memory says."""
    table = Table(leeway=leeway)
    times = {"exp": NOW + exp, "nbf": None if nbf is None else NOW + nbf, "iat": None if iat is None else NOW + iat}
    text = mint(KEY, access_token(**times), typ="JWT")
    for moment in moments:
        table.clock.set_wall(NOW + moment)
        assert outcome(table.table, text) == outcome(table.anew(), text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(mint(KEY)[:-8] + "AAAAAAAA", id="bad signature"),
        pytest.param(mint(KEY, access_token(exp=NOW)), id="expired"),
        pytest.param(mint(KEY, access_token(aud="other")), id="another audience"),
        pytest.param(mint(KEY, kid="made-up"), id="unknown kid"),
    ],
)
def test_refusals_are_not_remembered(text: str) -> None:
    """B-62: a token that was refused is judged again every time."""
    table = Table()
    for _ in range(3):
        refusal(table.table, text)
    assert table.judged == 3
    assert len(table.table._verdicts) == 0


def test_a_bad_signature_a_thousand_times() -> None:
    """A-179: with a known kid no bad signature fetches anything."""
    table = Table()
    admit(table.table, mint(KEY))
    text = mint(NEW, kid="old")
    for _ in range(1000):
        assert refusal(table.table, text).fault is Fault.SIGNATURE
    assert len(table.fetch.requests) == 1


def test_verdicts_fall_with_their_key() -> None:
    """A-169: once a key is gone from the set, remembered tokens of it are refused, and the others are not."""
    table = Table(KEY, NEW)
    old, new = mint(KEY), mint(NEW)
    for text in (old, new):
        admit(table.table, text)
    table.publish(NEW)
    admit(table.table, new)
    assert table.judged == 0
    assert refusal(table.table, old).reason == "unknown_kid"


@pytest.mark.parametrize(
    "published",
    [
        pytest.param([rename(KEY, "renamed")], id="under another kid"),
        pytest.param([jwk(KEY, use="enc"), NEW], id="for encryption now"),
        pytest.param([jwk(KEY, alg="ES384"), NEW], id="for another algorithm"),
        pytest.param([KEY, rename(NEW, "old")], id="and another one under its kid"),
        pytest.param([rename(NEW, "old")], id="replaced under its kid"),
    ],
)
def test_verdicts_fall_where_a_cold_one_would(published: list[SigningKey | dict[str, object]]) -> None:
    """B-60: a verdict holds only while the token's kid and alg still name the key that verified it."""
    table = Table(KEY)
    text = mint(KEY)
    admit(table.table, text)
    table.publish(*published)
    assert outcome(table.anew(), text)[0] == "InvalidCredential"
    assert outcome(table.table, text) == outcome(table.anew(), text)


def test_an_rsa_key_that_is_narrowed() -> None:
    """B-60: when the issuer reserves a key for PS256, remembered RS256 tokens of it are refused."""
    rsa = get_key("RS256")
    table = Table(jwk(rsa, alg=None))
    text = mint(rsa)
    admit(table.table, text)
    table.publish(jwk(rsa, alg="PS256"))
    assert refusal(table.table, text).reason == "key_not_for_alg"


def test_a_key_that_gets_another_certificate() -> None:
    """B-60: a verdict falls when the issuer names another certificate for the key than the token does (A-020)."""
    table = Table(jwk(KEY, x5t="first"))
    text = mint(KEY, x5t="first")
    admit(table.table, text)
    table.publish(jwk(KEY, x5t="second"))
    assert refusal(table.anew(), text).reason == "certificate"
    assert refusal(table.table, text).reason == "certificate"


def test_a_token_without_kid_once_there_are_two_keys() -> None:
    """B-60: a token that named no key is refused as soon as it could mean two."""
    table = Table(KEY)
    text = KEY.sign(access_token(), {"kid": None, "typ": "at+jwt"})
    admit(table.table, text)
    table.publish(KEY, NEW)
    assert refusal(table.table, text).reason == "key_ambiguous"


def test_verdicts_stand_while_the_key_stays() -> None:
    """B-61: a new set with the same key drops no verdict."""
    table = Table(KEY)
    text = mint(KEY)
    first = admit(table.table, text)
    table.publish(NEW, KEY)
    assert admit(table.table, text) is first
    assert table.judged == 0


def test_verdicts_fall_with_keys_that_are_too_old() -> None:
    """B-60: a set that was not confirmed for a day carries no verdict either."""
    table = Table()
    admit(table.table, mint(KEY))
    table.fetch.script(down())
    table.clock.advance(86_399)
    text = mint(KEY, access_token(iat=NOW, exp=NOW + 10**6))
    admit(table.table, text)
    table.clock.advance(1)
    with pytest.raises(Unavailable):
        admit(table.table, text)


def test_what_verdicts_are_held_under() -> None:
    """B-60: neither a token nor its plain hash is a key, and no two processes have the same keys."""
    tables = [Table(), Table()]
    text = mint(KEY)
    for each in tables:
        admit(each.table, text)
    (first,), (second,) = (tuple(each.table._verdicts._cache) for each in tables)
    assert len(first) == 32
    assert first not in {hashlib.sha256(text.encode()).digest(), text.encode(), text}
    assert first != second


def test_memory_is_bounded() -> None:
    """A-194: however many tokens come, only so many verdicts are held, and the last ones are."""
    table = Table(remember=50)
    texts = [mint(KEY, access_token(jti=str(number))) for number in range(200)]
    for text in texts:
        admit(table.table, text)
    assert len(table.table._verdicts) == 50
    for text in texts[-50:]:
        admit(table.table, text)
    assert table.judged == 200
    admit(table.table, texts[0])
    assert table.judged == 201


def test_many_threads_with_one_token() -> None:
    """B-63: whoever comes at the same time is judged, too often rather than locked, and with one outcome."""
    table = Table()
    text = mint(KEY)
    admit(table.table, mint(KEY))
    begin = threading.Barrier(8)

    def come(_: int) -> set[str]:
        begin.wait(5)
        return {admit(table.table, text).id for _ in range(50)}

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(come, range(8))) == [{"subject-1"}] * 8
    assert 1 < table.judged <= 9


# Which issuer


def two_issuers() -> tuple[IssuerTable, dict[str, ScriptedFetch]]:
    """Return a table of issuers A and B, who have a key of their own each, and one that they share."""
    clock = ManualClock()
    shared = rename(get_key("ES256 third"), "shared")
    fetches = {
        "https://a.example": ScriptedFetch(keys_of(KEY, shared)),
        "https://b.example": ScriptedFetch(keys_of(NEW, shared)),
    }
    verifiers = [
        JWTVerifier(issuer=name, audience=AUDIENCE, jwks_uri=f"{name}/keys", fetch=fetch, clock=clock)
        for name, fetch in fetches.items()
    ]
    return IssuerTable(verifiers, remember=10, clock=clock), fetches


def test_every_issuer_has_its_own_keys() -> None:
    """A-041: a token of A that is signed with B's key, under B's kid, is refused."""
    table, fetches = two_issuers()
    assert admit(table, mint(KEY, access_token(iss="https://a.example"))).issuer == "https://a.example"
    assert admit(table, mint(NEW, access_token(iss="https://b.example"))).issuer == "https://b.example"
    assert refusal(table, mint(NEW, access_token(iss="https://a.example"))).reason == "unknown_kid"
    assert refusal(table, mint(NEW, access_token(iss="https://a.example"), kid="old")).reason == "signature"
    assert [len(fetch.requests) for fetch in fetches.values()] == [2, 1]


def test_issuers_that_share_a_key_stay_apart() -> None:
    """A-100: a key that two issuers share proves the issuer that the token names, and no other."""
    table, _ = two_issuers()
    shared = rename(get_key("ES256 third"), "shared")
    principals = [admit(table, mint(shared, access_token(iss=f"https://{name}.example"))) for name in "ab"]
    assert principals[0] != principals[1]
    alone = Table(shared)
    assert refusal(alone.table, mint(shared, access_token(iss="https://b.example"))).reason == "unknown_issuer"


@pytest.mark.parametrize(
    "issuer",
    [
        None,
        "",
        "https://evil.example",
        ISSUER + "/",
        ISSUER.upper(),
        ISSUER + "\0",
        ISSUER.replace("https", "http"),
        1,
        True,
        [ISSUER],
        {ISSUER: 1},
        {},
        1.5,
        "x" * 10_000,
    ],
    ids=lambda issuer: ascii(issuer)[:40],
)
def test_an_unknown_issuer_costs_nothing(issuer: object) -> None:
    """A-098: a token of an issuer that is not in the table is neither verified nor fetched for."""
    table = Table()
    text = mint(KEY, {**access_token(), "iss": issuer})
    assert (refusal(table.table, text).fault, refusal(table.table, text).reason) == (Fault.ISSUER, "unknown_issuer")
    assert (table.judged, table.fetch.requests) == (0, [])


def test_a_token_without_issuer() -> None:
    """B-20: a token that names no issuer belongs to nobody, though there is only one."""
    table = Table()
    assert refusal(table.table, mint(KEY, access_token(iss=None))).reason == "unknown_issuer"
    assert table.judged == 0


def test_one_issuer_twice() -> None:
    """B-20: two verifiers for one issuer are a mistake, found at the start."""
    verifiers = [JWTVerifier(issuer=ISSUER, audience=audience, fetch=ScriptedFetch()) for audience in ("a", "b")]
    with pytest.raises(ConfigurationError, match="one issuer"):
        IssuerTable(verifiers, remember=10, clock=ManualClock())


def test_an_issuer_that_hangs_stalls_no_other() -> None:
    """B-20: while one issuer does not answer, tokens of another are verified."""
    table, fetches = two_issuers()
    gate = Gate()
    fetches["https://a.example"].script(gate.hold(keys_of(KEY)))
    stuck, free = (mint(key, access_token(iss=f"https://{name}.example")) for key, name in ((KEY, "a"), (NEW, "b")))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(outcome, table, stuck)
        assert gate.arrived.wait(5)
        assert outcome(table, free) == ("admitted", "subject-1")
        assert not waiting.done()
        gate.open()
        assert waiting.result(10) == ("admitted", "subject-1")


# Shape and size


@pytest.mark.parametrize("dots", range(7))
def test_what_is_recognised(dots: int) -> None:
    """A-029: a JWS has three segments; a JWE, with five, is not taken for one."""
    assert Table().table.recognises(".".join("a" * (dots + 1))) is (dots == 2)


@pytest.mark.parametrize("size", [16_385, 200_000, 2_000_000])
def test_texts_that_are_too_long(size: int) -> None:
    """A-079: a text is measured before it is hashed or parsed."""
    table = Table()
    text = "a." * 2 + "a" * (size - 4)
    assert refusal(table.table, text).reason == "token_too_long"
    assert fastest(lambda: refusal(table.table, text)) < 0.05
    assert table.judged == 0


@pytest.mark.parametrize(
    "text", ["é.é.é", "\ud800.a.b", "..", "\0.\0.\0", "\U0001f600" * 16_000 + ".."], ids=lambda text: ascii(text)[:20]
)
def test_texts_that_are_not_ascii(text: str) -> None:
    """A-134: what is not ASCII is refused like any other junk."""
    assert refusal(Table().table, text).fault is Fault.MALFORMED


def test_another_text_with_the_same_bytes_is_another_token() -> None:
    """B-60: a text that only escapes to a remembered token is not that token."""
    table = Table()
    text = mint(KEY)
    admit(table.table, text)
    assert refusal(table.table, text.replace("e", "\\x65", 1)).fault is Fault.MALFORMED
    assert refusal(table.table, text + "\u200b").fault is Fault.MALFORMED


# Start and fork


def test_every_issuer_is_preloaded() -> None:
    """B-40: preloading begins a fetch for every issuer, and waits for none."""
    table, fetches = two_issuers()
    run(table.start())
    table.preload()
    deadline = time.monotonic() + 5
    while not all(fetch.requests for fetch in fetches.values()) and time.monotonic() < deadline:
        time.sleep(0.005)
    assert [len(fetch.requests) for fetch in fetches.values()] == [1, 1]


def test_a_table_asks_no_port() -> None:
    """B-03: a table needs no store, so that any face can use it."""
    assert tuple(Table().table.ports()) == ()


def in_child(work: Callable[[], bytes]) -> bytes:
    """Fork, do the work in the child, and return what it says."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, work())
        except BaseException as error:
            os.write(writer, repr(error).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_remembers_nothing() -> None:
    """B-41: a child has a key of its own for its memory, and judges anew what its parent knew."""
    table = Table()
    text = mint(KEY)
    admit(table.table, text)
    name = table.table._names.of(text)

    def work() -> bytes:
        was_empty = len(table.table._verdicts) == 0
        who = admit(table.table, text).id
        return b"%d %d %s %b" % (was_empty, table.judged, who.encode(), table.table._names.of(text))

    said = in_child(work)
    assert said.startswith(b"1 2 subject-1 ")
    assert name not in said
    assert table.table._names.of(text) == name
    assert (admit(table.table, text).id, table.judged) == ("subject-1", 1)


def test_as_many_issuers_as_a_table_takes() -> None:
    """B-20: a table has at most 4096 issuers; more are for a resolver."""
    keys = FixedKeys({"keys": [get_key("ES256").public_jwk]})
    verifiers = [JWTVerifier(issuer=f"https://{n}.example", audience="a", keys=keys) for n in range(MAX_ISSUERS + 1)]
    IssuerTable(verifiers[:4096], remember=10, clock=ManualClock())
    with pytest.raises(ConfigurationError, match="IssuerResolver"):
        IssuerTable(verifiers, remember=10, clock=ManualClock())


def test_long_tokens_take_the_place_of_several() -> None:
    """B-60: the memory is bounded in bytes as well: a verdict on a long token leaves room for fewer others."""
    table, long = Table(remember=4), mint(KEY, access_token(jti="long", note="x" * 4000))
    for number in range(4):
        admit(table.table, mint(KEY, access_token(jti=str(number))))
    assert len(table.table._verdicts) == 4
    admit(table.table, long)
    admit(table.table, long)
    assert (len(table.table._verdicts), table.judged) == (2, 5)


def test_a_token_longer_than_the_memory() -> None:
    """B-60: what is longer than all of the memory is judged each time, and takes nothing else's place."""
    table, long, short = Table(remember=1), mint(KEY, access_token(note="x" * 6000)), mint(KEY)
    for text in (short, long, long, short):
        admit(table.table, text)
    assert table.judged == 3
