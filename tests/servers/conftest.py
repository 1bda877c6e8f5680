"""What the tests behind servers share: a site, all servers once, and one run over everything."""

from collections.abc import Iterator, Mapping

import pytest

from authmux.stores.sql import SQLStore
from tests.faces.site import Bank, Site, open_site
from tests.servers.observation import Observation, observe_all
from tests.servers.quirks import SIZES
from tests.servers.running import Listening, all_servers


@pytest.fixture(scope="session")
def opened_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, SQLStore, Bank]]:
    """Issue every credential of the truth table once."""
    with open_site(tmp_path_factory.mktemp("site")) as (site, store, bank):
        yield site, store, {**bank, **SIZES}


@pytest.fixture(scope="session")
def bank(opened_site: tuple[Site, SQLStore, Bank]) -> Bank:
    """Give every credential by name."""
    return opened_site[2]


@pytest.fixture(scope="session")
def servers(
    opened_site: tuple[Site, SQLStore, Bank], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, Listening]]:
    """Run every face behind its servers."""
    with all_servers(opened_site[0], tmp_path_factory.mktemp("servers")) as listening:
        yield listening


@pytest.fixture(scope="session")
def observed(servers: Mapping[str, Listening], bank: Bank) -> Mapping[str, Observation]:
    """Send everything to every server."""
    return observe_all(servers, bank)
