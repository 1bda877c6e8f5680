"""`as_principal` lets a test say who calls, within its block and no longer."""

import asyncio
import threading

import pytest

from authmux.errors import InsufficientScope, MissingCredential
from authmux.guard import current_principal, requires
from authmux.principal import Client, User
from authmux.testing import as_principal
from authmux.visit import find_principal, standing_principal

ADA = User(id="ada", issuer="acme", scopes=frozenset({"reports:read"}))
JOB = Client(id="job", issuer="acme")


@requires("reports:read")
def read() -> str:
    """Serve a report."""
    return current_principal().id


def test_the_caller_is_who_the_test_says() -> None:
    """An endpoint that is called directly finds the principal, and so do requests without a credential."""
    with as_principal(ADA):
        assert read() == "ada"
        assert find_principal() is standing_principal() is ADA


def test_the_caller_may_be_refused() -> None:
    """The guard judges a principal that a test made as any other."""
    with as_principal(JOB), pytest.raises(InsufficientScope):
        read()


def test_the_caller_may_be_nobody() -> None:
    """None is a request without a credential, which the guard refuses as missing."""
    with as_principal(None), pytest.raises(MissingCredential):
        read()


def test_async_endpoints_find_the_caller() -> None:
    """A loop that is started within the block runs as the principal."""

    @requires("reports:read")
    async def read_async() -> str:
        return current_principal().id

    with as_principal(ADA):
        assert asyncio.run(read_async()) == "ada"


def test_blocks_nest() -> None:
    """The inner block counts, and the outer one again when it is left."""
    with as_principal(ADA):
        with as_principal(JOB):
            assert current_principal() is JOB
        assert current_principal() is ADA


def test_nothing_is_left_behind() -> None:
    """After the block, also one that failed, nobody calls."""
    with pytest.raises(LookupError), as_principal(ADA):
        raise LookupError
    assert find_principal() is None
    assert standing_principal() is None


def test_other_threads_see_nothing() -> None:
    """A thread that a test started before asks for itself: the principal belongs to this context."""
    seen: list[object] = []
    with as_principal(ADA):
        thread = threading.Thread(target=lambda: seen.append(find_principal()))
        thread.start()
        thread.join()
    assert seen == [None]
