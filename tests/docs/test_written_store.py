"""The store that a how-to shows keeps every promise that stores make: the store suite runs on it."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from authmux.stores.port import TokenStore
from tests.docs.pages import SITE, blocks_of
from tests.stores.test_selections import *  # noqa: F403  # the tests themselves, to be collected here once more
from tests.stores.test_store_suite import *  # noqa: F403  # pyright: ignore[reportGeneralTypeIssues]  # the same


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TokenStore:
    """Give the store of the page, empty."""
    first = next(block for block in blocks_of(SITE / "how-to" / "write-a-store.md") if block.language == "python")
    page = ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", page)
    exec(compile(first.code, "write-a-store.md", "exec"), page.__dict__)
    written: TokenStore = page.FileStore(tmp_path / "records")
    return written


@pytest.fixture
def watched_store(store: TokenStore) -> TokenStore:
    """Give the same one: it knows its revision."""
    return store
