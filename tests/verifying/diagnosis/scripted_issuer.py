"""An issuer on a `FaultServer`: its metadata and its keys, and whatever else a test has it answer."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from authmux.testing.signing_key import SigningKey
from authmux.verifying.diagnosis import Examination, Mark, Observation, VerifierOptions, examine
from tests.fault_server import FaultServer, ok
from tests.jose.token_maker import get_key

PATH = "/tenant"
OAUTH = f"/.well-known/oauth-authorization-server{PATH}"
INSERTED = f"/.well-known/openid-configuration{PATH}"
APPENDED = f"{PATH}/.well-known/openid-configuration"
PLACES = (OAUTH, INSERTED, APPENDED)
JWKS = "/jwks"


@contextmanager
def scripted_issuer(
    *keys: SigningKey | Mapping[str, Any], at: str = OAUTH, headers: Mapping[str, str] | None = None, **changes: object
) -> Iterator[FaultServer]:
    """Run an issuer whose name is `server.url(PATH)`.

    Arguments:
        keys: what it publishes; one good key where none is said.
        at: the one place where its metadata is.
        headers: of the key set.
        changes: to the metadata; None takes a member away.
    """
    with FaultServer() as server:
        metadata = {"issuer": server.url(PATH), "jwks_uri": server.url(JWKS)} | changes
        server.script(ok({name: value for name, value in metadata.items() if value is not None}), path=at)
        published = [key.public_jwk if isinstance(key, SigningKey) else key for key in keys or (get_key("ES256"),)]
        server.script(ok({"keys": published}, headers), path=JWKS)
        yield server


def examined(server: FaultServer, **options: Any) -> Examination:
    """Return what is found of the server's issuer."""
    return examine(VerifierOptions(**{"issuer": server.url(PATH), **options}))


def marked(examination: Examination, mark: Mark) -> list[Observation]:
    """Return what is marked so."""
    return [each for each in examination.observations if each.mark is mark]


def the_wrong_one(examination: Examination) -> Observation:
    """Return the one thing that is wrong, which says what to do."""
    [wrong] = marked(examination, Mark.WRONG)
    assert wrong.advice
    assert not examination.is_well
    return wrong
