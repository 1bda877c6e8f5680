"""`Entrance`: what an application takes from its callers, and where, as its documentation must tell."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

from authmux.verifying.authenticator import AnyVerifier, Authenticator


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """What `AuthMiddleware` was told; `web.options` says what each of them is.

    Arguments:
        verifiers: one for each kind of credential, as the authenticator has them.
    """

    verifiers: tuple[AnyVerifier, ...]
    api_key_header: str | None = None
    basic: bool = False
    required: bool = False
    public: Collection[str] = ()
    realm: str = "api"

    @classmethod
    def of(cls, authenticator: Authenticator, options: Mapping[str, Any]) -> Self:
        """Return what an application takes that was given this authenticator and these options."""
        told: dict[str, Any] = {name: value for name, value in options.items() if name in cls.__slots__}
        return cls(verifiers=authenticator.verifiers, **told)
