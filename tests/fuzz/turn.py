"""One turn of one target, in a process of its own: `python -m tests.fuzz.turn TARGET WAY SECONDS`.

The ways are `almost`, input that is almost right, `bytes`, and `growth`. With atheris the first two are guided by what
they cover of authmux; without it Hypothesis draws them. What came of it is printed as libFuzzer prints it.
"""

import hashlib
import importlib
import logging
import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # authmux is imported only where it is instrumented
    from tests.fuzz.target import Target

WAYS = ("almost", "bytes", "growth")
_LONGEST = 20_000  # bytes: a little more than the longest header that is read
_DRAWN = (500, 1000, 2000, 4000, 8000)  # bytes from which to draw what is almost right
_HANGS_AFTER = 20  # seconds


def find_atheris() -> Any:
    """Return the module, or None where it is not installed: it has no wheel for every Python and system."""
    try:
        return importlib.import_module("atheris")
    except ImportError:
        return None


def take_turn(name: str, way: str, seconds: float) -> None:
    """Fuzz a target for so many seconds."""
    logging.disable()
    atheris = None if way == "growth" else find_atheris()
    with atheris.instrument_imports(include=["authmux"]) if atheris else nullcontext():
        from tests.fuzz import growth
        from tests.fuzz.campaign import run_for
        from tests.fuzz.findings import Findings
        from tests.fuzz.table import BY_NAME
    target = BY_NAME[name]
    findings = Findings(name, target.judge)
    for seed in target.seeds():
        findings.judge(seed)
    if atheris:
        _explore(atheris, target, way, findings.judge, seconds)
    elif way == "growth":
        _show_executions(growth.run_for(seconds, target, findings))
    else:
        from hypothesis import strategies as st

        _show_executions(
            run_for(seconds, findings.judge, target.almost if way == "almost" else st.binary(max_size=_LONGEST))
        )


def almost(target: "Target", judge: Callable[[bytes], None]) -> Callable[[bytes], object]:
    """Return a judge of what a target's strategy makes of any bytes: Hypothesis's bridge to other fuzzers."""
    from hypothesis import given

    from tests.fuzz.campaign import UNHURRIED

    def judge_almost(data: bytes) -> None:
        judge(data)

    return UNHURRIED(given(data=target.almost)(judge_almost)).hypothesis.fuzz_one_input  # type: ignore[attr-defined,no-any-return]


def _explore(atheris: Any, target: "Target", way: str, judge: Callable[[bytes], None], seconds: float) -> None:
    """Let libFuzzer choose the bytes; it ends the process."""
    from tests.fuzz.findings import HOME, directory_of

    corpus = HOME / "corpus" / target.name / way
    corpus.mkdir(parents=True, exist_ok=True)
    # Hypothesis makes nothing of too few bytes, and libFuzzer would begin with one.
    for seed in target.seeds() if way == "bytes" else map(os.urandom, _DRAWN):
        (corpus / hashlib.sha256(seed).hexdigest()[:20]).write_bytes(seed)
    one_input: Callable[[bytes], object] = almost(target, judge) if way == "almost" else judge
    options = [
        f"-max_total_time={seconds:.0f}",
        f"-timeout={_HANGS_AFTER}",
        f"-report_slow_units={_HANGS_AFTER}",  # by its clock, which a busy machine stops
        f"-max_len={_LONGEST}",
        f"-len_control={100 if way == 'bytes' else 0}",
        "-print_final_stats=1",
        f"-artifact_prefix={directory_of(target.name)}/{way}-",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], lambda data: _and_return_nothing(one_input(data)))
    atheris.Fuzz()


def _and_return_nothing(_: object) -> None:
    """Return None, which is all that atheris takes."""


def show(text: str) -> None:
    """Write a line for whoever runs this."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _show_executions(count: int) -> None:
    show(f"stat::number_of_executed_units: {count}")


if __name__ == "__main__":
    os.nice(10)
    take_turn(sys.argv[1], sys.argv[2], float(sys.argv[3]))
