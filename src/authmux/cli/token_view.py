"""What is to be said of a token, as `explain` shows it: lines, or JSON; never its signature, nor its raw text."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from authmux.cli.masking import masked, shown
from authmux.principal import Principal
from authmux.redaction import redact
from authmux.verifying.diagnosis import Mark, Outcome, TokenKind, TokenReport
from authmux.verifying.diagnosis.token_advice import is_time, moment
from authmux.verifying.diagnosis.token_parts import Segment

_TIMES: Final = frozenset({"exp", "nbf", "iat", "auth_time"})
_UNITS: Final = ((86400, "days"), (3600, "hours"), (60, "minutes"))
_LONGEST: Final = 400  # characters of one value, for people
_WIDTH: Final = len(Mark.WARNING)


def as_text(report: TokenReport, now: float) -> str:
    """Return it for people; times are told as seen from `now`, in seconds since the epoch."""
    return "\n".join(map(shown, _lines(report, now)))


def _lines(report: TokenReport, now: float) -> Iterator[str]:
    yield from _members("header", report.header, now)
    yield from _members("claims", report.claims, now)
    yield "rules"
    for each in report.rules:
        yield f"  {Mark.OK if each.reason is None else Mark.WRONG:<{_WIDTH}}  {each.rule}"
        if each.reason is not None:
            yield f"  {'':<{_WIDTH}}  {each.reason}: {each.advice}"
    yield ""
    yield from _verdict(report)


def _members(title: str, segment: Segment, now: float) -> Iterator[str]:
    if segment.members is None:
        yield f"{title} (cannot be read: {segment.reason})"
        return
    yield title
    width = max(map(len, segment.members), default=0)
    for name, value in segment.members.items():
        text = redact(json.dumps(value, ensure_ascii=False))  # before it is cut, and known no more
        more = f"… ({len(text) - _LONGEST} characters more)" if len(text) > _LONGEST else ""
        yield f"  {name:<{min(width, 40)}}  {text[:_LONGEST]}{more}{_when(name, value, now)}"


def _when(name: str, value: object, now: float) -> str:
    """Return which moment a number is."""
    return f"  {moment(value)}, {_apart(value - now)}" if name in _TIMES and is_time(value) else ""


def _apart(seconds: float) -> str:
    size = abs(seconds)
    unit, name = next((each for each in _UNITS if size >= 2 * each[0]), (1, "seconds"))
    count = f"{size / unit:.0f} {name}"
    return f"in {count}" if seconds > 0 else f"{count} ago"


def _verdict(report: TokenReport) -> Iterator[str]:
    if report.principal is not None:
        yield f"accepted: {type(report.principal).__name__}"
        yield from (f"  {name:<11}  {text}" for name, text in _identity(report.principal))
    elif report.outcome is Outcome.NOT_CHECKED:
        yield f"not checked: {report.reason}; its callers are answered 503, and the token may be good"
    else:
        yield f"refused: {report.reason}"
    if report.hint:
        yield f"hint: {report.hint}"


def _identity(principal: Principal) -> Iterator[tuple[str, str]]:
    yield "id", _quoted(principal.id)
    yield "issuer", _quoted(principal.issuer)
    yield "client_id", _quoted(principal.client_id)
    yield "tenant", _quoted(principal.tenant)
    for name in ("scopes", "permissions", "roles", "groups"):
        texts = sorted(getattr(principal, name))
        if texts or name == "scopes":
            yield name, " ".join(texts) or "none"
    if principal.actors:
        yield "actors", ", ".join(_quoted(each.id) for each in principal.actors)


def _quoted(text: str | None) -> str:
    return "none" if text is None else json.dumps(text, ensure_ascii=False)


def kind_as_text(kind: TokenKind) -> str:
    """Return what a text is that is no JWT."""
    return f"this is {kind.says}\n→ {kind.advice}\n\nrefused: a JWT verifier does not take it"


def kind_as_json(kind: TokenKind) -> str:
    """Return the same for programs."""
    members = {
        "outcome": Outcome.REFUSED,
        "reason": None,
        "kind": kind.name.lower(),
        "says": kind.says,
        "do": kind.advice,
    }
    return json.dumps(members, indent=2)


def as_json(report: TokenReport) -> str:
    """Return it for programs; the members are documented, and stay."""
    members = {
        "outcome": report.outcome,
        "reason": report.reason,
        "kind": TokenKind.JWT.name.lower(),
        "header": report.header.members,
        "claims": report.claims.members,
        "rules": [{"rule": each.rule, "reason": each.reason, "do": each.advice or None} for each in report.rules],
        "principal": _principal(report.principal) if report.principal is not None else None,
        "hint": report.hint or None,
    }
    return json.dumps(masked(members), indent=2)


def _principal(principal: Principal) -> Mapping[str, Any]:
    sets = {name: sorted(getattr(principal, name)) for name in ("scopes", "permissions", "roles", "groups")}
    names = {name: getattr(principal, name) for name in ("id", "issuer", "client_id", "tenant")}
    return {"type": type(principal).__name__, **names, **sets, "actors": [each.id for each in principal.actors]}
