"""What a person sees: aligned, calm, and without a secret."""

import os
import sys
from collections.abc import Mapping, Sequence

from examples.demo.answers import Answer, Application
from examples.demo.cases import Case

_BOLD, _DIM, _RED, _GREEN = "1", "2", "31", "32"
_SHORT = 16  # nothing that proves anything is this short


def mask(text: str) -> str:
    """Return enough of a credential to know it by: how it begins, and its last four characters."""
    if len(text) <= _SHORT:
        return text
    beginning = 9 if text.startswith("acme_") else 3
    return f"{text[:beginning]}…{text[-4:]}"


def show_heading(text: str) -> None:
    """Begin a part."""
    print(f"\n{_paint(text, _BOLD)}\n")


def show_note(name: str, text: object) -> None:
    """Say something that is good to know."""
    print(f"  {name:<10}{text}")


def show_case(case: Case, texts: Mapping[str, str]) -> None:
    """Say what is sent, with every secret masked."""
    masked = {name: mask(text) for name, text in texts.items()}
    sent = " + ".join(header.format_map(masked) for header in case.headers) or "no credential"
    print(f"  {case.title:<32}{_paint(sent, _DIM)}")


def show_answer(case: Case, application: Application, answer: Answer) -> None:
    """Say what an application answered, and what it should have where that was something else."""
    good = answer.is_expected(case)
    mark = _paint("✓", _GREEN) if good else _paint("✗", _RED)
    often = f"x{case.times}" if case.times > 1 else ""
    print(f"    {mark} {application.name:<9}{answer.status} {often:<4}{answer.shown}")
    if not good:
        came = f"expected {case.status} {case.expected}, and it was {answer.status} {answer.outcome}"
        print(f"      {_paint(came, _RED)}")


def show_details(answers: Sequence[Answer]) -> None:
    """Say the refusals in words: once, where all are in the same words."""
    for detail in dict.fromkeys(answer.detail for answer in answers if answer.detail):
        print(f"{'':<23}{_paint(detail, _DIM)}")


def show_end(requests: int, good: int) -> None:
    """Say how it went; a script can read it too."""
    print(_paint(f"\ndemo: {requests} requests, {good} as expected", _GREEN if good == requests else _RED))


def _paint(text: str, colour: str) -> str:
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):  # https://no-color.org
        return text
    return f"\x1b[{colour}m{text}\x1b[0m"
