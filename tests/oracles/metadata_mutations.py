"""Metadata documents (RFC 8414) with something wrong in them."""

import json
from random import Random
from typing import Any, Final

from tests.oracles.odd_values import odd_value, spoil

ISSUER: Final = "https://auto.example"
_URIS: Final = (
    "https://auto.example/keys", "https://keys.example:8443/a?b=c", "http://auto.example/keys", "file:///etc/passwd",
    "ftp://auto.example/keys", "data:application/json,{}", "gopher://auto.example", "//auto.example/keys", "/keys",
    "https://", "https:///keys", "https:keys", "HTTPS://auto.example/keys", "https://a@auto.example/", "https://[::1]/",
    "https://[::1", "https://[v1.a]/", "https://auto.example:99999/", "https://auto.example:x/", "https://\u2100/",
    "https://auto.example\\@attacker.example/", "https://auto.example/\r\nHost: a", " https://auto.example/keys",
    "https://auto.example/keys#a", "http://localhost/keys", "http://127.0.0.1/keys", "https://auto.example.",
    "javascript:1", "https://xn--/", "https://%61uto.example/", "https://a b/", "https://\u0000/", "unix:/socket",
)  # fmt: skip
_ISSUERS: Final = (
    f"{ISSUER}/", ISSUER.upper(), "http://auto.example", "https://auto.example:443", "https://attacker.example",
    f"{ISSUER}?", f"{ISSUER}#", "https://\u0430uto.example", f"{ISSUER} ", "",
)  # fmt: skip


def good_metadata() -> dict[str, Any]:
    """Return what a good issuer says of itself."""
    return {
        "issuer": ISSUER,
        "jwks_uri": f"{ISSUER}/keys",
        "token_endpoint": f"{ISSUER}/token",
        "response_types_supported": ["code"],
        "scopes_supported": ["a", "b"],
    }


def mutate_metadata(random: Random) -> bytes:
    """Return a document in which one or several things are not as they should be."""
    document = good_metadata()
    for _ in range(random.choice((1, 1, 2))):
        chance = random.random()
        if chance < 0.4:
            document["jwks_uri"] = random.choice(_URIS)
        elif chance < 0.5:
            document["issuer"] = random.choice(_ISSUERS)
        elif chance < 0.8:
            name = random.choice((*document, "jwks_uri", "issuer"))
            document[name] = odd_value(random, document.get(name))
        else:
            document.pop(random.choice(("jwks_uri", "issuer")), None)
    text = json.dumps(document).encode()
    return spoil(random, text) if random.random() < 0.4 else text
