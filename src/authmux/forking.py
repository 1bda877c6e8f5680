"""What a fork must not share (gunicorn --preload): connections, threads, process keys, locks."""

import os
import threading
import weakref
from collections.abc import Callable, Iterable
from typing import Final, Protocol


class Renewable(Protocol):
    """Something that holds what a child process must have of its own."""

    def after_fork(self) -> None:
        """Make it anew; called in the child, before anything else runs there."""
        ...


class Closable(Protocol):
    """Something that must be closed in the parent while it forks, lest the child inherit it."""

    def before_fork(self) -> None:
        """Close it, and keep it closed."""
        ...

    def after_fork_in_parent(self) -> None:
        """Let it be opened again."""
        ...


_renewables: Final["weakref.WeakSet[Renewable]"] = weakref.WeakSet()
_closables: Final["weakref.WeakSet[Closable]"] = weakref.WeakSet()


def renew_after_fork(renewable: Renewable) -> None:
    """Have `after_fork` called in every forked child, for as long as the object lives."""
    _renewables.add(renewable)


def close_for_fork(closable: Closable) -> None:
    """Have `before_fork` and `after_fork_in_parent` called around every fork, for as long as the object lives."""
    _closables.add(closable)


def _each(actions: Iterable[Callable[[], None]]) -> None:
    """Do all of them, also where one fails; the interpreter prints what is raised here, and goes on."""
    failures: list[Exception] = []
    for action in actions:
        try:
            action()
        except Exception as error:
            failures.append(error)
    if failures:
        raise ExceptionGroup("not everything could be made ready for the fork", failures)


def _close() -> None:
    """Close what there is now; only that is opened again, whatever another thread makes meanwhile."""
    _closed[:] = _closables
    _each([each.before_fork for each in _closed])


_closed: Final[list[Closable]] = []


def renew_if_forked() -> None:
    """Make anew what a fork left that Python was not told of: uWSGI forks so, without --py-call-osafterfork."""
    if _process[0] != os.getpid():
        with _renewing:
            if _process[0] != os.getpid():
                _renew()


def _renew() -> None:
    try:
        _each([each.after_fork for each in _renewables])
    finally:
        _process[0] = os.getpid()


_process: Final = [os.getpid()]
_renewing: Final = threading.Lock()

if hasattr(os, "register_at_fork"):  # Windows cannot fork
    os.register_at_fork(
        before=_close,
        after_in_parent=lambda: _each([each.after_fork_in_parent for each in _closed]),
        after_in_child=_renew,
    )
