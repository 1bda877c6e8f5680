"""The options of `doctor` and `explain`, read as a verifier takes them."""

import pytest

from authmux import profiles
from authmux.cli.exit_codes import Misuse
from authmux.cli.issuer_options import PROFILES, find_profile, read_accept
from authmux.profiles import Profile
from authmux.verifying.diagnosis.other_profiles import PROFILES as OF_THE_HINT


def test_every_profile_can_be_named() -> None:
    """The names are those of all profiles that there are."""
    there = [getattr(profiles, name) for name in profiles.__all__]
    assert list(PROFILES.values()) == list(OF_THE_HINT)
    assert {id(each) for each in PROFILES.values()} == {id(each) for each in there if isinstance(each, Profile)}


@pytest.mark.parametrize("name", ["github-actions", "GITHUB_ACTIONS", "profiles.GITHUB_ACTIONS", "GitHub-Actions"])
def test_spellings(name: str) -> None:
    """As Python writes it, or as its messages do."""
    assert find_profile(name) is profiles.GITHUB_ACTIONS


@pytest.mark.parametrize("name", ["", "auth1", "shape", "Profile", "rfc 9068"])
def test_names_that_are_none(name: str) -> None:
    """What is no profile is refused with those that there are."""
    with pytest.raises(Misuse, match="no such profile"):
        find_profile(name)


def test_whom_to_accept() -> None:
    """A claim within claims is written with dots, and one claim may have several values."""
    texts = ["sub=a", "sub=b=c", "kubernetes.io.namespace=shop", "other.claim=x"]
    assert read_accept(texts, profiles.KUBERNETES) == {
        "sub": ("a", "b=c"),
        ("kubernetes.io", "namespace"): ("shop",),
        "other.claim": ("x",),
    }
    account = read_accept(["https://sts.amazonaws.com/.aws_account=12"], profiles.AWS)
    assert account == {("https://sts.amazonaws.com/", "aws_account"): ("12",)}


@pytest.mark.parametrize("text", ["", "sub", "=x", "sub="])
def test_what_names_nobody(text: str) -> None:
    """A claim and a value are both needed."""
    with pytest.raises(Misuse, match="--accept"):
        read_accept([text], None)
