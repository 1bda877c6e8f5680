"""What a forked child must make anew, it makes anew, before anything else runs there."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")

PROLOGUE = """
import gc, os, sys
from authmux.forking import renew_after_fork

class Held:
    def __init__(self, *, fails=False):
        self.fails, self.renewed_in = fails, []
        renew_after_fork(self)

    def after_fork(self):
        self.renewed_in.append(os.getpid())
        if self.fails:
            raise OSError("no connection")

def exit_code_of_child(ask):
    child = os.fork()
    if child == 0:
        os._exit(0 if ask() else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""


def run_apart(program: str) -> int:
    """Run a program in a process of its own, which has no threads when it forks; return its exit code."""
    return subprocess.run([sys.executable, "-c", PROLOGUE + program], stderr=subprocess.DEVNULL, timeout=30).returncode


def test_a_child_renews_once_and_its_parent_does_not() -> None:
    """`after_fork` is called in the child, once, and never in the process that forked."""
    program = """
held = Held()
child = exit_code_of_child(lambda: held.renewed_in == [os.getpid()])
sys.exit(child or held.renewed_in != [])
"""
    assert run_apart(program) == 0


def test_what_is_gone_is_not_renewed() -> None:
    """Being renewed keeps nothing alive: what nobody holds any more is forgotten."""
    program = """
log = []
held = Held()
held.renewed_in = log
del held
gc.collect()
sys.exit(exit_code_of_child(lambda: log == []))
"""
    assert run_apart(program) == 0


def test_one_that_fails_stops_no_other() -> None:
    """Every one is renewed, whichever of them raises: a lock that was not renewed would hang the child."""
    program = """
held = [Held(fails=number % 2 == 0) for number in range(20)]
sys.exit(exit_code_of_child(lambda: all(each.renewed_in == [os.getpid()] for each in held)))
"""
    assert run_apart(program) == 0


def test_a_fork_that_python_was_not_told_of() -> None:
    """A server that forks in C, as uWSGI does, is noticed by the process id, and once."""
    script = """
import ctypes, os
from authmux.forking import renew_after_fork, renew_if_forked

class Counted:
    renewed = 0
    def after_fork(self):
        self.renewed += 1

counted = Counted()
renew_after_fork(counted)
renew_if_forked()
assert counted.renewed == 0
child = ctypes.CDLL(None).fork()
if child == 0:
    before = counted.renewed
    renew_if_forked()
    renew_if_forked()
    os._exit(0 if (before, counted.renewed) == (0, 1) else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
