"""Where credentials stand in requests, one of its own for every cell of the redaction matrix."""

import base64
import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from authmux import TokenService, system
from authmux.stores.sql import SQLStore
from authmux.token_format import Kind, new_id
from tests.faces.callers import Headers
from tests.faces.site import Bank, Site
from tests.servers.leaky import CRASHING

OUTCOMES: Final[Mapping[str, int]] = {"accepted": 200, "refused": 401, "application fails": 500, "verifier fails": 500}
"""What becomes of the request, and its status."""

PHASES: Final = ("plain", "masked")
"""Without the logging filter, and with it."""

COMPANION: Final = "rolled"
"""The credential of the bank by which a request is accepted where the one that matters is not read."""

PIECE: Final = 8  # characters in a row of a secret are a leak
_WORD: Final = re.compile(r"[A-Za-z0-9+/=_-]{8,}")

GOOD_JWTS: Final = {
    ("accepted", "plain"): "rs256",
    ("accepted", "masked"): "es256",
    ("application fails", "plain"): "es384",
    ("application fails", "masked"): "eddsa",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a credential stands.

    Arguments:
        name: stands in the documentation.
        write: makes of a credential the headers, and the rest of a query string.
        is_read: whether authmux takes credentials from there.
        is_jwt: whether the credential is an access token; else it is a key.
    """

    name: str
    write: Callable[[str], tuple[Headers, str]]
    is_read: bool
    is_jwt: bool = False


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One request, whose credential is in no other."""

    id: str
    place: Place
    outcome: str
    phase: str
    text: str = field(repr=False)
    headers: Headers = field(repr=False)
    target: str = field(repr=False)

    @functools.cached_property
    def pieces(self) -> frozenset[str]:
        """Return all pieces of the secret; of what `Basic` makes of it as well."""
        return secret_pieces(self.text)


def secret_pieces(text: str) -> frozenset[str]:
    """Return all pieces of a credential's secret, in base64 too: of a key behind its id, of a JWT in its signature."""
    encoded = base64.b64encode(f"{text}:".encode()).decode()
    return plain_pieces(text) | {*_pieces(encoded[len(encoded) // 2 :])}  # where the secret is


def plain_pieces(text: str) -> frozenset[str]:
    """Return those that are readable without decoding."""
    return frozenset(_pieces(text.rpartition("." if text.startswith("eyJ") else "_")[2]))


def pieces_of(written: str) -> frozenset[str]:
    """Return every piece of every word that was written, as it stands and percent-decoded."""
    words = {*_WORD.findall(written), *_WORD.findall(unquote(written))}
    return frozenset(piece for word in words for piece in _pieces(word))


def _pieces(text: str) -> Iterator[str]:
    return (text[start : start + PIECE] for start in range(len(text) - PIECE + 1))


def _header(name: str, scheme: str = "") -> Callable[[str], tuple[Headers, str]]:
    return lambda text: ([(name, f"{scheme}{text}".encode())], "")


def _basic(text: str) -> tuple[Headers, str]:
    return [("Authorization", b"Basic " + base64.b64encode(f"{text}:".encode()))], ""


def _query(name: str) -> Callable[[str], tuple[Headers, str]]:
    return lambda text: ([], f"&{name}={text}")


def _encoded(text: str) -> tuple[Headers, str]:
    return [], "&access_token=" + "".join(f"%{ord(each):02X}" for each in text)


def _referrer(text: str) -> tuple[Headers, str]:
    return [("Referer", f"http://testserver/page?access_token={text}".encode())], ""


PLACES: Final = (
    Place(name="`Authorization: Bearer`, a key", write=_header("Authorization", "Bearer "), is_read=True),
    Place(name="`Authorization: Bearer`, a JWT", write=_header("Authorization", "Bearer "), is_read=True, is_jwt=True),
    Place(name="`Authorization: Basic`, a key as the user", write=_basic, is_read=True),
    Place(name="`X-API-Key`", write=_header("X-API-Key"), is_read=True),
    Place(name="`?access_token=`, a key", write=_query("access_token"), is_read=False),
    Place(name="`?access_token=`, a JWT", write=_query("access_token"), is_read=False, is_jwt=True),
    Place(name="`?api_key=`, a key", write=_query("api_key"), is_read=False),
    Place(name="`?access_token=`, a key, every character percent-encoded", write=_encoded, is_read=False),
    Place(name="`Referer: …?access_token=`, a key", write=_referrer, is_read=False),
)


def make_cells(site: Site, store: SQLStore, bank: Bank) -> tuple[Cell, ...]:
    """Return a request for every place, outcome and phase; no verifier of JWTs has a bug here."""
    return tuple(
        _cell(place, outcome, phase, _text(place, outcome, phase, site, store, bank), site, bank)
        for phase in PHASES
        for place in PLACES
        for outcome in OUTCOMES
        if not (place.is_jwt and place.is_read and outcome == "verifier fails")
    )


def _text(place: Place, outcome: str, phase: str, site: Site, store: SQLStore, bank: Bank) -> str:
    """Return a credential of which the outcome comes; where it is not read, any will do."""
    if place.is_jwt:
        good = GOOD_JWTS.get((outcome, phase))
        if place.is_read and good:
            return bank[good].text
        return f"{bank['eddsa'].text.rpartition('.')[0]}.{new_id()}{new_id()}"
    if outcome == "verifier fails":
        return site.tokens(CRASHING).make(Kind.KEY, new_id())
    if outcome == "refused" or not place.is_read:
        return site.tokens().make(Kind.KEY, new_id())
    return TokenService(store, site.tokens()).issue_key(name=new_id(), scopes=["reports:read"], by=system("tests")).text


def _cell(place: Place, outcome: str, phase: str, text: str, site: Site, bank: Bank) -> Cell:
    headers, query = place.write(text)
    if not place.is_read and outcome == "accepted":
        headers = [*headers, ("X-API-Key", bank[COMPANION].text.encode())]
    if not place.is_read and outcome == "verifier fails":
        headers = [*headers, ("X-API-Key", site.tokens(CRASHING).make(Kind.KEY, new_id()).encode())]
    name = new_id()
    door = "/boom" if outcome == "application fails" else "/any"
    return Cell(
        id=name,
        place=place,
        outcome=outcome,
        phase=phase,
        text=text,
        headers=headers,
        target=f"{door}?cell={name}{query}",
    )
