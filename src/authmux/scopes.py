"""The grammar of scopes, and how a grant covers a need.

A *need* is what an operation asks for; any scope-token of RFC 6749 §3.3 will do. A *grant* is what a credential
holds; in our own keys and tokens it is `resource:action` in lower case, and may end in `*` (K-50). `write` does not
imply `read`, and no scopes means nothing.
"""

import re
from collections.abc import Collection, Iterable

from authmux.errors import ConfigurationError

_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_GRANT = re.compile(r"[a-z0-9][a-z0-9._/-]*(?::[a-z0-9][a-z0-9._/-]*)*(?::\*)?|\*")


def covers(granted: Collection[str], needed: str) -> bool:
    """Return whether the grants reach the need: exactly, or by a grant that ends in `*` and begins it (K-50)."""
    if needed in granted:
        return True
    return any(grant.endswith("*") and needed.startswith(grant[:-1]) for grant in granted)


def grants_covering(needed: str) -> frozenset[str]:
    """Return every grant of our grammar that reaches a need: what a store looks for (K-31)."""
    *parts, _ = needed.split(":")
    return frozenset({needed, "*"} | {":".join([*parts[: n + 1], "*"]) for n in range(len(parts))})


def parse_needs(scopes: Iterable[str]) -> tuple[str, ...]:
    """Return the scopes that an operation asks for, in their order and each once.

    Raises:
        ConfigurationError: one is not an RFC 6749 scope-token, or ends in `*`, which only a grant may.
    """
    needs = tuple(scopes)
    for scope in needs:
        if not isinstance(scope, str) or not _SCOPE_TOKEN.fullmatch(scope) or scope.endswith("*"):
            raise ConfigurationError(
                f"{scope!r} is not a scope that an operation can ask for: write one word such as 'reports:read'"
            )
    return tuple(dict.fromkeys(needs))


def parse_grants(scopes: Iterable[str]) -> frozenset[str]:
    """Return the scopes that one of our own credentials is to hold (K-50).

    Raises:
        ValueError: one is not `resource:action` in lower case, with at most a `*` as its last part.
    """
    if isinstance(scopes, str):
        raise ValueError("scopes is one string: give a list, such as ['reports:read']")
    grants = frozenset(scopes)
    for scope in grants:
        if not _GRANT.fullmatch(scope):
            raise ValueError(f"{scope!r} is not a scope: write resource:action in lower case, such as 'reports:read'")
    return grants
