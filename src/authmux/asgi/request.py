"""Read a request's scope: take the credential out of it, and say what the application's router will see."""

from collections.abc import Collection
from typing import Final

from authmux.asgi.messages import Scope
from authmux.credential import Location, PresentedCredential
from authmux.errors import AuthError
from authmux.web.doorkeeper import Doorkeeper
from authmux.web.headers import is_credential_offer

_AUTHORIZATION: Final = b"authorization"
_OFFERED: Final = b"sec-websocket-protocol"
_REFERRER: Final = b"referer"


class CredentialReader:
    """Takes the one credential out of a scope, so that nothing behind can write it down (K-82).

    Arguments:
        doorkeeper: knows where it may stand.
        websocket_protocol: whether it may be among the subprotocols that a WebSocket offers.
    """

    def __init__(self, doorkeeper: Doorkeeper, *, websocket_protocol: bool) -> None:
        self._doorkeeper = doorkeeper
        self._takes_offers = websocket_protocol
        api_key_name = doorkeeper.api_key_header.encode("ascii") if doorkeeper.api_key_header else None
        self._api_key_name = api_key_name
        self.places: Final = frozenset({_AUTHORIZATION, api_key_name, _OFFERED})
        self._stood_in = {
            Location.AUTHORIZATION: (_AUTHORIZATION,),
            Location.BASIC: (_AUTHORIZATION,),
            Location.HEADER: (api_key_name,),
            Location.SUBPROTOCOL: (),
        }

    def take(self, scope: Scope) -> PresentedCredential | None:
        """Return the credential, or None where none of ours was sent; see `Locations.find`."""
        authorization, api_key = self._gather(scope)
        offered = self._offers(scope)
        if not (authorization or api_key or offered):
            return None
        try:
            found = self._doorkeeper.find(_join(authorization), _join(api_key), _join(offered))
        except AuthError:  # whatever may have been meant for us
            self._remove(scope, self.places - {_OFFERED})
            _withdraw_offers(scope)
            raise
        if found is not None:
            self._remove(scope, self._stood_in[found.location])
        if offered:
            _withdraw_offers(scope)
        return found

    def _gather(self, scope: Scope) -> tuple[list[bytes], list[bytes]]:
        authorization: list[bytes] = []
        api_key: list[bytes] = []
        for name, value in scope["headers"]:
            if name == _AUTHORIZATION:
                authorization.append(value)
            elif name == self._api_key_name:
                api_key.append(value)
        return authorization, api_key

    def _offers(self, scope: Scope) -> list[bytes]:
        """Return the subprotocols that a WebSocket offers; some servers keep the header to themselves."""
        if not self._takes_offers or scope["type"] != "websocket":
            return []
        return [each.encode("latin-1", "replace") for each in scope.get("subprotocols") or ()]

    def redact(self, scope: Scope) -> None:
        """Mask credentials where they are never read: in the query string, and in the address of the page before."""
        if scope.get("query_string"):
            scope["query_string"] = self._doorkeeper.redact(scope["query_string"], address_of(scope))
        if any(name == _REFERRER and b"?" in value for name, value in scope["headers"]):
            redact, address = self._doorkeeper.redact_url, address_of(scope)
            scope["headers"] = [
                (name, redact(value, address) if name == _REFERRER else value) for name, value in scope["headers"]
            ]

    def _remove(self, scope: Scope, names: Collection[bytes | None]) -> None:
        if not self._doorkeeper.keeps_credential:
            scope["headers"] = [header for header in scope["headers"] if header[0] not in names]


def value_of(scope: Scope, name: bytes) -> str | None:
    """Return the first value of a header, or None where it was not sent."""
    return next((value.decode("latin-1") for each, value in scope["headers"] if each == name), None)


def address_of(scope: Scope) -> str | None:
    """Return where a request comes from, as the server knows it."""
    client = scope.get("client")
    return client[0] if client else None


def is_preflight(scope: Scope) -> bool:
    """Return whether a browser asks if it may send a request from another origin (Fetch, CORS-preflight request)."""
    return (
        scope.get("method") == "OPTIONS"
        and value_of(scope, b"origin") is not None
        and value_of(scope, b"access-control-request-method") is not None
    )


def router_path(scope: Scope) -> str:
    """Return the path that a router in the application sees: without what leads to the application itself."""
    path: str = scope["path"]
    root = scope.get("root_path", "")
    # As Starlette's router does it, to the slash: a root that ends in one leads to nothing but itself.
    return path[len(root) :] if path.startswith(root) and path[len(root) :][:1] in ("", "/") else path


def _withdraw_offers(scope: Scope) -> None:
    """Leave those subprotocols that are some, so that no application answers with a credential."""
    offers: list[str] = scope.get("subprotocols", [])
    scope["subprotocols"] = [each for each in offers if not is_credential_offer(each.encode("latin-1", "replace"))]
    scope["headers"] = [(name, _other_offers(value) if name == _OFFERED else value) for name, value in scope["headers"]]


def _other_offers(value: bytes) -> bytes:
    return b",".join(offer for offer in value.split(b",") if not is_credential_offer(offer))


def _join(values: list[bytes]) -> bytes | None:
    """Return a header's values as WSGI servers join them; at once, for a server may deliver 100 000 of them."""
    return b",".join(values) if values else None
