"""Who a token's claims say is calling: the class that they prove, the name, the rights (B-28, B-66…B-68)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from authmux.errors import Fault, InvalidCredential
from authmux.principal import Actor, Client, Principal, UnprovenClient, User, VerifiedCredential, frozen
from authmux.profiles import Path, Profile
from authmux.verifying.token_class import client_id, find_member, shows

MAX_ACTORS: Final = 8  # B-28
MAX_NAME: Final = 512  # characters of an actor's name, which may be a URL, or a tenant's

_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerRules:
    """How one verifier reads who is calling.

    Arguments:
        profile: how the issuer writes its access tokens.
        audiences: what this API is called; some issuers list roles by it.
        clients: ids of clients that are services, where nothing in the token tells; whoever is proved to be a user
            stays one.
        clients_by_subject: whether `sub` = client id proves a client, for no user can choose his own `sub`.
        more_scopes: where else scopes are to be found, such as in `permissions`: only on purpose.
    """

    profile: Profile
    audiences: frozenset[str]
    clients: frozenset[str] = frozenset()
    clients_by_subject: bool = False
    more_scopes: tuple[Path, ...] = ()

    def principal(self, claims: dict[str, Any], *, issuer: str, credential: VerifiedCredential) -> Principal:
        """Return whom the claims name.

        Raises:
            InvalidCredential: what they say of rights or of actors cannot be read.
        """
        profile, client, subject = self.profile, client_id(claims, self.profile), claims.get("sub")
        more = self._gather(claims, self.more_scopes) if self.more_scopes else frozenset()
        return self._class_of(claims, subject, client)(
            id=subject or client or "",
            issuer=issuer,
            tenant=read_tenant(claims, profile),
            scopes=read_scopes(claims, profile.scopes) | frozenset(_grants(more)),
            permissions=self._gather(claims, profile.permissions),
            roles=self._gather(claims, profile.roles),
            groups=self._gather(claims, profile.groups),
            client_id=client,
            actors=read_actors(claims),
            credential=credential,
            claims=frozen(claims),
        )

    @property
    def classes(self) -> tuple[type[Principal], ...]:
        """Return the classes that callers may be of."""
        by_client = self.clients or self.clients_by_subject or self.profile.client
        classes = {Principal: True, UnprovenClient: True, Client: bool(by_client), User: bool(self.profile.user)}
        return tuple(each for each, is_possible in classes.items() if is_possible)

    def _class_of(self, claims: Mapping[str, Any], subject: str | None, client: str | None) -> type[Principal]:
        """Return what is proved of a caller."""
        if any(shows(claims, signs) for signs in self.profile.client):
            return Client
        if any(shows(claims, signs) for signs in self.profile.user):
            return User
        if client in self.clients or (subject == client and self.clients_by_subject):
            return Client
        return UnprovenClient if subject is None or subject == client else Principal

    def _gather(self, claims: Mapping[str, Any], paths: Iterable[Path]) -> frozenset[str]:
        found = (find_member(claims, each) for path in paths for each in self._spelt_out(path))
        return frozenset(name for value in found for name in _names(value))

    def _spelt_out(self, path: Path) -> Iterator[Path]:
        if not any("{audience}" in name for name in path):
            yield path
            return
        for audience in self.audiences:
            yield tuple(name.replace("{audience}", audience) for name in path)


def read_scopes(claims: Mapping[str, Any], names: Iterable[str] = ("scope", "scp")) -> frozenset[str]:
    """Return what the token grants: the first of these claims, a text or a list of texts (RFC 9068 §2.2.3).

    What is not a scope-token of RFC 6749 §3.3 is left out; so is one that ends in `*`, which is a wildcard in our own
    grammar and nothing at all in an issuer's. Both stay to be read in the claims.

    Raises:
        InvalidCredential: the claim is neither.
    """
    value = next((claims[name] for name in names if name in claims), "")
    texts = value.split(" ") if type(value) is str else value
    if type(texts) is not list or not all(type(text) is str for text in texts):
        raise InvalidCredential(Fault.MALFORMED, "scope_type")
    return frozenset(_grants(texts))


def read_actors(claims: Mapping[str, Any]) -> tuple[Actor, ...]:
    """Return who acts for the subject, the one who acts now first (RFC 8693 §4.1, B-28).

    Raises:
        InvalidCredential: one of them has no name, or there are more than eight.
    """
    actors: list[Actor] = []
    while "act" in claims:
        claims = claims["act"]
        if not isinstance(claims, dict) or len(actors) == MAX_ACTORS:
            raise InvalidCredential(Fault.MALFORMED, "act")
        if not all(_is_name(claims.get(name, default)) for name, default in (("sub", None), ("iss", "-"))):
            raise InvalidCredential(Fault.MALFORMED, "act")
        actors.append(Actor(id=claims["sub"], issuer=claims.get("iss")))
    return tuple(actors)


def read_tenant(claims: Mapping[str, Any], profile: Profile) -> str | None:
    """Return the customer or organisation, or None where the token names none.

    Raises:
        InvalidCredential: what names it is no text, or names two of them.
    """
    named = [claims[profile.tenant]] if profile.tenant is not None and profile.tenant in claims else []
    before = profile.tenant_in_audience
    if before is not None:
        named.extend(each.removeprefix(before) for each in _names(claims.get("aud")) if each.startswith(before))
    if not all(map(_is_name, named)) or len(set(named)) > 1:
        raise InvalidCredential(Fault.MALFORMED, "tenant")
    return named[0] if named else None


def _grants(texts: Iterable[str]) -> Iterator[str]:
    return (text for text in texts if _SCOPE.fullmatch(text) and not text.endswith("*"))


def _names(value: object) -> Iterator[str]:
    """Return a text, the texts of a list, or the names of an object's members."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | Mapping):
        yield from (each for each in value if isinstance(each, str))


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= MAX_NAME
