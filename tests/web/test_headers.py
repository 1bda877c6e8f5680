"""The credential in a request's headers: none, exactly one, or a refusal."""

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from authmux.credential import MAX_TEXT, PresentedCredential
from authmux.errors import AuthError, ConfigurationError, InvalidCredential, MalformedCredential
from authmux.web.headers import Locations

BOTH = Locations(api_key_header="X-API-Key")
REASONS = {"header_grammar", "two_credentials", "token_too_long"}
TOKEN68 = st.from_regex(rb"[A-Za-z0-9._~+/-]{1,40}={0,2}", fullmatch=True)
SCHEMES = st.sampled_from([b"Bearer", b"bearer", b"BEARER", b"ApiKey", b"APIKEY", b"Api-Key", b"api-key", b"Token"])
# What headers are made of, so that the search soon comes upon values which are nearly right.
PIECES = st.lists(
    st.one_of(
        SCHEMES, TOKEN68, st.sampled_from([b" ", b"\t", b",", b", ", b"=", b'"', b"Basic", b"\x00"]), st.binary()
    ),
    max_size=8,
).map(b"".join)


def outcome_of(authorization: bytes | None, api_key: bytes | None) -> PresentedCredential | AuthError | None:
    """Return what comes of two headers, a refusal too."""
    try:
        return BOTH.find(authorization, api_key)
    except AuthError as refusal:
        return refusal


def found(credential: PresentedCredential | None) -> tuple[str, str] | None:
    """Return what a credential is, to be compared."""
    return (credential.text, credential.location) if credential else None


READ: dict[str, tuple[bytes, str | None]] = {
    "bearer": (b"Bearer abc", "abc"),
    "lower-case": (b"bearer abc", "abc"),
    "upper-case": (b"BEARER abc", "abc"),
    "mixed-case": (b"bEaReR abc", "abc"),
    "apikey": (b"ApiKey abc", "abc"),
    "apikey-upper-case": (b"APIKEY abc", "abc"),
    "api-key": (b"Api-Key abc", "abc"),
    "api-key-mixed-case": (b"aPI-kEY abc", "abc"),
    "token": (b"Token abc", "abc"),
    "token-mixed-case": (b"tOkEn abc", "abc"),
    "several-spaces": (b"Bearer    abc", "abc"),
    "space-around": (b" \t Bearer abc \t ", "abc"),
    "every-character": (b"Bearer aZ09-._~+/==", "aZ09-._~+/=="),
    "scheme-as-token": (b"Bearer Bearer", "Bearer"),
    "nothing": (b"", None),
    "blank": (b" \t ", None),
    "basic": (b"Basic dTpw", None),
    "basic-alone": (b"Basic", None),
    "digest": (b'Digest username="a", realm="b, c", token="d", bearer="e"', None),
    "negotiate": (b"Negotiate YII+/=", None),
    "secret-as-scheme": (b"acme_key_5g2v9k0m3x7q1b8n_secret", None),
    "longer-than-ours": (b"Bearers abc", None),
    "shorter-than-ours": (b"Bear abc", None),
    "api_key": (b"Api_Key abc", None),
    "dotless-i": ("Apı-Key abc".encode(), None),
    "kelvin-sign": ("ToKen abc".encode(), None),
    "foreign-and-strange": (b"Basic \xe9\x01", None),
    "ours-within-a-word": (b"Basic a,bearerX b", None),
}


@pytest.mark.parametrize(("value", "text"), READ.values(), ids=READ.keys())
def test_read(value: bytes, text: str | None) -> None:
    """A value of one of our schemes holds a token; one that is empty or foreign holds none of ours."""
    assert found(Locations().find(value, None)) == (None if text is None else (text, "authorization"))


UNREADABLE = {
    "alone": b"Bearer",
    "blank": b"Bearer ",
    "tab": b"Bearer\tabc",
    "space-and-tab": b"Bearer \tabc",
    "comma-after": b"Bearer abc,",
    "comma-before": b",Bearer abc",
    "comma-after-scheme": b"Bearer,abc",
    "only-comma": b",",
    "colon": b"Bearer: abc",
    "equals-first": b"Bearer =abc",
    "equals-within": b"Bearer a=b",
    "two-words": b"Bearer abc def",
    "quoted": b'Bearer "abc"',
    "nul": b"Bearer abc\x00",
    "control": b"Bearer abc\x01",
    "delete": b"Bearer abc\x7f",
    "line-feed": b"Bearer abc\n",
    "line-feed-within": b"Bearer abc\ndef",
    "carriage-return": b"Bearer abc\r",
    "vertical-tab": b"Bearer abc\x0b",
    "no-break-space": b"Bearer\xa0abc",
    "latin-1": b"Bearer abc\xe9",
    "utf-8": "Bearer ä".encode(),
    "utf-16": "Bearer abc".encode("utf-16"),
    "full-width": "Bearer ａｂｃ".encode(),
    "not-a-scheme": b"@ abc",
    "two-of-ours": b"Bearer abc, Bearer def",
    "ours-then-foreign": b"Bearer abc, Basic dTpw",
    "foreign-then-ours": b"Basic dTpw, Bearer abc",
    "foreign-then-ours-joined": b"Basic dTpw,Token abc",
    "foreign-then-ours-alone": b"Basic dTpw,\t aPI-kEY",
}


@pytest.mark.parametrize("value", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_unreadable(value: bytes) -> None:
    """A value that is not exactly one credential, and seems meant for us, is refused."""
    with pytest.raises(MalformedCredential):
        Locations().find(value, None)


BESIDE: dict[str, tuple[bytes | None, bytes | None, tuple[str, str] | None]] = {
    "neither": (None, None, None),
    "header": (None, b"abc", ("abc", "header")),
    "header-with-blanks": (None, b" abc\t", ("abc", "header")),
    "header-empty": (None, b"", None),
    "header-beside-empty": (b"", b"abc", ("abc", "header")),
    "header-beside-foreign": (b"Basic dTpw", b"abc", ("abc", "header")),
    "empty-header-beside-ours": (b"Bearer abc", b" ", ("abc", "authorization")),
}


@pytest.mark.parametrize(("authorization", "api_key", "credential"), BESIDE.values(), ids=BESIDE.keys())
def test_header_of_its_own(
    authorization: bytes | None, api_key: bytes | None, credential: tuple[str, str] | None
) -> None:
    """A credential may stand alone in a header of its own, where that is enabled."""
    assert found(BOTH.find(authorization, api_key)) == credential


@pytest.mark.parametrize(
    ("authorization", "api_key"),
    [
        (b"Bearer abc", b"abc"),
        (b"Bearer abc", b"def"),
        (b"Bearer", b"abc"),
        (b"Basic dTpw, Bearer abc", b"abc"),
        (None, b"abc,def"),
        (None, b"Bearer abc"),
        (None, b"ab\xe9"),
        (None, b"ab\x00"),
        (b"Bearer abc", b"\x00"),
    ],
    ids=["same", "different", "unreadable", "two", "joined", "with-scheme", "latin-1", "nul", "unreadable-beside-ours"],
)
def test_header_of_its_own_is_refused(authorization: bytes | None, api_key: bytes) -> None:
    """Two credentials, or one that cannot be read, are refused wherever they stand."""
    with pytest.raises(MalformedCredential):
        BOTH.find(authorization, api_key)


@pytest.mark.parametrize("api_key", [b"abc", b"\x00", b"x" * 100_000], ids=["good", "bad", "oversize"])
def test_header_that_is_off(api_key: bytes) -> None:
    """Where the header is not enabled it is never looked at."""
    assert Locations().find(None, api_key) is None


@pytest.mark.parametrize(
    "name",
    ["", "X API Key", "X-API-Key:", "X_API_Key", "1-Key", "Authorization", "authorization", "X-Schlüssel", "a\r\n"],
)
def test_header_name(name: str) -> None:
    """What could not be the name of such a header is refused at once."""
    with pytest.raises(ConfigurationError, match="api_key_header"):
        Locations(api_key_header=name)


def test_longest_token() -> None:
    """A token of the greatest length is read, in either place."""
    token = b"x" * MAX_TEXT
    assert found(BOTH.find(b"Bearer " + token, None)) == (token.decode(), "authorization")
    assert found(BOTH.find(None, token)) == (token.decode(), "header")


@pytest.mark.parametrize(
    ("authorization", "api_key"),
    [(b"Bearer %b", None), (b"bearer \xe9%b", None), (b"Token%b", None), (None, b"%b")],
    ids=["token", "unreadable", "blanks", "header"],
)
def test_too_long(authorization: bytes | None, api_key: bytes | None) -> None:
    """What is longer is refused by its length alone, before its grammar is looked at."""
    filler = b" " * 2 * MAX_TEXT + b"x" if authorization == b"Token%b" else b"x" * 2 * MAX_TEXT
    with pytest.raises(InvalidCredential) as refused:
        BOTH.find(authorization and authorization % filler, api_key and api_key % filler)
    assert refused.value.reason == "token_too_long"


@given(authorization=st.none() | PIECES, api_key=st.none() | PIECES)
@example(authorization=b"Bearer", api_key=None)
def test_any_bytes(authorization: bytes | None, api_key: bytes | None) -> None:
    """Whatever bytes come, the outcome is a token68 that was sent, none, or a refusal for a fixed reason."""
    outcome = outcome_of(authorization, api_key)
    if isinstance(outcome, PresentedCredential):
        assert re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", outcome.text)
        assert outcome.text.encode() in (authorization or b"") + b"\n" + (api_key or b"")
    elif outcome is not None:
        assert outcome.reason in REASONS
        assert (outcome.args, outcome.credential_id) == ((outcome.reason,), None)


@given(scheme=SCHEMES, token=TOKEN68, spaces=st.integers(1, 9), around=st.sampled_from([b"", b" ", b"\t", b" \t "]))
def test_any_token(scheme: bytes, token: bytes, spaces: int, around: bytes) -> None:
    """Every token of RFC 6750 is read as it was sent."""
    value = around + scheme + b" " * spaces + token + around
    assert found(Locations().find(value, None)) == (token.decode(), "authorization")


@given(before=PIECES, scheme=SCHEMES, token=TOKEN68)
def test_any_value_before_ours(before: bytes, scheme: bytes, token: bytes) -> None:
    """A second header with a credential of ours is never overlooked, whatever stands in the first."""
    with pytest.raises(AuthError):
        Locations().find(before + b"," + scheme + b" " + token, None)


@given(after=PIECES, scheme=SCHEMES, token=TOKEN68)
def test_any_value_after_ours(after: bytes, scheme: bytes, token: bytes) -> None:
    """A first header with a credential of ours is never believed, whatever stands in the second."""
    with pytest.raises(AuthError):
        Locations().find(scheme + b" " + token + b"," + after, None)


SLOW: dict[str, Callable[[int], bytes]] = {
    "commas": lambda size: b"Basic " + b"," * size,
    "commas-and-blanks": lambda size: b"Basic " + b", " * (size // 2),
    "blanks-after-comma": lambda size: b"Basic ," + b" " * size + b"x",
    "nearly-ours": lambda size: b"Basic " + b",bearer" * (size // 7),
    "blanks-around": lambda size: b" " * size + b"x",
    "token-characters": lambda size: b"x" * size + b"\x00",
    "equals": lambda size: b"Basic x" + b"=" * size + b"x",
    "ours-oversize": lambda size: b"Bearer " + b" " * size,
}


@pytest.mark.parametrize("make", SLOW.values(), ids=SLOW.keys())
@pytest.mark.parametrize("bare", [False, True], ids=["authorization", "header"])
def test_time_is_linear(make: Callable[[int], bytes], *, bare: bool) -> None:
    """A value of 200 KB takes milliseconds of computing, where a search that begins anew everywhere takes minutes."""
    value = make(200_000)
    began = time.thread_time()
    outcome_of(None, value) if bare else outcome_of(value, None)
    assert time.thread_time() - began < 0.5
