"""What a refused caller is told: the one place that knows status codes and writes `WWW-Authenticate` (spec answers).

The finer reason is for the operator's log. Nothing here echoes what the caller sent.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from authmux.errors import (
    AuthError,
    ConfigurationError,
    CredentialNotAllowed,
    InsufficientScope,
    InvalidCredential,
    LimitExceeded,
    MalformedCredential,
    MissingCredential,
    Unavailable,
)

_REALM: Final = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")
_UNQUOTABLE: Final = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")  # RFC 6750 §3; no header is ever split
_TITLES: Final = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    429: "Too Many Requests",
    503: "Service Unavailable",
}


@dataclass(frozen=True, slots=True)
class Challenge:
    """A refusal, ready for the wire; header names in their usual spelling, in the order to send."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def status_line(self) -> str:
        """Return the status as WSGI writes it: `401 Unauthorized`."""
        return f"{self.status} {_TITLES[self.status]}"


class Challenger:
    """Writes refusals for one protection space.

    Arguments:
        realm: its name, shown in `WWW-Authenticate` (RFC 9110 §11.5).

    Raises:
        ConfigurationError: the realm has a quote, a backslash, or a character beyond ASCII.
    """

    def __init__(self, *, realm: str) -> None:
        if not _REALM.fullmatch(realm):
            raise ConfigurationError(f"realm {realm!r}: write printable ASCII without quotes and backslashes")
        self._realm = realm

    def challenge_for(self, error: AuthError) -> Challenge:
        """Return what to answer; a row of the table for each class of error."""
        match error:
            case MissingCredential():
                parameters = {"scope": " ".join(error.required)} if error.required else {}
                detail = "Send a credential: Authorization: Bearer <key or token>."
                return self._write(401, "missing_credential", detail, challenge=parameters)
            case MalformedCredential():
                detail = "The credentials cannot be read. Send exactly one: Authorization: Bearer <key or token>."
                return self._write(400, "invalid_request", detail, challenge={"error": "invalid_request"})
            case InvalidCredential():
                return self._invalid(error)
            case InsufficientScope():
                return self._insufficient(error)
            case CredentialNotAllowed():
                detail = "A credential of this kind may not do this, however good it is."
                more = {"credential_id": error.credential_id, "allowed": list(error.allowed)}
                return self._write(403, "credential_not_allowed", detail, members=more)
            case LimitExceeded():
                detail = "The limit of this credential is used up for now."
                return self._write(429, "limit_exceeded", detail, retry_after=error.retry_after)
            case Unavailable():
                detail = "The credential could not be checked just now; it may well be good. Try again."
                return self._write(503, "unavailable", detail, retry_after=error.retry_after)
        raise error  # a kind of refusal that this table does not know is a bug: 500, never a way in

    def _invalid(self, error: InvalidCredential) -> Challenge:
        parameters = {"error": "invalid_token"}
        detail = "The key or token is not good."
        if error.fault is not None:
            parameters["error_description"] = error.fault.value
            detail = f"The key or token is not good: {error.fault.value}."
        more = {"credential_id": error.credential_id}
        return self._write(401, "invalid_token", detail, challenge=parameters, members=more)

    def _insufficient(self, error: InsufficientScope) -> Challenge:
        required = _UNQUOTABLE.sub("", " ".join(error.required))
        more = {
            "credential_id": error.credential_id,
            "required": list(error.required),
            "granted": list(error.granted),
        }
        answer = self._write(
            403,
            "insufficient_scope",
            f"The credential is good and lacks a scope; this needs: {required}.",
            challenge={"error": "insufficient_scope", "scope": required},
            members=more,
        )
        return Challenge(answer.status, (*answer.headers, ("X-Accepted-Scopes", required)), answer.body)  # K-54

    def _write(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        challenge: Mapping[str, str] | None = None,
        members: Mapping[str, object] | None = None,
        retry_after: float | None = None,
    ) -> Challenge:
        """Write a problem (RFC 9457) and its headers; members that are empty are left out."""
        problem: dict[str, object] = {"type": "about:blank", "title": _TITLES[status], "status": status}
        problem |= {"code": code, "detail": detail}
        problem |= {name: value for name, value in (members or {}).items() if value}
        body = json.dumps(problem).encode()
        headers = [("Content-Type", "application/problem+json"), ("Content-Length", str(len(body)))]
        if challenge is not None:
            parameters = {"realm": self._realm, **challenge}
            written = ", ".join(f'{name}="{_UNQUOTABLE.sub("", value)}"' for name, value in parameters.items())
            headers.append(("WWW-Authenticate", f"Bearer {written}"))
        if retry_after is not None:
            headers.append(("Retry-After", str(max(1, math.ceil(retry_after)))))
        headers.append(("Cache-Control", "no-store"))
        return Challenge(status, tuple(headers), body)
