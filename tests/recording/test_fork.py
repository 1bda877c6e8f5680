"""After a fork, parent and child each write what they have noted themselves, at their ends (K-70)."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from authmux.stores.sql import SQLStore

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")

# In a process of its own, which has no threads when it forks, and which ends as programs end.
PROGRAM: Final = """
import os, sys
from authmux import Peppers, Principal, TokenFormat, UsageRecorder, VerifiedCredential
from authmux.stores.sql import SQLStore

store = SQLStore(sys.argv[1])
store.create_schema()
recorder = UsageRecorder(store, TokenFormat(prefix="acme", peppers=Peppers({"p1": b"a" * 32})))

def use(times):
    credential = VerifiedCredential(kind="key", id="a" * 16, generation=1)
    somebody = Principal(id="j", issuer="acme", scopes=frozenset(), credential=credential)
    for _ in range(times):
        recorder.used(somebody, address=None, status=200)

use(300)
child = os.fork()
use(1000 if child else 10)
if child:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


def test_fork(tmp_path: Path) -> None:
    """What was noted before the fork is written once, by the parent; what was noted after it, by who noted it."""
    url = f"sqlite:///{tmp_path}/keys.db"
    done = subprocess.run([sys.executable, "-c", PROGRAM, url], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    with closing(SQLStore(url)) as store:
        assert store.usage(["a" * 16])["a" * 16].uses == 300 + 1000 + 10
