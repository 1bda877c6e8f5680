"""The table: what is sent, and what must come of it."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Case:
    """A request and the answer that it must get.

    Arguments:
        title: what is shown for, in a few words.
        headers: such as "Authorization: Bearer {key}"; in braces stands the name of a credential.
        status: of the answer.
        expected: the class of the principal, or the code of the refusal and what its challenge says of it.
        times: how often it is sent in a row; from the second time on the credential is known already.
    """

    title: str
    headers: tuple[str, ...]
    status: int
    expected: str
    times: int = 1


KNOWN: Final = 3  # of three requests to two workers, one meets a worker that knows the credential
BY_EVERY_WORKER: Final = 12  # which of two workers takes a request is chance; so often, each has had its turn


def accepted(title: str, header: str, principal: str, times: int = KNOWN) -> Case:
    """Return a row for a credential that is good, sent again when it is known."""
    return Case(title, (header,), 200, principal, times)


def refused(title: str, status: int, code: str, *headers: str, times: int = 1) -> Case:
    """Return a row for a request that is not let in."""
    return Case(title, headers, status, code, times)


ACCEPTED: Final = (
    accepted("an API key", "Authorization: Bearer {key}", "AnonymousKey"),
    accepted("under the scheme api-key", "Authorization: api-key {key}", "AnonymousKey"),
    accepted("in a header of its own", "X-API-Key: {key}", "AnonymousKey"),
    accepted("a key that belongs to a client", "Authorization: Bearer {client_key}", "Client"),
    accepted("a personal access token", "Authorization: Bearer {pat}", "User"),
    accepted("a JWT from the issuer", "Authorization: Bearer {jwt}", "Client"),
    accepted("a rolled key, the old text", "Authorization: Bearer {rolled}", "AnonymousKey"),
    accepted("a rolled key, the new text", "Authorization: Bearer {successor}", "AnonymousKey"),
    accepted("a key, soon to be revoked", "Authorization: Bearer {doomed}", "AnonymousKey", BY_EVERY_WORKER),
)

REFUSED: Final = (
    refused("a revoked key", 401, "invalid_token: revoked", "Authorization: Bearer {doomed}", times=BY_EVERY_WORKER),
    refused("nothing", 401, "missing_credential"),
    refused("garbage", 401, "invalid_token: malformed", "Authorization: Bearer open-sesame"),
    refused("one letter mistyped", 401, "invalid_token: malformed", "Authorization: Bearer {mistyped}"),
    refused("a key that nobody knows", 401, "invalid_token", "Authorization: Bearer {unknown}"),
    refused("an expired PAT", 401, "invalid_token: expired", "Authorization: Bearer {brief}"),
    refused("a JWT for another API", 401, "invalid_token: audience", "Authorization: Bearer {misdirected}"),
    refused("an expired JWT", 401, "invalid_token: expired", "Authorization: Bearer {stale}"),
    refused("a JWT of another issuer", 401, "invalid_token: issuer", "Authorization: Bearer {foreign}"),
    refused("a JWT without a signature", 401, "invalid_token: malformed", "Authorization: Bearer {unsigned}"),
    refused("a JWT that says alg none", 401, "invalid_token: signature", "Authorization: Bearer {downgraded}"),
    refused("a key without the scope", 403, "insufficient_scope", "Authorization: Bearer {other}"),
    refused("two credentials", 400, "invalid_request", "Authorization: Bearer {key}", "X-API-Key: {client_key}"),
)
