"""The demonstration, as somebody runs it who tries authmux for the first time."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from examples.demo.cases import ACCEPTED, REFUSED, accepted
from examples.demo.driver import run
from examples.demo.servers import Server, ServerFailed

CHECKOUT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "examples.demo"]
ENVIRONMENT = {**os.environ, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}
SECRET = re.compile(r"acme_(?:key|pat)_(?:[a-z]+_)?[0-9a-z]{16}_|eyJ[\w-]+\.|[0-9A-Za-z_-]{40}")


@pytest.fixture(scope="module")
def finished() -> subprocess.CompletedProcess[str]:
    """Run it once, to the end."""
    return subprocess.run(
        COMMAND, cwd=CHECKOUT, env=ENVIRONMENT, capture_output=True, encoding="utf-8", timeout=60, check=False
    )


@contextmanager
def kept(errors: Path) -> Iterator[subprocess.Popen[str]]:
    """Run it with --keep, which ends by a signal."""
    with errors.open("w") as stderr:
        process = subprocess.Popen(
            [*COMMAND, "--keep"],
            cwd=CHECKOUT,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=stderr,
            encoding="utf-8",
        )
    with process:
        try:
            yield process
        finally:
            process.terminate()


def read_requests(process: subprocess.Popen[str], many: int) -> list[tuple[str, dict[str, str]]]:
    """Read so many of the curl lines that are printed, as URL and headers."""
    assert process.stdout is not None
    found = []
    for line in process.stdout:
        if curl := re.fullmatch(r'curl -i (\S+)(?: -H "(.+?): (.+)")?', line.strip()):
            url, name, value = curl.groups()
            found.append((url, {name: value} if name else {}))
        if len(found) == many:
            break
    return found


def statuses(curls: list[tuple[str, dict[str, str]]]) -> list[int]:
    """Send what the curl lines say."""
    with requests.Session() as http:
        http.trust_env = False
        return [http.get(url, headers=headers, timeout=10).status_code for url, headers in curls]


def assert_gone(urls: list[str]) -> None:
    """Check that nobody listens there any more."""
    assert len(urls) == 2
    for url in urls:
        with pytest.raises(requests.ConnectionError):
            statuses([(url, {})])


def test_success(finished: subprocess.CompletedProcess[str]) -> None:
    """It ends well, says so in its last line, and complains of nothing."""
    last = finished.stdout.splitlines()[-1]
    sent = 2 * sum(case.times for case in (*ACCEPTED, *REFUSED))
    assert (last, finished.stderr, finished.returncode) == (f"demo: {sent} requests, {sent} as expected", "", 0)


def test_each_case_is_shown(finished: subprocess.CompletedProcess[str]) -> None:
    """Each row of the table is shown, with an answer from either application."""
    assert [case.title for case in (*ACCEPTED, *REFUSED) if f"  {case.title}  " not in finished.stdout] == []
    for name in ("fastapi", "flask"):
        assert len(re.findall(rf"^    ✓ {name} ", finished.stdout, re.MULTILINE)) == len(ACCEPTED) + len(REFUSED)


def test_no_secret(finished: subprocess.CompletedProcess[str]) -> None:
    """Nothing that proves anything is printed; nor is a colour, where no terminal is."""
    assert SECRET.findall(finished.stdout) == []
    assert "\x1b" not in finished.stdout


def test_wrong_expectation(capsys: pytest.CaptureFixture[str]) -> None:
    """An answer that is not the expected one is shown, counted, and makes the run fail."""
    assert not run([accepted("a personal access token", "Authorization: Bearer {pat}", "Client", times=1)], [])
    printed = capsys.readouterr().out
    assert printed.count("expected 200 Client, and it was 200 User") == 2
    assert printed.endswith("demo: 2 requests, 0 as expected\n")


def test_server_that_does_not_start(tmp_path: Path) -> None:
    """A server that ends at once is reported with its log."""
    command = [sys.executable, "-c", "raise SystemExit('no such application')"]
    with (
        Server("broken", command, directory=tmp_path, environment={}, log_directory=tmp_path) as server,
        pytest.raises(ServerFailed, match=r"broken did not start: .*\n\nno such application"),
    ):
        server.wait()


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_keep(ended_by: signal.Signals, tmp_path: Path) -> None:
    """With --keep the printed curl lines work until it is ended, and then both servers are gone."""
    with kept(tmp_path / "errors") as process:
        curls = read_requests(process, many=12)
        assert statuses(curls) == [200, 200, 200, 200, 401, 401] * 2
        os.kill(process.pid, ended_by)
        assert process.wait(timeout=20) == 0
    assert_gone([curls[0][0], curls[-1][0]])
    assert (tmp_path / "errors").read_text() == ""


def test_interrupted(tmp_path: Path) -> None:
    """Ended before it is through, it stops the servers, and says that it was interrupted."""
    with kept(tmp_path / "errors") as process:
        assert process.stdout is not None
        introduction = "".join(line for line, _ in zip(process.stdout, range(7), strict=False))
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
    assert_gone(re.findall(r"^  (?:fastapi|flask) +(http://\S+),", introduction, re.MULTILINE))
    assert (tmp_path / "errors").read_text() == "demo: interrupted\n"
