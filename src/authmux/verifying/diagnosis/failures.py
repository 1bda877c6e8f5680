"""Why a document could not be had, in plain words and with what to do: one table for the reasons of `FetchFailed`."""

from typing import Final
from urllib.parse import urlsplit

from authmux.verifying.diagnosis.observation import quoted
from authmux.verifying.diagnosis.witness import Asked

FAILURES: Final[dict[str, tuple[str, str]]] = {
    "dns": (
        "the name of the host is not known here",
        "look for a typing mistake; in a container, look which name server it asks",
    ),
    "connect": ("nobody answers at that host and port", "is it running, and does a firewall stand between?"),
    "address": (
        "the metadata leads to an address that is not public, and learnt addresses must be",
        "if your network is meant, allow it: --allow-private 10.2.0.0/16, and allow_private=[…] in the verifier",
    ),
    "port": (
        "the metadata leads to an unusual port of another host",
        "name the address of the keys yourself: --jwks-uri, and jwks_uri=… in the verifier",
    ),
    "timeout": (
        "it did not answer in time",
        "a verifier gives up there, too: make the issuer quicker, or bring its keys nearer with jwks_uri=…",
    ),
    "tls": (
        "its certificate or its TLS is not to be trusted",
        "renew the certificate, or have it name this host; for your own authority: --ca-bundle, HTTPFetch(ca_bundle=…)",
    ),
    "broken": ("the connection broke, or what came was not HTTP", "look at the issuer's log, and at proxies between"),
    "redirect": (
        "it redirects, and redirects are not followed",
        "give the address where the documents are: the issuer as in a token's `iss`, that of the keys as jwks_uri=…",
    ),
    "encoding": ("the answer is compressed though nobody asked for that", "turn off compression for this path"),
    "html": (
        "the answer is a web page and no document: a login page, a portal, or a single-page application",
        "is this the address of the issuer, or of its console? A proxy's login page must let these paths pass",
    ),
    "too_large": (
        "the answer is larger than a verifier reads",
        "if that many keys are meant: fetch=HTTPFetch(max_body=…) in the verifier, at most 4 MiB",
    ),
    "url": ("this is no address that can be asked", "write scheme, host and path, in ASCII, and nothing else"),
    "scheme": ("plain http is asked on this machine alone", "give the https address, or list the origin: allow_http=…"),
    "no_metadata": (
        "none of the well-known places has metadata",
        "is the issuer spelt as in a token's `iss`? If it publishes no metadata, give --jwks-uri and jwks_uri=…",
    ),
    "metadata_unreadable": (
        "the metadata is no strict JSON object",
        "look at it in a browser: duplicate members, a byte order mark and NaN are refused; or give jwks_uri=…",
    ),
    "metadata_of_another_issuer": (
        "the metadata speaks for another issuer",
        "configure the issuer as its tokens write it in `iss`, to the byte",
    ),
    "metadata_without_jwks_uri": (
        "the metadata does not say where the keys are",
        "give --jwks-uri, and jwks_uri=… in the verifier; a server of opaque tokens is for IntrospectionVerifier",
    ),
    "metadata_scheme": (
        "the metadata puts the keys at an address that is not https",
        "have the issuer publish an https jwks_uri: behind a proxy it must know its outer address; or allow_http=…",
    ),
}
"""What it means, and what to do, by reason; statuses are said below."""

_STATUSES: Final = {
    401: "well-known documents are public: take the login away from this path, or give jwks_uri=…",
    403: "a firewall or an access rule keeps this machine out: allow its address",
    404: "look for a typing mistake in the path: the tenant, the realm, or the slash",
    429: "it asks callers to slow down: how many processes ask it, and do they share an address?",
}


def failure_of(asked: Asked) -> tuple[str, str]:
    """Return what went wrong with a question that failed, and what to do."""
    reason = asked.failure.reason if asked.failure is not None else "broken"
    if reason.startswith("status_"):
        return f"it answered {asked.status}", _STATUSES.get(asked.status or 0, _of_the_server(asked))
    says, advice = FAILURES[reason]
    if reason == "redirect":
        return f"it redirects to {place_of(asked.headers.get('location', ''))}, and redirects are not followed", advice
    return says + (f" ({asked.cause})" if asked.cause else ""), advice


def _of_the_server(asked: Asked) -> str:
    wait = asked.failure.retry_after if asked.failure is not None else None
    later = f"; it asks to wait for {wait:.0f} s" if wait is not None else ""
    return f"the fault is the issuer's: look at its log and its status page{later}"


def place_of(location: str) -> str:
    """Return where a redirect leads, without its query, which may hold a login's state."""
    try:
        parts = urlsplit(location)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that cannot be read"
    return quoted(f"{parts.scheme}://{host}{port}{parts.path}" if host else parts.path)
