"""`main`: run the command line, and say in one line what went wrong."""

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any, Final

from authmux.cli import outlet
from authmux.cli.exit_codes import Exit, exit_for
from authmux.cli.masking import Mask
from authmux.cli.sentences import sentence_for
from authmux.cli.voice import Voice, hearing

_TRACEBACK: Final = "AUTHMUX_TRACEBACK"
_EXTRAS: Final = {
    **dict.fromkeys(("typer", "click", "rich", "sqlalchemy", "shellingham"), "cli"),
    **dict.fromkeys(("psycopg", "asyncpg"), "postgres"),
}
"""Which extra brings a package."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the program's exit code, which `exit_codes` lists.

    Arguments:
        argv: the words behind the program's name; by default those of this process.
    """
    voice = Voice(Mask())
    outlet.prepare()
    try:
        with hearing(voice):
            return _run(sys.argv[1:] if argv is None else argv, voice)
    except KeyboardInterrupt:
        voice.complain("interrupted")
        return Exit.INTERRUPTED
    except SystemExit as leaving:  # rich's, when a pipe's reader has gone away
        return leaving.code if isinstance(leaving.code, int) else Exit.UNEXPECTED
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            return _report(error, voice)
        voice.complain(f'this needs {error.name}: pip install "authmux[{extra}]"')
        return Exit.UNEXPECTED
    except Exception as error:
        return _report(error, voice)


def _run(argv: Sequence[str], voice: Voice) -> int:
    """Run a command; what is wrong with the words themselves is told here, as typer puts it."""
    import typer  # here, so that a sentence can say that it is missing

    from authmux.cli.commands import commands_for

    usage_error: type[Exception] = typer.BadParameter.__bases__[0]  # typer exports it under no name of its own
    command = typer.main.get_command(commands_for(voice))
    try:
        code = command.main(args=list(argv), prog_name="authmux", standalone_mode=False)
    except typer.Abort:
        voice.complain("interrupted")
        return Exit.INTERRUPTED
    except usage_error as error:
        _tell_usage(error, voice)
        return Exit.USAGE
    return int(code) if isinstance(code, int) else Exit.FINE


def _tell_usage(error: Any, voice: Voice) -> None:
    """Say how the command is used, and what was wrong; without any words, its help is what is wanted."""
    if error.ctx is not None and type(error).__name__ != "NoArgsIsHelpError":
        voice.say(f"{error.ctx.get_usage()}\nTry '{error.ctx.command_path} --help'.")
        voice.complain(error.format_message())
    else:
        voice.say(error.format_message())


def _report(error: Exception, voice: Voice) -> int:
    """Say what went wrong, in a line; where it was, only if asked, and never what variables held (K-92)."""
    if not (isinstance(error, outlet.OutputLost) and error.is_quiet):
        voice.complain(sentence_for(error))
    if os.environ.get(_TRACEBACK) == "1":
        voice.say("".join(traceback.format_exception(error)).rstrip())
    return exit_for(error)
