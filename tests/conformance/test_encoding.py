"""Encoding: one byte string, one token; every other spelling is refused, signed or not."""

from collections.abc import Iterator
from functools import partial
from typing import Final

import pytest

from tests.conformance.attack import MALFORMED, SIGNATURE, UNREAD, Attack
from tests.conformance.conftest import Strike
from tests.conformance.forgeries import es256, respelt
from tests.conformance.scene import FACES
from tests.faces.rows import Outcome
from tests.jose.token_maker import encode

SEGMENTS: Final = ("header", "payload", "signature")
WORK: Final = 120  # steps, however many segments there are


def paddings() -> Iterator[Attack]:
    for place, name in enumerate(SEGMENTS):
        outcome = MALFORMED if name == "signature" else UNREAD  # token68 has its padding at the end
        for padding in ("=", "=="):
            token = partial(respelt, partial(_followed, padding), place)
            yield Attack(id=f"A-056 {padding} after the {name}", token=token, outcome=outcome)


def _followed(by: str, segment: str) -> str:
    return segment + by


def _with(junk: str, segment: str) -> str:
    return segment[:5] + junk + segment[5:]


def _in_place(junk: str, segment: str) -> str:
    return segment[:5] + junk + segment[6:]


def _other_alphabet(segment: str) -> str:
    return segment[:-2].replace("-", "+").replace("_", "/")[:-1] + "+" + segment[-2:]


JUNK: dict[str, tuple[str, Outcome]] = {
    "A-058 line feed": ("\n", UNREAD),
    "A-058 tab": ("\t", UNREAD),
    "A-058 space": (" ", UNREAD),
    "A-059 +": ("+", MALFORMED),
    "A-059 /": ("/", MALFORMED),
    "A-061 ?": ("?", UNREAD),
    "A-061 !": ("!", UNREAD),
    "A-061 %": ("%", UNREAD),
    "A-061 ~": ("~", MALFORMED),
    "A-062 homoglyph": ("а", UNREAD),  # a Cyrillic a
    "A-062 NUL": ("\0", UNREAD),
    "A-062 0x7f": ("\x7f", UNREAD),
    "A-062 latin-1": ("\x85", UNREAD),
    "A-062 emoji": ("🔑", UNREAD),
}


def junk() -> Iterator[Attack]:
    for row, (text, outcome) in JUNK.items():
        for place, name in enumerate(SEGMENTS):
            yield Attack(
                id=f"{row} within the {name}", token=partial(_put, text, place, instead=False), outcome=outcome
            )
            yield Attack(
                id=f"{row} for one of the {name}", token=partial(_put, text, place, instead=True), outcome=outcome
            )
    yield Attack(id="A-059 base64 signature", token=partial(respelt, _other_alphabet, 2), outcome=MALFORMED)


def _put(text: str, place: int, *, instead: bool) -> str:
    parts = es256().split(".")
    parts[place] = (_in_place if instead else _with)(text, parts[place])
    return ".".join(parts)


def numbers_of_segments() -> Iterator[Attack]:
    for text in ("..", "...", "a..b", "a.b.", ".a.b", "a", "a.a", "a.a.a.a", "a.a.a.a.a.a", "a." * 5000, "." * 16_000):
        yield Attack(id=f"A-064 {text[:12]!r}, {len(text)}", token=partial(str, text), outcome=MALFORMED, work=WORK)
    for count in (1, 2, 4, 6):
        yield Attack(id=f"A-064 {count} good ones", token=partial(_segments, count), outcome=MALFORMED)


def _segments(count: int) -> str:
    return ".".join((es256().split(".") * 2)[:count])


def what_programs_send() -> Iterator[Attack]:
    texts: dict[str, tuple[str, Outcome]] = {
        "nothing": ("", UNREAD),
        "undefined": ("undefined", MALFORMED),
        "null": ("null", MALFORMED),
        "[object Object]": ("[object Object]", UNREAD),
        "${TOKEN}": ("${TOKEN}", UNREAD),
        "a template": ("{{ token }}", UNREAD),
        "quoted": ('"' + "x.y.z" + '"', UNREAD),
    }
    for name, (text, outcome) in texts.items():
        yield Attack(id=f"A-065 {name}", token=partial(str, text), outcome=outcome)
    yield Attack(id="A-067 percent-encoded dots", token=lambda: es256().replace(".", "%2E"), outcome=UNREAD)
    yield Attack(id="A-067 percent-encoded letter", token=lambda: "%65" + es256()[1:], outcome=UNREAD)
    yield Attack(id="A-067 base64 of a token", token=lambda: encode(es256().encode()), outcome=MALFORMED)
    yield Attack(id="A-067 base64 of its signature", token=_twice_encoded, outcome=SIGNATURE)


def _twice_encoded() -> str:
    text, _, signature = es256().rpartition(".")
    return f"{text}.{encode(signature.encode())}"


ATTACKS = (*paddings(), *junk(), *numbers_of_segments(), *what_programs_send())


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda each: each.id)
def test_encoding(attack: Attack, face: str, strike: Strike) -> None:
    """B-05: a token has one spelling, and what cannot stand in a header is no token at all."""
    strike(attack, face)
