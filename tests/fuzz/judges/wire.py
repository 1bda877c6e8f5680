"""Answers over a real socket: whatever bytes a server sends, a fetch ends, with a document or a failure."""

import atexit
import math
import re
import socket
from contextlib import suppress
from functools import cache
from threading import Thread

from authmux.verifying.fetch import FetchFailed
from authmux.verifying.http_fetch import HTTPFetch
from tests.fuzz.judges.outcome import Accepted, outcome

_LIMIT = 2048  # bytes of body
_REASONS = re.compile("status_[0-9]+|redirect|html|encoding|too_large|broken|timeout")
_FETCH = HTTPFetch(deadline=5.0, max_body=_LIMIT)


class RawServer:
    """Answers each connection with `answer`, whatever is asked, and hangs up."""

    def __init__(self) -> None:
        self.answer = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/keys"
        self._thread = Thread(target=self._serve, name="raw-server", daemon=True)
        self._thread.start()
        atexit.register(self.stop)

    def stop(self) -> None:
        """Stop listening."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):  # the client may have seen enough
                connection.settimeout(5)
                asked = b""
                while not asked.endswith(b"\r\n\r\n") and (more := connection.recv(4096)):
                    asked += more
                connection.sendall(self.answer)


@cache
def _server() -> RawServer:
    return RawServer()


def judge_wire(data: bytes) -> None:
    """B-50…B-55: an answer that is a 200 and small enough is a document, every other one a failure with a reason."""
    server = _server()
    server.answer = data
    fetched = outcome(lambda: _FETCH(server.url, {}), FetchFailed)
    if isinstance(fetched, Accepted):
        assert fetched.value.status == 200
        assert len(fetched.value.body) <= _LIMIT
        assert all(name == name.lower() for name in fetched.value.headers)
        return
    assert isinstance(fetched.error, FetchFailed)
    assert _REASONS.fullmatch(fetched.error.reason)
    assert fetched.error.reason != "timeout", "the server had hung up"
    wait = fetched.error.retry_after
    assert wait is None or (wait >= 0 and not math.isnan(wait))
