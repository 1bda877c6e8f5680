"""What a user's type checker sees of the public names: mypy and pyright check each `assert_type`, pytest runs it.

A line with `type: ignore` must not type-check: mypy reports an ignore that is not needed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import assert_type

import pytest

from authmux import (
    AnonymousKey,
    APIKeyVerifier,
    AsyncTokenService,
    Authenticator,
    Client,
    ConfigurationError,
    Flow,
    ImportReport,
    InvalidCredential,
    IssuedToken,
    Kind,
    MemoryStore,
    Peppers,
    PepperStatus,
    PresentedCredential,
    Principal,
    Record,
    State,
    System,
    TokenFormat,
    TokenService,
    User,
    VerifiedCredential,
    ask,
    covers,
    current_principal,
    find_principal,
    from_drf_api_key,
    requires,
    run,
    run_async,
    system,
)
from authmux.flow import wait
from authmux.stores.port import AsyncTokenStore, Query, Reading, TokenStore
from authmux.stores.sql import AsyncSQLStore, SQLStore
from authmux.testing import ManualClock, as_principal
from authmux.verifying.verifier import Verifier

ADA = User(id="ada", issuer="acme", scopes=frozenset({"reports:read"}))


@requires("reports:read")
def read(report: int, *, deep: bool = False) -> str:
    """Read a report."""
    return f"{report} {deep}"


@requires("reports:read", principals=(User, Client), kinds=("pat", "jwt"))
async def read_async(report: int, *, deep: bool = False) -> str:
    """Read a report."""
    return f"{report} {deep}"


class Reports:
    """Endpoints that are methods."""

    @requires("reports:read", principals=User)
    def read(self, report: int) -> bytes:
        """Read a report."""
        return bytes(report)


def double(number: int) -> str:
    """Answer, blocking."""
    return str(2 * number)


async def double_async(number: int) -> str:
    """Answer, awaiting."""
    return str(2 * number)


@pytest.fixture
def tokens() -> TokenFormat:
    """Give a format with a pepper of its own."""
    return TokenFormat(prefix="acme", peppers=Peppers({"p1": bytes(32)}))


def test_requires_keeps_the_signature() -> None:
    """A guarded function has its parameters and its answer, and a type checker holds its callers to them."""
    with as_principal(ADA):
        assert assert_type(read(7, deep=True), str) == "7 True"
        with pytest.raises(TypeError):
            read()  # type: ignore[call-arg]
        with pytest.raises(TypeError):
            read(7, shallow=True)  # type: ignore[call-arg]


def test_requires_keeps_the_signature_of_async_functions() -> None:
    """A guarded coroutine function is one."""
    with as_principal(replace(ADA, credential=VerifiedCredential(kind="pat"))):
        assert assert_type(asyncio.run(read_async(7)), str) == "7 False"
        with pytest.raises(TypeError):
            asyncio.run(read_async("7", shallow=True))  # type: ignore[call-arg,arg-type]


def test_requires_keeps_the_signature_of_methods() -> None:
    """A guarded method is bound as any other."""
    with as_principal(ADA):
        assert assert_type(Reports().read(2), bytes) == b"\0\0"


def test_requires_takes_classes_and_kinds() -> None:
    """A class that is no principal's is a type error."""
    requires(principals=int)  # type: ignore[arg-type]
    requires(principals=[User, Client], kinds=Kind.PAT)


def test_ask_keeps_the_answers_type() -> None:
    """The answer to `ask` is what the function returns, or what its awaitable brings."""

    def flow() -> Flow[int]:
        answer = assert_type((yield from ask(double, 2)), str)
        also = assert_type((yield from ask(double, number=3)), str)
        return int(answer) + int(also)

    def flow_async() -> Flow[str]:
        return assert_type((yield from ask(double_async, 2)), str)

    assert_type(run(flow()), int)
    assert asyncio.run(run_async(flow_async())) == "4"


def test_ask_checks_the_arguments() -> None:
    """What a function is asked with must be what it takes."""
    with pytest.raises(TypeError):
        run(ask(double))  # type: ignore[call-overload]


def test_run_and_run_async_return_what_the_flow_returns() -> None:
    """Both colours bring the flow's own result, to be awaited or not."""

    async def main() -> str:
        return assert_type(await run_async(ask(double, 2)), str)

    assert assert_type(run(ask(double, 2)), str) == asyncio.run(main())


def test_wait_keeps_the_futures_type() -> None:
    """A flow gets from a future what it was made for."""
    future: Future[int] = Future()
    future.set_result(1)
    assert assert_type(run(wait(future, timeout=1)), int) == 1


def test_token_service_answers_with_records_and_issued_tokens(tokens: TokenFormat) -> None:
    """Every verb has one type of answer."""
    service = TokenService(MemoryStore(), tokens, clock=ManualClock())
    by = assert_type(system(), System)
    issued = assert_type(service.issue_key(name="ci", scopes=["reports:read"], by=by), IssuedToken)
    assert_type(service.issue_pat(user="ada", name="laptop", scopes={"reports:read"}, by=by), IssuedToken)
    assert assert_type(issued.text, str).startswith("acme_key_")
    record = assert_type(service.get(issued.record.id, by=by), Record)
    assert_type(service.list(by=by, kind=Kind.KEY), Sequence[Record])
    rolled = assert_type(service.roll(record.id, generation=record.generation, by=by), IssuedToken)
    assert_type(service.edit(record.id, by=by, expires_at=None, scopes=["a:b"]), Record)
    assert_type(service.list(by=User(id="ada", issuer="acme"), state=State.ACTIVE), Sequence[Record])
    assert_type(service.revoke_all(by=by, tenant="t1"), int)
    assert assert_type(service.revoke(rolled.record.id, by=by), Record).revoked_at
    assert_type(service.import_foreign(from_drf_api_key([], scopes=["reports:read"]), by=by), ImportReport)
    assert_type(service.pepper_status(by=by), Sequence[PepperStatus])


def test_async_token_service_answers_with_awaitables(tokens: TokenFormat) -> None:
    """Every verb of the async service has the same arguments, and one type of answer, to be awaited."""

    async def main() -> None:
        service = AsyncTokenService(MemoryStore(), tokens, clock=ManualClock())
        by = system()
        promised: Awaitable[IssuedToken] = service.issue_key(name="ci", scopes=["reports:read"], by=by)
        issued = assert_type(await promised, IssuedToken)
        assert_type(await service.issue_pat(user="ada", name="laptop", scopes={"reports:read"}, by=by), IssuedToken)
        record = assert_type(await service.get(issued.record.id, by=by), Record)
        assert_type(await service.list(by=by, kind=Kind.KEY), Sequence[Record])
        rolled = assert_type(await service.roll(record.id, generation=record.generation, by=by), IssuedToken)
        assert_type(await service.edit(record.id, by=by, expires_at=None, scopes=["a:b"]), Record)
        assert_type(await service.purge(by=by), int)
        assert assert_type(await service.revoke(rolled.record.id, by=by), Record).revoked_at
        with pytest.raises(TypeError):
            await service.issue_key(name="ci", scopes=["reports:read"])  # type: ignore[call-arg]
        with pytest.raises(TypeError):
            await service.roll(record.id, by=by)  # type: ignore[call-arg]

    asyncio.run(main())


def test_services_take_stores_of_their_colour(tokens: TokenFormat) -> None:
    """The async service takes a store of either colour, the blocking one only its own."""
    awaiting = AsyncSQLStore("sqlite+aiosqlite:///keys.db")
    assert_type(AsyncTokenService(awaiting, tokens), AsyncTokenService)
    assert_type(AsyncTokenService(SQLStore("sqlite://"), tokens), AsyncTokenService)
    assert_type(TokenService(SQLStore("sqlite://"), tokens), TokenService)
    with pytest.raises(ConfigurationError):
        TokenService(awaiting, tokens)  # type: ignore[arg-type]


def test_sql_stores_are_what_they_are_said_to_be() -> None:
    """Both colours fit the port, each its own, and a type checker knows the arguments and the answers."""

    def blocking(store: TokenStore) -> None:
        assert_type(store.find("x"), Reading)

    async def awaiting(store: AsyncTokenStore) -> None:
        assert_type(await store.find("x"), Reading)

    store = SQLStore("sqlite://")
    store.create_schema()
    blocking(store)
    assert assert_type(store.list(Query()), Sequence[Record]) == []
    with pytest.raises(TypeError):
        store.find()  # type: ignore[call-arg]
    store.close()
    assert callable(awaiting)
    fits: AsyncTokenStore = AsyncSQLStore("sqlite+aiosqlite:///keys.db")
    assert callable(fits.find)


def test_verbs_name_their_arguments(tokens: TokenFormat) -> None:
    """Every verb names its arguments, and cannot be used without saying by whom."""
    service = TokenService(MemoryStore(), tokens)
    with pytest.raises(TypeError):
        service.issue_key(name="ci", scopes=["reports:read"])  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        service.issue_key("ci", ["reports:read"], by=system())  # type: ignore[call-arg]


def test_verifying_returns_a_principal(tokens: TokenFormat) -> None:
    """What an authenticator returns is a flow of a principal, in either colour."""
    authenticator = Authenticator(APIKeyVerifier(MemoryStore(), tokens))
    credential = PresentedCredential(tokens.make(Kind.KEY, "0" * 16))
    with pytest.raises(InvalidCredential):
        assert_type(run(authenticator.verify(credential)), Principal)

    async def main() -> None:
        assert_type(await run_async(authenticator.verify(credential)), Principal)

    with pytest.raises(InvalidCredential):
        asyncio.run(main())


def test_principals_are_told_apart_by_match() -> None:
    """`match` narrows a principal to its class."""

    def describe(principal: Principal) -> str:
        match principal:
            case User():
                return assert_type(principal, User).type
            case Client(id=client_id):
                return assert_type(client_id, str)
            case AnonymousKey():
                return assert_type(principal, AnonymousKey).display_name
            case _:
                return assert_type(principal, Principal).id

    everybody = [each(id="x", issuer="acme", name="n") for each in (User, Client, AnonymousKey, Principal)]
    assert [describe(each) for each in everybody] == ["user", "x", "n", "x"]


def test_the_current_principal_is_one_or_none() -> None:
    """Who is current is a principal; who is looked for may not be there."""
    with as_principal(ADA):
        assert assert_type(current_principal(), Principal) is assert_type(find_principal(), Principal | None)
        assert assert_type(covers(current_principal().scopes, "reports:read"), bool)


def test_principals_are_made_by_keyword() -> None:
    """An id and an issuer cannot be mixed up."""
    with pytest.raises(TypeError):
        User("ada", "acme")  # type: ignore[call-arg]


def test_ports_are_what_they_are_said_to_be(tokens: TokenFormat) -> None:
    """The store and the verifiers that are shipped fit the protocols, and an awaiting store is not a blocking one."""

    def needs_blocking(store: TokenStore) -> Callable[[str], object]:
        return store.find

    def takes_awaiting(store: AsyncTokenStore) -> Callable[[str], Awaitable[object]]:
        needs_blocking(store)  # type: ignore[arg-type]
        return store.find

    verifier: Verifier = APIKeyVerifier(MemoryStore(), tokens)
    assert verifier.recognises("acme_key_")
    assert needs_blocking(MemoryStore())("unknown")
    assert callable(takes_awaiting)
