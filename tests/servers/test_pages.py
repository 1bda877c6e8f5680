"""The pages of the documentation are what came of the run; `python -m tests.servers` writes them."""

from collections.abc import Mapping

from tests.servers.observation import Observation
from tests.servers.page import PAGE, without_versions, write_page


def test_servers(observed: Mapping[str, Observation]) -> None:
    """The tables of verdicts."""
    assert without_versions(PAGE.read_text(encoding="utf-8")) == without_versions(write_page(observed))
