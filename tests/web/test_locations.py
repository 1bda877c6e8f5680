"""Where a credential may stand: Basic and subprotocols beside the headers, and never in two places at once (K-80)."""

import base64

import pytest

from authmux.credential import MAX_TEXT, PresentedCredential
from authmux.errors import InvalidCredential, MalformedCredential
from authmux.web.headers import Locations


def found(credential: PresentedCredential | None) -> tuple[str, str] | None:
    """Return what a credential is, to be compared."""
    return (credential.text, credential.location) if credential else None


def is_ours(text: str) -> bool:
    """Return whether a text begins as a key of ours."""
    return text.startswith("acme_key_")


EVERYWHERE = Locations(api_key_header="X-API-Key", basic=is_ours)
BASIC = b"Basic " + base64.b64encode(b"acme_key_x:")
FOREIGN_BASIC = b"Basic dTpw"


@pytest.mark.parametrize(
    ("locations", "known"),
    [
        (Locations(), {"authorization", "subprotocol"}),
        (Locations(api_key_header="X-API-Key"), {"authorization", "subprotocol", "header"}),
        (EVERYWHERE, {"authorization", "subprotocol", "header", "basic"}),
    ],
    ids=["default", "header", "everywhere"],
)
def test_known_locations(locations: Locations, known: set[str]) -> None:
    """Another middleware's credential counts only where it may stand for this one too."""
    assert locations.known() == known


def test_basic_that_is_off() -> None:
    """Where Basic is not enabled nobody looks into it."""
    assert Locations().find(BASIC, None) is None


def test_basic() -> None:
    """Where Basic is enabled, a half that is ours is the credential."""
    assert found(EVERYWHERE.find(BASIC, None)) == ("acme_key_x", "basic")


def test_foreign_basic() -> None:
    """A foreign user and password are none of ours, and stand in nobody's way."""
    assert EVERYWHERE.find(FOREIGN_BASIC, None) is None
    assert found(EVERYWHERE.find(FOREIGN_BASIC, b"abc")) == ("abc", "header")


OFFERED: dict[str, tuple[bytes, str | None]] = {
    "alone": (b"bearer.abc", "abc"),
    "beside": (b"chat,bearer.abc", "abc"),
    "before-blanks": (b" chat , bearer.abc ", "abc"),
    "a-jwt": (b"chat,bearer.eyJ.eyJ.sig-_", "eyJ.eyJ.sig-_"),
    "none": (b"chat,superchat", None),
    "nothing": (b"", None),
    "in-upper-case": (b"Bearer.abc", None),
    "within": (b"x-bearer.abc", None),
    "no-dot": (b"bearer", None),
}


@pytest.mark.parametrize(("offered", "text"), OFFERED.values(), ids=OFFERED)
def test_offered(offered: bytes, text: str | None) -> None:
    """A subprotocol `bearer.<token>` is a credential and no subprotocol."""
    assert found(Locations().find(None, None, offered)) == (None if text is None else (text, "subprotocol"))


@pytest.mark.parametrize(
    "offered",
    [
        b"bearer.",
        b"chat,bearer. ",
        b"bearer.a b",
        b"bearer.\xe9",
        b"bearer.?",
        b"bearer.a,bearer.a",
        b"bearer.a,bearer.b",
    ],
    ids=["empty", "blank", "blank-within", "latin-1", "not-ascii", "twice-the-same", "two"],
)
def test_offer_that_cannot_be_read(offered: bytes) -> None:
    """An offer that was meant for us, and is not exactly one credential, is refused."""
    with pytest.raises(MalformedCredential):
        Locations().find(None, None, offered)


TWO: dict[str, tuple[bytes | None, bytes | None, bytes | None]] = {
    "authorization-and-header": (b"Bearer abc", b"abc", None),
    "authorization-and-offer": (b"Bearer abc", None, b"bearer.abc"),
    "header-and-offer": (None, b"abc", b"bearer.abc"),
    "basic-and-header": (BASIC, b"abc", None),
    "basic-and-offer": (BASIC, None, b"bearer.abc"),
    "all-three": (b"Bearer abc", b"abc", b"bearer.abc"),
    "basic-twice": (BASIC + b"," + BASIC, None, None),
    "basic-and-bearer": (BASIC + b", Bearer abc", None, None),
    "bearer-and-basic": (b"Bearer abc, " + BASIC, None, None),
}


@pytest.mark.parametrize(("authorization", "api_key", "offered"), TWO.values(), ids=TWO)
def test_two_locations(authorization: bytes | None, api_key: bytes | None, offered: bytes | None) -> None:
    """More than one credential among the enabled locations is refused, be they the same (K-80)."""
    with pytest.raises(MalformedCredential):
        EVERYWHERE.find(authorization, api_key, offered)


def test_too_long_an_offer() -> None:
    """An offer that is longer than any token is refused by its length."""
    with pytest.raises(InvalidCredential) as refused:
        Locations().find(None, None, b"bearer." + b"x" * 2 * MAX_TEXT)
    assert refused.value.reason == "token_too_long"
