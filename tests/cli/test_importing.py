"""`import`: keys that another library made go on working, and of every line it is said what became of it (K-14)."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from authmux import (
    APIKeyVerifier,
    PATVerifier,
    PresentedCredential,
    digested_keys,
    drf_api_keys,
    knox_tokens,
    run,
    system,
)
from tests.cli.shop import Shop

PARTNER = "Ab3dEf9h.0123456789abcdefghijABCDEFGHIJ01"
TOKEN = "0123456789abcdef" * 4
PLAIN = "sk_0123456789abcdefghijABCD"
SCOPE = ("--scope", "reports:read")


def django_key(**more: Any) -> dict[str, Any]:
    """Return what `dumpdata --format jsonl` writes of a key."""
    hashed = "sha512$$" + hashlib.sha512(PARTNER.encode()).hexdigest()
    fields = {"prefix": PARTNER[:8], "hashed_key": hashed, "created": "2025-03-01T09:00:00Z", "name": "partner"}
    return {"model": "m", "pk": "x", "fields": fields | {"revoked": False, "expiry_date": None} | more}


def write(*rows: object) -> str:
    """Write lines, and return the file's name."""
    Path("rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return "rows.jsonl"


def test_django_keys(shop: Shop) -> None:
    """A key of djangorestframework-api-key verifies at once; a second import finds it there."""
    done = shop.run("import", write(django_key()), "--from", "drf-api-key", *SCOPE, "-o", "json")
    assert done.code == 0
    [taken] = done.json["taken"]
    assert (taken["scheme"], taken["locator"]) == ("drf-api-key", PARTNER[:8])
    verifier = APIKeyVerifier(shop.store, shop.tokens, accept_digests=[drf_api_keys()])
    assert run(verifier.verify(PresentedCredential(PARTNER))).scopes == {"reports:read"}
    again = shop.run("import", "rows.jsonl", "--from", "drf-api-key", *SCOPE)
    assert again.code == 0
    assert "0 taken, 1 there already, 0 refused" in again.err


def test_knox(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token of knox becomes its user's; lines come from standard input, too."""
    fields = {"created": "2025-03-01T09:00:00Z", "expiry": None, "user": 7, "token_key": TOKEN[:15]}
    row = {"model": "knox.authtoken", "pk": hashlib.sha512(TOKEN.encode()).hexdigest(), "fields": fields}
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{json.dumps(row)}\n\n"))
    assert shop.run("import", "-", "--from", "knox", *SCOPE).code == 0
    verifier = PATVerifier(shop.store, shop.tokens, accept_digests=[knox_tokens()])
    principal = run(verifier.verify(PresentedCredential(TOKEN)))
    assert (principal.id, principal.issuer) == ("7", "acme")


def test_digests(shop: Shop) -> None:
    """Any table with a digest of the whole key is taken, with owners and tenants of its columns."""
    row = {"digest": hashlib.sha256(PLAIN.encode()).hexdigest(), "name": "n", "customer": "c1", "org": "t1"}
    words = ("--from", "digests", "--scheme", "unkey", "--owner-field", "customer", "--owner-type", "client")
    assert shop.run("import", write(row), *words, "--tenant-field", "org", *SCOPE).code == 0
    shape = digested_keys("unkey", prefix="sk_", lengths=(20, 30))
    verifier = APIKeyVerifier(shop.store, shop.tokens, accept_digests=[shape])
    principal = run(verifier.verify(PresentedCredential(PLAIN)))
    assert (principal.id, principal.issuer, principal.tenant) == ("c1", "acme", "t1")


def test_nothing_is_lost(shop: Shop) -> None:
    """Of every line it is said what became of it; what is refused stops none of the others, and shows no digest."""
    file = write({"prefix": "q"}, django_key(hashed_key="md5$x"), django_key(name="\n"), [1], django_key())
    Path(file).write_text(f"nonsense\n{Path(file).read_text()}", encoding="utf-8")
    done = shop.run("import", file, "--from", "drf-api-key", *SCOPE, "-o", "json")
    assert done.code == 4
    assert len(done.json["taken"]) == 1
    assert [each["name"] for each in done.json["refused"]] == [
        "line 1", "line 2", f"drf-api-key {PARTNER[:8]}", "drf-api-key \n", "line 5",
    ]  # fmt: skip
    assert "1 taken" not in done.err
    text = shop.run("import", file, "--from", "drf-api-key", *SCOPE)
    assert "0 taken, 1 there already, 5 refused" in text.err
    assert "refused: line 1: it is no JSON object" in text.err
    assert hashlib.sha512(PARTNER.encode()).hexdigest() not in text.err + done.out


def test_rehearsal(shop: Shop) -> None:
    """A dry run writes nothing, and says what would be refused."""
    file = write(django_key(), django_key(), {})
    done = shop.run("import", file, "--from", "drf-api-key", *SCOPE, "--dry-run", "-o", "json")
    assert done.code == 4
    assert (done.json["dry_run"], len(done.json["taken"]), len(done.json["there"])) == (True, 1, 1)
    assert done.json["taken"][0]["id"] is None
    assert "1 would be taken" in shop.run("import", file, "--from", "drf-api-key", *SCOPE, "--dry-run").err
    assert shop.service.list(by=system()) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["rows.jsonl", "--from", "digests", *SCOPE], "--scheme"),
        (["nowhere.jsonl", "--from", "knox", *SCOPE], "cannot be read"),
        (["rows.jsonl", "--from", "nonsense", *SCOPE], "nonsense"),
        (["rows.jsonl", "--from", "knox"], "--scope"),
    ],
    ids=["scheme", "file", "origin", "scope"],
)
def test_misuse(shop: Shop, words: list[str], sentence: str) -> None:
    """What cannot be meant is a usage error."""
    write(django_key())
    done = shop.run("import", *words)
    assert (done.code, done.out) == (2, "")
    assert sentence in done.err
