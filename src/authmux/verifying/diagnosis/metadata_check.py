"""What the well-known places answered, and whether a verifier finds the keys by it (B-57)."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from authmux.jose.strict_json import NotStrict, parse_object
from authmux.verifying.diagnosis.failures import FAILURES, failure_of
from authmux.verifying.diagnosis.observation import Mark, Observation, Part, quoted
from authmux.verifying.diagnosis.witness import Asked, Witness
from authmux.verifying.discovery import discover_jwks_uri, metadata_urls
from authmux.verifying.fetch import Fetched, FetchFailed
from authmux.verifying.plain_http import Origins

_DEPTH: Final = 8  # as discovery reads it


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """What discovery came to.

    Arguments:
        jwks_uri: where a verifier would fetch the keys; None where it would not.
        metadata: the document that speaks for the issuer; empty where there is none.
        spelling: how the issuer writes itself, where that differs in the slash or in capital letters alone.
    """

    observations: tuple[Observation, ...]
    jwks_uri: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    spelling: str | None = None


def discover(issuer: str, fetch: Witness, *, allow_http: Origins = frozenset()) -> Discovered:
    """Look for the metadata as a verifier does, and then at the places that it would not have asked any more."""
    first = len(fetch.asked)
    failure, jwks_uri = None, None
    try:
        jwks_uri = discover_jwks_uri(issuer, fetch, allow_http=allow_http)
    except FetchFailed as error:
        failure = error
    decisive = len(fetch.asked) - 1
    for url in metadata_urls(issuer)[decisive + 1 - first :]:
        with suppress(FetchFailed):
            fetch(url, {"Accept": "application/json"})
    asked = fetch.asked[first:]
    last = fetch.asked[decisive]
    metadata = read_metadata(last.answer)
    before = [_place(each, issuer, is_last=each is last, failure=failure) for each in fetch.asked[first : decisive + 1]]
    behind = [_not_reached(each, issuer) for each in fetch.asked[decisive + 1 :]]
    return Discovered(
        observations=(*before, *behind, *_outcome(issuer, last, metadata, failure, asked)),
        jwks_uri=jwks_uri,
        metadata=metadata if metadata is not None and failure is None else {},
        spelling=_spelling(issuer, metadata or {}),
    )


def read_metadata(answer: Fetched | None) -> dict[str, Any] | None:
    """Return a document's members, or None where it is none."""
    try:
        return None if answer is None else parse_object(answer.body, max_depth=_DEPTH)
    except NotStrict:
        return None


def _spelling(issuer: str, metadata: Mapping[str, Any]) -> str | None:
    named = metadata.get("issuer")
    is_like = isinstance(named, str) and named.rstrip("/").lower() == issuer.rstrip("/").lower()
    return named if is_like and named != issuer else None


def _place(asked: Asked, issuer: str, *, is_last: bool, failure: FetchFailed | None) -> Observation:
    """Return what a place answered that a verifier asks."""
    where = f"{asked.url} ({_kind(asked.url, issuer)})"
    if asked.failure is None:
        return Observation(part=Part.DISCOVERY, mark=Mark.OK, says=f"{where} answers")
    says, advice = failure_of(asked)
    if not is_last or (failure is not None and failure.reason == "no_metadata"):
        return Observation(part=Part.DISCOVERY, mark=Mark.OK, says=f"{where}: {says}; passed over")
    return Observation(part=Part.DISCOVERY, mark=Mark.WRONG, says=f"{where}: {says}", advice=advice)


def _not_reached(asked: Asked, issuer: str) -> Observation:
    """Return what a place answered that a verifier does not get to."""
    says = "answers, too" if asked.failure is None else failure_of(asked)[0]
    where = f"{asked.url} ({_kind(asked.url, issuer)})"
    return Observation(part=Part.DISCOVERY, mark=Mark.OK, says=f"{where}: {says}; a verifier does not get there")


def _kind(url: str, issuer: str) -> str:
    if "/.well-known/oauth-authorization-server" in url:
        return "RFC 8414"
    if not urlsplit(issuer).path.rstrip("/"):
        return "OpenID Connect"
    inserted = urlsplit(url).path.startswith("/.well-known/")
    return f"OpenID Connect, {'inserted' if inserted else 'appended'}"


def _outcome(
    issuer: str, last: Asked, metadata: Mapping[str, Any] | None, failure: FetchFailed | None, asked: list[Asked]
) -> Iterator[Observation]:
    """Return whether the metadata is the issuer's, and where it says that the keys are."""
    if metadata is not None and failure is not None and failure.reason == "metadata_of_another_issuer":
        yield _other_issuer(issuer, metadata)
        return
    if failure is None:
        uri = str((metadata or {})["jwks_uri"])
        yield Observation(part=Part.DISCOVERY, mark=Mark.OK, says=f"its issuer is {quoted(issuer)}, to the byte")
        yield Observation(part=Part.DISCOVERY, mark=Mark.OK, says=f"its keys are at {quoted(uri)}")
        yield from _contradictions(uri, last, asked)
        return
    if last.failure is None or failure.reason == "no_metadata":
        says, advice = FAILURES[failure.reason]
        yield Observation(part=Part.DISCOVERY, mark=Mark.WRONG, says=says, advice=advice)
    yield from _behind_a_failure(issuer, last, asked)


def _other_issuer(issuer: str, metadata: Mapping[str, Any]) -> Observation:
    """Return how the issuer that the metadata names differs from the one that was asked for."""
    named = metadata.get("issuer")
    advice = FAILURES["metadata_of_another_issuer"][1]
    if not isinstance(named, str):
        says = "its issuer is missing, or no text, so that it speaks for nobody"
        return Observation(part=Part.DISCOVERY, mark=Mark.WRONG, says=says, advice="have the issuer publish `issuer`")
    says = f"its issuer is {quoted(named)}, and not {quoted(issuer)}"
    if named.rstrip("/") == issuer.rstrip("/"):
        less = len(named) < len(issuer)
        says += f": {'without' if less else 'with'} a slash at the end"
        advice = (
            f"write the issuer {'without' if less else 'with'} its slash, as tokens have it in `iss`: {quoted(named)}"
        )
    elif named.lower() == issuer.lower():
        says += ": capital letters are told from small ones"
        advice = f"write the issuer as it writes itself: {quoted(named)}"
    elif "{" in named:
        advice = (
            "this address is for all tenants: give one tenant's own issuer, or jwks_uri= with {tenantid} in the issuer"
            " and tenants=[…]"
        )
    elif named.partition("://")[2] == issuer.partition("://")[2]:
        advice = "one says http, the other https: behind a proxy the issuer must know its outer address"
    return Observation(part=Part.DISCOVERY, mark=Mark.WRONG, says=says, advice=advice)


def _contradictions(uri: str, last: Asked, asked: list[Asked]) -> Iterator[Observation]:
    """Return the places that a verifier does not ask, and that put the keys elsewhere."""
    for each in asked:
        other = (read_metadata(each.answer) or {}).get("jwks_uri", uri) if each is not last else uri
        if other != uri:
            says = f"{each.url} puts the keys at {quoted(other)}"
            advice = "one of the two is out of date: tell the issuer; jwks_uri=… settles it"
            yield Observation(part=Part.DISCOVERY, mark=Mark.WARNING, says=says, advice=advice)


def _behind_a_failure(issuer: str, last: Asked, asked: list[Asked]) -> Iterator[Observation]:
    """Return where good metadata is, which a verifier does not reach because a place before it failed."""
    for each in asked:
        found = read_metadata(each.answer) or {}
        if each is not last and found.get("issuer") == issuer and isinstance(found.get("jwks_uri"), str):
            says = f"{each.url} has the metadata, but a place before it answers neither a document nor 4xx"
            advice = (
                f"have that place answer 404, or give --jwks-uri {found['jwks_uri']} and jwks_uri=… in the verifier"
            )
            yield Observation(part=Part.DISCOVERY, mark=Mark.WARNING, says=says, advice=advice)
            return
