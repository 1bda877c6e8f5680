"""Headers: kid, crit, typ, cty; what a token says of itself may only be what is understood."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Final

import pytest

from authmux import profiles
from tests.conformance.attack import GOOD, MALFORMED, SIGNATURE, TYPE, Attack
from tests.conformance.conftest import Strike
from tests.conformance.forgeries import EC, attacker, es256, es256_over, headed
from tests.conformance.scene import FACES, open_scene, published
from tests.jose.token_maker import ISSUER, access_token, get_key, good_header, good_payload, mint, rename

WORK: Final = 300  # steps; a token that is refused for its signature takes as many

NO_TEXTS: tuple[object, ...] = (1, None, True, [], ["at+jwt"], {}, 1.5)
NO_CRITS: tuple[object, ...] = (["exp"], ["x"], ["alg"], [], "b64", None, {}, ["b64", "b64"], [1])
NO_SHAPES: Final = ("[]", '["alg"]', '"alg"', "1", "null", "{}", " ", "true")

BOGUS_KIDS = {
    "SQL": "' OR 1=1 --",
    "a path": "../../dev/null",
    "a command": "|sleep 5",
    "%00": "ES256%00",
    "a URL": "https://evil.example/key",
    "256 bytes": "k" * 256,
}
LOOKALIKES = {
    "case": "es256",
    "blank": "ES256 ",
    "blank before": " ES256",
    "combining": "ES256\u0301",
    "wide": "ＥＳ256",
}
OTHER_CLASSES = (
    "dpop+jwt", "logout+jwt", "secevent+jwt", "txntoken+jwt", "wit+jwt", "wpt+jwt", "entity-statement+jwt",
    "token-introspection+jwt", "oauth-authz-req+jwt", "oauth-client-attestation+jwt", "client-authentication+jwt",
    "oauth-client-attestation-pop+jwt", "kb+jwt", "dc+sd-jwt", "statuslist+jwt",
)  # fmt: skip


def kids() -> Iterator[Attack]:
    yield Attack(id="A-035 unknown", token=partial(es256, kid="made-up"), outcome=SIGNATURE, fetches=1)
    for other in (*NO_TEXTS, ""):
        yield Attack(id=f"A-037 {other!r}", token=partial(headed, kid=other), outcome=MALFORMED)
    for name, kid in BOGUS_KIDS.items():
        yield Attack(id=f"A-038 {name}", token=partial(es256, kid=kid), outcome=SIGNATURE, fetches=1)
    for name, kid in {"CRLF": "a\r\nX: y", "NUL": "a\0", "257 bytes": "k" * 257}.items():
        yield Attack(id=f"A-038 {name}", token=partial(es256, kid=kid), outcome=MALFORMED)
    for name, kid in LOOKALIKES.items():
        yield Attack(id=f"A-040 {name}", token=partial(es256, kid=kid), outcome=SIGNATURE, fetches=1)
    yield Attack(id="A-043 no kid, one candidate", token=partial(es256, kid=None), outcome=GOOD)
    yield Attack(id="A-043 no kid, no candidate", token=lambda: mint(get_key("RS384"), kid=None), outcome=SIGNATURE)


def critical() -> Iterator[Attack]:
    twice = '{"alg":"%s","kid":"ES256","typ":"at+jwt","alg":"%s"}'
    for pair in (("none", EC), (EC, "none"), (EC, EC)):
        header = (twice % pair).encode()
        yield Attack(id=f"A-044 {pair}", token=partial(es256_over, good_payload(), header), outcome=MALFORMED)
    for crit in NO_CRITS:
        yield Attack(id=f"A-046 {json.dumps(crit)}", token=partial(headed, crit=crit), outcome=MALFORMED)


def types() -> Iterator[Attack]:
    for typ in OTHER_CLASSES:
        yield Attack(id=f"A-047 {typ}", token=partial(es256, typ=typ), outcome=TYPE)
        yield Attack(id=f"A-047 application/{typ}", token=partial(es256, typ=f"application/{typ}"), outcome=TYPE)
    for typ in (
        "application/x/at+jwt",
        "at+jwt;x=1",
        "at+jwt ",
        " at+jwt",
        "application/application/at+jwt",
        "ａt+jwt",
    ):
        yield Attack(id=f"A-049 {typ!a}", token=partial(es256, typ=typ), outcome=TYPE)
    for value in NO_TEXTS:
        yield Attack(id=f"A-049 {value!r}", token=partial(headed, typ=value), outcome=TYPE)
    only = {"profile": profiles.RFC9068}
    for absent in ("JWT", None):
        token = partial(es256, typ=absent)
        yield Attack(id=f"A-050 {absent}, compatible", token=token, outcome=GOOD)
        yield Attack(id=f"A-050 {absent}, RFC 9068 only", token=token, outcome=TYPE, options=only)
    for cty in ("JWT", "application/jwt", "json", ""):
        yield Attack(id=f"A-052 {cty!r}", token=partial(es256, cty=cty), outcome=MALFORMED)
    yield Attack(id="A-052 a token for a payload", token=lambda: es256_over(es256().encode()), outcome=MALFORMED)


def shapes() -> Iterator[Attack]:
    for text in NO_SHAPES:
        yield Attack(id=f"A-053 {text}", token=partial(es256_over, good_payload(), text.encode()), outcome=MALFORMED)
    for levels in (5, 20_000):
        header = good_header(get_key(EC))[:-1] + b',"x":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"
        yield Attack(
            id=f"A-055 {levels} deep",
            token=partial(es256_over, good_payload(), header),
            outcome=MALFORMED,
            work=WORK,
        )


ATTACKS = (*kids(), *critical(), *types(), *shapes())


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda each: each.id)
def test_header_parameters(attack: Attack, face: str, strike: Strike) -> None:
    """B-07: what a header says is understood, ignored without effect, or refused."""
    strike(attack, face)


@pytest.mark.parametrize("face", FACES)
def test_no_kid_and_two_candidates(face: str) -> None:
    """A-043: a token without kid is refused where two keys could be meant; none is tried, and none fetched."""
    with open_scene(published(get_key(EC), get_key("ES256 second"))) as scene:
        scene.begin()
        SIGNATURE.check(scene.send(es256(kid=None), face=face), method="GET", bank={})
        assert scene.fetched == 0


@pytest.mark.parametrize("face", FACES)
def test_a_key_of_another_issuer(face: str) -> None:
    """A-041: a token of A that B's key signs, under B's kid, is unknown at A, which is asked once."""
    theirs = rename(get_key("ES256 second"), "b-1")
    with open_scene() as ours, open_scene(published(theirs), issuer="https://b.example") as other:
        ours.begin()
        other.begin()
        ours.guard(ours.verifier, other.verifier)
        SIGNATURE.check(ours.send(mint(theirs), face=face), method="GET", bank={})
        assert (ours.fetched, other.fetched) == (1, 0)
        assert ours.status(mint(theirs, access_token(iss="https://b.example")), face=face) == 200


def test_logs_show_no_line_of_a_kid(caplog: pytest.LogCaptureFixture) -> None:
    """A-038: whatever is written in a kid, the log has one line for the refusal, and nothing of it."""
    caplog.set_level("DEBUG")
    with open_scene() as scene:
        scene.begin()
        caplog.clear()
        scene.send(mint(attacker(EC), kid="x\u2028forged: accepted"))
        scene.send(mint(attacker(EC), kid="forged-accepted"))
    assert "forged" not in caplog.text
    assert ISSUER not in caplog.text
