"""Security schemes: what an API's customer can choose from, and what to paste where."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from authmux.principal import Principal
from authmux.verifying.authenticator import AnyVerifier
from authmux.verifying.issuer_resolver import IssuerResolver
from authmux.verifying.verifier import IssuerVerifier
from authmux.web.openapi.entrance import Entrance
from authmux.web.openapi.marks import Need

_KINDS: Final = {
    "key": ("APIKey", "Your API key"),
    "pat": ("PersonalAccessToken", "Your personal access token, which acts for you"),
    None: ("Token", "Your token"),
}
_PASTE: Final = "Paste it alone, without `Bearer`."
_NAME: Final = re.compile(r"[^A-Za-z0-9._-]+")  # what a component's name may not hold (OpenAPI 3.1 §4.8.7.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """One way to bring a credential.

    Arguments:
        name: in the document.
        definition: the Security Scheme Object (OpenAPI 3.1 §4.8.27).
        verifiers: those that may believe what comes this way.
    """

    name: str
    definition: Mapping[str, Any]
    verifiers: tuple[AnyVerifier, ...]

    def suits(self, need: Need) -> bool:
        """Return whether somebody might be let in this way; True also where that cannot be said."""
        return any(_suits(each, need) for each in self.verifiers)


def schemes_of(entrance: Entrance) -> list[Scheme]:
    """Return every way that an application takes, the usual ones first."""
    return [*_in_authorization(entrance.verifiers), *_in_header(entrance), *_in_basic(entrance)]


def _in_authorization(verifiers: Iterable[AnyVerifier]) -> Iterator[Scheme]:
    """Make one scheme of each kind of token, and one of each issuer."""
    kinds: dict[str | None, list[AnyVerifier]] = {}
    issuers: list[IssuerVerifier | IssuerResolver] = []
    for verifier in verifiers:
        if isinstance(verifier, IssuerVerifier | IssuerResolver):
            issuers.append(verifier)
        else:
            kinds.setdefault(_kind_of(verifier), []).append(verifier)
    for kind, same in kinds.items():
        yield _of_kind(kind, same)
    for issuer in issuers:
        yield _of_issuer(issuer, is_only_one=len(issuers) == 1)


def _of_kind(kind: str | None, verifiers: list[AnyVerifier]) -> Scheme:
    name, text = _KINDS.get(kind) or (_NAME.sub("-", str(kind)), f"Your {kind}")
    marks = _marks_of(verifiers)
    begins = f": it begins with {_either(marks)}" if marks else ""
    definition = {"type": "http", "scheme": "bearer", "description": f"{text}{begins}. {_PASTE}"}
    if marks:
        definition["bearerFormat"] = f"{marks[0]}…"
    return Scheme(name=name, definition=definition, verifiers=tuple(verifiers))


def _of_issuer(verifier: IssuerVerifier | IssuerResolver, *, is_only_one: bool) -> Scheme:
    issuer = next(iter(verifier.issuers)) if isinstance(verifier, IssuerVerifier) else None
    host = _NAME.sub("-", issuer.partition("://")[2]).strip("-") if issuer else "other"
    whose = f"`{issuer}`" if issuer else "your identity provider"
    text = f"An access token (a JWT) that {whose} issued for this API. {_PASTE}"
    return Scheme(
        name="AccessToken" if is_only_one else f"AccessToken-{host}",
        definition={"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": text},
        verifiers=(verifier,),
    )


def _in_header(entrance: Entrance) -> Iterator[Scheme]:
    header = entrance.api_key_header
    if header is not None:
        text = f"The same credential in the header `{header}`, alone. Choose one way: a request brings only one."
        definition = {"type": "apiKey", "in": "header", "name": header, "description": text}
        yield Scheme(name=header, definition=definition, verifiers=entrance.verifiers)


def _in_basic(entrance: Entrance) -> Iterator[Scheme]:
    """Make the scheme for programs that can send nothing else: for what is known by its beginning (K-80)."""
    opaque = [each for each in entrance.verifiers if getattr(each, "marks", ())]
    if entrance.basic and opaque:
        begins = _either(_marks_of(opaque))
        text = (
            f"For programs that know only user names and passwords: send what begins with {begins} as the user name,"
            " with an empty password, or as the password of any user name."
        )
        definition = {"type": "http", "scheme": "basic", "description": text}
        yield Scheme(name="Basic", definition=definition, verifiers=tuple(opaque))


def _suits(verifier: AnyVerifier, need: Need) -> bool:
    kind = _kind_of(verifier)
    if kind is not None and not all(kind in kinds for kinds in need.kinds):
        return False
    proves: tuple[type[Principal], ...] | None = getattr(verifier, "proves", None)
    if proves is None:
        return True
    return any(all(_types_of(each) & callers for callers in need.callers) for each in proves)


def _types_of(principal: type[Principal]) -> set[str]:
    """Return the names of a class of principals, and of those that it is one of."""
    return {each.type for each in principal.__mro__ if issubclass(each, Principal)}


def _kind_of(verifier: AnyVerifier) -> str | None:
    """Return what kind of credential a verifier believes; None where one of the application's own does not say."""
    kind = getattr(verifier, "kind", None)
    return None if kind is None else str(kind)


def _marks_of(verifiers: Iterable[AnyVerifier]) -> list[str]:
    return [mark for verifier in verifiers for mark in getattr(verifier, "marks", ())]


def _either(marks: Iterable[str]) -> str:
    return " or ".join(f"`{mark}`" for mark in marks)
