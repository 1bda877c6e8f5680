"""JSON values and texts that are almost what is expected."""

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

VALUES: Final[Sequence[Any]] = (
    None, True, False, 0, -1, 1, 2, 0.5, -0.0, 1e300, 10**20, -(10**20), 253_402_300_799, 253_402_300_800,
    "", " ", "-", "1", "true", "null", "a b", "é", "e\u0301", "\u0000", "\u202e", "\ufeff", "\ud800",
    "a" * 255, "a" * 256, "x" * 3000, [], [[]], [None], [1], ["a", 1], ["a"], [{}], {}, {"a": {}}, {"a": [1]},
    {"": ""}, float("nan"), float("inf"), float("-inf"),
)  # fmt: skip


def odd_value(random: Random, like: object = None) -> Any:
    """Return a value that is odd for a member that has been `like`."""
    if like is not None and random.random() < 0.4:
        return random.choice(_TWISTS)(like)
    return random.choice(VALUES)


def _other_case(value: object) -> object:
    return value.swapcase() if isinstance(value, str) else str(value)


_TWISTS: Final[Sequence[Callable[[Any], Any]]] = (
    lambda value: [value],
    lambda value: {"a": value},
    lambda value: [value, value],
    lambda value: [value, 1],
    lambda value: f"{value} ",
    lambda value: f" {value}",
    lambda value: f"{value}\n",
    lambda value: f"{value}/",
    lambda value: f"{value}\u0000",
    str,
    _other_case,
    json.dumps,
)


def spoil(random: Random, text: bytes) -> bytes:
    """Return JSON text that is no longer quite what it was, or no JSON at all."""
    return random.choice(_SPOILERS)(random, text)


def _duplicate(random: Random, text: bytes) -> bytes:
    """Name a member twice, first or last, with another value or the same."""
    try:
        members = json.loads(text)
    except ValueError:
        return text + text
    if not isinstance(members, dict) or not members:
        return text
    name = random.choice(list(members))
    value = members[name] if random.random() < 0.5 else odd_value(random)
    pair = json.dumps(name) + ":" + json.dumps(value)
    if random.random() < 0.2:
        pair = pair.replace(name[:1], f"\\u{ord(name[:1] or 'a'):04x}", 1)
    body = text.strip()[1:-1].decode("utf-8", "replace")
    return (f"{{{pair},{body}}}" if random.random() < 0.5 else f"{{{body},{pair}}}").encode("utf-8", "replace")


def _insert(random: Random, text: bytes) -> bytes:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(_SNIPPETS) + text[at:]


def _flip(random: Random, text: bytes) -> bytes:
    if not text:
        return b"{}"
    at = random.randrange(len(text))
    return text[:at] + bytes([random.randrange(256)]) + text[at + 1 :]


def _cut(random: Random, text: bytes) -> bytes:
    return text[: random.randrange(len(text) + 1)]


def _member(random: Random, text: bytes) -> bytes:
    """Add a member whose value is written as no encoder would."""
    return text.rstrip()[:-1] + b',"zz":' + random.choice(_WRITTEN) + b"}"


def _encode(random: Random, text: bytes) -> bytes:
    plain = text.decode("utf-8", "replace")
    return plain.encode(random.choice(("utf-8-sig", "utf-16", "utf-16-le", "utf-32-be", "utf-7")), "replace")


_SNIPPETS: Final = (
    b" ", b"\n", b"\t", b"\x00", b"\x0c", b",", b":", b'"', b"\\", b"\\u0000", b"\\ud800", b"\\udc00", b"{", b"}", b"[",
    b"]", b"NaN", b"Infinity", b"1e400", b"//", b"/*", b"\xef\xbb\xbf", b"\xff", b"\xc0\xae", b"\xed\xa0\x80", b"'",
)  # fmt: skip
_WRITTEN: Final = (
    b"NaN", b"-Infinity", b"1e400", b"-1e400", b"1e-400", b"01", b"+1", b".5", b"1.", b"0x1", b"1E5", b"-0", b"-0.0",
    b"tRue", b"'a'", b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\ud83d\\ude00"', b'"\\x41"', b'"\\/"', b'"\t"', b"1_0",
    b"9" * 400, b"9" * 5000, b"[" * 14 + b"]" * 14, b"[" * 17 + b"]" * 17, b"[" * 3000 + b"]" * 3000, b"[1,]", b"{,}",
    b'{"a":1,"a":1}', b'{"a":{"b":1,"b":2}}', b"[" + b"1," * 300 + b"1]",
    b"{" + b",".join(b'"%d":0' % each for each in range(257)) + b"}", b'"' + b"x" * 9000 + b'"',
)  # fmt: skip
_SPOILERS: Final = (
    _duplicate, _insert, _flip, _cut, _member, _member, _encode,
    lambda _, text: text + b" ",
    lambda _, text: b"\n" + text,
    lambda _, text: text + b"{}",
    lambda _, text: text + b"\x00",
    lambda _, text: b"[" + text + b"]",
    lambda _, text: b'"' + text + b'"',
    lambda _, __: b"",
    lambda _, text: text.replace(b'"', b"'"),
    lambda _, text: text[:-1] + b",}",
    lambda _, text: text.replace(b":", b" : ").replace(b",", b" ,\r\n"),
)  # fmt: skip
