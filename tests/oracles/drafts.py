"""A token before it is signed: what mutations change, down to its bytes."""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

from authmux.testing.signing_key import SigningKey
from tests.jose.token_maker import encode, sign_text


@dataclass(slots=True)
class Draft:
    """What will be signed, and with which key.

    Arguments:
        key: signs; under `secret` the token is signed with HMAC instead.
        header, claims: as values; mutations of text and encoding come later.
        now: what tokens call now.
        changes: the names of the mutations that it has been through.
    """

    key: SigningKey
    header: dict[str, Any]
    claims: dict[str, Any]
    now: int
    secret: bytes | None = None
    header_text: bytes | None = None
    claims_text: bytes | None = None
    changes: list[str] = field(default_factory=list)

    def header_bytes(self) -> bytes:
        """Return the header's JSON."""
        return dump(self.header) if self.header_text is None else self.header_text

    def claims_bytes(self) -> bytes:
        """Return the claims' JSON."""
        return dump(self.claims) if self.claims_text is None else self.claims_text

    def sign(self) -> str:
        """Return the token, with a signature that fits what it says now."""
        signing_input = f"{encode(self.header_bytes())}.{encode(self.claims_bytes())}"
        if self.secret is not None:
            return f"{signing_input}.{encode(hmac.digest(self.secret, signing_input.encode(), hashlib.sha256))}"
        return sign_text(self.key, signing_input)

    def keep_signature(self, of: str) -> str:
        """Return the token under the signature of another one: quick, and never good."""
        return f"{encode(self.header_bytes())}.{encode(self.claims_bytes())}.{of.rpartition('.')[2]}"


def dump(value: object) -> bytes:
    """Return compact JSON, of values too that are none, such as NaN."""
    return json.dumps(value, separators=(",", ":")).encode()
