"""Runs everything behind every server, and writes the pages of the documentation.

python -m tests.servers
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.faces.site import open_site
from tests.servers import page, redaction_page
from tests.servers.leaks import run_leaks
from tests.servers.observation import observe_all
from tests.servers.running import all_servers


def main() -> None:
    """Write the pages."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        site, store, bank = stack.enter_context(open_site(directory))
        redaction_page.PAGE.write_text(redaction_page.write_page(run_leaks(site, store, bank, directory)), "utf-8")
        observed = observe_all(stack.enter_context(all_servers(site, directory)), bank)
        page.PAGE.write_text(page.write_page(observed), "utf-8")


if __name__ == "__main__":
    main()
