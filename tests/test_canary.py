"""No secret is ever said: the whole truth table on every face, and nothing that is written holds a credential."""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from authmux import (
    AuthmuxError,
    MemoryStore,
    Peppers,
    PresentedCredential,
    TokenFormat,
    TokenService,
    find_principal,
    requires,
    run,
    system,
)
from authmux.stores.port import Query
from authmux.stores.sql import SQLStore
from authmux.testing import as_principal
from authmux.visit import Visit, current_visit
from tests.faces.applications import ASGI_FACES, WSGI_FACES
from tests.faces.callers import ASGICaller, Caller, WSGICaller
from tests.faces.site import Bank, Minted, Site, open_site
from tests.faces.truth_table import ROWS

PIECE = 20  # characters in a row of a secret are a leak


class Notebook(logging.Handler):
    """Writes down everything that is logged, as text and as the values that it was made of."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += [self.format(record), repr(record.args), repr(record.__dict__)]


@contextmanager
def listening() -> Iterator[Notebook]:
    """Listen to every logger there is, at DEBUG."""
    notebook = Notebook()
    loggers = [logging.getLogger(name) for name in ("", "sqlalchemy")]  # SQLAlchemy's says little by itself
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(notebook)
    try:
        yield notebook
    finally:
        logging.getLogger().removeHandler(notebook)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def pieces_of(minted: Minted) -> Iterator[str]:
    """Return what must not be said of a credential: of a key everything behind its id, of a JWT all but its header."""
    text = minted.text
    secrets = text.split(".")[1:] if text.count(".") > 1 else [text[-49:]]
    for secret in secrets:
        yield from (secret[start : start + PIECE] for start in range(0, len(secret) - PIECE, PIECE) if start < 200)


def said(written: list[str], bank: Bank) -> list[str]:
    """Return the names of the credentials that can be read in what was written."""
    everything = "\n".join(written)
    return [name for name, minted in bank.items() if any(piece in everything for piece in pieces_of(minted))]


def callers(site: Site, store: SQLStore) -> Iterator[Caller]:
    """Return a caller of each face, whose authenticator has verified nothing so far."""
    for asgi in ASGI_FACES.values():
        yield ASGICaller(asgi(site.authenticator(store), api_key_header="X-API-Key"))
    for wsgi in WSGI_FACES.values():
        yield WSGICaller(wsgi(site.authenticator(store), api_key_header="X-API-Key"))


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, SQLStore, Bank]]:
    """Issue every credential of the truth table."""
    with listening() as notebook, open_site(tmp_path_factory.mktemp("canary")) as opened:
        assert said(notebook.lines, opened[2]) == []
        yield opened


@pytest.fixture(scope="module")
def written(opened: tuple[Site, SQLStore, Bank]) -> dict[str, list[str]]:
    """Run the whole table on every face; return the answers, and what was logged meanwhile."""
    site, store, bank = opened
    answers: list[str] = []
    with listening() as notebook:
        for caller in callers(site, store):
            answers += [repr(row.send(caller, bank)) for row in ROWS if row.in_process]
            with pytest.raises(RuntimeError) as raised:
                caller("/any", [("Authorization", f"Bearer {bank['bug'].text}".encode())])
            answers += traceback.format_exception(raised.value)
    return {"answers": answers, "log": notebook.lines}


@pytest.mark.parametrize("where", ["answers", "log"])
def test_nothing_is_said(written: dict[str, list[str]], opened: tuple[Site, SQLStore, Bank], where: str) -> None:
    """No answer and no log record, at whatever level, holds a secret or a part of one."""
    assert said(written[where], opened[2]) == []


@pytest.mark.parametrize(
    ("where", "sign"),
    [
        ("answers", "invalid_token"),
        ("answers", "a bug in a verifier"),
        ("log", "refused: InvalidCredential, unknown_secret"),
        ("log", "its keys cannot be fetched"),
        ("log", "sqlalchemy"),
    ],
    ids=["refusals", "bugs", "our-log", "our-warnings", "foreign-log"],
)
def test_something_was_written(written: dict[str, list[str]], where: str, sign: str) -> None:
    """What is searched is what was written: refusals, bugs, our own log and others'."""
    assert any(sign in line for line in written[where])


@pytest.mark.parametrize("name", ["key", "pat", "rs256", "forged", "mistyped", "oversize", "bug"])
def test_a_leak_would_be_found(opened: tuple[Site, SQLStore, Bank], name: str) -> None:
    """Half of a secret is enough to be found."""
    secret = opened[2][name].text
    assert name in said(["before", secret[len(secret) // 2 - len(secret) // 4 :] + "after"], opened[2])


def verified(site: Site, store: SQLStore, bank: Bank) -> Iterator[tuple[Any, PresentedCredential]]:
    """Return what comes of each credential without any face: a principal or an error, and the credential itself."""
    authenticator = site.authenticator(store)
    for minted in bank.values():
        credential = PresentedCredential(minted.text)
        try:
            yield run(authenticator.verify(credential)), credential
        except (AuthmuxError, RuntimeError) as error:
            yield error, credential


def values_of(site: Site, store: SQLStore, bank: Bank) -> Iterator[object]:
    """Return everything that a program holds while credentials are issued and verified."""
    authenticator = site.authenticator(store)
    tokens = site.tokens()
    service = TokenService(MemoryStore(), tokens)
    issued = service.issue_key(name="canary", scopes=["a:b"], by=system())
    yield from (issued, issued.record, service, tokens, tokens.peppers, store, site, authenticator)
    yield from vars(authenticator).values()
    for verifier in vars(authenticator)["_verifiers"]:
        yield from (verifier, getattr(verifier, "__dict__", None))
    for outcome, credential in verified(site, store, bank):
        visit = Visit(outcome, opened_by=authenticator)
        yield from (outcome, credential, visit, tokens.parse(bank["key"].text))
        yield [getattr(visit, name) for name in Visit.__slots__]
    yield from store.list(Query(limit=1000))


FORMS: dict[str, Callable[[object], str]] = {"repr": repr, "str": str, "format": "{}".format}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_no_value_shows_a_secret(opened: tuple[Site, SQLStore, Bank], form: Callable[[object], str]) -> None:
    """No value that is printed shows a secret: credentials, principals, records, verifiers, errors and all."""
    assert said([form(value) for value in values_of(*opened)], opened[2]) == []


def test_no_issued_token_shows_its_text() -> None:
    """Nor does the one that holds its text on purpose."""
    tokens = TokenFormat(prefix="acme", peppers=Peppers({"p1": bytes(32)}))
    issued = TokenService(MemoryStore(), tokens).issue_key(name="k", scopes=["a:b"], by=system())
    assert said([repr(issued), str(issued), repr(issued.record)], {"issued": Minted(issued.text)}) == []


def test_no_traceback_shows_a_secret(opened: tuple[Site, SQLStore, Bank]) -> None:
    """No error, printed with all that it came from, shows a secret."""
    errors = [outcome for outcome, _ in verified(*opened) if isinstance(outcome, Exception)]
    assert len(errors) > 15
    assert said(["".join(traceback.format_exception(error)) for error in errors], opened[2]) == []


def test_no_endpoint_s_traceback_shows_a_secret(opened: tuple[Site, SQLStore, Bank]) -> None:
    """Nor does the traceback of an exception in a guarded endpoint."""
    site, store, bank = opened

    @requires("reports:read")
    def endpoint() -> None:
        raise LookupError(repr((find_principal(), current_visit.get())))

    principal = run(site.authenticator(store).verify(PresentedCredential(bank["key"].text)))
    with as_principal(principal), pytest.raises(LookupError) as raised:
        endpoint()
    assert said(traceback.format_exception(raised.value), bank) == []
