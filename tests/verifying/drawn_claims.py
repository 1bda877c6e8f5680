"""Claims as hypothesis draws them: the names that rules are about, and one more, with any JSON for a value."""

from typing import Any, Final

from hypothesis import strategies as st

# fmt: off
NAMES: Final = st.sampled_from([
    "iss", "aud", "sub", "exp", "nbf", "iat", "jti", "scope", "scp", "client_id", "azp", "cnf", "typ", "nonce", "gty",
    "x",
])
# fmt: on


def values(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return values of a few levels.

    Arguments:
        leaves: what is at their ends besides whole numbers, texts, booleans and null.
    """
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=6) | leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=5,
    )
