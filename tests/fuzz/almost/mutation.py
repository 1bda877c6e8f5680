"""Bytes with a few bytes changed: flipped, cut, doubled, pushed in between."""

import re
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

ODDITIES = (
    *(bytes([byte]) for byte in b"\0\x01\t\n\r\x0b\x1c\x7f\x80\x85\xa0\xff =.,:;\"'\\%&?#@/+-_*"),
    *(text.encode() for text in ("é", "İ", "ı", "K", "ſ", "Ｂ", "\u200b", "\u2028", "\ufeff", "²", "٣", "\U0001f600")),
    b"\xed\xa0\x80",  # a lone surrogate, as UTF-8 would write it
    b"\xc0\xaf",  # a slash in two bytes
    b"%00", b"%0d%0a", b"%5F", b"%2e%2e", b"%", b"\\u0000", b"\\ud800", b"==", b"9" * 400, b"A" * 300,
)  # fmt: skip
"""What parsers stumble over, and what looks like something else."""

_oddities = st.sampled_from(ODDITIES)
_places = st.integers(0, 2**16)


def _flip(data: bytes, at: int, other: int, _: bytes) -> bytes:
    flipped = bytearray(data)
    if flipped:
        flipped[at % len(data)] ^= 1 << other % 8
    return bytes(flipped)


def _cut(data: bytes, at: int, other: int, _: bytes) -> bytes:
    begin = at % (len(data) + 1)
    return data[:begin] + data[begin + 1 + other % 8 :]


def _end(data: bytes, at: int, other: int, _: bytes) -> bytes:
    return data[: at % (len(data) + 1)]


def _double(data: bytes, at: int, other: int, _: bytes) -> bytes:
    begin = at % (len(data) + 1)
    end = begin + 1 + other % 40
    return data[:end] + data[begin:]


def _push(data: bytes, at: int, other: int, oddity: bytes) -> bytes:
    begin = at % (len(data) + 1)
    return data[:begin] + oddity + data[begin + other % 2 :]


def _at_edge(data: bytes, at: int, other: int, oddity: bytes) -> bytes:
    """Push an oddity in where a part begins or ends, which is where parsers look."""
    edges = [match.start() for match in re.finditer(rb"\b|$", data)]
    begin = edges[at % len(edges)]
    return data[:begin] + oddity + data[begin:]


def _recase(data: bytes, at: int, other: int, _: bytes) -> bytes:
    begin = at % (len(data) + 1)
    end = begin + 1 + other % 8
    return data[:begin] + data[begin:end].swapcase() + data[end:]


_mutations: st.SearchStrategy[Callable[[bytes, int, int, bytes], bytes]] = st.sampled_from(
    [_flip, _cut, _end, _double, _push, _at_edge, _at_edge, _recase]
)
_steps = st.lists(st.tuples(_mutations, _places, _places, _oddities), max_size=3)


def mutated(source: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Return what a strategy makes, mutated up to three times, often not at all."""

    def apply(data: bytes, steps: list[tuple[Callable[..., bytes], int, int, bytes]]) -> bytes:
        for mutation, at, other, oddity in steps:
            data = mutation(data, at, other, oddity)
        return data

    return st.builds(apply, source, st.just([]) | _steps)


def mostly(good: st.SearchStrategy[Any], odd: st.SearchStrategy[Any], *, one_in: int = 6) -> st.SearchStrategy[Any]:
    """Return a strategy that is `good` but for every so many draws, so that most of a whole stays good."""
    return st.integers(1, one_in).flatmap(lambda number: odd if number == one_in else good)


def joined(separator: bytes, *parts: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Return the parts, joined."""
    return st.tuples(*parts).map(separator.join)


def texts(*choices: str) -> st.SearchStrategy[bytes]:
    """Return one of a few texts, as bytes."""
    return st.sampled_from([choice.encode() for choice in choices])
