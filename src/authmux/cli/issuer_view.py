"""What was found of an issuer, as `doctor` shows it: lines with a mark, or JSON."""

import json
from collections.abc import Iterator

from authmux.cli.masking import masked, shown
from authmux.verifying.diagnosis import Examination, Mark

_WIDTH = len(Mark.WARNING)


def as_text(examination: Examination) -> str:
    """Return it for people."""
    return "\n".join(map(shown, _lines(examination)))


def _lines(examination: Examination) -> Iterator[str]:
    part = None
    for each in examination.observations:
        if each.part is not part:
            part = each.part
            yield f"{part}"
        yield f"  {each.mark:<{_WIDTH}}  {each.says}"
        if each.advice:
            yield f"  {'':<{_WIDTH}}  → {each.advice}"
    marks = [each.mark for each in examination.observations]
    yield ""
    if examination.python is not None:
        yield from (examination.python, "")
    yield verdict(marks.count(Mark.WRONG), marks.count(Mark.WARNING))


def verdict(wrong: int, warnings: int) -> str:
    """Return the whole in a line."""
    warned = f"{warnings} warning{'' if warnings == 1 else 's'}"
    if wrong:
        return f"{wrong} thing{' is' if wrong == 1 else 's are'} wrong, {warned}"
    return f"all is well, {warned}" if warnings else "all is well"


def as_json(examination: Examination) -> str:
    """Return it for programs; the members are documented, and stay."""
    members = {
        "issuer": examination.issuer,
        "well": examination.is_well,
        "profile": examination.profile.name,
        "python": examination.python,
        "findings": [
            {"part": each.part, "mark": each.mark, "says": each.says, "do": each.advice or None}
            for each in examination.observations
        ],
    }
    return json.dumps(masked(members), indent=2)
