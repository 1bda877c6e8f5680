"""The grammar of scopes, and how far a grant reaches (K-50)."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authmux.errors import ConfigurationError
from authmux.scopes import covers, grants_covering, parse_grants, parse_needs

words = st.from_regex(r"[a-z0-9][a-z0-9._/-]{0,8}", fullmatch=True)
tokens = st.text(alphabet='abR01:*-./ "\\é\n', max_size=12)


@pytest.mark.parametrize(
    ("granted", "needed", "covered"),
    [
        (["reports:read"], "reports:read", True),
        (["reports:write", "reports:read"], "reports:read", True),
        (["reports:*"], "reports:read", True),
        (["reports:*"], "reports:read:own", True),
        (["*"], "reports:read", True),
        ([], "reports:read", False),
        (["reports:write"], "reports:read", False),
        (["reports:read"], "reports:write", False),
        (["reports:read"], "reports:read:own", False),
        (["reports:read:own"], "reports:read", False),
        (["reports:*"], "reports", False),
        (["reports:*"], "reports-archive:read", False),
        (["reports:read:*"], "reports:read", False),
        (["reports"], "reports:read", False),
        (["Reports:read"], "reports:read", False),
        (["*:read"], "reports:read", False),
        (["r*s:read"], "reports:read", False),
    ],
)
def test_grants_reach_so_far(granted: list[str], needed: str, covered: bool) -> None:
    """A grant covers itself and, with a `*` at its end, what it begins; `write` does not imply `read` (K-50)."""
    assert covers(frozenset(granted), needed) is covered


@given(words, words)
def test_a_wildcard_stays_in_its_resource(resource: str, action: str) -> None:
    """`resource:*` covers every action of that resource, and none of one whose name is longer (K-50)."""
    assert covers({f"{resource}:*"}, f"{resource}:{action}")
    assert not covers({f"{resource}:*"}, f"{resource}{action}:{action}")


@given(st.frozensets(tokens), st.frozensets(tokens), tokens)
def test_more_grants_never_reach_less(granted: frozenset[str], more: frozenset[str], needed: str) -> None:
    """A grant that is added takes nothing away, and no scopes mean nothing (K-50)."""
    assert covers(granted | more, needed) >= covers(granted, needed)
    assert not covers(frozenset(), needed)


@pytest.mark.parametrize(
    "scope", ["reports:read", "reports:*", "*", "reports", "a:b:c", "a:b:*", "0:v1.2", "a/b-c_d:e"]
)
def test_grants_of_our_own(scope: str) -> None:
    """A grant is `resource:action` in lower case, and may end in `*` (K-50)."""
    assert parse_grants([scope, scope]) == frozenset({scope})


@pytest.mark.parametrize(
    "scope",
    [
        "",
        "Reports:read",
        "reports:",
        ":read",
        "a::b",
        "reports:re*",
        "re*",
        "**",
        "a:*:b",
        "a b",
        "é:a",
        "a:b\n",
        "-a:b",
    ],
)
def test_what_is_no_grant(scope: str) -> None:
    """A grant that could mean something unexpected is refused, and named (K-50)."""
    with pytest.raises(ValueError, match="is not a scope"):
        parse_grants(["reports:read", scope])


def test_one_string_is_no_list_of_grants() -> None:
    """A string where a list belongs is a mistake, not a list of letters."""
    with pytest.raises(ValueError, match="one string"):
        parse_grants("reports:read")


@given(tokens)
def test_every_grant_without_a_wildcard_is_a_need(scope: str) -> None:
    """What our own credentials can hold, an operation can ask for, unless it ends in `*` (K-50)."""
    try:
        parse_grants([scope])
    except ValueError:
        return
    if scope.endswith("*"):
        assert scope == "*" or scope.endswith(":*")
    else:
        assert parse_needs([scope]) == (scope,)


def test_needs_keep_their_order() -> None:
    """A challenge lists the scopes as the endpoint does, each once (K-54)."""
    assert parse_needs(["b:c", "a:b", "b:c"]) == ("b:c", "a:b")


@pytest.mark.parametrize("scope", ["reports:read", "https://graph.microsoft.com/User.Read", "!", "a*b", "~"])
def test_any_scope_token_is_a_need(scope: str) -> None:
    """An issuer's scopes are its own: every scope-token of RFC 6749 §3.3 can be asked for."""
    assert parse_needs([scope]) == (scope,)


@pytest.mark.parametrize("scopes", [[""], ["a b"], ['a"b'], ["a\\b"], ["é"], ["a\n"], ["reports:*"], ["*"]])
def test_what_is_no_need(scopes: Iterable[str]) -> None:
    """A need that no token could hold, or that ends in `*`, is refused while the program is put together."""
    with pytest.raises(ConfigurationError, match="not a scope that an operation can ask for"):
        parse_needs(scopes)


@given(
    granted=st.frozensets(st.from_regex(r"[ab]{1,2}(:[ab])*(:\*)?|\*", fullmatch=True), max_size=3),
    needed=st.text("ab:*", max_size=6),
)
def test_grants_covering(granted: frozenset[str], needed: str) -> None:
    """The grants that a store looks for are those that cover a need, however the need is written (K-31)."""
    assert bool(granted & grants_covering(needed)) is covers(granted, needed)
