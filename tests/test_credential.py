"""A presented credential gives its text to who asks for it by name, and to nobody else."""

import copy
import pickle
from collections.abc import Callable

import pytest

from authmux.credential import Location, PresentedCredential

SECRET = "acme_key_0123456789abcdef_secret"


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{0!r:>80}".format], ids=["repr", "str", "format", "aligned"])
def test_text_is_never_printed(show: Callable[[object], str]) -> None:
    """However a credential is printed, its text is not."""
    assert "secret" not in show(PresentedCredential(SECRET))


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"])
def test_text_does_not_travel(take: Callable[[object], object]) -> None:
    """A credential is not pickled or copied, and the refusal does not hold its text."""
    with pytest.raises(TypeError, match="is a secret") as refused:
        take(PresentedCredential(SECRET))
    assert SECRET not in str(refused.value)


def test_credentials_are_not_compared() -> None:
    """Two credentials of one text are two: there is no comparison whose time could tell."""
    assert PresentedCredential(SECRET) != PresentedCredential(SECRET)


def test_credential_says_where_it_stood() -> None:
    """The place in the request is kept and shown; `authorization` is the usual one."""
    assert PresentedCredential(SECRET).location == "authorization"
    assert repr(PresentedCredential(SECRET, Location.HEADER)) == "PresentedCredential(location='header')"


def test_credential_gives_its_text_by_name() -> None:
    """A verifier reads the text."""
    assert PresentedCredential(SECRET).text == SECRET
