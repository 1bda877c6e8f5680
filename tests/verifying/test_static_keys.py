"""Keys that one was given: a value or a file, with the hygiene of keys that are fetched (B-42, B-43)."""

import json
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ed448, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from authmux import Authenticator, ConfigurationError, InvalidCredential, PresentedCredential, profiles, run
from authmux.testing.manual_clock import ManualClock
from authmux.testing.signing_key import SigningKey
from authmux.verifying.jwt import JWTVerifier
from authmux.verifying.key_source import KeySource
from authmux.verifying.static_keys import FixedKeys, KeyFile
from tests.jose.token_maker import AUDIENCE, ISSUER, access_token, get_key, jwk, key_set, mint, public_key
from tests.verifying.jwt_door import admit, refusal

OLD, NEW = get_key("ES256"), get_key("ES256 second")


def door(keys: KeySource, clock: ManualClock | None = None, **options: Any) -> Authenticator:
    clock = clock or ManualClock()
    return Authenticator(JWTVerifier(issuer=ISSUER, audience=AUDIENCE, keys=keys, clock=clock, **options), clock=clock)


def pem(key: SigningKey) -> bytes:
    return key.private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("form", [lambda text: text, bytes.decode, json.loads], ids=["bytes", "text", "mapping"])
def test_a_jwk_set(form: Callable[[bytes], Any]) -> None:
    """B-42: a set is given as bytes, as a text or as a mapping, and nothing is fetched."""
    authenticator = door(FixedKeys(form(key_set(OLD))))
    assert admit(authenticator, mint(OLD)).id == "subject-1"
    assert refusal(authenticator, mint(NEW)).reason == "unknown_kid"
    assert refusal(authenticator, mint(NEW, kid=OLD.kid)).reason == "signature"


BAD: dict[str, Any] = {
    "no key": {"keys": []},
    "no set": {},
    "an array": "[]",
    "a lone surrogate": '{"keys":[],"x":"\ud800"}',
    "a lone surrogate that is escaped": '{"keys":[],"x":"\\ud800"}',
    "a lone surrogate in a mapping": {"keys": [], "x": "\ud800"},
    "no JSON": "-----BEGIN PUBLIC KEY-----",
    "a symmetric key": {"keys": [{"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}]},
    "a private key": {"keys": [{**jwk(OLD), "d": "AQ"}]},
    "a key for encryption": {"keys": [jwk(OLD, use="enc")]},
}


@pytest.mark.parametrize("jwks", BAD.values(), ids=BAD)
def test_sets_without_a_usable_key(jwks: Any) -> None:
    """B-42: keys that could never be used are refused at once, by the same rules as fetched ones (B-15)."""
    with pytest.raises(ConfigurationError, match="no usable JWK set"):
        FixedKeys(jwks)


@pytest.mark.parametrize("alg", ["RS256", "ES256", "ES384", "ES512", "EdDSA"])
def test_pem(alg: str) -> None:
    """B-42: a public key in PEM form verifies, under the kid that it was given."""
    keys = FixedKeys.pem(pem(get_key(alg)), kid="mine")
    assert admit(door(keys), mint(get_key(alg), kid="mine")).id == "subject-1"
    assert refusal(door(keys), mint(get_key(alg), kid="other")).reason == "unknown_kid"


def test_pem_without_a_kid() -> None:
    """B-13: a key without a name is for tokens that name none."""
    keys = FixedKeys.pem(pem(OLD).decode())
    assert admit(door(keys), mint(OLD, kid=None)).id == "subject-1"
    assert refusal(door(keys), mint(OLD)).reason == "unknown_kid"


def test_pem_for_one_algorithm() -> None:
    """B-10: a key is used with no other algorithm than was said."""
    keys = FixedKeys.pem(pem(get_key("RS256")), kid="k", algorithm="PS256")
    assert refusal(door(keys), mint(get_key("RS256"), kid="k")).reason == "key_not_for_alg"
    assert admit(door(keys), mint(get_key("PS256"), kid="k")).id == "subject-1"


def public_pem(key: Any) -> bytes:
    encoded: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return encoded


NOT_PUBLIC: dict[str, Callable[[], str | bytes]] = {
    "nothing": lambda: b"",
    "a text": lambda: b"secret",
    "a lone surrogate": lambda: "\ud800secret",
    "a private key": lambda: OLD.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    "a key for key agreement": lambda: public_pem(x25519.X25519PrivateKey.generate().public_key()),
    "Ed448": lambda: public_pem(ed448.Ed448PrivateKey.generate().public_key()),
    "DSA": lambda: public_pem(dsa.generate_private_key(1024).public_key()),
}


@pytest.mark.parametrize("text", NOT_PUBLIC.values(), ids=NOT_PUBLIC)
def test_pem_that_is_none(text: Callable[[], str | bytes]) -> None:
    """B-42: what is no public key of a kind that is used here is refused with a sentence, and never shown."""
    with pytest.raises(ConfigurationError) as caught:
        FixedKeys.pem(text())
    assert "secret" not in str(caught.value)
    assert "BEGIN" not in str(caught.value)


class File:
    """A key file whose content a test replaces, as a deployment does: by a rename."""

    def __init__(self, folder: Path, *keys: SigningKey) -> None:
        self.path = folder / "keys.json"
        self.clock = ManualClock()
        self.write(key_set(*keys))
        self.authenticator = door(KeyFile(self.path, clock=self.clock), self.clock)

    def write(self, content: bytes) -> None:
        new = self.path.with_suffix(".new")
        new.write_bytes(content)
        os.replace(new, self.path)

    def takes(self, key: SigningKey) -> bool:
        text = mint(key, access_token(jti=f"{self.clock.monotonic()}"))
        try:
            admit(self.authenticator, text)
        except InvalidCredential as refused:
            assert refused.reason == "unknown_kid"  # noqa: PT017  # the other outcome is as good
            return False
        return True


def test_a_key_file_that_changes(tmp_path: Path) -> None:
    """B-42: the file is looked at every five seconds, and then its keys are the only ones."""
    file = File(tmp_path, OLD)
    assert (file.takes(OLD), file.takes(NEW)) == (True, False)
    file.write(key_set(NEW))
    file.clock.advance(4.9)
    assert (file.takes(OLD), file.takes(NEW)) == (True, False)
    file.clock.advance(0.2)
    assert (file.takes(OLD), file.takes(NEW)) == (False, True)


def test_a_key_file_takes_verdicts_with_it(tmp_path: Path) -> None:
    """B-60: a remembered token falls with its key, within five seconds."""
    file = File(tmp_path, OLD, NEW)
    text = mint(OLD)
    admit(file.authenticator, text)
    file.write(key_set(NEW))
    admit(file.authenticator, text)
    file.clock.advance(5)
    assert refusal(file.authenticator, text).reason == "unknown_kid"


@pytest.mark.parametrize("content", [b"", b"{}", b'{"keys":[]}', b"<html>", None], ids=str)
def test_a_new_version_that_is_broken(tmp_path: Path, content: bytes | None, caplog: pytest.LogCaptureFixture) -> None:
    """B-38: a broken version, or none, leaves the last good one, is reported, and looked at again."""
    file = File(tmp_path, OLD)
    if content is None:
        file.path.unlink()
    else:
        file.write(content)
    file.clock.advance(5)
    with caplog.at_level(logging.ERROR, logger="authmux.verifying"):
        assert file.takes(OLD)
    assert "its last good version stays" in caplog.text
    file.write(key_set(NEW))
    file.clock.advance(5)
    assert (file.takes(OLD), file.takes(NEW)) == (False, True)


def test_a_file_that_is_the_same_is_not_read_again(tmp_path: Path) -> None:
    """B-42: where nothing has changed, the keys are the very same."""
    clock = ManualClock()
    (tmp_path / "keys.json").write_bytes(key_set(OLD))
    keys = KeyFile(tmp_path / "keys.json", clock=clock)
    given = keys.usable()
    clock.advance(6)
    assert keys.usable() is given
    keys.preload()
    keys.after_fork()
    clock.advance(6)
    assert keys.usable() is given


def test_a_file_of_the_same_moment(tmp_path: Path) -> None:
    """A file that is written over within a tick of the file system's clock differs at least in its size."""
    clock, path = ManualClock(), tmp_path / "keys.json"
    path.write_bytes(key_set(OLD))
    keys = KeyFile(path, clock=clock)
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    with path.open("r+b") as file:
        file.write(key_set(OLD, NEW))
    os.utime(path, ns=times)
    clock.advance(5)
    assert len(keys.usable().keys.keys) == 2


def test_a_key_file_that_is_not_there(tmp_path: Path) -> None:
    """B-11: a file that cannot be used is said at start-up."""
    with pytest.raises(ConfigurationError, match="cannot be used"):
        KeyFile(tmp_path / "missing.json")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(ConfigurationError, match="cannot be used"):
        KeyFile(tmp_path / "bad.json")


def test_pinned_keys() -> None:
    """B-43: where thumbprints are pinned, another key of the issuer is none."""
    authenticator = door(FixedKeys(key_set(OLD, NEW)), pinned=[public_key(NEW).thumbprint])
    assert admit(authenticator, mint(NEW)).id == "subject-1"
    assert refusal(authenticator, mint(OLD)).reason == "key_not_pinned"


def test_nothing_to_wait_for() -> None:
    """B-40: keys that one was given are there from the start, and have no health of their own."""
    keys = FixedKeys(key_set(OLD))
    keys.preload()
    verifier = JWTVerifier(issuer=ISSUER, audience=AUDIENCE, keys=keys)
    verifier.preload()
    assert list(verifier.ready()) == []
    assert verifier.health() is None


def test_a_key_that_goes_to_another_tenant(tmp_path: Path) -> None:
    """B-60: a remembered verdict falls when its key says that it is another tenant's, as a new one would (B-21)."""
    clock, file = ManualClock(), tmp_path / "keys.json"
    key = get_key("ES256")
    file.write_text(json.dumps({"keys": [key.public_jwk | {"issuer": ISSUER}]}))
    profile = replace(profiles.AUTO, keys_name_issuer=True)
    keys = KeyFile(file, clock=clock)
    authenticator = Authenticator(
        JWTVerifier(issuer=ISSUER, audience=AUDIENCE, keys=keys, profile=profile, clock=clock), clock=clock
    )
    credential = PresentedCredential(mint(key, access_token()))
    assert run(authenticator.verify(credential)).id
    file.write_text(json.dumps({"keys": [key.public_jwk | {"issuer": "https://idp.example/another"}]}))
    clock.advance(5)
    with pytest.raises(InvalidCredential) as refused:
        run(authenticator.verify(credential))
    assert refused.value.reason == "key_of_another_issuer"


def test_how_many_keys_are_taken(tmp_path: Path) -> None:
    """B-52: a set that one was given has at most 128 keys too, unless more are asked for."""
    document = key_set(*(jwk(OLD, kid=f"k{number}") for number in range(129)))
    file = tmp_path / "keys.json"
    file.write_bytes(document)
    for give in (partial(FixedKeys, document), partial(KeyFile, file)):
        with pytest.raises(ConfigurationError, match="keys"):
            give()
        given = give(max_keys=1000).usable()
        assert len(given.keys.keys) == 129
        with pytest.raises(ConfigurationError, match="from 1 to 1000"):
            give(max_keys=1001)
