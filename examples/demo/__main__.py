"""Run the demonstration: `python -m examples.demo [--keep]`, from the checkout."""

import argparse
import io
import signal
import sys

from examples.demo.driver import run
from examples.demo.servers import ServerFailed


def main() -> int:
    """Run it, and return the exit status: 0 where everything came as expected."""
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description="Show authmux over real HTTP.")
    parser.add_argument("--keep", action="store_true", help="leave the servers up, and print curl lines to try")
    keep = parser.parse_args().keep
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # where a terminal has no check mark, a question mark must do
    # However it is ended, the servers must stop too; SIGINT as well, which a job in the background begins by ignoring.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.default_int_handler)
    try:
        return 0 if run(keep=keep) else 1
    except ServerFailed as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
