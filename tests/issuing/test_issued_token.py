"""An issued token shows its text to who asks for it, and to nobody else."""

import copy
import dataclasses
import logging
import pickle
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from authmux.issuing.actor import system
from authmux.issuing.issued_token import IssuedToken
from authmux.issuing.token_service import TokenService
from authmux.peppers import Peppers
from authmux.stores.memory import MemoryStore
from authmux.token_format import TokenFormat


@pytest.fixture
def issued() -> IssuedToken:
    """Give a key that was just issued."""
    tokens = TokenFormat(prefix="acme", peppers=Peppers({"p1": b"a" * 32}))
    return TokenService(MemoryStore(), tokens).issue_key(
        name="nightly", scopes=["reports:read"], expires_in=timedelta(days=1), meta={"team": {"lead": "b"}}, by=system()
    )


def secret_of(issued: IssuedToken) -> str:
    """Return the part of the text that proves anything; a hint of it, its last four characters, may be shown."""
    return issued.text.rpartition("_")[2][:-4]


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{0!a}".format], ids=["repr", "str", "format", "ascii"])
@pytest.mark.parametrize("part", ["issued", "record", "secret"])
def test_text_is_not_shown(issued: IssuedToken, part: str, show: Callable[[object], str]) -> None:
    """Neither the issued token nor its record shows the text, however it is printed (K-31)."""
    value = {"issued": issued, "record": issued.record, "secret": issued.record.secrets[0]}[part]
    shown = show(value)
    assert issued.record.secrets[0].hint in shown
    assert secret_of(issued) not in shown


def test_text_is_not_logged(issued: IssuedToken, caplog: pytest.LogCaptureFixture) -> None:
    """An issued token in a log line leaves no secret there (K-31)."""
    with caplog.at_level(logging.INFO):
        logging.getLogger("application").info("issued %s, %r", issued, issued)
    assert issued.record.id in caplog.text
    assert secret_of(issued) not in caplog.text


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_not_pickled(issued: IssuedToken, protocol: int) -> None:
    """An issued token is not pickled, by no protocol, and not within something else either (K-31)."""
    for value in (issued, [issued], {"token": issued}):
        with pytest.raises(TypeError, match="secret"):
            pickle.dumps(value, protocol)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_not_copied(issued: IssuedToken, duplicate: Callable[[object], object]) -> None:
    """An issued token is not copied: there is one, and it is handed on (K-31)."""
    with pytest.raises(TypeError, match="secret"):
        duplicate(issued)


@pytest.mark.parametrize("flatten", [dataclasses.asdict, dataclasses.astuple], ids=["asdict", "astuple"])
def test_text_is_not_among_the_fields(issued: IssuedToken, flatten: Callable[[IssuedToken], object]) -> None:
    """Who makes a dictionary of an issued token, to log or to store it, gets no text (K-31)."""
    shown = ""
    with suppress(TypeError):
        shown = str(flatten(issued))
    assert secret_of(issued) not in shown


def test_text_cannot_be_changed(issued: IssuedToken) -> None:
    """An issued token stays the one that was issued (K-30)."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        issued.text = "another"  # type: ignore[misc]  # that is the test
