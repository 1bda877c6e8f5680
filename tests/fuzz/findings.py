"""What was found: the shortest bytes for each way to fail, kept in files that can be replayed."""

import hashlib
import traceback
from collections.abc import Callable
from pathlib import Path

HOME = Path(".fuzz")


def directory_of(target: str) -> Path:
    """Return where the findings of a target are kept."""
    directory = HOME / "findings" / target
    directory.mkdir(parents=True, exist_ok=True)
    return directory


class Findings:
    """Judges without ever failing, and keeps what fails.

    Arguments:
        target: the name of what is judged.
        judge: raises where something is wrong.
    """

    def __init__(self, target: str, judge: Callable[[bytes], None]) -> None:
        self._target = target
        self._judge = judge
        self._shortest: dict[str, int] = {}

    def judge(self, data: bytes) -> None:
        """Judge, and keep the bytes if they are the shortest that fail in their way."""
        try:
            self._judge(data)
        except Exception as error:
            self.keep(data, error)

    def keep(self, data: bytes, error: Exception) -> None:
        """Keep what failed, under a name for the way in which it did."""
        last = traceback.extract_tb(error.__traceback__)[-1]
        way = f"{type(error).__name__} {Path(last.filename).name} {last.lineno}"
        if len(data) >= self._shortest.get(way, len(data) + 1):
            return
        self._shortest[way] = len(data)
        path = directory_of(self._target) / hashlib.sha256(way.encode()).hexdigest()[:12]
        path.write_bytes(data)
        report = "".join(traceback.format_exception(error))
        path.with_suffix(".txt").write_text(f"{replay_line(path)}\n\n{data!r}\n\n{report}", "utf-8", "backslashreplace")


def replay_line(path: Path) -> str:
    """Return the command that judges a finding again."""
    return f'make fuzz ARGS="--replay {path}"'


def found(target: str) -> list[Path]:
    """Return the findings of a target."""
    return sorted(path for path in directory_of(target).iterdir() if path.suffix != ".txt")
