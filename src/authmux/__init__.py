"""Which program is calling, and what may it do?

API keys, personal access tokens and JWTs for Starlette, FastAPI and Flask. The middleware is imported from its face:
`authmux.starlette`, `authmux.fastapi`, `authmux.flask`, `authmux.asgi` or `authmux.wsgi`; `SQLStore` from
`authmux.stores.sql`.
"""

from typing import TYPE_CHECKING

from authmux import profiles
from authmux.credential import PresentedCredential
from authmux.errors import (
    AuthError,
    AuthmuxError,
    ConfigurationError,
    Conflict,
    CredentialNotAllowed,
    Fault,
    InsufficientScope,
    InvalidCredential,
    IssuingError,
    LimitExceeded,
    MalformedCredential,
    MissingCredential,
    NotFound,
    NotPossible,
    Unavailable,
)
from authmux.flow import Flow, ask, run, run_async
from authmux.foreign_shape import ForeignShape, digested_keys, drf_api_keys, knox_tokens, started_keys
from authmux.guard import current_principal, requires
from authmux.issuing.actor import System, system
from authmux.issuing.foreign_entry import ForeignEntry, ImportReport, RefusedEntry
from authmux.issuing.foreign_rows import from_digests, from_drf_api_key, from_knox
from authmux.issuing.issued_token import IssuedToken
from authmux.issuing.pepper_status import PepperStatus
from authmux.issuing.token_service import AsyncTokenService, TokenService
from authmux.observer import Observer, Recorder
from authmux.peppers import Peppers
from authmux.principal import Actor, AnonymousKey, Client, Principal, UnprovenClient, User, VerifiedCredential
from authmux.profiles import Profile
from authmux.recording.recorder import UsageRecorder
from authmux.scopes import covers
from authmux.stores.audit_event import Action, AuditEntry, AuditEvent, Head
from authmux.stores.denial import Denial, Denied, Target
from authmux.stores.memory import MemoryStore
from authmux.stores.record import Owner, OwnerType, Record, State
from authmux.stores.usage import Usage
from authmux.token_format import Kind, TokenFormat
from authmux.verifying.authenticator import Authenticator
from authmux.verifying.health import Health, IssuerHealth
from authmux.verifying.issuer_resolver import IssuerResolver
from authmux.verifying.opaque import APIKeyVerifier, PATVerifier
from authmux.verifying.verifier import IssuerVerifier, Verifier
from authmux.visit import find_principal

if TYPE_CHECKING:
    from authmux.verifying.introspect import HTTPIntrospect
    from authmux.verifying.introspection import IntrospectionVerifier
    from authmux.verifying.jwt import JWTVerifier
    from authmux.verifying.jwt_settings import ANY_AUDIENCE
    from authmux.verifying.static_keys import FixedKeys, KeyFile
else:

    def __getattr__(name: str) -> object:
        """Load what stands on PyJWT and cryptography when it is first asked for: they bring an HTTP client along."""
        if name == "JWTVerifier":
            from authmux.verifying import jwt as module
        elif name == "ANY_AUDIENCE":
            from authmux.verifying import jwt_settings as module
        elif name in ("FixedKeys", "KeyFile"):
            from authmux.verifying import static_keys as module
        elif name == "IntrospectionVerifier":
            from authmux.verifying import introspection as module
        elif name == "HTTPIntrospect":
            from authmux.verifying import introspect as module
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(module, name)


__version__ = "0.1.0"

__all__ = [
    "ANY_AUDIENCE",
    "APIKeyVerifier",
    "Action",
    "Actor",
    "AnonymousKey",
    "AsyncTokenService",
    "AuditEntry",
    "AuditEvent",
    "AuthError",
    "Authenticator",
    "AuthmuxError",
    "Client",
    "ConfigurationError",
    "Conflict",
    "CredentialNotAllowed",
    "Denial",
    "Denied",
    "Fault",
    "FixedKeys",
    "Flow",
    "ForeignEntry",
    "ForeignShape",
    "HTTPIntrospect",
    "Head",
    "Health",
    "ImportReport",
    "InsufficientScope",
    "IntrospectionVerifier",
    "InvalidCredential",
    "IssuedToken",
    "IssuerHealth",
    "IssuerResolver",
    "IssuerVerifier",
    "IssuingError",
    "JWTVerifier",
    "KeyFile",
    "Kind",
    "LimitExceeded",
    "MalformedCredential",
    "MemoryStore",
    "MissingCredential",
    "NotFound",
    "NotPossible",
    "Observer",
    "Owner",
    "OwnerType",
    "PATVerifier",
    "PepperStatus",
    "Peppers",
    "PresentedCredential",
    "Principal",
    "Profile",
    "Record",
    "Recorder",
    "RefusedEntry",
    "State",
    "System",
    "Target",
    "TokenFormat",
    "TokenService",
    "Unavailable",
    "UnprovenClient",
    "Usage",
    "UsageRecorder",
    "User",
    "VerifiedCredential",
    "Verifier",
    "ask",
    "covers",
    "current_principal",
    "digested_keys",
    "drf_api_keys",
    "find_principal",
    "from_digests",
    "from_drf_api_key",
    "from_knox",
    "knox_tokens",
    "profiles",
    "requires",
    "run",
    "run_async",
    "started_keys",
    "system",
]
