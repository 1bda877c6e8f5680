"""Issuers that are known only at run time: asked once, within a budget, and forgotten at once (B-20, A-190)."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest

from authmux import Authenticator, AuthError, ConfigurationError, PresentedCredential, Principal, Unavailable
from authmux.flow import run, run_async
from authmux.testing.manual_clock import ManualClock
from authmux.verifying.issuer_resolver import IssuerResolver
from authmux.verifying.jwt import JWTVerifier
from authmux.verifying.static_keys import FixedKeys
from tests.jose.token_maker import AUDIENCE, access_token, get_key, key_set, mint
from tests.verifying.jwt_door import admit, refusal
from tests.verifying.scripted_fetch import ScriptedFetch, down, keys_of

KEY = get_key("ES256")


def issuer_of(tenant: object) -> str:
    return f"https://{tenant}.idp.example"


def token_of(tenant: object, **changes: object) -> str:
    return mint(KEY, access_token(iss=issuer_of(tenant), **changes))


class House:
    """An authenticator whose issuers are in a set that a test may change; `asked` are those that were looked up."""

    def __init__(self, *tenants: str, **options: Any) -> None:
        self.clock = ManualClock()
        self.tenants = set(tenants)
        self.asked: list[str] = []
        self.resolver = IssuerResolver(self.resolve, clock=self.clock, **options)
        self.authenticator = Authenticator(self.resolver, clock=self.clock)

    def verifier(self, issuer: str) -> JWTVerifier:
        return JWTVerifier(issuer=issuer, audience=AUDIENCE, keys=FixedKeys(key_set(KEY)), clock=self.clock)

    def resolve(self, issuer: str) -> JWTVerifier | None:
        self.asked.append(issuer)
        return self.verifier(issuer) if issuer in map(issuer_of, self.tenants) else None

    def outcome(self, text: str) -> str:
        try:
            return admit(self.authenticator, text).issuer
        except AuthError as error:
            return error.reason


def test_a_known_issuer_is_asked_for_once() -> None:
    """B-20: the first token of an issuer finds its verifier, the next ones have it."""
    house = House("a", "b")
    assert [house.outcome(token_of(each, jti=f"{n}")) for n, each in enumerate("aabba")] == list(
        map(issuer_of, "aabba")
    )
    assert house.asked == [issuer_of("a"), issuer_of("b")]


def test_an_unknown_issuer_is_asked_for_once_a_minute() -> None:
    """B-20: that an issuer is unknown is remembered for 60 seconds."""
    house = House()
    for seconds, asked in ((0, 1), (59, 1), (1, 2)):
        house.clock.advance(seconds)
        assert house.outcome(token_of("evil")) == "unknown_issuer"
        assert len(house.asked) == asked


@pytest.mark.parametrize(
    "issuer", [1, None, [issuer_of("a")], {}, "https://" + "i" * 512], ids=lambda each: ascii(each)[:9]
)
def test_what_is_no_issuer_is_not_asked_for(issuer: object) -> None:
    """B-20: only a text of at most 512 characters is looked up."""
    house = House("a")
    assert house.outcome(mint(KEY, {**access_token(), "iss": issuer})) == "unknown_issuer"
    assert house.asked == []


def test_a_flood_of_unknown_issuers() -> None:
    """B-20: beyond ten look-ups a second it is 503, known issuers go on, and a second later it is over."""
    house = House("a")
    assert house.outcome(token_of("a")) == issuer_of("a")
    outcomes = [house.outcome(token_of(number)) for number in range(50)]
    assert outcomes == ["unknown_issuer"] * 9 + ["resolver_busy"] * 41
    assert house.outcome(token_of("a", jti="second")) == issuer_of("a")
    house.clock.advance(1)
    assert house.outcome(token_of(99)) == "unknown_issuer"
    assert len(house.asked) == 11


def test_memory_is_bounded() -> None:
    """B-20: of issuers, known and unknown, only so many are held."""
    house = House("a", "b", "c", remember=2)
    for tenant in "abca":
        assert house.outcome(token_of(tenant)) == issuer_of(tenant)
    assert list(map(issuer_of, "abca")) == house.asked


def test_many_who_come_at_once() -> None:
    """B-20: fifty first requests of one customer are one look-up, and none of them is refused for the budget."""
    house = House("a", misses_per_second=1)
    gate = threading.Event()
    ask = house.resolve

    def slow(issuer: str) -> JWTVerifier | None:
        assert gate.wait(20)
        return ask(issuer)

    resolver = IssuerResolver(slow, misses_per_second=1, clock=house.clock)
    authenticator = Authenticator(resolver, clock=house.clock)
    with ThreadPoolExecutor(4) as threads:
        found = [threads.submit(admit, authenticator, token_of("a", jti=f"{n}")) for n in range(20)]
        gate.set()
        assert {each.result(20).issuer for each in found} == {issuer_of("a")}
    assert house.asked == [issuer_of("a")]


class Hanging:
    """A resolver that hangs for the tenants that a test names, until the test ends, or it is told to answer."""

    def __init__(self, *tenants: str, **options: Any) -> None:
        self.house = House("a", "b")
        self.tenants = tenants
        self.gate = threading.Event()
        self.calls: list[str] = []
        self.resolver = IssuerResolver(self.resolve, clock=self.house.clock, **options)
        self.authenticator = Authenticator(self.resolver, clock=self.house.clock)

    def resolve(self, issuer: str) -> JWTVerifier | None:
        self.calls.append(issuer)
        if issuer in map(issuer_of, self.tenants):
            assert self.gate.wait(60)
        return self.house.resolve(issuer)

    def outcome(self, text: str) -> str:
        try:
            return admit(self.authenticator, text).issuer
        except AuthError as error:
            return error.reason


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.002)


@pytest.fixture
def hanging() -> Iterator[Callable[..., Hanging]]:
    made: list[Hanging] = []

    def make(*tenants: str, **options: Any) -> Hanging:
        made.append(Hanging(*tenants, **options))
        return made[-1]

    yield make
    for each in made:
        each.gate.set()


def test_a_resolver_that_hangs(hanging: Callable[..., Hanging]) -> None:
    """A-190: a token waits for a resolver so long and no longer, and is answered 503 with when to come again."""
    place = hanging("a", timeout=0.2)
    begun = time.monotonic()
    with pytest.raises(Unavailable, match="resolver_slow") as caught:
        admit(place.authenticator, token_of("a"))
    assert 0.2 <= time.monotonic() - begun < 5
    assert caught.value.retry_after > 0


def test_past_its_time_nobody_waits(hanging: Callable[..., Hanging]) -> None:
    """A-190: while a call hangs, later tokens of its issuer do not wait and begin no second one; others are found."""
    place = hanging("a", timeout=30)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(place.outcome, token_of("a"))
        room = place.resolver._calls._room._blocking
        wait_until(lambda: place.calls == [issuer_of("a")] and room._value == 3)
        place.house.clock.advance(30)
        begun = time.monotonic()
        assert {place.outcome(token_of("a", jti=f"{n}")) for n in range(100)} == {"resolver_slow"}
        assert time.monotonic() - begun < 5
        assert place.outcome(token_of("b")) == issuer_of("b")
        assert place.calls == [issuer_of("a"), issuer_of("b")]
        place.gate.set()
        assert first.result(20) == issuer_of("a")


def test_an_answer_that_comes_late(hanging: Callable[..., Hanging]) -> None:
    """A-190: what a slow call says in the end counts for the tokens that come then."""
    place = hanging("a", timeout=0.05)
    assert place.outcome(token_of("a")) == "resolver_slow"
    place.gate.set()
    wait_until(lambda: place.outcome(token_of("a")) == issuer_of("a"))
    assert place.calls == [issuer_of("a")]


def test_not_every_thread_waits(hanging: Callable[..., Hanging]) -> None:
    """A-190: four blocking requests wait for a slow resolver, and those beyond for a twentieth of a second."""
    place = hanging("a", timeout=30)
    with ThreadPoolExecutor(12) as threads:
        waiting = [threads.submit(place.outcome, token_of("a", jti=f"{n}")) for n in range(12)]
        wait_until(lambda: sum(each.done() for each in waiting) == 8)
        assert {each.result() for each in waiting if each.done()} == {"resolver_slow"}
        place.gate.set()
        assert sorted(each.result(20) for each in waiting) == [issuer_of("a")] * 4 + ["resolver_slow"] * 8


def test_calls_that_hang_are_counted(hanging: Callable[..., Hanging]) -> None:
    """A-190: eight calls hang at most, and then no other is made until one ends; who is in memory is not held up."""
    tenants = [f"t{number}" for number in range(8)]
    place = hanging(*tenants, timeout=0.01, misses_per_second=100)
    assert place.outcome(token_of("a")) == issuer_of("a")
    assert {place.outcome(token_of(each)) for each in tenants} == {"resolver_slow"}
    assert place.outcome(token_of("b")) == "resolver_busy"
    assert place.outcome(token_of("a", jti="second")) == issuer_of("a")
    assert len(place.calls) == 9
    place.gate.set()
    wait_until(lambda: place.outcome(token_of("b")) == issuer_of("b"))


def test_a_resolver_sees_the_callers_context() -> None:
    """A blocking resolver runs in a thread of its own, and sees the context variables of the request."""
    variable: ContextVar[str] = ContextVar("variable", default="none")
    seen: list[tuple[str, str]] = []

    def resolve(_: str) -> None:
        seen.append((variable.get(), threading.current_thread().name))

    token = variable.set("request-1")
    try:
        assert refusal(Authenticator(IssuerResolver(resolve)), token_of("a")).reason == "unknown_issuer"
    finally:
        variable.reset(token)
    assert seen == [("request-1", "authmux-resolve")]


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_a_resolver_that_would_end_its_thread(error: BaseException) -> None:
    """A-190: whatever a call ends with, those who wait are told, and the next token asks again."""
    house, failures = House("a"), [error]

    def resolve(issuer: str) -> JWTVerifier | None:
        if failures:
            raise failures.pop()
        return house.resolve(issuer)

    authenticator = Authenticator(IssuerResolver(resolve, clock=house.clock), clock=house.clock)
    with pytest.raises(Unavailable, match="resolver_failed"):
        admit(authenticator, token_of("a"))
    assert admit(authenticator, token_of("a")).issuer == issuer_of("a")


async def outcome_of(authenticator: Authenticator, text: str) -> str:
    try:
        return (await run_async(authenticator.verify(PresentedCredential(text)))).issuer
    except AuthError as error:
        return error.reason


def test_an_async_resolver() -> None:
    """A resolver may await, and many who await it at once cause one look-up."""
    house = House("a")

    async def resolve(issuer: str) -> JWTVerifier | None:
        await asyncio.sleep(0)
        return house.resolve(issuer)

    async def main() -> list[str]:
        authenticator = Authenticator(IssuerResolver(resolve, clock=house.clock), clock=house.clock)
        with pytest.raises(ConfigurationError, match="awaits"):
            authenticator.require_blocking()
        return await asyncio.gather(*(outcome_of(authenticator, token_of("a", jti=f"{n}")) for n in range(9)))

    assert asyncio.run(main()) == [issuer_of("a")] * 9
    assert len(house.asked) == 1


def test_an_async_resolver_that_hangs() -> None:
    """A-190: an async resolver is cancelled when its time is over; who waits is told, and the next one asks again."""
    house = House("a")
    ended: list[str] = []

    async def resolve(issuer: str) -> JWTVerifier | None:
        verifier = house.resolve(issuer)
        if len(house.asked) == 1:
            try:
                await asyncio.Event().wait()  # for ever
            finally:
                ended.append(issuer)
        return verifier

    async def main() -> list[str]:
        resolver = IssuerResolver(resolve, clock=house.clock, timeout=0.05)
        authenticator = Authenticator(resolver, clock=house.clock)
        async with asyncio.timeout(20):
            slow = await asyncio.gather(*(outcome_of(authenticator, token_of("a", jti=f"{n}")) for n in range(5)))
            return [*slow, await outcome_of(authenticator, token_of("a"))]

    assert asyncio.run(main()) == ["resolver_slow"] * 5 + [issuer_of("a")]
    assert ended == [issuer_of("a")]


def test_a_resolver_whose_own_time_is_over(caplog: pytest.LogCaptureFixture) -> None:
    """A-190: a time-out that a resolver raises itself is a failure of its own, and is logged."""

    async def resolve(_: str) -> JWTVerifier | None:
        raise TimeoutError("the database")

    authenticator = Authenticator(IssuerResolver(resolve))
    assert asyncio.run(outcome_of(authenticator, token_of("a"))) == "resolver_failed"
    assert "the database" in caplog.text


def test_a_blocking_resolver_of_an_awaiting_face(hanging: Callable[..., Hanging]) -> None:
    """A-190: the event loop goes on while a blocking resolver hangs, and so do the loop's own worker threads."""
    place = hanging("a", timeout=0.2)

    async def main() -> list[str]:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        slow = [asyncio.create_task(outcome_of(place.authenticator, token_of("a", jti=f"{n}"))) for n in range(5)]
        await asyncio.sleep(0)
        assert await asyncio.to_thread(lambda: "free") == "free"
        assert await outcome_of(place.authenticator, token_of("b")) == issuer_of("b")
        return await asyncio.gather(*slow)

    assert asyncio.run(main()) == ["resolver_slow"] * 5


def test_what_is_in_memory_is_told() -> None:
    """B-74: `health` and `is_ours` know the issuers that were found, for as long as they are in memory."""
    house = House("a", "b", remember=1)
    fetch = ScriptedFetch(keys_of(KEY))

    def resolve(issuer: str) -> JWTVerifier:
        uri = f"{issuer}/keys"
        return JWTVerifier(issuer=issuer, audience=AUDIENCE, jwks_uri=uri, fetch=fetch, clock=house.clock)

    resolver = IssuerResolver(resolve, remember=1, clock=house.clock)
    authenticator = Authenticator(resolver, clock=house.clock)

    def told() -> tuple[list[str], list[bool]]:
        ours = [authenticator.is_ours(token_of(each)) for each in "ab"]
        return [each.issuer for each in authenticator.health().found], ours

    assert told() == ([], [False, False])
    for tenant, ours in (("a", [True, False]), ("b", [False, True])):
        admit(authenticator, token_of(tenant))
        assert told() == ([issuer_of(tenant)], ours)
        assert authenticator.health().issuers == []
    resolver.forget(issuer_of("b"))
    assert told() == ([], [False, False])


def test_found_issuers_do_not_make_it_unready() -> None:
    """B-74: a customer's issuer that is away leaves the application ready."""
    fetch = ScriptedFetch(down())
    resolver = IssuerResolver(lambda issuer: JWTVerifier(issuer=issuer, audience=AUDIENCE, fetch=fetch))
    authenticator = Authenticator(resolver)
    with pytest.raises(AuthError):
        admit(authenticator, token_of("a"))
    assert authenticator.health().is_ready


@pytest.mark.parametrize("iss", [1, None, [issuer_of("a")], {}], ids=ascii)
def test_what_is_no_issuer_is_not_ours(iss: object) -> None:
    """A text whose `iss` is no text is nobody's."""
    assert not House("a").authenticator.is_ours(mint(KEY, {**access_token(), "iss": iss}))


def test_a_leader_that_goes_away() -> None:
    """A-176: where the request that asks is cancelled, one of those that wait asks instead."""
    house = House("a")
    calls = 0

    async def resolve(issuer: str) -> JWTVerifier | None:
        nonlocal calls
        calls += 1
        if calls == 1:
            has_begun.set()
            await asyncio.Event().wait()  # for ever
        return house.resolve(issuer)

    has_begun = asyncio.Event()

    async def main() -> str:
        authenticator = Authenticator(IssuerResolver(resolve, clock=house.clock), clock=house.clock)
        first = asyncio.create_task(outcome_of(authenticator, token_of("a")))
        await has_begun.wait()
        second = asyncio.create_task(outcome_of(authenticator, token_of("a")))
        await asyncio.sleep(0)
        assert (calls, second.done()) == (1, False)
        first.cancel()
        async with asyncio.timeout(20):
            return await second

    assert asyncio.run(main()) == issuer_of("a")


@pytest.mark.parametrize("error", [RuntimeError("database"), Unavailable("database"), KeyError("x")], ids=repr)
def test_a_resolver_that_fails(error: Exception) -> None:
    """A-190: what the callback raises is an outage, nobody is let in, and the next token asks again."""
    house = House("a")
    failures = [error]

    def resolve(issuer: str) -> JWTVerifier | None:
        if failures:
            raise failures.pop()
        return house.resolve(issuer)

    authenticator = Authenticator(IssuerResolver(resolve, clock=house.clock), clock=house.clock)
    with pytest.raises(Unavailable):
        admit(authenticator, token_of("a"))
    assert admit(authenticator, token_of("a")).issuer == issuer_of("a")


def test_the_verifier_of_another_issuer() -> None:
    """A-190: a verifier that is not for the issuer that was asked for is not believed, nor kept."""
    house = House("a")
    resolver = IssuerResolver(lambda _: house.verifier(issuer_of("b")), clock=house.clock)
    authenticator = Authenticator(resolver, clock=house.clock)
    for _ in range(2):
        with pytest.raises(Unavailable, match="resolver_mixed_up"):
            admit(authenticator, token_of("a"))
        with pytest.raises(Unavailable, match="resolver_mixed_up"):
            admit(authenticator, token_of("a"))


def test_an_issuer_that_is_put_out() -> None:
    """B-61: once an issuer is forgotten, its verdicts fall too, and its tokens are judged anew."""
    house = House("a", "b")
    text = token_of("a")
    assert house.outcome(text) == issuer_of("a")
    house.tenants.remove("a")
    assert house.outcome(text) == issuer_of("a")
    house.resolver.forget(issuer_of("a"))
    assert house.outcome(text) == "unknown_issuer"
    house.tenants.add("a")
    assert house.outcome(text) == "unknown_issuer"
    house.resolver.forget(issuer_of("a"))
    assert house.outcome(text) == issuer_of("a")


def test_an_issuer_that_is_put_out_while_it_is_asked_for() -> None:
    """An answer that was given before the issuer was put out is not kept, nor believed."""
    house = House("a")
    ask = house.resolve

    def resolve(issuer: str) -> JWTVerifier | None:
        verifier = ask(issuer)
        if len(house.asked) == 1:
            house.tenants.clear()
            resolver.forget(issuer)
        return verifier

    resolver = IssuerResolver(resolve, clock=house.clock)
    authenticator = Authenticator(resolver, clock=house.clock)
    assert refusal(authenticator, token_of("a")).reason == "unknown_issuer"
    assert len(house.asked) == 2


def test_verifiers_of_the_table_come_first() -> None:
    """B-20: what is in the table is not asked for."""
    house = House("a", "b")
    authenticator = Authenticator(house.verifier(issuer_of("a")), house.resolver, clock=house.clock)
    assert [admit(authenticator, token_of(each)).issuer for each in "ab"] == [issuer_of("a"), issuer_of("b")]
    assert house.asked == [issuer_of("b")]


@pytest.mark.parametrize(
    "options", [{"remember": 0}, {"misses_per_second": 0}, {"timeout": 0}, {"timeout": 61}], ids=str
)
def test_numbers_that_cannot_be(options: dict[str, Any]) -> None:
    """A resolver remembers something, and asks sometimes."""
    with pytest.raises(ConfigurationError):
        IssuerResolver(lambda _: None, **options)


def test_two_resolvers() -> None:
    """An authenticator has one place to look."""
    with pytest.raises(ConfigurationError, match="one IssuerResolver"):
        Authenticator(House().resolver, House().resolver)


def test_a_forked_child_asks_anew() -> None:
    """B-41: what a child does after the fork it does with locks and a memory of its own."""
    house = House("a")
    assert house.outcome(token_of("a")) == issuer_of("a")
    house.resolver.after_fork()
    assert house.outcome(token_of("a", jti="second")) == issuer_of("a")
    assert len(house.asked) == 2


def test_both_colours_share_the_flow() -> None:
    """A blocking caller and an awaiting one get the same principal."""
    house = House("a")
    verify: Callable[[], Any] = lambda: house.authenticator.verify(PresentedCredential(token_of("a")))  # noqa: E731
    awaited: Awaitable[Principal] = run_async(verify())
    assert run(verify()) == asyncio.run(awaited)  # type: ignore[arg-type]
