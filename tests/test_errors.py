"""Errors are few, drawn as a tree, and hold no more than they should."""

import re

import pytest

from authmux import errors
from authmux.errors import (
    AuthError,
    AuthmuxError,
    CredentialNotAllowed,
    Fault,
    InsufficientScope,
    InvalidCredential,
    LimitExceeded,
    MalformedCredential,
    MissingCredential,
    Unavailable,
)


def drawn_tree(caption: str) -> dict[str, str]:
    """Read the tree in a caption: each name with the one that it hangs on."""
    above: list[str] = []
    parents: dict[str, str] = {}
    for branch, name in re.findall(r"^([│├└─ ]*)(\w+)(?: {2,}.*)?$", caption, re.MULTILINE):
        depth = len(branch) // 4
        above[depth:] = [name]
        if depth:
            parents[name] = above[depth - 1]
    return parents


def test_the_tree_is_drawn_as_it_is() -> None:
    """The picture at the head of errors.py shows every error, under the one it derives from."""
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, AuthmuxError)]
    parents = {each.__name__: each.__mro__[1].__name__ for each in classes if each is not AuthmuxError}
    assert drawn_tree(errors.__doc__ or "") == parents


def test_there_are_eight_faults() -> None:
    """A caller may be told eight things of a credential that is not good, as the caption says."""
    assert len(Fault) == 8
    assert "which of eight ways" in (errors.__doc__ or "")


REFUSALS: dict[str, AuthError] = {
    "missing": MissingCredential(),
    "malformed": MalformedCredential("two_credentials"),
    "invalid": InvalidCredential(Fault.EXPIRED, "expired"),
    "insufficient": InsufficientScope(required=["a:b"], granted=[]),
    "not allowed": CredentialNotAllowed("credential_kind"),
    "limit": LimitExceeded("per_minute", retry_after=3.0),
    "unavailable": Unavailable("store_slow"),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_refusals_print_their_reason(refusal: AuthError) -> None:
    """A refusal in a log is a short constant, and names no credential that was not proved."""
    assert str(refusal) == refusal.reason
    assert re.fullmatch(r"[a-z_]+", refusal.reason)
    assert refusal.credential_id is None


@pytest.mark.parametrize(
    "refusal",
    [
        MalformedCredential("r", credential_id="k1"),
        InvalidCredential(None, "r", credential_id="k1"),
        InsufficientScope(required=[], granted=[], credential_id="k1"),
        CredentialNotAllowed("r", credential_id="k1"),
        LimitExceeded("r", retry_after=1.0, credential_id="k1"),
    ],
    ids=lambda refusal: type(refusal).__name__,
)
def test_refusals_name_a_credential_that_was_proved(refusal: AuthError) -> None:
    """The operator finds the credential by its log-safe reference."""
    assert refusal.credential_id == "k1"


def test_refusals_keep_what_they_were_told() -> None:
    """Lists are kept as they were when the refusal was raised, whatever becomes of them."""
    scopes = ["a:b", "c:d"]
    missing, lacking = MissingCredential(required=scopes), InsufficientScope(required=scopes, granted=scopes)
    refused = CredentialNotAllowed("credential_kind", allowed=scopes)
    scopes.clear()
    assert missing.required == lacking.required == lacking.granted == refused.allowed == ("a:b", "c:d")


def test_could_not_check_is_not_bad() -> None:
    """An outage is never caught as a bad credential, nor a bad credential as an outage (K-24)."""
    assert not issubclass(Unavailable, InvalidCredential)
    assert not issubclass(InvalidCredential, Unavailable)
