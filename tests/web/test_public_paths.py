"""Public is what a pattern says, to the letter, and nothing that another reading of the path could reach (A-142)."""

import posixpath
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from authmux.errors import ConfigurationError
from authmux.web.public_paths import PublicPaths

PUBLIC = PublicPaths(["/", "/health", "/docs/*", "/a/b", "/files/"])


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/health",
        "/docs/",
        "/docs/x",
        "/docs/x/y",
        "/docs/.x",
        "/docs/x.",
        "/docs/...",
        "/docs/é",
        "/a/b",
        "/files/",
    ],
)
def test_public(path: str) -> None:
    """A path that a pattern names, or that lies below one, is public."""
    assert path in PUBLIC


PRIVATE: dict[str, str] = {
    "another": "/admin",
    "empty": "",
    "no-slash": "health",
    "slash-after": "/health/",
    "slash-before": "//health",
    "slashes": "//",
    "below": "/health/x",
    "longer": "/healthy",
    "upper-case": "/HEALTH",
    "tree-in-upper-case": "/Docs/x",
    "tree-without-slash": "/docs",
    "tree-alike": "/docsx",
    "blank": "/health ",
    "tab": "/health\t",
    "line-feed": "/health\n",
    "nul": "/health\0",
    "parameter": "/health;x",
    "encoded": "/%68ealth",
    "full-width": "/ｈealth",
    "climbs": "/docs/../admin",
    "climbs-at-the-end": "/docs/..",
    "climbs-by-parameter": "/docs/..;/admin",
    "climbs-by-parameter-with-value": "/docs/..;x=1/admin",
    "climbs-by-backslash": "/docs/..\\admin",
    "climbs-behind-backslash": "/docs/\\..\\admin",
    "stays": "/docs/./x",
    "climbs-before-a-line-feed": "/docs/..\n",
    "tree-with-two-slashes": "/docs//admin",
    "tree-behind-two-slashes": "//docs/x",
    "half": "/a",
}


@pytest.mark.parametrize("path", PRIVATE.values(), ids=PRIVATE)
def test_private(path: str) -> None:
    """Nothing else is."""
    assert path not in PUBLIC


SEGMENTS = st.lists(
    st.sampled_from(["docs", "admin", "..", ".", "", "..;", "\\..", "x", "é", "\0", "...", "%2e%2e"]), max_size=6
)


@given(SEGMENTS)
@example(["docs", "..", "admin"])
def test_what_is_let_in_stays_below(segments: list[str]) -> None:
    """However a server tidies a path up, one that was let in by a tree still lies in that tree."""
    path = "/" + "/".join(segments)
    if path in PublicPaths(["/docs/*"]):
        for tidied in (path, path.replace("\\", "/"), path.replace(";", "/")):
            assert f"{posixpath.normpath(tidied)}/".startswith("/docs/")


@given(st.text())
def test_nothing_is_public_by_itself(path: str) -> None:
    """Without patterns no path is public."""
    assert path not in PublicPaths([])


def test_everything() -> None:
    """`/*` is all there is, short of what climbs."""
    everything = PublicPaths(["/*"])
    assert all(path in everything for path in ("/", "/admin", "/a/b/"))
    assert all(path not in everything for path in ("", "//", "/a//b", "/..", "/a/../b"))


@pytest.mark.parametrize(
    "patterns",
    [
        "/health",
        ["health"],
        [""],
        ["*"],
        ["/docs*"],
        ["/*/docs"],
        ["/docs/*/x"],
        ["/docs/**"],
        ["/a/*/*"],
        ["/docs/*/"],
    ],
    ids=[
        "a string",
        "no slash",
        "empty",
        "star",
        "star in a word",
        "star first",
        "star within",
        "two",
        "two parts",
        "end",
    ],
)
def test_what_is_no_pattern(patterns: Any) -> None:
    """A pattern that would not mean what it seems to say is refused at once."""
    with pytest.raises(ConfigurationError, match="public"):
        PublicPaths(patterns)


@pytest.mark.parametrize("patterns", [["/health"], ("/health",), {"/health"}, frozenset({"/health"}), {"/health": 1}])
def test_any_collection(patterns: Any) -> None:
    """Patterns come in any collection."""
    assert "/health" in PublicPaths(patterns)
