"""What can go wrong, named by what the caller is told.

AuthmuxError
├── ConfigurationError            the program is put together wrongly: raised while it is being put together
├── AuthError                     a request is refused
│   ├── MissingCredential         nothing of ours was sent
│   ├── MalformedCredential       what was sent cannot be read as one credential
│   ├── InvalidCredential         it was read and is not good: `fault` says which of eight ways
│   ├── InsufficientScope         it is good and does not reach this far
│   ├── CredentialNotAllowed      it is good and of the wrong kind for this door
│   ├── LimitExceeded             it is good and was used too often
│   └── Unavailable               it could not be checked: never the same as bad
└── IssuingError                  a verb on a key or token is refused
    ├── NotFound                  there is no such credential, or none that the actor may see
    ├── Conflict                  somebody else changed it first, or the name is taken
    └── NotPossible               its state, or a rule, forbids the verb

No error speaks HTTP: `authmux.web.challenge` alone knows status codes and headers. `reason` is a short
constant for the operator's logs and metrics; the caller never sees it. No error holds a secret.
"""

from collections.abc import Collection
from enum import StrEnum


class Fault(StrEnum):
    """The eight things a caller may be told about a credential that is not good (spec answers, the table)."""

    MALFORMED = "malformed"
    SIGNATURE = "signature"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    EXPIRED = "expired"
    NOT_YET_VALID = "not yet valid"
    REVOKED = "revoked"
    TYPE = "type"


class AuthmuxError(Exception):
    """The root of everything that authmux raises on purpose."""


class ConfigurationError(AuthmuxError):
    """The program is put together wrongly; the message says what to change."""


class AuthError(AuthmuxError):
    """A request is refused.

    Arguments:
        reason: a short constant for logs and metrics, never shown to the caller.
        credential_id: the log-safe reference of the credential, given only once its secret was proved.
    """

    def __init__(self, reason: str, *, credential_id: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.credential_id = credential_id


class MissingCredential(AuthError):
    """Nothing was sent that authmux takes; `required` are the scopes of the operation, if it has any."""

    def __init__(self, reason: str = "missing", *, required: Collection[str] = ()) -> None:
        super().__init__(reason)
        self.required = tuple(required)


class MalformedCredential(AuthError):
    """What was sent cannot be read as exactly one credential (RFC 6750 §3.1, invalid_request)."""


class InvalidCredential(AuthError):
    """The credential was read and is not good (RFC 6750 §3.1, invalid_token).

    `fault` is what the caller may be told; None says nothing, as for a key that nobody knows.
    """

    def __init__(self, fault: Fault | None, reason: str, *, credential_id: str | None = None) -> None:
        super().__init__(reason, credential_id=credential_id)
        self.fault = fault


class InsufficientScope(AuthError):
    """The credential is good and lacks a scope; `required` lists every scope of the operation (K-54)."""

    def __init__(
        self, *, required: Collection[str], granted: Collection[str], credential_id: str | None = None
    ) -> None:
        super().__init__("insufficient_scope", credential_id=credential_id)
        self.required = tuple(required)
        self.granted = tuple(granted)


class CredentialNotAllowed(AuthError):
    """The credential is good and of a kind that this operation does not take; `allowed` names those it does."""

    def __init__(self, reason: str, *, allowed: Collection[str] = (), credential_id: str | None = None) -> None:
        super().__init__(reason, credential_id=credential_id)
        self.allowed = tuple(allowed)


class LimitExceeded(AuthError):
    """The credential was used more often than its limit allows; `retry_after` is in seconds."""

    def __init__(self, reason: str, *, retry_after: float, credential_id: str | None = None) -> None:
        super().__init__(reason, credential_id=credential_id)
        self.retry_after = retry_after


class Unavailable(AuthError):
    """The credential could not be checked, because a store or an issuer is away; `retry_after` is in seconds."""

    def __init__(self, reason: str, *, retry_after: float = 1.0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class IssuingError(AuthmuxError):
    """A verb on a key or token is refused; the message says why and what to do."""


class NotFound(IssuingError):
    """There is no such credential, or none that the actor may see (K-42)."""


class Conflict(IssuingError):
    """Somebody else changed the credential first, or the name is taken."""


class NotPossible(IssuingError):
    """The credential's state, or a rule, forbids the verb."""
