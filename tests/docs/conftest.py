"""The built site, once for all tests that look at it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.built import Built
from tests.docs.pages import CHECKOUT


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build the site as `make docs` does, strictly, but somewhere else."""
    directory = tmp_path_factory.mktemp("site")
    shutil.copytree(CHECKOUT / "docs", directory / "docs")
    shutil.copy(CHECKOUT / "zensical.toml", directory)
    (directory / "src").symlink_to(CHECKOUT / "src")
    command = [str(Path(sys.executable).with_name("zensical")), "build", "--strict", "--clean"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return Built(directory / "site")
