"""A browser, and an application to look at."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from tests.browser.swagger_page import SwaggerPage
from tests.ending import end
from tests.faces.site import Bank, Site, open_site

NAMES = ("chromium", "chromedriver")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """Run Debian's Chromium, without a window and without a word to its makers; skip where it is not installed."""
    chromium, driver = (shutil.which(name) for name in NAMES)
    if chromium is None or driver is None:
        pytest.skip(f"{' and '.join(NAMES)} are not both installed (Debian: chromium, chromium-driver)")
    options = ChromeOptions()
    options.binary_location = chromium
    profile = tmp_path_factory.mktemp("profile")
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"):
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={profile}")
    options.add_argument("--window-size=1200,1600")
    browser = Chrome(options=options, service=Service(executable_path=driver))
    try:
        yield browser
    finally:
        browser.quit()


@pytest.fixture(scope="session")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Bank]]:
    """Serve the application; give its address, and credentials of every kind."""
    directory = tmp_path_factory.mktemp("acme")
    with open_site(directory) as (site, _, bank), serving(site, log=directory / "uvicorn.log") as address:
        yield address, bank


@contextmanager
def serving(site: Site, *, log: Path) -> Iterator[str]:
    """Run uvicorn on a socket that listens already, so that nobody has to wait until it is ready."""
    path = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
    with socket.create_server(("127.0.0.1", 0)) as listener, log.open("wb") as output:
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.serve", str(listener.fileno())],
            cwd=ROOT,
            env=site.environment() | {"PYTHONPATH": path},
            stdout=output,
            stderr=output,
            pass_fds=[listener.fileno()],
        )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        end(process)


@pytest.fixture
def page(chrome: Chrome, acme: tuple[str, Bank]) -> SwaggerPage:
    """Open the documentation as somebody who has pasted nothing so far."""
    return SwaggerPage(chrome, f"{acme[0]}/docs")


@pytest.fixture
def bank(acme: tuple[str, Bank]) -> Bank:
    """Give every credential by name."""
    return acme[1]
