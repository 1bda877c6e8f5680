"""Strict JSON: one meaning, or none."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authmux.jose.strict_json import MAX_NAMES, NotStrict, parse_object
from tests.jose.stopwatch import fastest

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def read(text: bytes, *, max_depth: int = 16) -> dict[str, Any]:
    return parse_object(text, max_depth=max_depth)


def reason(text: bytes, *, max_depth: int = 16) -> str:
    """Return why a text is refused."""
    with pytest.raises(NotStrict) as caught:
        parse_object(text, max_depth=max_depth)
    return str(caught.value)


def nested(depth: int, *, bracket: str = "[") -> bytes:
    """Return an object so many levels deep."""
    if bracket == "{":
        return (b'{"a":' * depth)[:-4] + b"}" * depth
    return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param(b"{}", {}, id="empty"),
        pytest.param(b' \n{"a" : 1}\t\r', {"a": 1}, id="blanks around"),
        pytest.param(b'{"a":"\\ud83d\\ude00"}', {"a": "\U0001f600"}, id="surrogate pair"),
        pytest.param('{"é":"日本"}'.encode(), {"é": "日本"}, id="UTF-8"),
        pytest.param(b'{"a":"\\u0000"}', {"a": "\0"}, id="escaped NUL"),
        pytest.param(b'{"a":1e308}', {"a": 1e308}, id="largest power"),
        pytest.param(b'{"a":-1.5e-400}', {"a": -0.0}, id="tiny"),
        pytest.param(b'{"a":{"b":1},"b":{"a":1}}', {"a": {"b": 1}, "b": {"a": 1}}, id="same name in two objects"),
        pytest.param(b'{"a":"[[[[[[[[[[[[[[[[[[[[\\"[[[[["}', {"a": "[" * 20 + '"[[[[['}, id="brackets in a text"),
        pytest.param(b'{"[[[[[[[[[[[[[[[[[[[[":"\\\\"}', {"[" * 20: "\\"}, id="brackets in a name"),
        pytest.param(b'{"a":[' + b"[]," * 40 + b"[]]}", {"a": [[]] * 41}, id="wide, not deep"),
    ],
)
def test_what_has_one_meaning_is_read(text: bytes, value: dict[str, Any]) -> None:
    """B-06: ordinary JSON comes back as it is."""
    assert read(text) == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param(b'{"a":1,"a":1}', "json_duplicate_name", id="duplicate, same value"),
        pytest.param(b'{"a":1,"\\u0061":2}', "json_duplicate_name", id="duplicate, escaped"),
        pytest.param(b'{"x":{"y":[{"a":1,"a":2}]}}', "json_duplicate_name", id="duplicate, deep"),
        pytest.param(b'{"a":NaN}', "json_number", id="NaN"),
        pytest.param(b'{"a":Infinity}', "json_number", id="Infinity"),
        pytest.param(b'{"a":[-Infinity]}', "json_number", id="-Infinity"),
        pytest.param(b'{"a":1e400}', "json_number", id="1e400"),
        pytest.param(b'{"a":{"b":-1E400}}', "json_number", id="-1E400"),
        pytest.param(b'{"a":' + b"9" * 400 + b".0}", "json_number", id="400 digits and a point"),
        pytest.param(b'{"a":' + b"9" * 5000 + b"}", "json", id="5000 digits"),
        pytest.param(b'{"a":"\\ud800"}', "json", id="lone high surrogate"),
        pytest.param(b'{"a":"\\udc00\\ud800"}', "json", id="surrogates the wrong way round"),
        pytest.param(b'{"\\udfff":1}', "json", id="lone surrogate in a name"),
        pytest.param(b'{"a":[{"b":"x\\uD800y"}]}', "json", id="lone surrogate, deep"),
        pytest.param(b'\xef\xbb\xbf{"a":1}', "json", id="BOM"),
        pytest.param('{"a":1}'.encode("utf-16"), "json", id="UTF-16 with BOM"),
        pytest.param('{"a":1}'.encode("utf-16-le"), "json", id="UTF-16LE"),
        pytest.param('{"a":1}'.encode("utf-16-be"), "json", id="UTF-16BE"),
        pytest.param('{"a":1}'.encode("utf-32"), "json", id="UTF-32"),
        pytest.param(b'{"a":"\xff"}', "json", id="invalid UTF-8"),
        pytest.param(b'{"a":"\xc0\xaf"}', "json", id="overlong UTF-8"),
        pytest.param(b'{"a":"\xed\xa0\x80"}', "json", id="surrogate as UTF-8"),
        pytest.param(b'{"a":1}x', "json", id="trailing text"),
        pytest.param(b'{"a":1}{"b":2}', "json", id="two objects"),
        pytest.param(b'{"a":1}\0', "json", id="trailing NUL"),
        pytest.param(b'{"a":1,}', "json", id="trailing comma"),
        pytest.param(b'{"a":1/*c*/}', "json", id="comment"),
        pytest.param(b"{'a':1}", "json", id="single quotes"),
        pytest.param(b"{a:1}", "json", id="bare name"),
        pytest.param(b'{"a":01}', "json", id="leading zero"),
        pytest.param(b'{"a":+1}', "json", id="plus"),
        pytest.param(b'{"a":.5}', "json", id="no digit before the point"),
        pytest.param(b'{"a":0x1}', "json", id="hexadecimal"),
        pytest.param('{"a":\u0661}'.encode(), "json", id="Arabic digit"),
        pytest.param(b'{"a":True}', "json", id="Python's True"),
        pytest.param(b'{"a":"\n"}', "json", id="raw line feed in a text"),
        pytest.param(b'{"a":"\\x41"}', "json", id="unknown escape"),
        pytest.param(b'{"a":"', "json", id="cut short"),
        pytest.param(b"\xc2\xa0{}", "json", id="no-break space"),
        pytest.param(b"\x0c{}", "json", id="form feed"),
        pytest.param(b"", "json", id="nothing"),
        pytest.param(b"[]", "json_not_object", id="array"),
        pytest.param(b'"a"', "json_not_object", id="string"),
        pytest.param(b"1", "json_not_object", id="number"),
        pytest.param(b"null", "json_not_object", id="null"),
        pytest.param(b"true", "json_not_object", id="true"),
    ],
)
def test_what_has_another_meaning_is_refused(text: bytes, why: str) -> None:
    """B-06: what other parsers read in two ways, or read though it is not JSON, is refused."""
    assert reason(text) == why


@pytest.mark.parametrize("bracket", ["[", "{"], ids=["arrays", "objects"])
@pytest.mark.parametrize("limit", [4, 8, 16])
def test_depth_at_the_limit(bracket: str, limit: int) -> None:
    """B-06: exactly `max_depth` levels are read, one more is not."""
    assert read(nested(limit, bracket=bracket), max_depth=limit)
    assert reason(nested(limit + 1, bracket=bracket), max_depth=limit) == "json_depth"


@pytest.mark.parametrize("bracket", ["[", "{"], ids=["arrays", "objects"])
@pytest.mark.parametrize("depth", [17, 500, 20_000])
def test_depth_far_beyond_the_limit(bracket: str, depth: int) -> None:
    """A-074: however deep, it is refused, and by no RecursionError."""
    assert reason(nested(depth, bracket=bracket)) == "json_depth"


def test_depth_is_found_before_the_parser_runs() -> None:
    """B-20: text that is too deep is refused for that, though it is broken in every other way."""
    assert reason(b'\xff{"a":NaN' + b"[" * 20_000) == "json_depth"


@pytest.mark.parametrize(
    "hidden",
    [b'"\\\\"', b'"\\""', b'"\\\\\\""', b'"a\\\\b"', b'"]]]]]]"', b'"}"', b'"\\u0022"'],
    ids=["backslash", "quote", "both", "inside", "brackets", "brace", "escaped quote"],
)
def test_texts_do_not_hide_depth(hidden: bytes) -> None:
    """B-06: what stands in a text neither closes a level nor keeps the next one from being counted."""
    members = b",".join([hidden] * 20)
    assert read(b'{"a":[' + members + b"," + b"[" * 14 + b"]" * 14 + b"]}")
    assert reason(b'{"a":[' + members + b"," + b"[" * 15 + b"]" * 15 + b"]}") == "json_depth"


@pytest.mark.parametrize("where", ["top", "deep"])
def test_names_at_the_limit(where: str) -> None:
    """B-06: an object has at most 256 names."""
    objects = [json.dumps({f"n{i}": i for i in range(count)}).encode() for count in (MAX_NAMES, MAX_NAMES + 1)]
    fits, exceeds = objects if where == "top" else [b'{"a":[' + each + b"]}" for each in objects]
    assert MAX_NAMES == 256
    assert read(fits)
    assert reason(exceeds) == "json_names"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b'{"a":[' + b"[]," * 17 + b'0],"b":"' + b'\\"' * 5_900, id="escaped quotes without an end"),
        pytest.param(b"[" * 17 + b'"\\' * 5_900, id="quotes and backslashes"),
        pytest.param(b'{"a":[' + b"[]," * 17 + b'"' + b"\\\\" * 5_900, id="backslashes without an end"),
        pytest.param(b'{"a":[' + b"[]," * 17 + b'"",' * 3_900 + b"0]}", id="empty texts"),
        pytest.param(b'{"a":[' + b"[]," * 3_900 + b"0]}", id="shallow brackets"),
        pytest.param(b'{"a":' + b"1" * 11_990 + b".5}", id="long number"),
        pytest.param(b'{"a":"' + b"\\u0041" * 1_990 + b'"}', id="escapes"),
    ],
)
def test_no_text_of_a_tokens_size_is_slow(text: bytes) -> None:
    """A-212: 12 KB that anybody may send, unsigned, cost milliseconds and not the square of their length."""

    def try_to_read() -> None:
        with suppress(NotStrict):
            read(text)

    assert fastest(try_to_read) < 0.03


def test_a_refusal_shows_nothing_of_the_text() -> None:
    """B-74: the reason is a constant, and no cause with the text in it hangs on it."""
    with pytest.raises(NotStrict) as caught:
        read(b'{"secret": hunter2}')
    assert str(caught.value) == "json"
    assert caught.value.__suppress_context__


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=8), JSON_VALUES, max_size=5), st.booleans())
def test_round_trip(value: dict[str, Any], ensure_ascii: bool) -> None:
    """B-06: whatever JSON can say within the limits comes back, escaped or not."""
    assert read(json.dumps(value, ensure_ascii=ensure_ascii).encode(), max_depth=64) == value


@settings(deadline=None)
@given(st.integers(2, 40), st.integers(1, 20))
def test_depth_is_counted_exactly(depth: int, limit: int) -> None:
    """B-06: the levels that are counted are the levels that there are."""
    if depth <= limit:
        assert read(nested(depth), max_depth=limit)
    else:
        assert reason(nested(depth), max_depth=limit) == "json_depth"


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,\\ud8001eN.-+ \n\ufeff', max_size=60).map(str.encode))
def test_any_bytes(text: bytes) -> None:
    """B-75: any bytes are an object that the standard parser reads the same, or NotStrict, and nothing else."""
    try:
        value = read(text)
    except NotStrict:
        return
    assert value == json.loads(text)
