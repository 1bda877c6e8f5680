"""Where the store is, and the pepper: what the options say, opened as a `TokenService`."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hmac import compare_digest
from typing import TYPE_CHECKING, Final

from authmux.cli.application import load_service
from authmux.cli.exit_codes import Misuse
from authmux.cli.needs import Needs, Pepper
from authmux.errors import AuthmuxError, ConfigurationError
from authmux.issuing.token_service import TokenService
from authmux.peppers import Peppers
from authmux.stores.audit_chain import UNSEALED
from authmux.stores.port import StoreUnavailable
from authmux.token_format import TokenFormat

if TYPE_CHECKING:
    from authmux.stores.sql import SQLStore

PEPPERS: Final = "AUTHMUX_PEPPERS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the options and the environment say of the place where credentials are kept.

    Arguments:
        store: a database's URL; it may hold a password.
        pepper: the directory of `Peppers.file`; without one, the environment variable of `Peppers.env` counts.
        prefix: the application's own mark (K-01).
        app: `package.module:attribute`, a `TokenService` of the application, instead of all three.
    """

    store: str | None = None
    pepper: str | None = None
    prefix: str | None = None
    app: str | None = None


@contextmanager
def open_service(place: Place, *, needs: Needs, warn: Callable[[str], object]) -> Iterator[TokenService]:
    """Open the service.

    Arguments:
        warn: is told what will be missing, where a command goes on all the same.

    Raises:
        Misuse: the options do not name one place, or less than the command needs.
        ConfigurationError: the pepper cannot be had, or is another one than the store knows.
        StoreUnavailable: there is no such database file.
    """
    if place.app is not None:
        if place.store or place.pepper or place.prefix:
            raise Misuse("--app names a service that has its store, pepper and prefix: leave out the other options")
        yield load_service(place.app)
        return
    with open_store(place) as store:
        yield TokenService(store, _format_for(place, store, needs, warn))


@contextmanager
def open_store(place: Place, *, may_create: bool = False, option: str = "--store") -> Iterator["SQLStore"]:
    """Open the store, and close it at the end.

    Arguments:
        may_create: whether the database need not be there.
        option: how the URL was given.

    Raises:
        Misuse: no store is named, or the URL is none that SQLStore takes.
        StoreUnavailable: there is no such database file, and none is to be made.
    """
    if place.store is None:
        raise Misuse("say where the keys are kept: --store sqlite:///keys.db, or --app package.module:attribute")
    if not may_create:
        _refuse_missing_file(place.store, option=option)
    from authmux.stores.sql import SQLStore  # here, so that --help loads no SQLAlchemy

    try:
        store = SQLStore(place.store)
    except ImportError:
        raise
    except AuthmuxError as error:
        raise Misuse(f"{option}: {error}") from None
    except Exception as error:  # what it says may quote the URL, and with it the password
        raise Misuse(f"{option}: this is no URL of a database ({type(error).__name__})") from None
    with closing(store):
        yield store


def _format_for(place: Place, store: "SQLStore", needs: Needs, warn: Callable[[str], object]) -> TokenFormat:
    """Return how tokens are written and digested, as far as a command needs it.

    Raises:
        Misuse: a prefix or a pepper is not named, or two peppers are.
        ConfigurationError: the pepper cannot be had, or is another one than the store knows.
    """
    if needs.prefix and place.prefix is None:
        raise Misuse("say how tokens begin: --prefix acme, the same as in the application")
    peppers = _peppers_for(place, store, needs.pepper, warn)
    try:
        return TokenFormat(prefix=place.prefix if needs.prefix and place.prefix else "unused", peppers=peppers)
    except ConfigurationError as error:
        raise Misuse(f"--prefix: {error}") from None


def _peppers_for(place: Place, store: "SQLStore", wanted: Pepper, warn: Callable[[str], object]) -> Peppers:
    if wanted is Pepper.UNUSED:
        return _no_peppers()
    try:
        peppers = _require_peppers(place)
        if wanted is not Pepper.KNOWN:
            refuse_other_pepper(store, peppers)
    except (Misuse, ConfigurationError) as error:
        if wanted is not Pepper.IF_THERE:
            raise
        warn(f"warning: {error}; it is done all the same, and in the audit log nothing will show that it is true")
        return _no_peppers()
    return peppers


def _require_peppers(place: Place) -> Peppers:
    peppers = read_peppers(place)
    if peppers is None:
        raise Misuse(f"say where the pepper is: --pepper DIRECTORY, or the environment variable {PEPPERS}")
    return peppers


def refuse_other_pepper(store: "SQLStore", peppers: Peppers) -> None:
    """Refuse peppers under which this store's keys were not issued.

    Raises:
        ConfigurationError: one of them is not the one that the store knows under its id, or it knows none of them.
    """
    kept = {each.pepper_id: each.check for each in store.pepper_checks()}
    shared = [each for each in kept if each in peppers]
    if (kept and not shared) or any(not compare_digest(peppers.check(each), kept[each]) for each in shared):
        raise ConfigurationError(
            "the pepper is not the one that this store's keys were issued under: put that one back"
        )


def read_peppers(place: Place, *, create: bool = False) -> Peppers | None:
    """Return the peppers, or None where none are named.

    Raises:
        Misuse: two places are named.
        ConfigurationError: they cannot be read or made.
    """
    if place.pepper is not None:
        if os.environ.get(PEPPERS):
            raise Misuse(f"two peppers: leave out --pepper (or AUTHMUX_PEPPER_DIR), or the variable {PEPPERS}")
        return Peppers.file(place.pepper, create=create)
    return Peppers.env(PEPPERS) if os.environ.get(PEPPERS) else None


def _no_peppers() -> Peppers:
    """Return peppers where nothing is to be proved, or sealed, under one."""
    return Peppers({UNSEALED: secrets.token_bytes(32)})


def _refuse_missing_file(url: str, *, option: str) -> None:
    """Refuse a mistyped path: SQLite would make an empty database there."""
    scheme, _, path = url.partition(":///")
    path = path.partition("?")[0]
    is_file = scheme.partition("+")[0] == "sqlite" and path not in ("", ":memory:") and not path.startswith("file:")
    if is_file and not os.path.exists(path):
        raise StoreUnavailable(f"there is no database file {path}: correct {option}, or run `authmux init` to make it")
