"""What an examination found, as `doctor` shows it: lines with a mark, or objects for JSON."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from authmux.verifying.diagnosis import Mark

_WIDTH = len(Mark.WARNING)


class Found(Protocol):
    """One thing that was found."""

    @property
    def part(self) -> str:
        """Return what was looked at."""
        ...

    @property
    def mark(self) -> Mark:
        """Return how it stands."""
        ...

    @property
    def says(self) -> str:
        """Return what was found."""
        ...

    @property
    def advice(self) -> str:
        """Return what to do; empty where nothing is to be done."""
        ...


def as_lines(findings: Sequence[Found]) -> Iterator[str]:
    """Return them for people, under the names of the parts."""
    part = None
    for each in findings:
        if each.part != part:
            part = each.part
            yield f"{part}"
        yield f"  {each.mark:<{_WIDTH}}  {each.says}"
        if each.advice:
            yield f"  {'':<{_WIDTH}}  → {each.advice}"


def verdict(findings: Sequence[Found]) -> str:
    """Return the whole in a line."""
    marks = [each.mark for each in findings]
    wrong, warnings = marks.count(Mark.WRONG), marks.count(Mark.WARNING)
    warned = f"{warnings} warning{'' if warnings == 1 else 's'}"
    if wrong:
        return f"{wrong} thing{' is' if wrong == 1 else 's are'} wrong, {warned}"
    return f"all is well, {warned}" if warnings else "all is well"


def as_objects(findings: Sequence[Found]) -> list[dict[str, Any]]:
    """Return them for programs; the members are documented, and stay."""
    return [{"part": each.part, "mark": each.mark, "says": each.says, "do": each.advice or None} for each in findings]
