"""What the tests of the faces share: one site and its bank of credentials, once for all of them."""

from collections.abc import Callable, Iterator

import pytest

from authmux.stores.sql import SQLStore
from authmux.visit import current_visit
from tests.faces.applications import ASGI_FACES, WSGI_FACES
from tests.faces.callers import ASGICaller, Caller, WSGICaller
from tests.faces.site import Bank, Site, open_site


@pytest.fixture(autouse=True)
def no_visit() -> None:
    """Begin without a visit, so that what one test leaves behind is not another's failure."""
    current_visit.set(None)


@pytest.fixture(scope="session")
def opened_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, SQLStore, Bank]]:
    """Issue every credential of the truth table once."""
    with open_site(tmp_path_factory.mktemp("site")) as opened:
        yield opened


@pytest.fixture(scope="session")
def site(opened_site: tuple[Site, SQLStore, Bank]) -> Site:
    """Give the place where credentials are verified."""
    return opened_site[0]


@pytest.fixture(scope="session")
def store(opened_site: tuple[Site, SQLStore, Bank]) -> SQLStore:
    """Give the store that holds the keys."""
    return opened_site[1]


@pytest.fixture(scope="session")
def bank(opened_site: tuple[Site, SQLStore, Bank]) -> Bank:
    """Give every credential by name."""
    return opened_site[2]


@pytest.fixture(scope="session")
def call_in_process(site: Site, store: SQLStore) -> Callable[[str, str | None], Caller]:
    """Give a way to make a new application of a face, with an authenticator that has verified nothing so far."""

    def make(face: str, api_key_header: str | None = "X-API-Key") -> Caller:
        authenticator = site.authenticator(store)
        if face in ASGI_FACES:
            return ASGICaller(ASGI_FACES[face](authenticator, api_key_header=api_key_header))
        return WSGICaller(WSGI_FACES[face](authenticator, api_key_header=api_key_header))

    return make
