"""What a profile is: how one identity provider writes its access tokens, as data and nothing that runs (B-67)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

Path: TypeAlias = tuple[str, ...]
"""Names that lead to a member within members; `{audience}` stands for each audience that the verifier takes."""

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """What a token of one `typ` must hold besides a good signature, issuer, audience and time.

    Arguments:
        required: claims without which it is refused (B-27).
        evidence: also ask for a sign that it is an access token, as there is no `typ` that says so (B-09).
    """

    required: frozenset[str]
    evidence: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What claims must show; all of it.

    Arguments:
        equal: claims that have just this value.
        holding: claims that are a list with this text in it.
        matching: claims that are texts and match a pattern as a whole; what a named group of it finds is the value of
            the claim of that name, as in `(?P<azp>.+)@clients`.
        same: pairs of claims with the same value.
        different: pairs of claims with two values, neither of them missing.
        present, absent: claims that are there, or are not.
        one_of: of each of these groups one claim at least is there, and is not empty.
        either: one of these holds as well.
    """

    equal: Mapping[str, object] = field(default_factory=lambda: _NOTHING)
    holding: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    matching: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    same: tuple[tuple[str, str], ...] = ()
    different: tuple[tuple[str, str], ...] = ()
    present: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    one_of: tuple[frozenset[str], ...] = ()
    either: tuple["Signs", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How one provider writes its access tokens.

    A token whose `typ` is not listed is of another class, an ID token or a logout token say, and is refused (B-08).

    Arguments:
        name: for messages and logs.
        types: what is asked of a token, by its `typ` header in lower case, without `application/`; None is for a
            token without one.
        must: what every token shows, whatever its `typ`.
        client_id: the claims that may name the client, in the order in which they are looked for.
        client: proves a `Client`, if one of these holds.
        user: proves a `User`, if one of these holds, and none of `client`'s.
        client_if_subject_is_client: whether `sub` = client id proves a client: only where no user can choose such a
            `sub` for himself (RFC 9700 §4.15).
        scopes: the claims that may hold the scopes, in the order in which they are looked for.
        tenant: the claim that names the customer or organisation.
        tenant_in_audience: what stands before its name in an audience, for tokens that are for one organisation.
        permissions, roles, groups: where they are; they are no scopes, unless they are made some on purpose.
        audience_in_scopes: whether a token without `aud` is for the audience that begins its scopes, as in `api/read`.
        issuer: a pattern of the issuers that there are; None for any.
        jwks_uri: where the keys are, for a provider without metadata.
        keys_name_issuer: whether keys may say of which issuer they are, which then must be the token's (B-21).
        aliases: other spellings that the provider uses of the issuer (B-21).
        accept: where whoever asks for a token chooses its audience, the claims that say who asked, and that nobody can
            take over: the verifier must be told which of their values to accept.
    """

    name: str
    types: Mapping[str | None, TokenRules]
    must: Signs = field(default_factory=Signs)
    client_id: tuple[str, ...] = ("client_id", "azp", "cid", "appid")
    client: tuple[Signs, ...] = ()
    user: tuple[Signs, ...] = ()
    client_if_subject_is_client: bool = False
    scopes: tuple[str, ...] = ("scope", "scp")
    tenant: str | None = None
    tenant_in_audience: str | None = None
    permissions: tuple[Path, ...] = ()
    roles: tuple[Path, ...] = ()
    groups: tuple[Path, ...] = ()
    audience_in_scopes: bool = False
    issuer: str | None = None
    jwks_uri: str | None = None
    keys_name_issuer: bool = False
    aliases: tuple[str, ...] = ()
    accept: tuple[str | Path, ...] = ()
