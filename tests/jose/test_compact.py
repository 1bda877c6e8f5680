"""Compact tokens: one spelling, and a header that may only say what is understood."""

import binascii
import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authmux.credential import MAX_TEXT
from authmux.errors import Fault, InvalidCredential
from authmux.jose.compact import MAX_HEADER, decode_segment, media_type, parse_compact, parse_header
from tests.jose.stopwatch import fastest
from tests.jose.token_maker import encode, get_key, good_header, good_payload, mint, sign_bytes, sign_text

BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
HEADER, PAYLOAD = b'{"alg":"RS256","kid":"k"}', b'{"iss":"i"}'


def token_of(header: bytes, payload: bytes = PAYLOAD, signature: bytes = b"signature") -> str:
    """Return a token of these parts; who reads a token knows nothing of keys yet."""
    return ".".join(map(encode, (header, payload, signature)))


def header_with(**members: object) -> bytes:
    return json.dumps({"alg": "RS256", "kid": "k", **members}).encode()


def refusal(text: str) -> InvalidCredential:
    """Return how a token is refused."""
    with pytest.raises(InvalidCredential) as caught:
        parse_compact(text)
    assert not text or text not in str(caught.value)
    return caught.value


def sized(size: int) -> str:
    """Return a well-formed token of so many characters."""
    rest = size - len(token_of(HEADER, b"{}", b"s")) + len(encode(b"{}"))
    payload = b'{"a":"' + b"x" * (rest * 3 // 4 - 8) + b'"}'
    text = token_of(HEADER, payload, b"s")
    while len(text) < size:
        text = token_of(HEADER, payload, b"s" * (1 + (size - len(text)) * 3 // 4))
    return text


def test_the_parts_of_a_token() -> None:
    """RFC 7515 §3.1: what is signed is the text up to the last dot, and nothing decoded is lost."""
    key = get_key("ES256")
    text = mint(key)
    token = parse_compact(text)
    assert (token.header.alg, token.header.kid, token.header.typ) == ("ES256", "ES256", "at+jwt")
    assert token.claims["sub"] == "subject-1"
    assert token.signing_input.decode() == text.rpartition(".")[0]
    assert encode(token.signature) == text.rpartition(".")[2]


def test_a_parsed_token_shows_no_secret() -> None:
    """B-74: neither the claims nor the signature stand in the repr."""
    text = mint(get_key("ES256"))
    shown = repr(parse_compact(text))
    assert "subject-1" not in shown
    assert "signature" not in shown
    assert not any(segment in shown for segment in text.split("."))


def test_the_longest_token() -> None:
    """B-04: 16 384 characters are read, one more is not."""
    assert parse_compact(sized(MAX_TEXT)).header.alg == "RS256"
    assert MAX_TEXT == 16_384
    assert refusal(sized(MAX_TEXT) + "A").reason == "token_too_long"


@pytest.mark.parametrize("size", [200_000, 2_000_000], ids=["200 KB", "2 MB"])
@pytest.mark.parametrize("character", ["A", ".", "é"])
def test_huge_tokens_cost_nothing(size: int, character: str) -> None:
    """A-079: size is looked at before anything else."""
    text = character * size
    assert refusal(text).reason == "token_too_long"
    assert fastest(lambda: refusal(text)) < 0.05


def test_the_longest_header() -> None:
    """B-04: 4096 bytes of header are read, one more is not; they count decoded, for x5c stands there."""
    at_limit = header_with(x5c="")[:-2] + b"x" * (MAX_HEADER - len(header_with(x5c=""))) + b'"}'
    assert len(at_limit) == MAX_HEADER == 4096
    assert parse_compact(token_of(at_limit)).header.kid == "k"
    assert refusal(token_of(at_limit + b" ")).reason == "header_too_long"


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "...", "a", "a.b", "a..b", ".a.b", "a.b.", "a.b.c.d", "a.b.c.d.e", "a.b.c.d.e.f", "." * 9_999],
    ids=lambda text: f"{text[:12]!r} {len(text)}",
)
def test_segments(text: str) -> None:
    """A-064: three segments, none of them empty, or it is no token."""
    assert refusal(text).reason in {"jws_segments", "base64", "json"}


@pytest.mark.parametrize("segments", [1, 2, 4, 5, 6])
def test_other_numbers_of_good_segments(segments: int) -> None:
    """A-029: a genuine token with segments more or fewer is refused for their number alone."""
    text = ".".join([*token_of(HEADER).split("."), "QUFB", "QUFB", "QUFB"][:segments])
    assert refusal(text).reason == "jws_segments"


@pytest.mark.parametrize("position", [0, 1, 2], ids=["header", "payload", "signature"])
@pytest.mark.parametrize(
    "junk",
    ["=", "==", "===", "+", "/", "\n", "\t", " ", "\r\n", "?", "!", "%", "~", "%2B", "\0", "\x7f", "é", "А", "Ａ", "٣"],
    ids=ascii,
)
@pytest.mark.parametrize("place", ["front", "middle", "end"])
def test_junk_in_a_segment(position: int, junk: str, place: str) -> None:
    """B-05: only the 64 characters of base64url count, with no padding and no blanks (A-056…A-062)."""
    segments = token_of(HEADER).split(".")
    segment = segments[position]
    cut = {"front": 0, "middle": 4, "end": len(segment)}[place]
    segments[position] = segment[:cut] + junk + segment[cut:]
    assert refusal(".".join(segments)).reason == "base64"


@pytest.mark.parametrize("position", [0, 1, 2], ids=["header", "payload", "signature"])
def test_padding_instead_of_what_is_needed(position: int) -> None:
    """A-056: a token that was signed with its padding in place is refused too."""
    segments = [encode(HEADER + b" "), encode(PAYLOAD + b" "), encode(b"signature!")]
    assert [len(segment) % 4 for segment in segments] == [3, 0, 2]
    segments[1] = encode(PAYLOAD)
    padded = [segment + "=" * (-len(segment) % 4) for segment in segments]
    assert padded[position] != segments[position]
    segments[position] = padded[position]
    assert refusal(".".join(segments)).reason == "base64"


def test_a_signed_padding() -> None:
    """A-056: padding is refused though the signature covers it."""
    key = get_key("ES256")
    header = encode(good_header(key))
    text = sign_text(key, f"{header}{'=' * (-len(header) % 4) or '=='}.{encode(good_payload())}")
    assert refusal(text).reason == "base64"


def test_one_spelling_of_one_byte() -> None:
    """B-05: of the 4096 texts of two characters 256 are one byte's spelling, each byte's only one."""
    _every_spelling_is_the_only_one([a + b for a in BASE64URL for b in BASE64URL], 256)


def test_one_spelling_of_two_bytes() -> None:
    """B-05: of the texts of three characters a quarter are two bytes' spelling, each pair's only one."""
    _every_spelling_is_the_only_one([f"{a}_{c}" for a in BASE64URL for c in BASE64URL], 64 * 64 // 4)


def _every_spelling_is_the_only_one(texts: list[str], expected: int) -> None:
    decoded: dict[bytes, str] = {}
    for text in texts:
        try:
            value = decode_segment(text.encode())
        except InvalidCredential:
            continue
        assert value not in decoded
        assert encode(value) == text
        decoded[value] = text
    assert len(decoded) == expected


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=80))
def test_every_byte_string_has_a_spelling(data: bytes) -> None:
    """B-05: what base64url without padding writes is read back."""
    assert decode_segment(encode(data).encode()) == data


@settings(deadline=None, max_examples=500)
@given(st.text(alphabet=BASE64URL + "+/= \n\té", min_size=1, max_size=40).map(str.encode) | st.binary(max_size=20))
def test_what_is_decoded_encodes_to_the_same_text(text: bytes) -> None:
    """B-05: a text that is accepted is the one spelling of its bytes."""
    with suppress(InvalidCredential):
        assert encode(decode_segment(text)).encode() == text


@settings(deadline=None, max_examples=500)
@given(st.data())
def test_no_two_texts_are_one_token(data: st.DataObject) -> None:
    """B-05: a token spelled in any other way is refused, or is another token."""
    text = token_of(HEADER, PAYLOAD, data.draw(st.binary(min_size=1, max_size=12)))
    at = data.draw(st.integers(0, len(text)))
    removed = data.draw(st.integers(0, 3))
    inserted = data.draw(st.text(alphabet=BASE64URL + ".+/=\n é", max_size=3))
    other = text[:at] + inserted + text[at + removed :]
    parts = [parse_parts(each) for each in (text, other)]
    assert (parts[0] == parts[1]) == (text == other)


def parse_parts(text: str) -> tuple[bytes, ...] | None:
    """Return the bytes of the three parts, None where the token is refused."""
    try:
        token = parse_compact(text)
    except InvalidCredential:
        return None
    header, payload = token.signing_input.split(b".")
    return (*(binascii.a2b_base64(part.translate(_STANDARD) + b"==") for part in (header, payload)), token.signature)


_STANDARD = bytes.maketrans(b"-_", b"+/")

BAD_JSON = {
    "array": b"[]",
    "string": b'"a"',
    "number": b"1",
    "null": b"null",
    "true": b"true",
    "blanks": b"  ",
    "NaN": b'{"alg":"RS256","x":NaN}',
    "Infinity": b'{"alg":"RS256","x":Infinity}',
    "-Infinity": b'{"alg":"RS256","x":-Infinity}',
    "1e400": b'{"alg":"RS256","x":1e400}',
    "duplicate": b'{"alg":"RS256","alg":"RS256"}',
    "duplicate, deep": b'{"alg":"RS256","x":{"y":1,"y":1}}',
    "lone surrogate": b'{"alg":"RS256","x":"\\ud800"}',
    "BOM": b'\xef\xbb\xbf{"alg":"RS256"}',
    "UTF-16": '{"alg":"RS256"}'.encode("utf-16"),
    "UTF-32": '{"alg":"RS256"}'.encode("utf-32"),
    "invalid UTF-8": b'{"alg":"RS256","x":"\xff"}',
    "overlong UTF-8": b'{"alg":"RS256","x":"\xc0\x80"}',
    "trailing bytes": b'{"alg":"RS256"}x',
    "comment": b'{"alg":"RS256"}//',
    "single quotes": b"{'alg':'RS256'}",
    "trailing comma": b'{"alg":"RS256",}',
    "17 levels": b'{"alg":"RS256","x":' + b"[" * 16 + b"]" * 16 + b"}",
    "500 levels": b'{"alg":"RS256","x":' + b"[" * 500 + b"]" * 500 + b"}",
    "257 names": json.dumps({"alg": "RS256"} | {f"n{i}": 0 for i in range(256)}).encode(),
}


@pytest.mark.parametrize("where", ["header", "payload"])
@pytest.mark.parametrize("text", BAD_JSON.values(), ids=BAD_JSON.keys())
def test_bad_json(where: str, text: bytes) -> None:
    """B-06: header and payload are strict JSON objects (A-053, A-068…A-076)."""
    error = refusal(token_of(text) if where == "header" else token_of(HEADER, text))
    assert error.fault is Fault.MALFORMED
    assert error.reason.startswith("json")


@pytest.mark.parametrize(("levels", "is_read"), [(4, True), (5, False), (4_000, False)], ids=["4", "5", "4000"])
def test_depth_of_the_header(levels: int, is_read: bool) -> None:
    """B-06: a header has at most four levels, and too many cost no time (A-055)."""
    header = b'{"alg":"RS256","x":' + b"[" * (levels - 1) + (b"]" * (levels - 1) if is_read else b"")
    text = token_of(header + b"}")
    if is_read:
        assert parse_compact(text).header.alg == "RS256"
    else:
        assert refusal(text).reason == "json_depth"


@pytest.mark.parametrize(("levels", "is_read"), [(16, True), (17, False), (12_000, False)], ids=["16", "17", "12000"])
def test_depth_of_the_claims(levels: int, is_read: bool) -> None:
    """B-06: claims have at most 16 levels (A-074)."""
    payload = b'{"x":' + b"[" * (levels - 1) + (b"]" * (levels - 1) if is_read else b"") + b"}"
    if is_read:
        assert "x" in parse_compact(token_of(HEADER, payload)).claims
    else:
        assert refusal(token_of(HEADER, payload)).reason == "json_depth"


@pytest.mark.parametrize("order", [("none", "RS256"), ("RS256", "none")], ids=["none first", "none last"])
def test_two_algorithms(order: tuple[str, str]) -> None:
    """A-044: a header that names alg twice is refused, in both orders."""
    header = f'{{"alg":"{order[0]}","kid":"k","alg":"{order[1]}"}}'.encode()
    assert refusal(token_of(header)).reason == "json_duplicate_name"


CRITS: list[object] = [["exp"], ["x"], ["alg"], [], "b64", None, {}, ["b64", "b64"], [1]]
REFUSED_PARAMETERS: list[tuple[str, object]] = [
    *[("crit", value) for value in CRITS],
    *[("b64", value) for value in (False, True, None)],
    ("zip", "DEF"),
    ("enc", "A256GCM"),
    ("cty", "JWT"),
    ("cty", "application/jwt"),
    ("epk", {"kty": "EC"}),
    ("p2s", "c2FsdA"),
    ("p2c", 2**31),
]


@pytest.mark.parametrize(("name", "value"), REFUSED_PARAMETERS, ids=json.dumps)
def test_header_parameters_that_are_refused(name: str, value: object) -> None:
    """B-07: what would change how the token is read is refused, whatever it says (A-031…A-034, A-046, A-052)."""
    error = refusal(token_of(header_with(**{name: value})))
    assert (error.fault, error.reason) == (Fault.MALFORMED, "header_parameter")


def test_b64_with_crit() -> None:
    """A-034: RFC 7797's unencoded payload is refused, detached or not."""
    header = header_with(b64=False, crit=["b64"])
    assert refusal(token_of(header)).reason == "header_parameter"
    assert refusal(f"{encode(header)}.{PAYLOAD.decode()}.{encode(b's')}").reason == "header_parameter"
    assert refusal(f"{encode(header)}..{encode(b's')}").reason == "header_parameter"


def test_detached_payload() -> None:
    """A-034: a token without its payload is refused."""
    assert refusal(f"{encode(HEADER)}..{encode(b's')}").reason == "base64"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jku", "https://evil.example/keys"),
        ("x5u", "https://evil.example/cert"),
        ("x5c", ["MIIB"]),
        ("jwk", {"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
        ("jwk", None),
        ("nonce", "n"),
        ("made-up", {"a": [1, 2]}),
    ],
    ids=json.dumps,
)
def test_header_parameters_that_are_ignored(name: str, value: object) -> None:
    """B-07: keys and places of keys that a token names are never used, and unknown parameters are let be."""
    token = parse_compact(token_of(header_with(**{name: value})))
    assert (token.header.alg, token.header.kid) == ("RS256", "k")


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_a_private_key_in_the_header(member: str) -> None:
    """A-016: a token that carries private key members is refused."""
    error = refusal(token_of(header_with(jwk={"kty": "RSA", member: "AQAB"})))
    assert error.reason == "header_jwk"


@pytest.mark.parametrize("value", ["{}", 1, [], True], ids=ascii)
def test_a_jwk_that_is_none(value: object) -> None:
    """B-07: a jwk that is no object is refused."""
    assert refusal(token_of(header_with(jwk=value))).reason == "header_jwk"


@pytest.mark.parametrize(
    "kid",
    [1, None, True, [], ["k"], {}, "", "k" * 257, "a\nb", "a\r\nLocation: x", "a\0b", "\x7f", "\u200bk", "\ud7ff"],
    ids=ascii,
)
def test_kids_that_are_refused(kid: object) -> None:
    """B-12: a kid is a text of 1 to 256 printable characters (A-037, A-038)."""
    error = refusal(token_of(header_with(kid=kid)))
    assert (error.fault, error.reason) == (Fault.MALFORMED, "kid")


def test_a_kid_is_measured_in_bytes() -> None:
    """B-04: a kid has at most 256 bytes."""
    assert parse_compact(token_of(header_with(kid="é" * 128))).header.kid == "é" * 128
    assert refusal(token_of(header_with(kid="é" * 129))).reason == "kid"


@pytest.mark.parametrize(
    "kid",
    [
        "k",
        "K",
        "k ",
        "x" * 256,
        "' OR 1=1 --",
        "../../dev/null",
        "|sleep 5",
        "%00",
        "https://evil.example/",
        "é",
        "e\u0301",
    ],
    ids=ascii,
)
def test_kids_stay_as_they_are(kid: str) -> None:
    """A-040: a kid is only ever compared, so it is taken to the letter."""
    assert parse_compact(token_of(header_with(kid=kid))).header.kid == kid


def test_no_kid() -> None:
    """B-13: a token without kid is read; whether a key can be told is for the key set to say."""
    assert parse_compact(token_of(b'{"alg":"RS256"}')).header.kid is None


@pytest.mark.parametrize("alg", [None, 1, True, [], ["RS256"], {}], ids=ascii)
def test_an_alg_that_is_no_text(alg: object) -> None:
    """B-07: alg is a text."""
    assert refusal(token_of(json.dumps({"alg": alg}).encode())).reason == "alg"


def test_no_alg() -> None:
    """B-07: alg must be there."""
    assert refusal(token_of(b'{"kid":"k","typ":"at+jwt"}')).reason == "alg"


@pytest.mark.parametrize("typ", [1, None, [], {}, True, ["at+jwt"]], ids=ascii)
def test_a_typ_that_is_no_text(typ: object) -> None:
    """B-08: a typ that is no text is refused, null too (A-049)."""
    error = refusal(token_of(header_with(typ=typ)))
    assert (error.fault, error.reason) == (Fault.TYPE, "typ")


@pytest.mark.parametrize(
    ("typ", "compared"),
    [
        ("at+jwt", "at+jwt"),
        ("AT+JWT", "at+jwt"),
        ("application/at+jwt", "at+jwt"),
        ("Application/At+Jwt", "at+jwt"),
        ("JWT", "jwt"),
        ("application/x/at+jwt", "x/at+jwt"),
        ("application/application/jwt", "application/jwt"),
        ("at+jwt;x=1", "at+jwt;x=1"),
        ("at+jwt ", "at+jwt "),
        (" application/jwt", " application/jwt"),
        ("text/at+jwt", "text/at+jwt"),
        ("at+ĵwt", "at+ĵwt"),
        ("AT+JWT\u212a", "AT+JWT\u212a"),
        ("", ""),
    ],
    ids=ascii,
)
def test_media_types(typ: str, compared: str) -> None:
    """B-08: `application/` is dropped once, ASCII letters are folded, and nothing else is."""
    assert media_type(typ) == compared
    assert parse_compact(token_of(header_with(typ=typ))).header.typ == compared


@settings(deadline=None, max_examples=300)
@given(
    st.text(max_size=80) | st.text(alphabet=BASE64URL + ".", max_size=80) | st.from_regex(r"\A[\w-]+\.[\w-]+\.[\w-]+\Z")
)
def test_any_text(text: str) -> None:
    """B-75: any text is read or refused, and nothing else happens."""
    with suppress(InvalidCredential):
        assert parse_compact(text).signing_input.decode() == text.rpartition(".")[0]


JSON_BYTES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
).map(lambda value: json.dumps(value).encode())
HEADERS = st.dictionaries(
    st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "jku", "x5t", "zip", "nonce", "cty"]),
    st.sampled_from(["RS256", "none", "", "k", "JWT", "\ud800", 1, None, True, 1.5, [], ["b64"], {}, {"d": 1}]),
).map(lambda value: json.dumps(value).encode())


@settings(deadline=None, max_examples=300)
@given(HEADERS | JSON_BYTES | st.binary(max_size=30), JSON_BYTES | st.binary(max_size=30), st.binary(max_size=8))
def test_any_parts(header: bytes, payload: bytes, signature: bytes) -> None:
    """B-75: whatever is in the segments, the token is read or refused, and what is read is what B-07 allows."""
    try:
        token = parse_compact(token_of(header, payload, signature))
    except InvalidCredential:
        return
    assert not {"crit", "b64", "zip", "cty"} & json.loads(header).keys()
    assert token.header.kid is None or 1 <= len(token.header.kid) <= 256
    assert token.header.alg == json.loads(header)["alg"]


def test_a_header_that_was_read_before() -> None:
    """B-07: what is remembered of a header is what it says, whatever token it stands in, and no refusal is."""
    first, second = (parse_compact(token_of(header_with(kid="one"), payload)) for payload in (PAYLOAD, b'{"iss":"j"}'))
    assert first.header == second.header
    assert (first.header.alg, first.header.kid, first.header.typ) == ("RS256", "one", None)
    assert [first.claims, second.claims] == [{"iss": "i"}, {"iss": "j"}]
    assert parse_compact(token_of(header_with(kid="two"))).header.kid == "two"
    for _ in range(3):
        assert refusal(token_of(header_with(kid="one", crit=["x"]))).reason == "header_parameter"


def test_headers_that_are_remembered_are_few() -> None:
    """A-212: whoever sends ever new headers fills no memory."""
    for number in range(600):
        parse_compact(token_of(header_with(kid=f"k{number}")))
    size = parse_header.cache_info()
    assert size.currsize == size.maxsize == 256


def test_signed_and_yet_refused() -> None:
    """B-20: a genuine signature changes nothing, for none has been looked at yet."""
    key = get_key("ES256")
    assert refusal(sign_bytes(key, good_header(key, crit=["exp"]), good_payload())).reason == "header_parameter"
    assert refusal(sign_bytes(key, good_header(key), b"[]")).reason == "json_not_object"
