"""What is asked before something stops working: on standard error, so that a pipe gets the product alone."""

import sys

from authmux.cli.exit_codes import Declined, Misuse
from authmux.cli.voice import Voice


def require_answer(*, yes: bool, stdin_is_used: bool = False) -> None:
    """Refuse to go on where nobody can be asked.

    Raises:
        Misuse: there is neither a terminal nor `--yes`.
    """
    if not yes and (stdin_is_used or sys.stdin is None or not sys.stdin.isatty()):
        raise Misuse(
            "something would stop working, and there is no terminal to ask on: give --yes to have it done unasked"
        )


def confirm(voice: Voice, question: str, *, yes: bool) -> None:
    """Ask, unless told not to.

    Raises:
        Declined: the answer is not yes.
    """
    if yes:
        return
    voice.say(f"{question} [y/N] ", end="")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Declined("nothing was done")
