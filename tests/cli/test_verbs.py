"""Every verb on every kind in every output: what goes to standard output, and what does not."""

import json
import re

import pytest

from authmux import Kind, system
from tests.cli.shop import Ran, Shop

TOKEN = re.compile(r"\b[a-z][a-z0-9]{1,11}_(?:key|pat|sec)_(?:[a-z]{2,8}_)?[0-9a-hjkmnp-tv-z]{16}_[0-9A-Za-z]{49}\b")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
MEMBERS = {
    *("id", "kind", "state", "name", "description", "env", "tenant", "owner", "scopes", "resources", "audience"),
    *("allowed_cidrs", "allowed_origins", "limit_policy", "parent", "created_at", "created_by", "not_before"),
    *("expires_at", "rotate_by", "disabled_at", "disabled_by", "revoked_at", "revoked_by", "revoked_reason"),
    *("deleted_at", "generation", "generations", "meta"),
}

each_kind = pytest.mark.parametrize("kind", [f"{kind.value}s" for kind in Kind])
each_output = pytest.mark.parametrize("output", ["text", "json"])


def do(shop: Shop, verb: str, kind: str, *words: str) -> Ran:
    """Use a verb, on a credential that is there."""
    if verb == "issue":
        return shop.issue(*words, kind=kind)
    credential_id = shop.issued_id(kind=kind)
    if verb == "list":
        return shop.run(kind, "list", *words)
    return shop.run(kind, verb, credential_id, *words, *(["--yes"] if verb == "revoke" else []))


@each_kind
@each_output
@pytest.mark.parametrize("verb", ["issue", "roll"])
def test_token_alone(shop: Shop, verb: str, kind: str, output: str) -> None:
    """What makes a token writes it to standard output, with nothing besides, and it verifies (K-30, K-33)."""
    done = do(shop, verb, kind, "--output", output)
    assert done.code == 0
    text = done.json["token"] if output == "json" else done.out.removesuffix("\n")
    assert TOKEN.fullmatch(text)
    principal = shop.verify(text)
    assert principal.credential is not None
    assert (principal.credential.kind, *principal.scopes) == (kind.removesuffix("s"), "reports:read")
    assert str(principal.credential.id) in done.err
    assert not TOKEN.search(done.err)


@each_kind
@each_output
@pytest.mark.parametrize("verb", ["list", "show", "revoke"])
def test_no_token(shop: Shop, verb: str, kind: str, output: str) -> None:
    """What makes none shows none, neither its digest, and names the credential (K-31)."""
    done = do(shop, verb, kind, "-o", output)
    [record] = shop.service.list(by=system())
    assert done.code == 0
    assert record.id in done.out + done.err
    assert not TOKEN.search(done.out + done.err)
    assert record.secrets[0].digest.hex() not in done.out
    assert "digest" not in done.out


@each_kind
@pytest.mark.parametrize("verb", ["issue", "list", "show", "roll", "revoke"])
def test_json(shop: Shop, verb: str, kind: str) -> None:
    """JSON is one value; a record has the documented members, and its times are RFC 3339 in UTC."""
    value = do(shop, verb, kind, "-o", "json").json
    record = value["record"] if verb in ("issue", "roll") else value[0] if verb in ("list", "revoke") else value
    assert set(record) == MEMBERS
    assert TIME.fullmatch(record["created_at"])
    assert record["kind"] == kind.removesuffix("s")
    assert record["state"] == ("revoked" if verb == "revoke" else "active")
    assert record["generation"] == len(record["generations"]) == (2 if verb == "roll" else 1)
    assert record["generations"][0].keys() == {"generation", "hint", "created_at", "retire_at", "live"}


@each_kind
@pytest.mark.parametrize("verb", ["show", "roll", "revoke"])
def test_not_found(shop: Shop, verb: str, kind: str) -> None:
    """An id that nobody has is not found."""
    yes = ["--yes"] if verb == "revoke" else []
    done = shop.run(kind, verb, "0" * 16, *yes)
    assert (done.code, done.out) == (3, "")
    assert "there is no" in done.err
    assert "0" * 16 in done.err


@pytest.mark.parametrize("verb", ["show", "roll", "revoke"])
@pytest.mark.parametrize(("kind", "other"), [("keys", "pats"), ("pats", "keys")])
def test_other_kind(shop: Shop, verb: str, kind: str, other: str) -> None:
    """A credential of the other kind is not found either, untouched, and the sentence says where it is."""
    credential_id = shop.issued_id(kind=other)
    done = shop.run(kind, verb, credential_id, *(["--yes"] if verb == "revoke" else []))
    assert (done.code, done.out) == (3, "")
    assert f"use `authmux {other}`" in done.err
    assert shop.run(other, "show", credential_id, "-o", "json").json["generation"] == 1


@each_kind
@pytest.mark.parametrize("verb", ["show", "roll", "revoke", "list --after"])
def test_whole_token_as_id(shop: Shop, verb: str, kind: str) -> None:
    """A token where an id belongs is refused; it is said what happened to it, and no part of its secret (K-04)."""
    text = shop.issue(kind=kind).out.strip()
    done = shop.run(kind, *verb.split(), text, *(["--yes"] if verb == "revoke" else []))
    assert (done.code, done.out) == (2, "")
    assert "shell's history" in done.err
    assert text.split("_")[2] in done.err
    assert text[-49:-40] not in done.err
    assert shop.verify(text)


@each_kind
def test_forms_of_an_id(shop: Shop, kind: str) -> None:
    """An id may be given as a log shows it."""
    credential_id = shop.issued_id(kind=kind)
    for form in (credential_id.upper(), f"{kind[:-1]}:{credential_id}", f"acme_{kind[:-1]}_{credential_id}"):
        assert shop.run(kind, "show", form, "-o", "json").json["id"] == credential_id


def test_json_is_one_line_of_text_to_a_program(shop: Shop) -> None:
    """Names in any script come through JSON, and control codes come as escapes."""
    credential_id = shop.issued_id("--description", "\x1b[31m中文", name="ключ")
    shown = shop.run("keys", "show", credential_id, "-o", "json")
    assert (shown.json["name"], shown.json["description"]) == ("ключ", "\x1b[31m中文")
    assert "\x1b" not in shown.out
    assert json.loads(shown.out.encode("ascii")) == shown.json
