"""`authmux explain`: why a token would be accepted or refused, rule by rule, and whom it would stand for."""

import io
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from authmux import Peppers, TokenFormat
from authmux.cli import main
from authmux.testing import LocalIssuer
from authmux.token_format import Kind
from tests.cli.inquiry import KEY, ask, explain, leaked, write_keys
from tests.cli.terminal import converse
from tests.jose.token_maker import (
    AUDIENCE,
    ISSUER,
    NOW,
    access_token,
    encode,
    get_key,
    good_header,
    good_payload,
    mint,
    rename,
    sign_bytes,
)  # fmt: skip
from tests.ports import find_port
from tests.verifying.diagnosis.scripted_issuer import scripted_issuer

OTHER = get_key("ES256 second")
TOKENS = TokenFormat(prefix="acme", peppers=Peppers({"p1": bytes(32)}))


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return write_keys(tmp_path)


def changed(**changes: object) -> str:
    return mint(KEY, access_token(**changes))


def cut(text: str, count: int) -> str:
    return text[:-count]


REFUSED = {
    "expired": (changed(exp=NOW - 60), "exp"),
    "not yet": (changed(nbf=NOW + 60), "nbf"),
    "from the future": (changed(iat=NOW + 60), "iat"),
    "no expiry": (changed(exp=None), "exp_missing"),
    "expiry is a text": (changed(exp="1"), "exp_type"),
    "expiry beyond calendars": (changed(exp=10**15), "exp_type"),
    "another issuer": (changed(iss="https://evil.example"), "iss"),
    "a slash too many": (changed(iss=f"{ISSUER}/"), "iss"),
    "issuer is a list": (changed(iss=[ISSUER]), "iss"),
    "another audience": (changed(aud=["a", "b"]), "aud"),
    "audience is a number": (changed(aud=5), "aud"),
    "no jti": (changed(jti=None), "claim_missing"),
    "a number for a subject": (changed(sub=5), "sub_type"),
    "logout token": (changed(events={}), "other_class"),
    "bound to a key": (changed(cnf={"jkt": "x"}), "bound"),
    "scope is a number": (changed(scope=5), "scope_type"),
    "nameless actor": (changed(act={}), "act"),
    "typ of another class": (mint(KEY, typ="dpop+jwt"), "typ"),
    "typ is a number": (mint(KEY, typ=5), "typ"),
    "alg none": (mint(KEY, alg="none"), "alg"),
    "HMAC": (mint(KEY, alg="HS256"), "alg"),
    "another alg of the key's": (mint(KEY, alg="ES384"), "key_not_for_alg"),
    "unknown kid": (mint(KEY, kid="x"), "unknown_kid"),
    "no kid, wrong key": (mint(OTHER, kid=None), "signature"),
    "made up": (mint(rename(OTHER, KEY.kid)), "signature"),
    "crit": (mint(KEY, crit=["x"]), "header_parameter"),
    "private jwk": (mint(KEY, jwk={"d": "x"}), "header_jwk"),
    "no signature": (f"{mint(KEY).rpartition('.')[0]}.", "base64"),
    "cut": (cut(mint(KEY), 6), "signature"),
    "cut in the middle of a character": (cut(mint(KEY), 21), "base64"),
    "cut to nothing": ("..", "base64"),
    "not base64": (mint(KEY).replace(".", "!.", 1), "base64"),
    "claims are a list": (sign_bytes(KEY, good_header(KEY), b"[]"), "json_not_object"),
    "claims twice": (sign_bytes(KEY, good_header(KEY), b'{"a":1,"a":2}'), "json_duplicate_name"),
    "claims too deep": (sign_bytes(KEY, good_header(KEY), b'{"a":' * 20 + b"1" + b"}" * 20), "json_depth"),
    "header is no JSON": (sign_bytes(KEY, b"{", good_payload()), "json"),
    "too long": (changed(groups=["g" * 20_000]), "token_too_long"),
    "not ASCII": ("é.é.é", "base64"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("form", ["text", "json"])
def test_refused(name: str, form: str, keys: Path) -> None:
    """The rule that refuses is marked and says what to do; the verdict has its reason, and no raw text is shown."""
    text, reason = REFUSED[name]
    ran = explain(text, keys, "--format", form)
    assert (ran.code, ran.err) == (6, "")
    assert leaked(text, ran) == []
    if form == "json":
        assert (ran.json["outcome"], ran.json["reason"], ran.json["principal"]) == ("refused", reason, None)
        assert next(each["reason"] for each in ran.json["rules"] if each["reason"]) == reason
        assert all(bool(each["reason"]) is bool(each["do"]) for each in ran.json["rules"])
    else:
        assert f"\nrefused: {reason}\n" in ran.out
        assert f"\n           {reason}: " in ran.out
        assert not [each for each in ran.out if not each.isprintable() and each != "\n"]


@pytest.mark.parametrize("around", ["{}", "Bearer {}", "  bearer   {} \r\n", "Authorization: Bearer {}\n", "\ufeff{}"])
def test_accepted(around: str, keys: Path) -> None:
    """A good token is explained rule by rule, and says whom it stands for; what is copied with it does no harm."""
    ran = explain(around.format(mint(KEY)), keys)
    assert (ran.code, ran.err) == (0, "")
    assert "  wrong" not in ran.out
    verdict = ran.out.partition("\naccepted: Principal\n")[2].splitlines()
    assert verdict == [
        '  id           "subject-1"', f'  issuer       "{ISSUER}"', '  client_id    "client-1"', "  tenant       none",
        "  scopes       reports:read",
    ]  # fmt: skip


def test_what_it_says_is_shown(keys: Path) -> None:
    """The operator asked: header and claims are shown, times as dates, and nothing that a terminal would obey."""
    ran = explain(changed(note="\x1b[31m\u202egold\n", act={"sub": "robot"}, scope="a b", long="x" * 900), keys)
    assert f'  kid  "{KEY.kid}"' in ran.out
    assert f"{NOW + 3600}  2027-01-15 09:00:00 UTC, in 60 minutes" in ran.out
    assert "gold" in ran.out
    assert "\\u202egold" in ran.out
    assert "characters more)" in ran.out
    assert '  actors       "robot"' in ran.out
    assert not [each for each in ran.out if not each.isprintable() and each != "\n"]


def test_json_of_a_good_token(keys: Path) -> None:
    """The members are documented: header, claims, rules, principal."""
    told = explain(changed(roles=["r"]), keys, "-o", "json").json
    assert told.keys() == {"outcome", "reason", "kind", "header", "claims", "rules", "principal", "hint"}
    assert (told["outcome"], told["kind"], told["hint"]) == ("accepted", "jwt", None)
    assert told["claims"]["roles"] == ["r"]
    assert told["principal"] == {
        "type": "Principal", "id": "subject-1", "issuer": ISSUER, "client_id": "client-1", "tenant": None,
        "scopes": ["reports:read"], "permissions": [], "roles": [], "groups": [], "actors": [],
    }  # fmt: skip


def test_a_profile_that_fits_better(keys: Path) -> None:
    """Where another profile takes the claims, it is named: with care, as a hint."""
    ran = explain(mint(KEY, typ="JWT"), keys, "--profile", "rfc9068")
    assert (ran.code, "\nrefused: typ\nhint: " in ran.out, "profiles.AUTO" in ran.out) == (6, True, True)


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        (TOKENS.make(Kind.KEY, "5g2v9k0m3x7q1b8n"), "ours", "an API key"),
        (TOKENS.make(Kind.PAT, "5g2v9k0m3x7q1b8n"), "ours", "a personal access token"),
        (".".join([encode(b"s3cret" * 5)] * 5), "encrypted", "JWE"),
        ("2YotnFZFEjr1zCsicMWpAA", "opaque", "IntrospectionVerifier"),
        ("", "empty", "nothing"),
        ("\n \n", "empty", "nothing"),
        (f"{mint(KEY)} {mint(KEY)}", "words", "more than one word"),
        (mint(KEY).replace(".", ".\n"), "words", "more than one word"),
    ],
    ids=["key", "PAT", "JWE", "opaque", "nothing", "blanks", "two", "broken"],
)
def test_what_is_no_jwt(text: str, kind: str, says: str, keys: Path) -> None:
    """What is no JWT is told as what it is, without a character of it."""
    ran = explain(text, keys)
    assert (ran.code, says in ran.out, leaked(text, ran)) == (6, True, [])
    told = explain(text, keys, "--format", "json")
    assert (told.code, told.json["kind"], told.json["outcome"], leaked(text, told)) == (6, kind, "refused", [])


def test_bytes_that_are_no_text(keys: Path) -> None:
    """What is not UTF-8 is a bad token."""
    assert explain(b"\xff\xfe.\x80.\x81", keys).code == 6


def test_at_a_real_issuer() -> None:
    """The keys are fetched as a verifier fetches them, by discovery."""
    with LocalIssuer(algorithm="EdDSA") as issuer:
        token = issuer.token(subject="job", scope="reports:read", claims={"sub": "job", "client_id": "job"})
        ran = ask("explain", "--issuer", issuer.url, "--audience", AUDIENCE, stdin=token)
        assert (ran.code, ran.err, leaked(token, ran)) == (0, "", [])
        assert "\naccepted: UnprovenClient\n" in ran.out
        assert issuer.fetches("/jwks") == 1


def test_an_issuer_that_is_away() -> None:
    """A token that could not be checked is not refused: exit 7, and the doctor is named."""
    issuer = f"http://127.0.0.1:{find_port()}"
    token = mint(KEY, access_token(iss=issuer))
    ran = ask("explain", "--issuer", issuer, "--audience", AUDIENCE, "--at", str(NOW), stdin=token)
    assert (ran.code, "\nnot checked: issuer_unreachable" in ran.out, leaked(token, ran)) == (7, True, [])
    assert "authmux doctor" in ran.out
    assert "its keys cannot be fetched: connect" in ran.err


def test_an_explicit_address() -> None:
    """`--jwks-uri` is where the keys are asked for."""
    with scripted_issuer(KEY) as server:
        words = ("--jwks-uri", server.url("/jwks"), "--issuer", ISSUER, "--audience", AUDIENCE, "--at", str(NOW))
        assert ask("explain", *words, stdin=mint(KEY)).code == 0


def test_a_key_in_pem_form(tmp_path: Path) -> None:
    """A PEM file has no kid: it is the key, whatever the token calls it."""
    pem = KEY.private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pem").write_bytes(pem)
    assert explain(mint(KEY), tmp_path / "key.pem").code == 0
    assert explain(mint(KEY, kid=None), tmp_path / "key.pem").code == 0
    assert explain(mint(rename(OTHER, KEY.kid)), tmp_path / "key.pem").code == 6


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (str(NOW), 0),
        (f"{NOW}.5", 0),
        ("2027-01-15T08:00:00Z", 0),
        ("2027-01-15T08:00:00", 0),
        ("2027-01-15T10:00:00+02:00", 0),
        ("2027-01-16", 6),
        ("tomorrow", 2),
        ("", 2),
        ("9" * 400, 2),
        ("²", 2),
    ],
)
def test_moments(at: str, code: int, keys: Path) -> None:
    """`--at` takes a moment of ISO 8601, in UTC if it says nothing else, or seconds."""
    assert explain(mint(KEY), keys, "--at", at).code == code


@pytest.mark.parametrize(
    "words",
    [
        ("--profile", "nobody"),
        ("--profile", "github-actions"),
        ("--issuer", "http://idp.example"),
        ("--issuer", "https://i%64p.example"),
        ("--issuer", "https://idp.example/{tenantid}"),
        ("--keys", "/nowhere/keys.json"),
        ("--keys", __file__),
        ("--ca-bundle", __file__),
        ("--allow-private", "home"),
        ("a.b.c",),
    ],
    ids=" ".join,
)
def test_misuse(words: tuple[str, ...], keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be meant is told in one sentence, and no token is explained: exit 2."""
    monkeypatch.setenv("AUTHMUX_TRACEBACK", "1")
    text = mint(KEY)
    told = ("--issuer", ISSUER, "--audience", AUDIENCE)
    ran = ask("explain", *told, *words, stdin=text)
    assert (ran.code, ran.out, leaked(text, ran)) == (2, "", [])
    assert "authmux: " in ran.err


def test_a_token_as_an_argument_is_not_repeated(keys: Path) -> None:
    """Whoever pastes the token into the command line is told so, without it."""
    text = mint(KEY)
    for words in ((text,), ("--issuer", text), ("--profile", text), ("--at", text), ("--keys", text)):
        ran = explain(text, keys, *words)
        assert ran.code == 2
        assert leaked(text, ran) == []


def test_a_terminal(tmp_path: Path) -> None:
    """A token is not typed: a terminal is refused, with what to do."""
    code, seen = converse(tmp_path, ["explain", "--issuer", ISSUER, "--audience", AUDIENCE], [])
    assert code == 2
    assert "< token.txt" in seen


def test_closed_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a standard input there is nothing to explain."""
    closed = io.StringIO()
    closed.close()
    for stdin in (None, closed):
        monkeypatch.setattr("sys.stdin", stdin)
        assert main(["explain", "--issuer", ISSUER, "--audience", AUDIENCE]) == 2
        assert "standard input is closed" in capsys.readouterr().err


def test_far_too_much(keys: Path) -> None:
    """More than a megabyte is no token, and is not read to its end."""
    ran = explain("x" * 3_000_000, keys)
    assert (ran.code, ran.out) == (2, "")
    assert "far more than one token" in ran.err
