"""The shop that the tests of the command line work in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shop import Shop, settings


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Shop]:
    """Open a shop, with the environment that names it, in its directory."""
    for name, value in settings(tmp_path).items():
        monkeypatch.setenv(name, value)
    for name in ("AUTHMUX_APP", "AUTHMUX_PEPPERS", "AUTHMUX_TRACEBACK", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    opened = Shop(tmp_path, capsys.readouterr)
    yield opened
    opened.store.close()
