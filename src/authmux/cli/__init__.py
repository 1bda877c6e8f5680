"""The command line: `pip install "authmux[cli]"`, then `authmux --help`."""

from authmux.cli.program import main

__all__ = ["main"]
