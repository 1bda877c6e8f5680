"""Read a request's environ: take the credential out of it, and say what the application's router will see."""

from typing import Any, Final, TypeAlias

from authmux.credential import Location, PresentedCredential
from authmux.errors import AuthError, MalformedCredential
from authmux.web.doorkeeper import Doorkeeper

Environ: TypeAlias = dict[str, Any]

_AUTHORIZATION: Final = "HTTP_AUTHORIZATION"
_QUERY: Final = "QUERY_STRING"
_REFERRER: Final = "HTTP_REFERER"
_URLS: Final = ("RAW_URI", "REQUEST_URI", _REFERRER)  # the first is gunicorn's, which writes it to its access log


class CredentialReader:
    """Takes the one credential out of an environ, so that nothing behind can write it down (K-82).

    Arguments:
        doorkeeper: knows where it may stand.
    """

    def __init__(self, doorkeeper: Doorkeeper) -> None:
        self._doorkeeper = doorkeeper
        header = doorkeeper.api_key_header
        self._api_key_name = "HTTP_" + header.upper().replace("-", "_") if header else ""
        self.places: Final = frozenset({_AUTHORIZATION, self._api_key_name})

    def take(self, environ: Environ) -> PresentedCredential | None:
        """Return the credential, or None where none of ours was sent; see `Locations.find`."""
        authorization, api_key = environ.get(_AUTHORIZATION), environ.get(self._api_key_name)
        if authorization is None and api_key is None:
            return None
        try:
            found = self._doorkeeper.find(_as_bytes(authorization), _as_bytes(api_key))
        except AuthError:  # whatever may have been meant for us
            self._remove(environ, _AUTHORIZATION)
            self._remove(environ, self._api_key_name)
            raise
        if found is not None:
            self._remove(environ, self._api_key_name if found.location is Location.HEADER else _AUTHORIZATION)
        return found

    def redact(self, environ: Environ) -> None:
        """Mask credentials where they are never read: in the query string, and wherever servers repeat it."""
        address = environ.get("REMOTE_ADDR")
        if environ.get(_QUERY):
            environ[_QUERY] = self._doorkeeper.redact(environ[_QUERY].encode("latin-1"), address).decode("latin-1")
        for name in _URLS:
            if "?" in environ.get(name, ""):
                url, repeats = environ[name].encode("latin-1"), name != _REFERRER
                environ[name] = self._doorkeeper.redact_url(url, address, repeats=repeats).decode("latin-1")

    def _remove(self, environ: Environ, name: str) -> None:
        if not self._doorkeeper.keeps_credential:
            environ.pop(name, None)


def sent(environ: Environ) -> list[tuple[str, object]]:
    """Return the headers of a request."""
    return [(name, environ[name]) for name in environ if name.startswith("HTTP_")]


def is_preflight(environ: Environ) -> bool:
    """Return whether a browser asks if it may send a request from another origin (Fetch, CORS-preflight request)."""
    return (
        environ.get("REQUEST_METHOD") == "OPTIONS"
        and "HTTP_ORIGIN" in environ
        and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
    )


def router_path(environ: Environ) -> str:
    """Return the path that a router in the application sees: PEP 3333 has it decoded as latin-1, and means UTF-8."""
    return str(environ.get("PATH_INFO") or "/").encode("latin-1").decode("utf-8", "replace")


def _as_bytes(value: str | None) -> bytes | None:
    """Return a header as it came over the wire; PEP 3333 has it decoded as latin-1."""
    try:
        return None if value is None else value.encode("latin-1")
    except UnicodeEncodeError:
        raise MalformedCredential("header_grammar") from None
