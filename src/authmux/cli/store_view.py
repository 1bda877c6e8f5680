"""What was found of a store, as `doctor` shows it: lines with a mark, or JSON."""

import json
from collections.abc import Sequence

from authmux.cli import findings_view
from authmux.cli.finding import Finding
from authmux.cli.masking import masked, shown
from authmux.verifying.diagnosis import Mark


def is_well(findings: Sequence[Finding]) -> bool:
    """Return whether nothing is wrong; warnings do not count."""
    return all(each.mark is not Mark.WRONG for each in findings)


def as_text(findings: Sequence[Finding]) -> str:
    """Return it for people."""
    return "\n".join(map(shown, (*findings_view.as_lines(findings), "", findings_view.verdict(findings))))


def as_json(findings: Sequence[Finding]) -> str:
    """Return it for programs; the members are documented, and stay."""
    return json.dumps(masked({"well": is_well(findings), "findings": findings_view.as_objects(findings)}), indent=2)
