"""`Target`: one thing to fuzz, by name: its judge, bytes that are almost right, and seeds."""

import codecs
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

SEEDS = Path(__file__).with_name("seeds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing to fuzz.

    Arguments:
        name: for tables, `--target=` and the file of its seeds.
        judge: takes any bytes; returns if all is well, and raises whatever is not.
        almost: bytes that are almost right.
        grows: its input has no limit of length, so that its time must be proportional to it.
    """

    name: str
    judge: Callable[[bytes], None]
    almost: st.SearchStrategy[bytes]
    grows: bool = True

    def seeds(self) -> list[bytes]:
        r"""Return the seeds: one a line of `seeds/NAME.txt`, in Python's escapes such as `\n` and `\xff`."""
        lines = (SEEDS / f"{self.name}.txt").read_text(encoding="ascii").splitlines()
        return [codecs.decode(line, "unicode_escape").encode("latin-1") for line in lines if line]
