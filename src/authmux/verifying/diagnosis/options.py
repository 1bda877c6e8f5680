"""`VerifierOptions`: what a `JWTVerifier` is to be told, on its way there and back into a line of Python."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.profiles import AUTO, Path, Profile
from authmux.verifying.fetch import Fetch
from authmux.verifying.jwt import JWTVerifier
from authmux.verifying.jwt_settings import ANY_AUDIENCE
from authmux.verifying.key_source import KeySource


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierOptions:
    """The options that a verifier of one issuer has; see `JWTVerifier`.

    Arguments:
        profile: None where it is still to be found out.
    """

    issuer: str
    audience: tuple[str, ...] = ()
    profile: Profile | None = None
    jwks_uri: str | None = None
    allow_private: tuple[str, ...] = ()
    allow_http: tuple[str, ...] = ()
    accept: Mapping[str | Path, tuple[str, ...]] = field(default_factory=dict[str | Path, tuple[str, ...]])
    tenants: tuple[str, ...] = ()

    def verifier(
        self, *, profile: Profile | None = None, keys: KeySource | None = None, fetch: Fetch | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> JWTVerifier:  # fmt: skip
        """Return the verifier, with another profile if one is given.

        Raises:
            ConfigurationError: the options cannot be meant.
        """
        return JWTVerifier(
            issuer=self.issuer,
            audience=self.audience or ANY_AUDIENCE,
            profile=profile or self.profile or AUTO,
            accept=dict(self.accept) or None,
            tenants=self.tenants,
            keys=keys,
            jwks_uri=self.jwks_uri,
            allow_private=self.allow_private,
            allow_http=self.allow_http,
            fetch=fetch,
            clock=clock,
        )

    def as_python(self, profile: Profile) -> str:
        """Return the line that makes such a verifier; what is still to be said is three dots."""
        told: dict[str, Any] = {"issuer": self.issuer, "audience": _one_or_more(self.audience) or "…"}
        words = [f"{name}={_literal(value)}" for name, value in told.items()]
        words.append(f"profile={name_of(profile)}")
        words += [f"tenants={_literal(self.tenants)}"] if self.tenants else []
        words += [f"accept={_accepted(self.accept, profile)}"] if self.accept or profile.accept else []
        words += [f"jwks_uri={_literal(self.jwks_uri)}"] if self.jwks_uri else []
        words += [f"allow_private={_literal(self.allow_private)}"] if self.allow_private else []
        words += [f"allow_http={_literal(self.allow_http)}"] if self.allow_http else []
        return f"JWTVerifier({', '.join(words)})"


def name_of(profile: Profile) -> str:
    """Return how a profile of ours is called in Python."""
    return f"profiles.{profile.name.upper().replace('-', '_')}"


def _accepted(accept: Mapping[str | Path, tuple[str, ...]], profile: Profile) -> str:
    given = accept or {profile.accept[0]: ("…",)}
    return "{" + ", ".join(f"{_key(path)}: {_literal(values)}" for path, values in given.items()) + "}"


def _key(path: str | Path) -> str:
    return _literal(path) if isinstance(path, str) else f"({', '.join(map(_literal, path))})"


def _one_or_more(texts: tuple[str, ...]) -> str | tuple[str, ...]:
    return texts[0] if len(texts) == 1 else texts


def _literal(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)  # a text or a list of texts is written alike in Python
