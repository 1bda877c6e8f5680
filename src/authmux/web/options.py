"""What every face may be told, besides which credentials the application takes."""

from collections.abc import Collection
from typing import TypedDict


class Options(TypedDict, total=False):
    """The keyword arguments of `AuthMiddleware` and `install`, on every face; all of them may be left out."""

    api_key_header: str | None
    """A header for credentials beside `Authorization`, such as "X-API-Key" (K-80); off by default."""

    basic: bool
    """Whether a key or a personal access token may stand in `Authorization: Basic`, as the user's name or the
    password (K-80); off by default. A foreign user and password stay the application's own affair."""

    required: bool
    """Whether a request without a credential is refused everywhere but on public paths; by default only guards
    refuse it."""

    public: Collection[str]
    """Where `required` lets everybody in: `/health`, or `/docs/*` for all below it; on the path that the router uses.
    A credential that is sent there must be good all the same."""

    preflights: bool
    """Whether `required` lets CORS preflights in, which browsers send without credentials; on by default. An endpoint
    that answers OPTIONS itself is open to everybody then; switch it off where CORS is answered further out."""

    keep_credential: bool
    """Whether the application gets to see the header that the credential stood in; by default it is taken out of scope
    or environ when it is read (K-82)."""

    realm: str
    """The name of the protection space, shown in challenges (RFC 9110 §11.5); "api" by default."""
