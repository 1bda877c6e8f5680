"""Which paths are open to those who bring no credential, where all others ask for one (A-142)."""

import re
from collections.abc import Collection
from typing import Final

from authmux.errors import ConfigurationError

_DOTS: Final = re.compile(r"(?:^|[/\\])\.{1,2}(?:[/\\;]|$)")


class PublicPaths:
    """A few paths, and a few trees of paths; a path is compared as the router sees it, decoded, and never tidied up.

    Arguments:
        patterns: `/health` is that path and no other; `/docs/*` is every path that begins with `/docs/`.

    Raises:
        ConfigurationError: a pattern begins with no slash, or has a `*` elsewhere than as its last part.
    """

    def __init__(self, patterns: Collection[str]) -> None:
        if isinstance(patterns, str):
            raise ConfigurationError(f"public={patterns!r} is one string: give a list, such as ['/health', '/docs/*']")
        for pattern in patterns:
            if not pattern.startswith("/") or "*" in pattern.removesuffix("/*"):
                raise ConfigurationError(f"public path {pattern!r}: write '/health', or '/docs/*' for all below /docs/")
        self._paths: Final = frozenset(each for each in patterns if not each.endswith("/*"))
        self._trees: Final = tuple(each[:-1] for each in patterns if each.endswith("/*"))

    def __contains__(self, path: str) -> bool:
        """Return whether a path is public; one that climbs is not, whatever some server may make of it."""
        if path in self._paths:
            return True
        return path.startswith(self._trees) and "//" not in path and _DOTS.search(path) is None
