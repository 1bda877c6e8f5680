"""The README can be read in one go."""

from tests.docs.pages import CHECKOUT


def test_length() -> None:
    """The README has at most 150 lines."""
    assert len((CHECKOUT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
