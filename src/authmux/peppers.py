"""Peppers: the server-side keys without which a copied database proves nothing (K-12, K-13).

Losing the pepper kills every key and token that was issued under it. Back it up apart from the database.
"""

import base64
import binascii
import hmac
import os
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NoReturn, Self

from authmux.errors import ConfigurationError

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_MIN_BYTES: Final = 32
_FILE: Final = "peppers"
_FIRST_ID: Final = "p1"
_NO_ID: Final = "a pepper's id is up to 32 of a-z, 0-9 and '-'"  # it is not quoted: it may be the pepper itself


class Peppers:
    """Several peppers known by id, the last one current; their bytes are never printed.

    Arguments:
        by_id: 32 bytes or more each, oldest first; what is issued now uses the last.

    Raises:
        ConfigurationError: there is none, an id is not `[a-z0-9-]`, or one is too short.
    """

    def __init__(self, by_id: Mapping[str, bytes]) -> None:
        if not by_id:
            raise ConfigurationError("there is no pepper: make one with Peppers.file('pepper/', create=True)")
        for pepper_id, pepper in by_id.items():
            if not _ID.fullmatch(pepper_id):
                raise ConfigurationError(_NO_ID)
            if len(pepper) < _MIN_BYTES:
                raise ConfigurationError(f"pepper {pepper_id!r} has {len(pepper)} bytes; {_MIN_BYTES} are the least")
        self._by_id: Final = dict(by_id)
        self.current: Final = next(reversed(self._by_id))

    @classmethod
    def file(cls, directory: str | os.PathLike[str], *, create: bool = False) -> Self:
        """Read the peppers from a directory of their own, which only this user may read.

        Arguments:
            directory: holds one file, `peppers`, with a line `id base64` each, oldest first.
            create: make the directory and a first pepper where there is none. Several processes may start at once:
                they end up with the same one. Do not use it where the store is shared between machines.

        Raises:
            ConfigurationError: there is no file and `create` is off, it cannot be read, or others may read it.
        """
        path = Path(directory) / _FILE
        if create and not path.exists():
            try:
                _create(path)
            except OSError as error:
                raise ConfigurationError(f"the pepper file {path} cannot be made: {type(error).__name__}") from None
        return cls(_parse(_read_private(path), source=str(path)))

    @classmethod
    def env(cls, variable: str = "AUTHMUX_PEPPERS") -> Self:
        """Read the peppers from an environment variable: `id:base64`, separated by commas, oldest first.

        Raises:
            ConfigurationError: the variable is not set, or is not of that form.
        """
        text = os.environ.get(variable)
        if not text:
            raise ConfigurationError(f"the environment variable {variable} is not set")
        return cls(_parse(text.replace(",", "\n").replace(":", " "), source=f"${variable}"))

    @classmethod
    def load(cls, source: Callable[[], Mapping[str, bytes]]) -> Self:
        """Take the peppers from a callable, such as one that asks a key management service; it is called once."""
        return cls(source())

    def __contains__(self, pepper_id: str) -> bool:
        return pepper_id in self._by_id

    def __repr__(self) -> str:
        return f"Peppers({', '.join(self._by_id)})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("peppers are secrets: they are not pickled or copied")

    def keyed(self, domain: bytes) -> "dict[str, hmac.HMAC]":
        """Return an HMAC-SHA-256 for each pepper by id, which has read the domain: copy it, add the message.

        Keying anew for each digest would take twice as long.
        """
        return {name: hmac.new(pepper, domain, "sha256") for name, pepper in self._by_id.items()}

    def check(self, pepper_id: str) -> bytes:
        """Return what a store keeps to notice a wrong pepper under a right id (K-13)."""
        return hmac.digest(self._by_id[pepper_id], b"check", "sha256")


def new_pepper() -> bytes:
    """Return 32 fresh bytes from the operating system's generator."""
    return secrets.token_bytes(_MIN_BYTES)


def _parse(text: str, *, source: str) -> dict[str, bytes]:
    peppers: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            pepper_id, encoded = line.split()
            pepper = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            raise ConfigurationError(f"{source}, line {number}: write an id and a pepper in base64") from None
        if not _ID.fullmatch(pepper_id):
            raise ConfigurationError(f"{source}, line {number}: {_NO_ID}")
        if pepper_id in peppers:
            raise ConfigurationError(f"{source}, line {number}: there is a pepper {pepper_id!r} already")
        peppers[pepper_id] = pepper
    return peppers


def _read_private(path: Path) -> str:
    try:
        with path.open(encoding="ascii") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                raise ConfigurationError(f"others may read {path}: run `chmod 600 {path}`")
            return file.read()
    except FileNotFoundError:
        raise ConfigurationError(
            f"there is no pepper file {path}: give create=True to make one, or put the one back that the keys were"
            " issued under"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the pepper file {path} cannot be read: {type(error).__name__}") from None


def _create(path: Path) -> None:
    """Make the file whole or not at all: a link is refused where another process was first (K-13)."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{_FILE}.{secrets.token_hex(8)}")
    line = f"{_FIRST_ID} {base64.b64encode(new_pepper()).decode()}\n"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        _sync_directory(path.parent)
    finally:
        draft.unlink()


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
