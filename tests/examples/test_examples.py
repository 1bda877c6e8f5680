"""Every example runs as its docstring says, and answers what its docstring shows."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import requests

from authmux.testing import LocalIssuer
from examples.demo.servers import Server
from tests.examples.transcript import read_command, read_docstring, read_exchanges

EXAMPLES = Path(__file__).parents[2] / "examples"
AUDIENCE = "https://reports.example"
SERVED_BY = {"fastapi_app": "uvicorn", "flask_app": "flask", "starlette_app": "uvicorn"}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Copy the examples to where they may leave files behind, as a reader does."""
    for example in EXAMPLES.glob("*.py"):
        shutil.copy(example, tmp_path)
    return tmp_path


@pytest.fixture
def issuer() -> Iterator[LocalIssuer]:
    """Run an issuer; ES256, because its keys are made quickly."""
    with LocalIssuer(algorithm="ES256", audience=AUDIENCE) as running:
        yield running


def issue_keys(directory: Path) -> tuple[dict[str, str], str]:
    """Run issue_keys.py in a shell, by the line of its docstring; return the variables it sets, and what it tells."""
    command = read_command(read_docstring(EXAMPLES / "issue_keys.py"), "eval")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    shell = ["sh", "-c", f'{command}\necho "$KEY $PAT"']
    done = subprocess.run(shell, cwd=directory, env=environment, capture_output=True, text=True, timeout=30)
    key, pat = done.stdout.split()
    return {"KEY": key, "PAT": pat}, done.stderr


def serve(name: str, directory: Path, environment: Mapping[str, str]) -> Server:
    """Return the server that the docstring starts, on a free port."""
    command = read_command(read_docstring(EXAMPLES / f"{name}.py"), SERVED_BY[name]).replace("8000", "0")
    argv = [sys.executable, "-m", *shlex.split(command)]
    return Server(name, argv, directory=directory, environment=environment, log_directory=directory)


@pytest.mark.parametrize("name", SERVED_BY)
def test_application(name: str, directory: Path, issuer: LocalIssuer) -> None:
    """Each curl line of an application's docstring gets the answer below it."""
    variables, _ = issue_keys(directory)
    variables["JWT"] = issuer.token(subject="job", scope="reports:read")
    exchanges = read_exchanges(read_docstring(EXAMPLES / f"{name}.py"), variables)
    environment = {"AUTHMUX_ISSUER": issuer.url, "AUTHMUX_AUDIENCE": AUDIENCE}
    answers = []
    with serve(name, directory, environment) as server, requests.Session() as http:
        http.trust_env = False
        url = server.wait()
        for each in exchanges:
            answer = http.request(each.method, url + each.path, headers=each.headers, timeout=10)
            answers.append((answer.status_code, each.seen(answer.json())))
    assert len(exchanges) == 6
    assert answers == [(each.status, each.body) for each in exchanges]


@pytest.mark.parametrize("name", SERVED_BY)
def test_application_without_an_issuer(name: str, directory: Path) -> None:
    """The issuer is optional: without the environment variables an application starts, and takes no JWT."""
    with serve(name, directory, {"AUTHMUX_ISSUER": ""}) as server, requests.Session() as http:
        http.trust_env = False
        answer = http.get(f"{server.wait()}/reports", headers={"Authorization": "Bearer e30.e30.AAAA"}, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def test_issuing(directory: Path) -> None:
    """Issuing tells what its docstring shows, sets both variables, and tells no secret."""
    variables, told = issue_keys(directory)
    assert variables["KEY"].startswith("acme_key_")
    assert variables["PAT"].startswith("acme_pat_")
    assert not any(text in told for text in variables.values())
    docstring = read_docstring(EXAMPLES / "issue_keys.py")
    shown = re.findall(r"^ +((?:issued|rolled|revoked|listed) .+)$", docstring, re.MULTILINE)
    assert len(shown) == len(told.splitlines()) == 7
    for line in shown:
        words = re.split(r" {2,}", line)
        assert any(all(word in one for word in words) for one in told.splitlines()), line


def test_issuing_twice(directory: Path) -> None:
    """Issuing can be run again on the same store."""
    first, _ = issue_keys(directory)
    second, told = issue_keys(directory)
    assert first.keys() == second.keys()
    assert not set(first.values()) & set(second.values())
    assert told.count("listed") == 6


@pytest.mark.parametrize("name", ["issue_keys", *SERVED_BY])
def test_length(name: str) -> None:
    """An example can be read at a glance."""
    assert len((EXAMPLES / f"{name}.py").read_text(encoding="utf-8").splitlines()) <= 60
