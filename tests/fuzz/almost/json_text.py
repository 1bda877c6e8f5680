"""JSON texts that are almost right, written by hand: a library would write no duplicates, NaN or lone surrogates."""

import json
from collections.abc import Mapping

from hypothesis import strategies as st

from tests.fuzz.almost.mutation import mostly, mutated

_DEEP = (4, 5, 8, 9, 16, 17, 40, 2000)

ODD_VALUES = (
    "null", "true", "false", "0", "-0", "-0.0", "1", "1.0", "-1", "0.1", "1e5", "1E-400", "1e308", "1e400", "-1e400",
    "NaN", "Infinity", "-Infinity", "01", "+1", ".5", "1.", "0x1", "9" * 30, "9" * 400, "9" * 4301, "253402300799",
    "253402300800", '""', '"a"', '" "', '"*"', '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"é"',
    '"\\u0061"', '"\\x41"', '"a\\"b"', '"\\\\"', '"' + "a" * 256 + '"', '"a"b', "'a'", "[]", "{}", "[[]]", '[""]',
    '["a"]', '["a",1]', '["a","a"]', '{"a":1}', '{"a":1,"a":1}', "[1,]", "[,]", "", "nul", "/**/1", "\ufeff1",
)  # fmt: skip

odd_values = st.sampled_from(ODD_VALUES) | st.text(max_size=12).map(json.dumps) | st.integers().map(str) | st.builds(
    lambda depth, bracket: bracket[0] * depth + "1" + bracket[1] * depth,
    st.sampled_from(_DEEP),
    st.sampled_from([("[", "]"), ('{"a":', "}")]),
)  # fmt: skip
_blanks = mostly(st.just(""), st.sampled_from([" ", "\n", "\t\r", "\u00a0", "\x0c", "\ufeff"]), one_in=12)


def literals(*values: object) -> st.SearchStrategy[str]:
    """Return one of a few values, as JSON text."""
    return st.sampled_from([json.dumps(value) for value in values])


def objects(members: Mapping[str, st.SearchStrategy[str]], *, one_in: int = 10) -> st.SearchStrategy[bytes]:
    """Return the text of an object with these members, of which a few are odd, missing, doubled or renamed."""

    def write(chosen: list[tuple[str, str, str]], extra: list[tuple[str, str]], blank: str) -> bytes:
        written = [
            f"{json.dumps(name)}{blank}:{value}" for name, value, fate in chosen for _ in range(_TIMES.get(fate, 1))
        ]
        written += [f"{json.dumps(name)}:{blank}{value}" for name, value in extra]
        return f"{blank}{{{','.join(written)}}}{blank}".encode("utf-8", "surrogatepass")

    chosen = st.tuples(
        *(
            st.tuples(
                st.just(name),
                mostly(value, odd_values, one_in=one_in),
                mostly(st.just("there"), st.sampled_from(["missing", "missing", "twice"]), one_in=one_in),
            )
            for name, value in members.items()
        )
    ).map(list)
    names = st.sampled_from([*members, "cnf", "nonce", "events", "crit", "__class__", ""]) | st.text(max_size=6)
    extra = mostly(st.just([]), st.lists(st.tuples(names, odd_values), max_size=3), one_in=4)
    return st.builds(write, chosen.flatmap(st.permutations), extra, _blanks)


_TIMES = {"missing": 0, "twice": 2}

values = st.recursive(
    odd_values,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda each: f"[{','.join(each)}]")
        | st.lists(st.tuples(st.text(max_size=3).map(json.dumps) | st.just('"\\u0061"'), inner), max_size=4).map(
            lambda pairs: "{" + ",".join(f"{name}:{value}" for name, value in pairs) + "}"
        )
    ),
    max_leaves=10,
)
any_object = mutated(
    st.lists(st.tuples(st.text(max_size=3).map(json.dumps), values), max_size=4).map(
        lambda pairs: ("{" + ",".join(f"{name}:{value}" for name, value in pairs) + "}").encode("utf-8", "replace")
    )
)
"""Objects of whatever JSON can say, and cannot."""
