"""What is wrong with an issuer or with one token, for the operator: values only, and no part of a request's way."""

from authmux.verifying.diagnosis.examination import Examination, examine
from authmux.verifying.diagnosis.observation import Mark, Observation, Part
from authmux.verifying.diagnosis.options import VerifierOptions
from authmux.verifying.diagnosis.token_kind import TokenKind, kind_of
from authmux.verifying.diagnosis.token_parts import read_parts
from authmux.verifying.diagnosis.token_report import Outcome, TokenReport, report_on

__all__ = [
    "Examination",
    "Mark",
    "Observation",
    "Outcome",
    "Part",
    "TokenKind",
    "TokenReport",
    "VerifierOptions",
    "examine",
    "kind_of",
    "read_parts",
    "report_on",
]
