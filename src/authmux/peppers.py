"""Peppers: the server-side keys without which a copied database proves nothing (K-12, K-13).

Losing the pepper kills every key and token that was issued under it. Back it up apart from the database.
"""

import base64
import binascii
import hmac
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, NoReturn, Self

from authmux import pepper_file
from authmux.errors import ConfigurationError
from authmux.seal import Seal

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_NUMBERED = re.compile(r"p[0-9]{1,9}")
_MIN_BYTES: Final = 32
_SEAL: Final = b"authmux/audit-seal/1"
_FIRST_ID: Final = "p1"
_NEXT: Final = "next"
_NO_ID: Final = "a pepper's id is up to 32 of a-z, 0-9 and '-'"  # it is not quoted: it may be the pepper itself


@dataclass(frozen=True, slots=True)
class _Line:
    """A pepper as it is written down."""

    pepper_id: str
    pepper: bytes = field(repr=False)
    is_next: bool = False

    def __str__(self) -> str:
        return pepper_file.line_of(self.pepper_id, self.pepper, marks=f" {_NEXT}" if self.is_next else "")


class Peppers:
    """Several peppers known by id, one of them current; their bytes are never printed.

    Arguments:
        by_id: 32 bytes or more each, oldest first.
        current: the one under which is issued now; the last by default.

    Raises:
        ConfigurationError: there is none, an id is not `[a-z0-9-]`, one is too short, or `current` is not there.
    """

    def __init__(self, by_id: Mapping[str, bytes], *, current: str | None = None) -> None:
        if not by_id:
            raise ConfigurationError("there is no pepper: make one with Peppers.file('pepper/', create=True)")
        for pepper_id, pepper in by_id.items():
            if not _ID.fullmatch(pepper_id):
                raise ConfigurationError(_NO_ID)
            if len(pepper) < _MIN_BYTES:
                raise ConfigurationError(f"pepper {pepper_id!r} has {len(pepper)} bytes; {_MIN_BYTES} are the least")
        self._by_id: Final = dict(by_id)
        self.current: Final = next(reversed(self._by_id)) if current is None else current
        if self.current not in self._by_id:
            raise ConfigurationError("the current pepper is not among those that were given")

    @classmethod
    def file(cls, directory: str | os.PathLike[str], *, create: bool = False) -> Self:
        """Read the peppers from a directory of their own, which only this user may read.

        Arguments:
            directory: holds one file, `peppers`, with a line `id base64` each, oldest first. The last is current; one
                marked `next` is only known.
            create: make the directory and a first pepper where there is none. Several processes may start at once:
                they end up with the same one. Do not use it where the store is shared between machines.

        Raises:
            ConfigurationError: there is no file and `create` is off, it cannot be read, or others may read it.
        """
        path = Path(directory) / pepper_file.NAME
        if create and not path.exists():
            try:
                pepper_file.create(path, pepper_file.line_of(_FIRST_ID, new_pepper()))
            except OSError as error:
                raise ConfigurationError(f"the pepper file {path} cannot be made: {type(error).__name__}") from None
        return cls._of(pepper_file.read_private(path), source=str(path))

    @classmethod
    def rotate_file(cls, directory: str | os.PathLike[str], *, prepare: bool = False) -> Self:
        """Make a fresh pepper the current one, and keep the others; each process takes it when it starts anew (K-13).

        A process that does not know it yet answers 503 for keys that others have issued under it or moved to it.
        Without such a gap, rotate in two steps, and start every process anew after each of them.

        Arguments:
            directory: as of `file`; the file is changed whole or not at all.
            prepare: only make it known; rotate again without it, and it is current.

        Raises:
            ConfigurationError: the file cannot be read or changed, somebody is at it, or one is prepared already.
        """
        return cls._change(directory, lambda lines: _rotated(lines, prepare=prepare))

    @classmethod
    def drop_from_file(cls, directory: str | os.PathLike[str], pepper_id: str) -> Self:
        """Remove a pepper, after `TokenService.retire_pepper`: what is still under it can never be proved again.

        Raises:
            ConfigurationError: it is the current one, it is not there, or the file cannot be changed.
        """
        path = Path(directory) / pepper_file.NAME

        def drop(lines: list[_Line]) -> list[_Line]:
            rest = [each for each in lines if each.pepper_id != pepper_id]
            if rest == lines:
                raise ConfigurationError(f"there is no pepper of this id in {path}")
            if _current_of(lines) == pepper_id:
                raise ConfigurationError(f"{pepper_id} is the current pepper: rotate first")
            return rest

        return cls._change(directory, drop)

    @classmethod
    def env(cls, variable: str = "AUTHMUX_PEPPERS") -> Self:
        """Read the peppers from an environment variable: `id:base64`, separated by commas, oldest first.

        The last is current; one that ends in `:next` is only known.

        Raises:
            ConfigurationError: the variable is not set, or is not of that form.
        """
        text = os.environ.get(variable)
        if not text:
            raise ConfigurationError(f"the environment variable {variable} is not set")
        return cls._of(text.replace(",", "\n").replace(":", " "), source=f"${variable}")

    @classmethod
    def load(cls, source: Callable[[], Mapping[str, bytes]]) -> Self:
        """Take the peppers from a callable, such as one that asks a key management service; it is called once."""
        return cls(source())

    @classmethod
    def _of(cls, text: str, *, source: str) -> Self:
        lines = _parse(text, source=source)
        return cls({each.pepper_id: each.pepper for each in lines}, current=_current_of(lines))

    @classmethod
    def _change(cls, directory: str | os.PathLike[str], decide: Callable[[list[_Line]], list[_Line]]) -> Self:
        path = Path(directory) / pepper_file.NAME

        def changed(text: str) -> str:
            cls._of(text, source=str(path))  # what cannot be read is mended by a person
            text = "".join(str(each) for each in decide(_parse(text, source=str(path))))
            cls._of(text, source=str(path))  # what could not be read again is not written
            return text

        return cls._of(pepper_file.change(path, changed), source=str(path))

    def __contains__(self, pepper_id: str) -> bool:
        return pepper_id in self._by_id

    def __iter__(self) -> Iterator[str]:
        """Go through the ids, oldest first."""
        return iter(self._by_id)

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

    def seal(self) -> Seal:
        """Return what new entries of the audit log are sealed with, derived from the current pepper (K-71)."""
        return self.seals()[self.current]

    def seals(self) -> dict[str, Seal]:
        """Return all that entries of the audit log may be sealed with, by the id of the pepper (K-71)."""
        return {name: Seal(name, hmac.digest(pepper, _SEAL, "sha256")) for name, pepper in self._by_id.items()}


def new_pepper() -> bytes:
    """Return 32 fresh bytes from the operating system's generator."""
    return secrets.token_bytes(_MIN_BYTES)


def _parse(text: str, *, source: str) -> list[_Line]:
    lines: list[_Line] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            pepper_id, encoded, *marks = line.split()
            pepper = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            pepper_id, pepper, marks = "", b"", ["neither"]
        if marks not in ([], [_NEXT]):
            raise ConfigurationError(f"{source}, line {number}: write an id and a pepper in base64") from None
        if not _ID.fullmatch(pepper_id):
            raise ConfigurationError(f"{source}, line {number}: {_NO_ID}")
        if any(each.pepper_id == pepper_id for each in lines):
            raise ConfigurationError(f"{source}, line {number}: there is a pepper {pepper_id!r} already")
        lines.append(_Line(pepper_id, pepper, is_next=bool(marks)))
    return lines


def _current_of(lines: Sequence[_Line]) -> str | None:
    """Return the last that is not only prepared; None leaves it to the constructor, which refuses none at all."""
    in_use = [each.pepper_id for each in lines if not each.is_next]
    if lines and not in_use:
        raise ConfigurationError("every pepper is marked 'next', and none is current: take the mark off one")
    return in_use[-1] if in_use else None


def _rotated(lines: Sequence[_Line], *, prepare: bool) -> list[_Line]:
    prepared = [each for each in lines if each.is_next]
    others = [each for each in lines if not each.is_next]
    if not prepare:
        fresh = prepared[-1] if prepared else _fresh(lines)
        return [*others, *prepared[:-1], _Line(fresh.pepper_id, fresh.pepper)]
    if prepared:
        raise ConfigurationError(f"{prepared[-1].pepper_id} is prepared already: rotate without prepare, to use it")
    return [*others, replace(_fresh(lines), is_next=True)]


def _fresh(lines: Sequence[_Line]) -> _Line:
    """Return a new pepper, under an id that none had."""
    numbers = [int(each.pepper_id[1:]) for each in lines if _NUMBERED.fullmatch(each.pepper_id)]
    return _Line(f"p{max(numbers, default=len(lines)) + 1}", new_pepper())
