"""Neither a text nor a digest is in what is written down, whatever was done (K-71)."""

import sqlite3
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

from authmux import APIKeyVerifier, Authenticator, TokenService, UsageRecorder, system
from authmux.stores.sql import SQLStore
from tests.faces.applications import ASGI_FACES
from tests.faces.callers import ASGICaller
from tests.issuing.house import TOKENS

PIECE = 12  # characters in a row of a secret are a leak
BY = system("tests")


def test_nothing_is_written_down(tmp_path: Path) -> None:
    """A canary is issued, rolled, used, presented wrongly and put into URLs; no table holds a piece of its text."""
    path = tmp_path / "keys.db"
    with closing(SQLStore(f"sqlite:///{path}")) as store:
        store.create_schema()
        service, recorder = TokenService(store, TOKENS), UsageRecorder(store, TOKENS)
        canary = service.issue_key(name="canary", scopes=["reports:read"], by=BY)
        fresh = service.roll(canary.record.id, generation=1, overlap=timedelta(0), by=BY)
        texts = [canary.text, fresh.text]
        call = ASGICaller(ASGI_FACES["starlette"](Authenticator(APIKeyVerifier(store, TOKENS), recorder=recorder)))
        for text in texts:
            for sent in (text, text[:-1], f"{text} {text}", text.upper()):
                for headers in ([("Authorization", f"Bearer {sent}".encode())], [("User-Agent", b"curl/8")]):
                    with suppress(ValueError):
                        call(f"/read?key={text}&next=/a%3Fkey%3D{text}", headers)
        service.edit(canary.record.id, by=BY, scopes=["reports:*"], description="rolled")
        service.revoke(canary.record.id, by=BY)
        recorder.flush()
        digests = [secret.digest for secret in fresh.record.secrets]
    with closing(sqlite3.connect(path)) as connection:
        dump = "\n".join(connection.iterdump())
        events = connection.execute("SELECT count(*) FROM authmux_audit WHERE actor = 'caller'").fetchone()[0]
        recorded = repr(connection.execute("SELECT * FROM authmux_audit").fetchall())
    assert events > 3
    for text in texts:
        assert not [start for start in range(49 - PIECE) if text[-49:][start : start + PIECE] in dump]
    assert not [digest for digest in digests if digest.hex() in recorded or repr(digest)[2:-1] in recorded]
