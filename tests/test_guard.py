"""The guard lets only those in who may come, and everything it does not know it refuses."""

import asyncio
import functools
import inspect
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from authmux.errors import (
    AuthError,
    ConfigurationError,
    CredentialNotAllowed,
    InsufficientScope,
    MissingCredential,
)
from authmux.guard import Requirement, current_principal, requirements_of, requires
from authmux.principal import AnonymousKey, Client, Principal, User, VerifiedCredential
from authmux.visit import Visit, current_visit, find_principal, standing_principal

READ = frozenset({"reports:read"})
PAT = VerifiedCredential(kind="pat", id="0123456789abcdef")
USER = User(id="u1", issuer="acme", scopes=READ, credential=PAT)
CLIENT = Client(id="c1", issuer="acme", scopes=READ, credential=VerifiedCredential(kind="jwt"))
KEY = AnonymousKey(id="k1", issuer="acme", scopes=frozenset({"reports:*"}), credential=VerifiedCredential(kind="key"))
PLAIN = Principal(id="p1", issuer="acme", scopes=READ, credential=VerifiedCredential(kind="jwt"))
NO_ONE = Principal(id="p1", issuer="acme", credential=VerifiedCredential(kind="jwt"))
BY_HAND = User(id="u1", issuer="acme", scopes=READ)


@contextmanager
def visit_of(
    principal: Principal | None, *, as_native: Callable[[AuthError], Exception] | None = None
) -> Iterator[Visit]:
    """Open a visit as a middleware does, and close it."""
    visit = Visit(principal, as_native=as_native)
    token = current_visit.set(visit)
    try:
        yield visit
    finally:
        current_visit.reset(token)


class Served:
    """Counts how often an endpoint ran."""

    def __init__(self) -> None:
        self.times = 0

    def blocking(self, report: str) -> str:
        """Serve a report."""
        self.times += 1
        return report

    async def awaiting(self, report: str) -> str:
        """Serve a report."""
        self.times += 1
        return report

    async def __call__(self, report: str) -> str:
        """Serve a report."""
        self.times += 1
        return report


SHAPES: dict[str, Callable[[Served], Callable[[str], Any]]] = {
    "function": lambda served: lambda report, /: served.blocking(report),
    "method": lambda served: served.blocking,
    "partial": lambda served: functools.partial(served.blocking),
    "async method": lambda served: served.awaiting,
    "async partial": lambda served: functools.partial(served.awaiting),
    "async object": lambda served: served,
}

each_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def call(endpoint: Callable[[str], Any]) -> Any:
    """Call an endpoint of either colour to its end."""
    answer = endpoint("42")
    return asyncio.run(answer) if inspect.iscoroutine(answer) else answer


@each_shape
def test_whoever_may_come_is_served(shape: Callable[[Served], Callable[[str], Any]]) -> None:
    """The endpoint gets its arguments, and its answer comes back, whatever it is made of."""
    served = Served()
    with visit_of(USER):
        assert call(requires("reports:read")(shape(served))) == "42"
    assert served.times == 1


@each_shape
def test_whoever_may_not_come_is_not_served(shape: Callable[[Served], Callable[[str], Any]]) -> None:
    """The endpoint does not run where the guard refuses."""
    served = Served()
    with visit_of(USER), pytest.raises(InsufficientScope):
        call(requires("reports:write")(shape(served)))
    assert served.times == 0


@each_shape
def test_without_a_middleware_nobody_is_served(shape: Callable[[Served], Callable[[str], Any]]) -> None:
    """A guard that finds no visit refuses: a forgotten middleware opens nothing (K-93)."""
    served = Served()
    with pytest.raises(ConfigurationError, match="K-93"):
        call(requires()(shape(served)))
    assert served.times == 0


def test_streams_are_guarded_before_their_first_chunk() -> None:
    """A generator is refused when it is called, not when its body is read."""

    @requires()
    def body() -> Iterator[bytes]:
        yield b"chunk"

    with visit_of(None), pytest.raises(MissingCredential):
        body()


def test_async_streams_are_guarded_before_their_first_chunk() -> None:
    """An async generator is refused when it is called, not when its body is read."""

    @requires()
    async def body() -> AsyncIterator[bytes]:
        yield b"chunk"

    with visit_of(None), pytest.raises(MissingCredential):
        body()


MAY_COME: dict[str, tuple[tuple[str, ...], dict[str, Any], Principal]] = {
    "any user": ((), {}, User(id="u1", issuer="acme")),
    "any client": ((), {}, Client(id="c1", issuer="acme")),
    "any key": ((), {}, AnonymousKey(id="k1", issuer="acme")),
    "exact scope": (("reports:read",), {}, USER),
    "wildcard grant": (("reports:read", "reports:write"), {}, KEY),
    "scopes of no proved class": (("reports:read",), {}, PLAIN),
    "class": ((), {"principals": User}, USER),
    "one of two classes": ((), {"principals": (User, Client)}, CLIENT),
    "kind": ((), {"kinds": "pat"}, USER),
    "one of two kinds": ((), {"kinds": ["key", "jwt"]}, CLIENT),
    "all three": (("reports:read",), {"principals": User, "kinds": "pat"}, USER),
}


@pytest.mark.parametrize(("scopes", "others", "principal"), MAY_COME.values(), ids=MAY_COME)
def test_who_may_come(scopes: tuple[str, ...], others: dict[str, Any], principal: Principal) -> None:
    """A caller who is of the class, the kind and the scopes that are asked for is let in."""
    with visit_of(principal):
        assert requires(*scopes, **others)(lambda: "served")() == "served"


@pytest.mark.parametrize(
    ("requirement", "principal", "reason"),
    [
        (Requirement(), NO_ONE, "no_proved_class"),
        (Requirement(), PLAIN, "no_proved_class"),
        (Requirement(kinds=("jwt",)), PLAIN, "no_proved_class"),
        (Requirement(principals=(User,)), CLIENT, "principal_type"),
        (Requirement(principals=(User, Client)), KEY, "principal_type"),
        (Requirement(principals=(Client,), scopes=("reports:read",)), PLAIN, "principal_type"),
        (Requirement(kinds=("key",)), USER, "credential_kind"),
        (Requirement(kinds=("pat",)), BY_HAND, "credential_kind"),
        (Requirement(principals=(Client,), scopes=("reports:write",)), USER, "principal_type"),
        (Requirement(kinds=("key",), scopes=("reports:write",)), USER, "credential_kind"),
        (Requirement(scopes=("reports:read",)), NO_ONE, "insufficient_scope"),
        (Requirement(scopes=("reports:read", "reports:write")), USER, "insufficient_scope"),
        (Requirement(scopes=("reports:read",)), None, "missing"),
    ],
    ids=[
        "no class and no scopes",
        "no class, and scopes that nobody asked for",
        "no class, of the right kind",
        "another class",
        "none of two classes",
        "no class where one is asked for",
        "another kind (K-53)",
        "made by hand, of no kind",
        "the class comes before the scopes",
        "the kind comes before the scopes",
        "no scopes",
        "one of two scopes",
        "nobody",
    ],
)
def test_who_may_not_come(requirement: Requirement, principal: Principal | None, reason: str) -> None:
    """A caller who lacks one thing is refused for that thing; scopes alone carry no class's privileges."""
    with pytest.raises(AuthError) as refused:
        requirement.check(principal)
    assert refused.value.reason == reason


def test_missing_says_what_would_be_needed() -> None:
    """A caller without a credential learns the scopes of the operation (K-54)."""
    with pytest.raises(MissingCredential) as refused:
        Requirement(scopes=("b:c", "a:b")).check(None)
    assert refused.value.required == ("b:c", "a:b")


def test_insufficient_scope_lists_every_scope() -> None:
    """A caller who lacks one scope learns all of the operation's, and the operator whose credential it was (K-54)."""
    with pytest.raises(InsufficientScope) as refused:
        Requirement(scopes=("reports:read", "reports:write")).check(USER)
    assert refused.value.required == ("reports:read", "reports:write")
    assert refused.value.granted == ("reports:read",)
    assert refused.value.credential_id == PAT.id


@pytest.mark.parametrize(
    ("requirement", "allowed"),
    [
        (Requirement(principals=(Client, AnonymousKey)), ("client", "anonymous")),
        (Requirement(kinds=("key", "jwt")), ("key", "jwt")),
    ],
    ids=["classes", "kinds"],
)
def test_not_allowed_says_who_is(requirement: Requirement, allowed: tuple[str, ...]) -> None:
    """A caller of the wrong class or kind learns which are taken (K-53)."""
    with pytest.raises(CredentialNotAllowed) as refused:
        requirement.check(USER)
    assert refused.value.allowed == allowed
    assert refused.value.credential_id == PAT.id


@pytest.mark.parametrize(
    "scopes",
    [("reports:*",), ("*",), ("",), ("a b",), (["reports:read"],), (("reports:read", "reports:write"),), (5,)],
    ids=["wildcard", "everything", "empty", "two in one", "a list", "a tuple", "a number"],
)
def test_what_cannot_be_asked_for_is_refused_while_decorating(scopes: tuple[Any, ...]) -> None:
    """A need that is none, a wildcard or a list included, fails when the program is put together (K-50)."""
    with pytest.raises(ConfigurationError):
        requires(*scopes)


def test_parentheses_are_asked_for() -> None:
    """`@requires` without parentheses does not replace the endpoint by something that is open."""

    def endpoint() -> str:
        return "served"

    with pytest.raises(ConfigurationError, match="with parentheses"):
        requires(endpoint)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "thing",
    [Served, classmethod(lambda cls: "served"), property(lambda self: "served"), "served", None],
    ids=["class", "classmethod", "property", "string", "None"],
)
def test_only_functions_can_be_guarded(thing: Any) -> None:
    """What is not called as an endpoint is refused, for its guard would never be asked."""
    with pytest.raises(ConfigurationError, match="function or method"):
        requires()(thing)


def test_signature_name_and_docstring_are_kept() -> None:
    """A framework that looks at the endpoint sees what it is, in either colour."""

    def read(report: int, *, deep: bool = False) -> str:
        """Read a report."""
        return f"{report} {deep}"

    async def read_async(report: int, *, deep: bool = False) -> str:
        """Read a report."""
        return f"{report} {deep}"

    for endpoint in (read, read_async):
        guarded = requires("reports:read")(endpoint)
        assert inspect.signature(guarded) == inspect.signature(endpoint)
        assert (guarded.__name__, guarded.__doc__) == (endpoint.__name__, endpoint.__doc__)
        assert inspect.iscoroutinefunction(guarded) is inspect.iscoroutinefunction(endpoint)


def test_requirement_can_be_read_from_the_endpoint() -> None:
    """A face and the documentation see what an endpoint asks for, and that another asks for nothing (K-55)."""

    def endpoint() -> None: ...

    guarded = requires("a:b", principals=User, kinds="pat")(endpoint)
    assert requirements_of(guarded) == (Requirement(scopes=("a:b",), principals=(User,), kinds=("pat",)),)
    assert requirements_of(endpoint) == ()


def test_requirements_of_two_guards_are_both_there() -> None:
    """Guards that stand one above the other each ask for their own, the outermost first."""

    @requires("a:b")
    @requires("c:d")
    async def endpoint() -> None: ...

    assert [each.scopes for each in requirements_of(endpoint)] == [("a:b",), ("c:d",)]
    with visit_of(User(id="u1", issuer="acme", scopes=frozenset({"a:b"}))), pytest.raises(InsufficientScope):
        asyncio.run(_awaited(endpoint))


def test_refusal_is_left_for_the_middleware() -> None:
    """The visit keeps the refusal, and knows the exception that was raised for it."""
    with visit_of(USER) as visit, pytest.raises(InsufficientScope) as refused:
        requires("reports:write")(lambda: None)()
    assert visit.refusal is refused.value
    assert visit.explains(refused.value)


def test_refusal_is_raised_as_the_frameworks_own() -> None:
    """A framework sees the exception that it knows, and the middleware still the refusal."""
    native = PermissionError("403")
    with visit_of(USER, as_native=lambda _: native) as visit, pytest.raises(PermissionError) as raised:
        requires("reports:write")(lambda: None)()
    assert raised.value is native
    assert visit.explains(native)
    assert isinstance(visit.refusal, InsufficientScope)


def caused_by(cause: Exception) -> Exception:
    """Return an exception that was raised from another."""
    error = RuntimeError("while handling")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("made_of", "explained"),
    [
        (caused_by, True),
        (lambda raised: caused_by(caused_by(raised)), True),
        (lambda raised: ExceptionGroup("tasks", [raised]), True),
        (lambda raised: caused_by(ExceptionGroup("tasks", [caused_by(raised)])), True),
        (lambda raised: type(raised)(*raised.args), False),
        (lambda _: caused_by(ValueError()), False),
        (lambda _: ExceptionGroup("tasks", [ValueError()]), False),
    ],
    ids=["cause", "cause of a cause", "in a group", "all of it", "only alike", "another cause", "another group"],
)
def test_refusal_explains_what_was_made_of_it(made_of: Callable[[Exception], Exception], explained: bool) -> None:
    """What came of the guard's exception on its way out is answered as the refusal, and no other error is."""
    visit = Visit(None, as_native=lambda _: PermissionError("401"))
    assert visit.explains(made_of(visit.refuse(MissingCredential()))) is explained


def test_without_a_refusal_nothing_is_explained() -> None:
    """An application's own error is never taken for a refusal that there was not."""
    assert not Visit(None).explains(caused_by(PermissionError()))


def test_nobody_has_no_current_principal() -> None:
    """Where no credential was sent, `current_principal` refuses as missing and `find_principal` finds None."""
    with visit_of(None, as_native=lambda _: PermissionError("401")) as visit:
        assert find_principal() is None
        with pytest.raises(PermissionError):
            current_principal()
    assert isinstance(visit.refusal, MissingCredential)


def test_outside_of_a_request_there_is_no_principal() -> None:
    """Without a visit `current_principal` says that the middleware is missing, and `find_principal` finds None."""
    assert find_principal() is None
    with pytest.raises(ConfigurationError, match="K-93"):
        current_principal()


def test_principal_of_a_request_does_not_stand_for_others() -> None:
    """Only a test's principal stands for requests without a credential; one that was verified never does."""
    with visit_of(USER):
        assert current_principal() is USER
        assert standing_principal() is None


def test_tasks_have_visits_of_their_own() -> None:
    """Requests that are served at the same time on one loop do not see each other's principal."""

    async def serve(principal: Principal) -> bool:
        with visit_of(principal):
            for _ in range(3):
                await asyncio.sleep(0)
                if current_principal() is not principal:
                    return False
        return True

    async def serve_all() -> list[bool]:
        return await asyncio.gather(*(serve(each) for each in (USER, CLIENT, KEY)))

    assert asyncio.run(serve_all()) == [True, True, True]


def test_threads_have_visits_of_their_own() -> None:
    """Requests that are served at the same time by threads do not see each other's principal."""
    together = threading.Barrier(3, timeout=10)
    right: list[bool] = []

    def serve(principal: Principal) -> None:
        with visit_of(principal):
            together.wait()
            right.append(current_principal() is principal)

    threads = [threading.Thread(target=serve, args=(each,)) for each in (USER, CLIENT, KEY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert right == [True, True, True]


def test_worker_threads_of_a_request_see_its_principal() -> None:
    """A sync endpoint that an async framework runs in a worker thread is guarded by the request's visit."""
    with visit_of(USER):
        assert asyncio.run(_in_worker(requires("reports:read")(current_principal))) is USER


async def _awaited(endpoint: Callable[[], Awaitable[None]]) -> None:
    await endpoint()


async def _in_worker(endpoint: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(endpoint)
