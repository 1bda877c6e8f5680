"""`make fuzz`: every target by turns, for as long as one likes, in one process for each core.

make fuzz ARGS=--minutes=60
make fuzz ARGS="--target=headers --target=faces"
make fuzz ARGS="--replay .fuzz/findings/headers/0123456789ab"
"""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from threading import Lock
from time import monotonic

from tests.fuzz.findings import HOME, directory_of, found, replay_line
from tests.fuzz.table import BY_NAME
from tests.fuzz.turn import WAYS, almost, find_atheris, show

_SHORTEST, _LONGEST_TURN = 5.0, 120.0  # seconds
_TO_BEGIN = 4.0  # seconds until a turn has imported and instrumented everything
_PATIENCE = 60.0  # seconds beyond its time after which a turn is ended


@dataclass(slots=True)
class Score:
    """What came of the turns of one target in one way."""

    seconds: float = 0.0
    executions: int = 0
    edges: int = 0
    new: int = 0
    failed: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Round:
    """Takes turns until the time is over."""

    until: float
    turn: float
    scores: dict[tuple[str, str], Score]
    turns: Iterator[tuple[str, str]] = field(init=False)
    lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.turns = cycle(self.scores)

    def work(self) -> None:
        """Take the next turn, again and again; one thread for each core does this."""
        while self.until - monotonic() > 1:
            with self.lock:
                target, way = next(self.turns)
            self._take(target, way, min(self.turn, self.until - monotonic()))

    def _take(self, target: str, way: str, seconds: float) -> None:
        command = [sys.executable, "-m", "tests.fuzz.turn", target, way, str(seconds)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=seconds + _PATIENCE
            )
            output, is_well = done.stdout + done.stderr, done.returncode == 0
        except subprocess.TimeoutExpired:
            output, is_well = "it did not come to its end", False
        score = self.scores[target, way]
        score.seconds += seconds
        score.executions += _read(r"stat::number_of_executed_units:\s*(\d+)", output)
        score.edges = max(score.edges, _read(r"\bcov: (\d+)", output))
        score.new += _read(r"stat::new_units_added:\s*(\d+)", output)
        if not is_well:
            score.failed.append(output[-2000:])
        show(f"{target} {way}: {score.executions} executions")


def _read(expression: str, output: str) -> int:
    """Return the last number of its kind that a turn printed, 0 where there is none."""
    return int(([0, *re.findall(expression, output)])[-1])


def replay(path: Path) -> int:
    """Judge a finding again; it fails as it failed, or all is well now."""
    target = BY_NAME[path.parent.name]
    if path.name.startswith("almost-"):  # libFuzzer's own: what Hypothesis made the input of
        almost(target, target.judge)(path.read_bytes())
    else:
        target.judge(path.read_bytes())
    show(f"{target.name} has no quarrel with {path} any more")
    return 0


def fuzz(names: Sequence[str], *, minutes: float, jobs: int) -> int:
    """Fuzz these targets by turns, and print what came of it."""
    if find_atheris() is None:
        show("atheris is not installed, as it has no wheel for this Python or system: Hypothesis draws blindly")
    scores = {(name, way): Score() for way in WAYS for name in names if way != "growth" or BY_NAME[name].grows}
    for name in names:
        directory_of(name)
    seconds = minutes * 60
    turn = min(max(seconds * jobs / len(scores) - _TO_BEGIN, _SHORTEST), _LONGEST_TURN)
    taken = Round(until=monotonic() + seconds, turn=turn, scores=scores)
    with ThreadPoolExecutor(jobs) as pool:
        for worker in [pool.submit(taken.work) for _ in range(jobs)]:
            worker.result()
    return _report(scores)


def _report(scores: dict[tuple[str, str], Score]) -> int:
    show(f"\n{'target':16}{'way':8}{'seconds':>9}{'executions':>12}{'per second':>12}{'edges':>8}{'new':>7}")
    for (name, way), score in sorted(scores.items()):
        rate = score.executions / score.seconds if score.seconds else 0
        figures = f"{score.seconds:9.0f}{score.executions:12}{rate:12.0f}{score.edges or '-':>8}{score.new or '-':>7}"
        show(f"{name:16}{way:8}{figures}" + ("" if score.seconds else "  not reached: give it more --minutes"))
    broken = [(key, output) for key, score in scores.items() for output in score.failed]
    for key, output in broken:
        show(f"\n{' '.join(key)} ended badly:\n{output}")
    paths = [path for name in dict.fromkeys(name for name, _ in scores) for path in found(name)]
    show(f"\n{len(paths)} findings" + (f" in {HOME}" if paths else ""))
    for path in paths:
        show(f"  {replay_line(path)}")
    return 1 if paths or broken else 0


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="for all targets together")
    parser.add_argument("--target", action="append", choices=sorted(BY_NAME), help="only this one; may be repeated")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="judge one finding again")
    options = parser.parse_args()
    if options.replay:
        return replay(options.replay)
    return fuzz(options.target or list(BY_NAME), minutes=options.minutes, jobs=options.jobs)


if __name__ == "__main__":
    sys.exit(main())
