"""Keys that the application was given, or pinned: the same rules, and no network."""

import json
from typing import Any, Final

import pytest

from authmux import ConfigurationError
from authmux.verifying.jwt import JWTVerifier
from authmux.verifying.static_keys import FixedKeys, KeyFile
from tests.conformance.attack import SIGNATURE
from tests.conformance.forgeries import EC, es256
from tests.conformance.scene import FACES, document, open_scene, published
from tests.jose.token_maker import AUDIENCE, ISSUER, get_key, mint, public_key

KEY: Final = get_key(EC)


@pytest.mark.parametrize("face", FACES)
def test_keys_that_are_given(face: str, tmp_path: Any) -> None:
    """B-42: keys in a value or in a file need no network, obey the same rules, and a file is read again."""
    path = tmp_path / "keys.json"
    path.write_text(_text(KEY))
    with open_scene() as scene:
        for keys in (FixedKeys(document(KEY)), KeyFile(path, clock=scene.clock)):
            scene.guard(JWTVerifier(issuer=ISSUER, audience=AUDIENCE, keys=keys, clock=scene.clock))
            assert scene.status(es256(), face=face) == 200
            SIGNATURE.check(scene.send(es256(kid="made-up"), face=face), method="GET", bank={})
        known = es256()
        assert scene.status(known, face=face) == 200
        path.write_text("half a docu")
        scene.clock.advance(6)
        assert scene.status(known, face=face) == 200
        path.write_text(_text(get_key("ES256 second")))
        scene.clock.advance(6)
        SIGNATURE.check(scene.send(known, face=face), method="GET", bank={})
        assert scene.fetched == 0


def _text(key: Any) -> str:
    return json.dumps(document(key))


@pytest.mark.parametrize("keys", [{"keys": []}, {"keys": [{"kty": "oct", "k": "AA"}]}, "junk", "[]"], ids=str)
def test_given_keys_that_are_none(keys: Any) -> None:
    """B-42: a set without a usable key is refused when it is given."""
    with pytest.raises(ConfigurationError):
        FixedKeys(keys)


@pytest.mark.parametrize("face", FACES)
def test_pinned_keys(face: str) -> None:
    """B-43: of the keys that an issuer publishes only those are taken whose thumbprints were pinned."""
    pinned = public_key(get_key("ES256 second")).thumbprint
    with open_scene(published(KEY, get_key("ES256 second")), pinned=[pinned]) as scene:
        scene.begin()
        assert scene.status(mint(get_key("ES256 second")), face=face) == 200
        SIGNATURE.check(scene.send(es256(), face=face), method="GET", bank={})
        assert scene.fetched == 0
