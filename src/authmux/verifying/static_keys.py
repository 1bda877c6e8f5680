"""Keys that one was given, in a value or in a file that is read again; nothing is fetched (B-42)."""

import json
import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.errors import ConfigurationError, Fault, InvalidCredential
from authmux.flow import Flow
from authmux.forking import renew_after_fork
from authmux.jose.jwk import PublicKey
from authmux.jose.key_set import MAX_KEYS, KeySet, NotAKeySet, parse_key_set
from authmux.verifying.jwt_settings import read_max_keys
from authmux.verifying.key_set_report import report_small_exponents

_log = logging.getLogger("authmux.verifying")

_LOOK_EVERY: Final = 5.0  # seconds; B-42


@dataclass(frozen=True, slots=True)
class Given:
    """The keys as they are now."""

    keys: KeySet


class FixedKeys:
    """Keys that never change, with the same rules for each as for keys that are fetched.

    Arguments:
        jwks: a JWK set (RFC 7517 §5), as a mapping or as text.
        max_keys: how many keys it may have, at most 1000 (B-52).

    Raises:
        ConfigurationError: there is no usable key in it.
    """

    def __init__(self, jwks: Mapping[str, Any] | str | bytes, *, max_keys: int = MAX_KEYS) -> None:
        read_max_keys(max_keys)
        text = json.dumps(jwks) if isinstance(jwks, Mapping) else jwks
        try:
            keys = parse_key_set(_encode(text), max_keys=max_keys)
        except NotAKeySet as error:
            raise ConfigurationError(f"the keys are no usable JWK set: {error}") from None
        report_small_exponents("the keys given", keys)
        self._given = Given(keys)

    @classmethod
    def pem(cls, text: str | bytes, *, kid: str | None = None, algorithm: str | None = None) -> Self:
        """Take one public key in PEM form.

        Arguments:
            text: `-----BEGIN PUBLIC KEY-----` and so on.
            kid: the name by which tokens call it; None where they name none.
            algorithm: the only one to use it with; by default all that its kind allows.

        Raises:
            ConfigurationError: it is no public key of a kind that is taken.
        """
        try:
            key: Any = load_pem_public_key(_encode(text))
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ConfigurationError("this is no public key in PEM form") from None
        for family in (RSAAlgorithm, ECAlgorithm, OKPAlgorithm):
            try:
                jwk = family.to_jwk(key, as_dict=True)
            except Exception:  # noqa: S112  # each family refuses the others' keys in its own way
                continue
            named = {"kid": kid, "alg": algorithm}
            return cls({"keys": [jwk | {name: value for name, value in named.items() if value is not None}]})
        raise ConfigurationError("this public key is of a kind that no algorithm here uses")

    def find(self, alg: str, kid: str | None) -> Flow[PublicKey]:
        """Return the key that a token names."""
        yield from ()
        return _choose(self._given.keys, alg, kid)

    def usable(self) -> Given:
        """Return the keys."""
        return self._given

    def preload(self) -> None:
        """Do nothing: they are there."""


class KeyFile:
    """The keys in a file with a JWK set, looked at every five seconds; a broken new version leaves the old one.

    Arguments:
        path: of the file.
        max_keys: how many keys it may have, at most 1000 (B-52).
        clock: for when to look.

    Raises:
        ConfigurationError: there is no usable key in it at the start.
    """

    def __init__(self, path: str | os.PathLike[str], *, max_keys: int = MAX_KEYS, clock: Clock = SYSTEM_CLOCK) -> None:
        self._path = path
        self._max_keys = read_max_keys(max_keys)
        self._clock = clock
        self._changed_at: tuple[int, ...] | None = None
        self._look_at = clock.monotonic() + _LOOK_EVERY
        self.after_fork()
        renew_after_fork(self)
        try:
            self._given = self._read()
        except (OSError, NotAKeySet) as error:
            raise ConfigurationError(f"the key file {os.fspath(path)!r} cannot be used: {error}") from None

    def after_fork(self) -> None:
        """Keep the keys; another thread of the parent may hold its lock for ever (B-41)."""
        self._lock = threading.Lock()

    def find(self, alg: str, kid: str | None) -> Flow[PublicKey]:
        """Return the key that a token names."""
        yield from ()
        return _choose(self.usable().keys, alg, kid)

    def usable(self) -> Given:
        """Return the keys, looking at the file if it is time and nobody else does."""
        if self._clock.monotonic() >= self._look_at and self._lock.acquire(blocking=False):
            try:
                self._look_at = self._clock.monotonic() + _LOOK_EVERY
                self._look()
            finally:
                self._lock.release()
        return self._given

    def preload(self) -> None:
        """Do nothing: they are there."""

    def _look(self) -> None:
        try:
            if self._stamp() != self._changed_at:
                self._given = self._read()
        except (OSError, NotAKeySet) as error:
            _log.error("the key file %s cannot be read, its last good version stays: %s", self._path, error)

    def _read(self) -> Given:
        stamp = self._stamp()
        with open(self._path, "rb") as file:
            given = Given(parse_key_set(file.read(), max_keys=self._max_keys))
        self._changed_at = stamp
        report_small_exponents(f"the key file {os.fspath(self._path)}", given.keys)
        return given

    def _stamp(self) -> tuple[int, ...]:
        status = os.stat(self._path)
        return status.st_mtime_ns, status.st_ino, status.st_size


def _encode(text: str | bytes) -> bytes:
    """Return a text as bytes; whoever reads them refuses a lone surrogate, as everything else that is not UTF-8."""
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text


def _choose(keys: KeySet, alg: str, kid: str | None) -> PublicKey:
    key = keys.choose(alg, kid)
    if key is None:
        raise InvalidCredential(Fault.SIGNATURE, "unknown_kid")
    return key
