"""`as_principal`: who calls, in the tests of an application."""

from collections.abc import Iterator
from contextlib import contextmanager

from authmux.principal import Principal
from authmux.visit import Visit, current_visit


@contextmanager
def as_principal(principal: Principal | None) -> Iterator[None]:
    """Let a principal be the caller within the block: of endpoints that are called directly, and of requests that a
    test client sends without a credential. A request that brings a credential is verified as ever.

        with as_principal(User(id="u1", issuer="acme", scopes=frozenset({"reports:read"}))):
            assert client.get("/reports").status_code == 200
    """
    token = current_visit.set(Visit(principal, stands=True))
    try:
        yield
    finally:
        current_visit.reset(token)
