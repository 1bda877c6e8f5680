"""The promise behind a real PgBouncer that pools transactions, where the machine has one (K-25)."""

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import make_url

from authmux.stores.sql import SQLStore
from tests.ports import find_port
from tests.postgres import PostgreSQL, _account
from tests.stores.promise import BOUNDS, trial
from tests.stores.promise_verifier import KINDS

PROGRAM: Final = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
BEHIND: Final = ("pooled", "pooled async", "pooled asyncpg", "pooled")
PATIENCE: Final = 10.0  # seconds

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed here")

SETTINGS = """
[databases]
authmux = host=127.0.0.1 port={port} dbname=authmux user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listens}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
server_reset_query =
"""


@pytest.fixture
def room(postgres: PostgreSQL) -> str:
    """Give an empty schema and its user, who have one name."""
    return postgres.make_room()


@pytest.fixture
def port(postgres: PostgreSQL, room: str, tmp_path: Path) -> Iterator[int]:
    """Run a pooler with fewer connections to the database than there are processes, and give its port."""
    directory = Path("/var/tmp") if os.name != "nt" and os.geteuid() == 0 else tmp_path
    place = directory / f"authmux-pgbouncer-{secrets.token_hex(4)}.ini"
    url, listens = make_url(postgres.url("psycopg", room)), find_port()
    place.write_text(SETTINGS.format(port=url.port, user=room, password=url.password, listens=listens))
    if account := _account():
        os.chown(place, account["user"], account["group"])
    pooler = subprocess.Popen(
        [str(PROGRAM), "-q", str(place)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **_account()
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", listens)).close()
                break
            except OSError:
                assert pooler.poll() is None, "PgBouncer does not start"
                assert time.monotonic() < deadline, "PgBouncer does not answer"
                time.sleep(0.02)
        yield listens
    finally:
        pooler.kill()
        pooler.wait(PATIENCE)
        place.unlink()


def test_behind_pgbouncer(postgres: PostgreSQL, room: str, port: int) -> None:
    """Nothing is accepted a second after `revoke` returned, though nobody is told of changes there (K-25)."""
    places = [
        (kind, make_url(postgres.url(KINDS[kind][0], room)).set(port=port).render_as_string(hide_password=False))
        for kind in BEHIND
    ]
    with closing(SQLStore(postgres.url("psycopg", room))) as store:
        store.create_schema()
        with trial(store, places, bound=BOUNDS["postgresql"]) as running:
            figures = running.run(10)
    assert figures.accepted == figures.unavailable == 0
    assert figures.tries > 0
