"""Runs everything behind every server, prints what came of it, and writes the page of the documentation.

python -m tests.servers servers
python -m tests.servers redaction
"""

import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from authmux.stores.sql import SQLStore
from tests.faces.site import Bank, Site, open_site
from tests.servers import page, redaction_page
from tests.servers.leaks import run_leaks
from tests.servers.observation import observe_all
from tests.servers.running import all_servers


def _servers(site: Site, _: SQLStore, bank: Bank, directory: Path) -> str:
    with all_servers(site, directory) as listening:
        return page.write_page(observe_all(listening, bank))


def _redaction(site: Site, store: SQLStore, bank: Bank, directory: Path) -> str:
    return redaction_page.write_page(run_leaks(site, store, bank, directory))


PAGES: Final[Mapping[str, tuple[Path, Callable[[Site, SQLStore, Bank, Path], str]]]] = {
    "servers": (page.PAGE, _servers),
    "redaction": (redaction_page.PAGE, _redaction),
}


def main(names: list[str]) -> None:
    """Make the pages of these names; all of them without any."""
    for name in names or PAGES:
        path, make = PAGES[name]
        with ExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            text = make(*stack.enter_context(open_site(directory)), directory)
        path.write_text(text, encoding="utf-8")
        print(text)  # noqa: T201  # a person asked for it


if __name__ == "__main__":
    main(sys.argv[1:])
