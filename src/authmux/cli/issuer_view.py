"""What was found of an issuer, as `doctor` shows it: lines with a mark, or JSON."""

import json
from collections.abc import Iterator

from authmux.cli import findings_view
from authmux.cli.masking import masked, shown
from authmux.verifying.diagnosis import Examination


def as_text(examination: Examination) -> str:
    """Return it for people."""
    return "\n".join(map(shown, _lines(examination)))


def _lines(examination: Examination) -> Iterator[str]:
    yield from findings_view.as_lines(examination.observations)
    yield ""
    if examination.python is not None:
        yield from (examination.python, "")
    yield findings_view.verdict(examination.observations)


def as_json(examination: Examination) -> str:
    """Return it for programs; the members are documented, and stay."""
    members = {
        "issuer": examination.issuer,
        "well": examination.is_well,
        "profile": examination.profile.name,
        "python": examination.python,
        "findings": findings_view.as_objects(examination.observations),
    }
    return json.dumps(masked(members), indent=2)
