"""Golden peppers, tokens and digests (K-12), which were made outside of authmux, with hmac and zlib alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from authmux.credential import PresentedCredential
from authmux.flow import run
from authmux.peppers import Peppers
from authmux.principal import AnonymousKey, User
from authmux.stores.memory import MemoryStore
from authmux.stores.port import PepperCheck
from authmux.stores.record import Owner, OwnerType, Record, Secret
from authmux.token_format import Kind, TokenFormat
from authmux.verifying.opaque import APIKeyVerifier, OpaqueVerifier, PATVerifier

GOLDEN: dict[str, Any] = json.loads(Path(__file__).with_name("opaque_tokens.json").read_text(encoding="utf-8"))
PEPPER_IDS = list(GOLDEN["checks"])

each_token = pytest.mark.parametrize("golden", GOLDEN["tokens"], ids=lambda golden: golden["id"])
each_pepper = pytest.mark.parametrize("pepper_id", PEPPER_IDS)


@pytest.fixture
def peppers(tmp_path: Path) -> Peppers:
    """Put the golden pepper file in a directory of its own, as a server has it."""
    file = tmp_path / "peppers"
    file.write_text(GOLDEN["pepper_file"], encoding="ascii")
    file.chmod(0o600)
    return Peppers.file(tmp_path)


@pytest.fixture
def tokens(peppers: Peppers) -> TokenFormat:
    """Give the format that the golden tokens are of."""
    return TokenFormat(prefix=GOLDEN["prefix"], former_prefixes=GOLDEN["former_prefixes"], peppers=peppers)


def store_with(golden: dict[str, Any], pepper_id: str) -> MemoryStore:
    """Return a store with the record of a golden token, whose digest is under one of the golden peppers."""
    digest, check = bytes.fromhex(golden["digests"][pepper_id]), bytes.fromhex(GOLDEN["checks"][pepper_id])
    is_pat = golden["kind"] == "pat"
    record = Record(
        id=golden["id"],
        kind=Kind(golden["kind"]),
        owner=Owner(OwnerType.USER, "acme", "u1") if is_pat else Owner(OwnerType.NONE, "acme"),
        created_by="an earlier version",
        name="golden",
        scopes=frozenset({"reports:read"}),
        created_at=0.0,
        secrets=(Secret(generation=1, digest=digest, pepper_id=pepper_id, hint=golden["text"][-4:], created_at=0.0),),
    )
    store = MemoryStore()
    store.add(record, pepper=PepperCheck(pepper_id, check), max_live=1, now=0.0)
    return store


def verifier_of(store: MemoryStore, tokens: TokenFormat, golden: dict[str, Any]) -> OpaqueVerifier:
    """Return the verifier that a golden token is for."""
    return (PATVerifier if golden["kind"] == "pat" else APIKeyVerifier)(store, tokens)


def test_the_golden_pepper_file_has_its_current_pepper(peppers: Peppers) -> None:
    """The last line of a pepper file is the current one (K-13)."""
    assert peppers.current == GOLDEN["current"]


@each_pepper
def test_golden_checks_hold(peppers: Peppers, pepper_id: str) -> None:
    """What a store once kept of a pepper recognises it in every later version (K-13)."""
    assert peppers.check(pepper_id).hex() == GOLDEN["checks"][pepper_id]


@each_token
def test_golden_tokens_are_read(tokens: TokenFormat, golden: dict[str, Any]) -> None:
    """A text that was once ours is ours in every later version, with the same parts (K-07)."""
    parsed = tokens.parse(golden["text"])
    assert (parsed.kind, parsed.env, parsed.id) == (Kind(golden["kind"]), golden["env"], golden["id"])


@each_pepper
@each_token
def test_golden_digests_hold(tokens: TokenFormat, golden: dict[str, Any], pepper_id: str) -> None:
    """The digest of a text under a pepper is the same in every later version (K-12)."""
    assert tokens.digest(golden["text"], pepper_id).hex() == golden["digests"][pepper_id]


@each_pepper
@each_token
def test_golden_tokens_verify(tokens: TokenFormat, golden: dict[str, Any], pepper_id: str) -> None:
    """What verified once verifies in every later version, also under a pepper that is no longer current (K-12)."""
    verifier = verifier_of(store_with(golden, pepper_id), tokens, golden)
    principal = run(verifier.verify(PresentedCredential(golden["text"])))

    assert type(principal) is (User if golden["kind"] == "pat" else AnonymousKey)
    assert principal.id == ("u1" if golden["kind"] == "pat" else golden["id"])


@each_token
def test_golden_tokens_move(tokens: TokenFormat, golden: dict[str, Any]) -> None:
    """A golden token under the older pepper moves, when it is used, to the golden digest under the current (K-13)."""
    older, current = PEPPER_IDS
    store = store_with(golden, older)
    verifier = verifier_of(store, tokens, golden)
    run(verifier.verify(PresentedCredential(golden["text"])))
    verifier._moves.background.flush()

    moved = store.find(golden["id"]).record
    assert moved is not None
    assert moved.secrets[0].digest.hex() == golden["digests"][current]
    checks = {each.pepper_id: each.check.hex() for each in store.pepper_checks()}
    assert checks == GOLDEN["checks"]


def test_the_golden_pepper_file_rotates(tmp_path: Path, peppers: Peppers) -> None:
    """A pepper file of an earlier version is rotated, and its peppers are the same afterwards (K-13)."""
    rotated = Peppers.rotate_file(tmp_path)
    assert list(rotated) == [*PEPPER_IDS, "p2"]
    assert {each: rotated.check(each).hex() for each in PEPPER_IDS} == GOLDEN["checks"]
    assert (tmp_path / "peppers").read_text(encoding="ascii").startswith(GOLDEN["pepper_file"])
