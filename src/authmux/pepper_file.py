"""The file that peppers are kept in: private, made by one of many, and changed whole or not at all (K-13)."""

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

from authmux.errors import ConfigurationError

NAME: Final = "peppers"
_DRAFT: Final = f".{NAME}.changed"


def line_of(pepper_id: str, pepper: bytes, *, marks: str = "") -> str:
    """Return a pepper as a line of the file."""
    return f"{pepper_id} {base64.b64encode(pepper).decode()}{marks}\n"


def read_private(path: Path) -> str:
    """Return what is in the file, if nobody else may read it."""
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


def create(path: Path, line: str) -> None:
    """Make the file whole or not at all: a link is refused where another process was first."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{NAME}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        _write(descriptor, line)
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        _sync_directory(path.parent)
    finally:
        draft.unlink()


def change(path: Path, decide: Callable[[str], str]) -> str:
    """Put a changed file in the place of the one that is there; return its text.

    The draft has one name, which only one process can make: two that rotate at once would lose the pepper of one, and
    with it every key that was issued under it.

    Raises:
        ConfigurationError: it cannot be changed, or somebody is at it.
    """
    if path.is_symlink():
        raise ConfigurationError(f"{path} is a link: change the file where it is made")
    read_private(path)  # what cannot be read is told of as such
    draft = path.with_name(_DRAFT)
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigurationError(
            f"{draft} is there: somebody changes the peppers just now; if nobody does, remove it and try again"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"the pepper file {path} cannot be changed: {type(error).__name__}") from None
    try:
        text = decide(read_private(path))
        _keep_owner(descriptor, path)
    except BaseException:
        os.close(descriptor)
        draft.unlink()
        raise
    try:
        _write(descriptor, text)
        draft.replace(path)
    except OSError as error:
        draft.unlink()
        raise ConfigurationError(f"the pepper file {path} cannot be changed: {type(error).__name__}") from None
    _sync_directory(path.parent)
    return text


def _write(descriptor: int, text: str) -> None:
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _keep_owner(descriptor: int, path: Path) -> None:
    """Leave the file to whom it belongs: root may rotate what the server's user has to read."""
    if os.name == "posix":
        status = path.stat()
        if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(descriptor, status.st_uid, status.st_gid)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
