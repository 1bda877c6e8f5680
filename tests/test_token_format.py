"""The text of keys and tokens keeps its promises (K-01…K-08), and only what was made is read."""

import re
import string
import zlib

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from authmux.errors import ConfigurationError, Fault, InvalidCredential
from authmux.peppers import Peppers
from authmux.token_format import Kind, ParsedToken, TokenFormat, checksum, hint, new_id

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
PEPPERS = Peppers({"p1": bytes(32), "p2": bytes(range(32))})
ACME = TokenFormat(prefix="acme", peppers=PEPPERS)

prefixes = st.from_regex(r"[a-z][a-z0-9]{1,11}", fullmatch=True)
envs = st.none() | st.from_regex(r"[a-z]{2,8}", fullmatch=True)
kinds = st.sampled_from(Kind)
characters = st.characters()  # surrogates and all
made = st.builds(lambda kind, env: ACME.make(kind, new_id(), env=env), kinds, envs)


def reason_of(text: str, tokens: TokenFormat = ACME) -> str:
    """Return why a text is refused; fail if it is not, or with another error."""
    with pytest.raises(InvalidCredential) as refused:
        tokens.parse(text)
    assert refused.value.fault is Fault.MALFORMED
    return refused.value.reason


@given(prefixes, kinds, envs)
def test_what_is_made_is_read(prefix: str, kind: Kind, env: str | None) -> None:
    """A text goes round: its parts come back as they were put in."""
    token_id = new_id()
    tokens = TokenFormat(prefix=prefix, peppers=PEPPERS)
    text = tokens.make(kind, token_id, env=env)
    assert tokens.parse(text) == ParsedToken(kind, env, token_id, text)


@given(prefixes, kinds, envs)
def test_texts_keep_the_promise_to_clients(prefix: str, kind: Kind, env: str | None) -> None:
    """A text has at most 128 characters of one alphabet, and begins with its marks (K-07)."""
    tokens = TokenFormat(prefix=prefix, peppers=PEPPERS)
    text = tokens.make(kind, new_id(), env=env)
    assert len(text) <= 128
    assert set(text) <= set(BASE62 + "_")
    assert text.startswith(tokens.marks(kind))


def test_ids_are_eighty_random_bits() -> None:
    """An id has 16 characters of Crockford's base 32 in lower case, all of which occur (K-04)."""
    ids = [new_id() for _ in range(200)]
    assert {len(each) for each in ids} == {16}
    assert set("".join(ids)) == set(CROCKFORD)
    assert len(set(ids)) == 200


def test_secrets_are_forty_three_random_digits() -> None:
    """A secret has 43 base-62 digits, all of which occur, and no two are alike (K-05)."""
    secrets = [ACME.make(Kind.KEY, "0" * 16).rpartition("_")[2][:-6] for _ in range(200)]
    assert {len(each) for each in secrets} == {43}
    assert set("".join(secrets)) == set(BASE62)
    assert len(set(secrets)) == 200


@given(st.text(alphabet=BASE62 + "_"))
def test_checksum_is_the_crc_of_everything_before_it(body: str) -> None:
    """The checksum is a CRC-32 in six base-62 digits (K-06)."""
    digits = checksum(body)
    assert len(digits) == 6
    assert sum(BASE62.index(digit) * 62**place for place, digit in enumerate(reversed(digits))) == zlib.crc32(
        body.encode()
    )


@settings(max_examples=10, deadline=None)
@given(made)
def test_no_single_mistyped_character_gets_through(text: str) -> None:
    """Whatever one character is replaced by, the text is refused: a CRC-32 misses no such mistake (K-06)."""
    for position, right in enumerate(text):
        for wrong in set(BASE62 + "_ -") - {right}:
            assert reason_of(text[:position] + wrong + text[position + 1 :]) in {"token_shape", "token_checksum"}


@given(made, st.data())
def test_no_foreign_character_gets_through(text: str, data: st.DataObject) -> None:
    """A character from anywhere in Unicode, put in the place of one of ours, is refused."""
    position = data.draw(st.integers(0, len(text) - 1))
    wrong = data.draw(characters.filter(lambda character: character != text[position]))
    assert reason_of(text[:position] + wrong + text[position + 1 :]) in {"token_shape", "token_checksum"}


@given(made)
def test_no_transposition_of_neighbours_gets_through(text: str) -> None:
    """Two neighbours that changed places are refused: a CRC-32 misses none (K-06)."""
    for position in range(len(text) - 1):
        left, right = text[position], text[position + 1]
        if left != right:
            reason_of(text[:position] + right + left + text[position + 2 :])


@given(made)
def test_no_deletion_gets_through(text: str) -> None:
    """A text that lost a character anywhere is refused (K-06)."""
    for position in range(len(text)):
        reason_of(text[:position] + text[position + 1 :])


@given(made, st.data())
def test_no_insertion_gets_through(text: str, data: st.DataObject) -> None:
    """A text with one character too many is refused, a line end included (K-06)."""
    position = data.draw(st.integers(0, len(text)))
    extra = data.draw(st.sampled_from(BASE62 + "_ \n\t") | characters)
    reason_of(text[:position] + extra + text[position:])


@given(made)
def test_no_truncation_gets_through(text: str) -> None:
    """Every beginning of a text is refused (K-06)."""
    for length in range(len(text)):
        assert reason_of(text[:length]) == "token_shape"


@given(st.text(characters) | st.builds(lambda text, tail: text[: len(tail)] + tail, made, st.text(characters)))
def test_arbitrary_text_is_refused_and_nothing_else_happens(text: str) -> None:
    """Whatever stands in a request, reading it raises `InvalidCredential` and no other error."""
    reason_of(text)


@given(made, st.sampled_from(["other", "acm", "acmee"]))
def test_texts_of_another_application_are_refused(text: str, prefix: str) -> None:
    """Another application's prefix is not ours, however alike (K-01)."""
    assert reason_of(text, TokenFormat(prefix=prefix, peppers=PEPPERS)) == "token_shape"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a" * 513, "token_too_long"),
        ("a" * 512, "token_shape"),
        (ACME.make(Kind.KEY, "0" * 16) + "0" * 512, "token_too_long"),
        (ACME.make(Kind.KEY, "0" * 16) + "0", "token_shape"),
        ("acme_pub_" + "0" * 16 + "_" + "0" * 49, "token_shape"),
        ("acme_key_" + "0" * 16 + "_" + "0" * 49, "token_checksum"),
        ("", "token_shape"),
    ],
    ids=[
        "513 bytes",
        "512 bytes",
        "a long tail",
        "one too many",
        "a kind that is not taken",
        "a wrong checksum",
        "nothing",
    ],
)
def test_refusals_say_which_rule(text: str, reason: str) -> None:
    """The operator learns whether length, shape or checksum was wrong, and length is looked at first (K-08)."""
    assert reason_of(text) == reason


def test_checksum_holds_for_the_prefix_too() -> None:
    """A text under one accepted prefix is no text under another, with the same checksum (K-06)."""
    both = TokenFormat(prefix="acme", former_prefixes=["acne"], peppers=PEPPERS)
    text = both.make(Kind.KEY, new_id())
    assert reason_of("acne" + text.removeprefix("acme"), both) == "token_checksum"


@given(kinds, envs)
def test_former_prefixes_are_read_and_not_made(kind: Kind, env: str | None) -> None:
    """After the prefix was changed, old texts are read and new ones bear the new one (K-01)."""
    renamed = TokenFormat(prefix="newacme", former_prefixes=["acme"], peppers=PEPPERS)
    old = ACME.make(kind, new_id(), env=env)
    assert renamed.parse(old).text == old
    assert renamed.make(kind, new_id(), env=env).startswith(f"newacme_{kind}_")
    assert renamed.marks(kind) == (f"newacme_{kind}_", f"acme_{kind}_")


@pytest.mark.parametrize("prefix", ["", "a", "Acme", "1acme", "ac_me", "acmé", "a" * 13, "acme\n", "a|b"])
@pytest.mark.parametrize("former", [False, True], ids=["current", "former"])
def test_bad_prefixes_are_refused(prefix: str, former: bool) -> None:
    """A prefix is 2 to 12 of a-z and 0-9, first a letter, or the format is not made (K-01)."""
    current, older = ("acme", [prefix]) if former else (prefix, [])
    with pytest.raises(ConfigurationError, match="K-01"):
        TokenFormat(prefix=current, former_prefixes=older, peppers=PEPPERS)


@pytest.mark.parametrize("env", ["", "a", "Live", "live1", "li_ve", "a" * 9, "live\n"])
def test_bad_envs_are_refused(env: str) -> None:
    """An env is 2 to 8 lower-case letters, or nothing is made (K-03)."""
    with pytest.raises(ValueError, match="K-03"):
        ACME.make(Kind.KEY, new_id(), env=env)


@given(made, made)
def test_digests_depend_on_the_whole_text(text: str, other: str) -> None:
    """Two texts have two digests of 32 bytes each, and one text always has the same (K-12)."""
    assume(text != other)
    assert ACME.digest(text, "p1") == ACME.digest(text, "p1")
    assert ACME.digest(text, "p1") != ACME.digest(other, "p1")
    assert len(ACME.digest(text, "p1")) == 32


@given(made)
def test_digests_depend_on_the_pepper(text: str) -> None:
    """Without the right pepper a digest cannot be made, nor a copied database used (K-12)."""
    assert ACME.digest(text, "p1") != ACME.digest(text, "p2")


def test_digests_need_a_known_pepper() -> None:
    """A digest under a pepper that is not there is a `KeyError`, not a digest."""
    with pytest.raises(KeyError):
        ACME.digest(ACME.make(Kind.KEY, new_id()), "p3")


def test_digests_are_apart_from_pepper_checks() -> None:
    """No text makes the digest that a store keeps as the check of a pepper (K-12, K-13)."""
    assert ACME.digest("check", "p1") != PEPPERS.check("p1")


def test_hint_is_the_last_four_characters() -> None:
    """A person is shown the end of a text to tell two apart (K-10)."""
    text = ACME.make(Kind.KEY, new_id())
    assert hint(text) == text[-4:]


def test_parsed_tokens_show_no_text() -> None:
    """The repr of a token that was read holds its id and nothing of its secret."""
    text = ACME.make(Kind.KEY, new_id())
    parsed = ACME.parse(text)
    assert parsed.id in repr(parsed)
    assert text.rpartition("_")[2] not in repr(parsed)


def test_refusals_hold_no_text() -> None:
    """An error about a mistyped token says nothing of what was typed."""
    text = ACME.make(Kind.KEY, new_id())[:-1] + "!"
    with pytest.raises(InvalidCredential) as refused:
        ACME.parse(text)
    assert not re.search(r"[0-9A-Za-z]{20}", f"{refused.value!r} {refused.value.__dict__}")
