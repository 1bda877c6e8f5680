"""Which addresses may be asked without TLS: those of this machine, and origins that the operator lists (B-54)."""

from collections.abc import Collection
from typing import TypeAlias
from urllib.parse import urlsplit

from authmux.errors import ConfigurationError
from authmux.verifying.loopback import is_loopback

Origins: TypeAlias = frozenset[tuple[str, int]]
"""Hosts in lower case, without brackets, and their ports."""


def parse_origins(origins: Collection[str]) -> Origins:
    """Return the origins that are listed.

    Raises:
        ConfigurationError: one of them is no `http://host` or `http://host:port`.
    """
    return frozenset(map(_parse, origins))


def may_be_plain(host: str | None, port: int | None, listed: Origins) -> bool:
    """Return whether TLS may be left out at a host; `port` is None for the usual one."""
    return is_loopback(host) or (host, 80 if port is None else port) in listed


def _parse(origin: str) -> tuple[str, int]:
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    # Nothing but scheme and authority, in characters on which all who read it agree.
    is_origin = parts.hostname and origin.isascii() and origin.lower() == f"http://{parts.netloc.lower()}"
    if not is_origin or any(each in "@%\\" or not each.isprintable() or each.isspace() for each in origin):
        raise ConfigurationError(f"allow_http takes origins such as 'http://keycloak:8080', not {origin!r}")
    return str(parts.hostname), 80 if port is None else port
