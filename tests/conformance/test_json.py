"""JSON: what has two readings, or none, is refused; what is meant to burn time burns none."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Final

import pytest

from tests.conformance.attack import AUDIENCE, GOOD, MALFORMED, Attack
from tests.conformance.conftest import Strike
from tests.conformance.forgeries import claiming, es256, es256_over
from tests.conformance.scene import FACES
from tests.jose.token_maker import AUDIENCE as OURS
from tests.jose.token_maker import good_payload

WORK: Final = 600  # steps, whatever is in the token
TOO_LONG: Final = 60  # steps; the text is measured, and neither hashed nor read
LARGE: Final = 6_000  # steps for what is looked at item by item: a few for each, and not the square of it


def nested(levels: int) -> bytes:
    """Return claims of so many levels."""
    return good_payload()[:-1] + b',"x":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


def payloads() -> Iterator[Attack]:
    for text in ("[]", "[{}]", '"x"', "1", "null", "true", " ", "{"):
        yield Attack(id=f"A-068 {text}", token=partial(es256_over, text.encode()), outcome=MALFORMED)
    yield Attack(id="A-068 array of claims", token=lambda: es256_over(b"[" + good_payload() + b"]"), outcome=MALFORMED)
    for name in ("exp", "iat", "nbf", "sub", "x"):
        for number in (float("nan"), float("inf"), float("-inf")):
            yield Attack(id=f"A-070 {name} {number}", token=partial(claiming, **{name: number}), outcome=MALFORMED)


def texts() -> Iterator[Attack]:
    good = good_payload().decode()
    spellings = {
        "A-071 BOM": b"\xef\xbb\xbf" + good.encode(),
        "A-071 UTF-16": good.encode("utf-16"),
        "A-071 UTF-16, no mark": good.encode("utf-16-le"),
        "A-071 UTF-32": good.encode("utf-32"),
        "A-071 invalid UTF-8": good.replace("subject-1", "subject-\xff").encode("latin-1"),
        "A-071 overlong": good.encode().replace(b"subject-1", b"subject-\xc0\xb1"),
        "A-071 surrogate": good.encode().replace(b"subject-1", b"subject-\xed\xa0\x80"),
        "A-071 escaped surrogate": good.replace("subject-1", "subject-\\ud800").encode(),
        "A-073 bytes behind": good.encode() + b"x",
        "A-073 an object behind": good.encode() + b"{}",
        "A-073 comment": good.encode() + b"/* */",
        "A-073 line comment": b"// x\n" + good.encode(),
        "A-073 single quotes": good.replace('"', "'").encode(),
        "A-073 trailing comma": good[:-1].encode() + b",}",
        "A-073 bare name": good.replace('"sub"', "sub").encode(),
        "A-073 sub twice": good[:-1].encode() + b',"sub":"admin"}',
        "A-073 sub twice, escaped": good[:-1].encode() + b',"s\\u0075b":"admin"}',
        "A-073 twice within": good[:-1].encode() + b',"x":{"a":1,"a":2}}',
        "A-076 1e400": good[:-1].encode() + b',"x":1e400}',
        "A-076 -1e400 within": good[:-1].encode() + b',"x":[{"y":-1e400}]}',
        "A-076 1e400 for exp": json.dumps({**json.loads(good), "exp": 0}).replace('"exp": 0', '"exp": 1e400').encode(),
    }
    for row, text in spellings.items():
        yield Attack(id=row, token=partial(es256_over, text), outcome=MALFORMED)


def sizes() -> Iterator[Attack]:
    yield Attack(id="A-074 16 deep", token=lambda: es256_over(nested(16)), outcome=GOOD, work=LARGE)
    for levels in (17, 500, 5_000):
        token = partial(es256_over, nested(levels))
        yield Attack(id=f"A-074 {levels} deep", token=token, outcome=MALFORMED, work=WORK)
    many = [f"a{number}" for number in range(1_200)]
    yield Attack(id="A-077 many audiences", token=partial(claiming, aud=[*many, OURS]), outcome=GOOD, work=LARGE)
    yield Attack(id="A-077 many others", token=partial(claiming, aud=many), outcome=AUDIENCE, work=LARGE)
    yield Attack(
        id="A-077 ours 900 times", token=partial(claiming, aud=[OURS] * 400 + [1]), outcome=AUDIENCE, work=LARGE
    )
    scopes = " ".join(["reports:read", *(f"s:{number}" for number in range(1_300))])
    yield Attack(id="A-077 many scopes", token=partial(claiming, scope=scopes), outcome=GOOD, work=LARGE)
    yield Attack(
        id="A-077 many names",
        token=lambda: claiming(**dict.fromkeys(map(str, range(900)), 0)),
        outcome=MALFORMED,
        work=WORK,
    )
    lists = good_payload()[:-1] + b',"x":[' + b"[]," * 3_000 + b"0]}"
    yield Attack(id="A-077 many lists", token=lambda: es256_over(lists), outcome=GOOD, work=4 * len(lists))
    yield Attack(id="A-077 names of one hash", token=_colliding, outcome=MALFORMED, work=WORK)
    for size in (16_385, 200_000, 2_000_000):
        yield Attack(id=f"A-079 {size} bytes", token=partial(_large, size), outcome=MALFORMED, work=TOO_LONG)
    yield Attack(
        id="A-079 good, and too large", token=partial(claiming, x="x" * 13_000), outcome=MALFORMED, work=TOO_LONG
    )
    yield Attack(id="A-079 good, and nearly too large", token=partial(claiming, x="x" * 11_000), outcome=GOOD)


def _colliding() -> str:
    return es256_over(b"{" + b",".join(b'"%d":0' % (number * (2**61 - 1)) for number in range(500)) + b"}")


def _large(size: int) -> str:
    return es256() + "." + "x" * (size - len(es256()) - 1)


ATTACKS = (*payloads(), *texts(), *sizes())


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda each: each.id)
def test_json(attack: Attack, face: str, strike: Strike) -> None:
    """B-06: claims are one strict JSON object of bounded size and depth."""
    strike(attack, face)
