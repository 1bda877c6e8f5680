"""Whether a target's time is proportional to its input: a piece of a seed is repeated, and sixteen times as often."""

import random
from collections.abc import Callable
from time import monotonic, process_time

from tests.fuzz.findings import Findings
from tests.fuzz.target import Target

_SMALL, _TIMES = 4 * 1024, 16
_GENEROUS = 6.0  # times what would be proportional; squares take sixteen times as much
_NOTICEABLE = 0.05  # seconds; what is shorter is not measured well


class TooSlow(Exception):
    """The time grows faster than the input."""


def run_for(seconds: float, target: Target, findings: Findings) -> int:
    """Measure until the time is over; return how many inputs were measured."""
    until, measured = monotonic() + seconds, 0
    chance = random.Random()
    seeds = target.seeds()
    while monotonic() < until:
        pump = _pump(chance.choice(seeds), chance)
        measured += 2
        try:
            _measure(findings.judge, pump)
        except TooSlow as error:
            findings.keep(pump(_SMALL * _TIMES), error)
    return measured


def _pump(seed: bytes, chance: random.Random) -> Callable[[int], bytes]:
    """Return a function that makes inputs of any length out of a seed, by repeating a piece of it."""
    begin = chance.randrange(len(seed) + 1)
    end = min(len(seed), begin + chance.choice([1, 1, 2, 3, 8, 40]))
    piece, rest = seed[begin:end] or b"A", seed[end:] if chance.random() < 0.8 else b""
    return lambda length: seed[:begin] + piece * (length // len(piece)) + rest


def _measure(judge: Callable[[bytes], None], pump: Callable[[int], bytes]) -> None:
    small, large = pump(_SMALL), pump(_SMALL * _TIMES)
    took = _seconds(judge, large)
    if took < _NOTICEABLE:
        return
    growth = min(took, _seconds(judge, large)) / min(_seconds(judge, small) for _ in range(3))
    if growth > _TIMES * _GENEROUS:
        raise TooSlow(f"{_TIMES} times the input took {growth:.0f} times as long, {took:.2f} s")


def _seconds(judge: Callable[[bytes], None], data: bytes) -> float:
    begun = process_time()
    judge(data)
    return max(process_time() - begun, 1e-6)
