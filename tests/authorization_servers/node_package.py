"""oidc-provider from npm at one version, installed into a directory that git ignores when it is first asked for."""

import json
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

VERSION = "9.13.3"
_NAME = "oidc-provider"
_CACHE = Path(__file__).parents[2] / ".cache"
_TIMEOUT = 120  # seconds


@cache
def oidc_provider_package() -> Path:
    """Return the directory of the package; skip the test, or fail it with CI=true, where it cannot be had."""
    home = _CACHE / f"{_NAME}-{VERSION}"
    package = home / "node_modules" / _NAME
    if not _is_there(package):
        reason = _install(home)
        if reason is not None:
            _give_up(reason)
    if shutil.which("node") is None:
        _give_up("there is no node")
    return package


def _is_there(package: Path) -> bool:
    with suppress(OSError, ValueError):
        return bool(json.loads((package / "package.json").read_text(encoding="utf-8"))["version"] == VERSION)
    return False


def _install(home: Path) -> str | None:
    """Install it next to its place and move it there, so that what is there is whole; return why it cannot be."""
    npm = shutil.which("npm")
    if npm is None:
        return "there is no npm"
    _CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE) as directory:
        options = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
        command = [npm, "install", *options, f"--prefix={directory}", f"{_NAME}@{VERSION}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT)
        except subprocess.TimeoutExpired:
            return f"npm took more than {_TIMEOUT} s"
        if done.returncode != 0:
            return f"npm cannot install {_NAME}: {done.stderr[-300:]}"
        with suppress(OSError):  # another run was quicker
            Path(directory, "node_modules").rename(_made(home) / "node_modules")
    return None


def _made(home: Path) -> Path:
    home.mkdir(exist_ok=True)
    return home


def _give_up(reason: str) -> None:
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"in CI these tests must run: {reason}")
    pytest.skip(f"oidc-provider does not run here: {reason}")
