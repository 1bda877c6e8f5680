"""The run itself: issue, start, send, revoke, send again."""

import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory

from authmux import TokenService
from authmux.testing import LocalIssuer
from examples.demo import playground, screen
from examples.demo.agreed import AUDIENCE, DIRECTORY, ISSUER, open_store, token_format
from examples.demo.answers import Answer, Application
from examples.demo.cases import ACCEPTED, REFUSED, Case
from examples.demo.credentials import DRIVER, Credentials, make_credentials
from examples.demo.servers import Server

_CHECKOUT = Path(__file__).parents[2]
_COMMANDS = {
    "fastapi": ["uvicorn", "examples.demo.fastapi_app:app", "--port", "0"],
    "flask": ["gunicorn", "examples.demo.flask_app:app", "--bind", "127.0.0.1:0", "--workers", "2"],
}


def run(accepted: Sequence[Case] = ACCEPTED, refused: Sequence[Case] = REFUSED, *, keep: bool = False) -> bool:
    """Show both tables, and return whether everything came as they expect.

    Arguments:
        accepted: sent while every credential is as it was issued.
        refused: sent when one key is revoked, and one token has expired.
        keep: leave the servers up until Ctrl-C.

    Raises:
        ServerFailed: a server did not start.
    """
    with ExitStack() as at_the_end:
        directory = Path(at_the_end.enter_context(TemporaryDirectory(prefix="authmux-demo-")))
        issuer = at_the_end.enter_context(LocalIssuer(audience=AUDIENCE))
        service, credentials = _issue(at_the_end, directory, issuer)
        servers = _start(at_the_end, directory, issuer)
        applications = [at_the_end.enter_context(closing(Application(each.name, each.wait()))) for each in servers]
        _introduce(directory, issuer, applications)
        screen.show_heading("Accepted")
        results = _show(accepted, applications, credentials.texts)
        _change(service, credentials, servers)
        screen.show_heading("Refused")
        results += _show(refused, applications, credentials.texts)
        screen.show_end(len(results), sum(results))
        if keep:
            playground.keep(applications, credentials.texts)
    return all(results)


def _issue(at_the_end: ExitStack, directory: Path, issuer: LocalIssuer) -> tuple[TokenService, Credentials]:
    store, tokens = at_the_end.enter_context(closing(open_store(directory))), token_format(directory)
    store.create_schema()
    service = TokenService(store, tokens)
    return service, make_credentials(service, tokens, issuer)


def _start(at_the_end: ExitStack, directory: Path, issuer: LocalIssuer) -> list[Server]:
    # Gunicorn keeps a control socket in the last of these: another one's, in the home directory, is left alone.
    environment = {DIRECTORY: str(directory), ISSUER: issuer.url, "XDG_RUNTIME_DIR": str(directory)}
    return [
        at_the_end.enter_context(
            Server(
                name,
                [sys.executable, "-m", *command],
                directory=_CHECKOUT,
                environment=environment,
                log_directory=directory,
            )
        )
        for name, command in _COMMANDS.items()
    ]


def _introduce(directory: Path, issuer: LocalIssuer, applications: Iterable[Application]) -> None:
    screen.show_heading("authmux: one store, one issuer, two applications")
    screen.show_note("store", directory / "keys.db")
    screen.show_note("issuer", issuer.jwks_uri)
    for application in applications:
        screen.show_note(application.name, f"{application.url}, {_COMMANDS[application.name][0]}")


def _show(cases: Iterable[Case], applications: Sequence[Application], texts: Mapping[str, str]) -> list[bool]:
    """Send every case to every application; return for each request whether the answer was the expected one."""
    results: list[bool] = []
    for case in cases:
        screen.show_case(case, texts)
        shown: list[Answer] = []
        for application in applications:
            answers = [application.send(case, texts) for _ in range(case.times)]
            results += [answer.is_expected(case) for answer in answers]
            shown.append(next((answer for answer in answers if not answer.is_expected(case)), answers[-1]))
            screen.show_answer(case, application, shown[-1])
        screen.show_details(shown)
    return results


def _change(service: TokenService, credentials: Credentials, servers: Iterable[Server]) -> None:
    """Let one credential expire, and revoke another: last, so that the very next request is made with it."""
    screen.show_heading("Meanwhile")
    assert credentials.to_expire.expires_at is not None
    time.sleep(max(0.0, credentials.to_expire.expires_at - time.time()))
    screen.show_note("expired", f"token {credentials.to_expire.id}, a second after it was issued")
    service.revoke(credentials.to_revoke.id, by=DRIVER, reason="compromised")
    others = " and ".join(str(server.pid) for server in servers)
    screen.show_note("revoked", f"key {credentials.to_revoke.id}, by process {os.getpid()}; the servers are {others}")
