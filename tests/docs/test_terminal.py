"""The reader of sessions can fail: what is not shown is noticed, and what runs is stopped."""

from pathlib import Path

import pytest

from tests.docs.shown import begins, same
from tests.docs.terminal import Entry, Terminals, read_entries

TOKEN = "acme_key_5g2v9k0m3x7q1b8n_secret"


@pytest.mark.parametrize(
    ("shown", "printed", "is_same"),
    [
        ("a\nb", "a\nb\n", True),
        ("a\n…\nd", "a\nb\nc\nd", True),
        ('{"a": 1, …}', '{"a": 1, "b": 2}', True),
        ("date: Sat, 22 Nov 2025 06:00:00 GMT", "date: Sun, 23 Nov 2025 07:00:00 GMT", True),
        ("acme_key_0000000000000001_…", TOKEN, True),
        ('"id": "5g2v9k0m3x7q1b8n"', '"id": "6h3w9k0m3x7q1b8n"', True),
        ("401", "402", False),
        ("a", "a\nb", False),
        ("acme_pat_0000000000000001_…", TOKEN, False),
        ("HTTP/1.1 200 OK\n…", "HTTP/1.1 401 Unauthorized\nx: y", False),
    ],
)
def test_same(shown: str, printed: str, *, is_same: bool) -> None:
    """Only ids, dates, and what an ellipsis stands for may differ."""
    assert same(shown, printed) is is_same


def test_begins() -> None:
    """A server's log may go on."""
    assert begins("ready", "ready\nanother line")
    assert not begins("ready", "not ready")


def test_entries() -> None:
    """A command may go over several lines; what follows it is what it prints."""
    session = "$ curl a \\\n    -H b\nanswer\n\nbody\n$ export X=1\n"
    assert list(read_entries(session)) == [Entry("curl a -H b", "answer\n\nbody"), Entry("export X=1", "")]


def test_wrong_page(tmp_path: Path) -> None:
    """A page that shows something else than what is printed fails."""
    with Terminals(tmp_path) as terminals, pytest.raises(AssertionError, match="the page shows"):
        terminals.type("$ python -c 'print(2 + 2)'\n5\n", title=None)


def test_failing_command(tmp_path: Path) -> None:
    """A command that fails is noticed, whatever is shown."""
    with Terminals(tmp_path) as terminals, pytest.raises(AssertionError, match="No module named"):
        terminals.type("$ python -m nothing_of_this_name\n…\n", title=None)


def test_variables(tmp_path: Path) -> None:
    """What is exported is there for the commands after it."""
    with Terminals(tmp_path) as terminals:
        terminals.type("$ export NAME=$(python -c 'print(40 + 2)')\n$ python -c \"print($NAME)\"\n42\n", title=None)


def test_background(tmp_path: Path) -> None:
    """A terminal of its own keeps running, answers curl, hands on what it exports, and is stopped at the end."""
    server = "import http.server as h; s = h.HTTPServer(('127.0.0.1', 8000), h.SimpleHTTPRequestHandler); "
    server += "print('export NAME=1'); print(f'running on http://127.0.0.1:{s.server_port}'); s.serve_forever()"
    (tmp_path / "hello.txt").write_text("hello", encoding="utf-8")
    with Terminals(tmp_path) as terminals:
        terminals.type(f'$ python -c "{server}"\n…running on http://127.0.0.1:8000\n', title="The server")
        terminals.type("$ curl localhost:8000/hello.txt\nhello\n", title=None)
        terminals.type("$ export HELLO=$(curl localhost:8000/hello.txt)\n", title=None)
        terminals.type("$ python -c \"print('$HELLO')\"\nhello\n", title=None)
        terminals.type('$ curl -i "localhost:8000/$NAME"\nHTTP/1.0 404 File not found\n…\n', title=None)
    with pytest.raises(ConnectionRefusedError):
        terminals.type("$ curl localhost:8000/hello.txt\n", title=None)
