"""What must be made anew in a forked child (gunicorn --preload): connections, threads, process keys, locks."""

import os
import weakref
from typing import Protocol


class Renewable(Protocol):
    """Something that holds what a child process must not share with its parent."""

    def after_fork(self) -> None:
        """Make it anew; called in the child, before anything else runs there."""
        ...


_renewables: "weakref.WeakSet[Renewable]" = weakref.WeakSet()


def renew_after_fork(renewable: Renewable) -> None:
    """Have `after_fork` called in every forked child, for as long as the object lives."""
    _renewables.add(renewable)


def _renew_all() -> None:
    failures: list[Exception] = []
    for renewable in list(_renewables):
        try:
            renewable.after_fork()
        except Exception as error:
            failures.append(error)
    if failures:
        raise ExceptionGroup("not everything could be made anew after the fork", failures)  # the interpreter prints it


if hasattr(os, "register_at_fork"):  # Windows cannot fork
    os.register_at_fork(after_in_child=_renew_all)
