"""Which keys an issuer publishes, which of them can be used, and for how long the set is believed (B-15, B-30)."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from authmux.jose.jwk import ALGORITHMS, PublicKey, UnusableKey, parse_key
from authmux.jose.key_set import MAX_KEYS, SET_DEPTH
from authmux.jose.strict_json import NotStrict, parse_object
from authmux.verifying.diagnosis.failures import failure_of
from authmux.verifying.diagnosis.observation import Mark, Observation, Part, quoted
from authmux.verifying.diagnosis.witness import Witness
from authmux.verifying.fetch import Fetched, FetchFailed
from authmux.verifying.refresh_plan import REFRESH_AHEAD, fresh_for
from authmux.verifying.snapshot import max_age

MAX_BODY: Final = 256 * 1024  # bytes; what `HTTPFetch` reads (B-52)
_NEAR: Final = 0.8  # of a limit

SKIPPED: Final[dict[str, tuple[Mark, str, str]]] = {
    "use": (Mark.OK, "for encryption, and not for signatures", ""),
    "key_ops": (Mark.OK, "not for verifying", ""),
    "kty": (Mark.OK, "of a type that no algorithm here uses", ""),
    "alg": (Mark.WARNING, "for an algorithm that is not taken", "if it signs tokens, sign with RS256, ES256 or EdDSA"),
    "kid": (Mark.WARNING, "its kid is no text, or too long", "have the issuer give it a short kid"),
    "issuer": (Mark.WARNING, "the issuer that it names is no text", "tell the issuer"),
    "member_missing": (Mark.WARNING, "a part of it is missing", "tell the issuer"),
    "base64": (Mark.WARNING, "a part of it is not written in base64url", "tell the issuer"),
    "unreadable": (Mark.WARNING, "its numbers are those of no key", "tell the issuer"),
    "not_an_object": (Mark.WARNING, "it is no object", "tell the issuer"),
    "rsa_size": (
        Mark.WARNING,
        "it is weak: RSA of fewer than 2048 bits, or of more than 8192",
        "have the issuer sign with another key; tokens signed by this one are refused",
    ),
    "rsa_numbers": (
        Mark.WARNING,
        "its modulus or exponent is that of no sound RSA key",
        "have the issuer sign with another key; tokens signed by this one are refused",
    ),
    "rsa_roca": (
        Mark.WRONG,
        "it was made by the faulty chips of 2017 (ROCA): anybody can compute its private half",
        "have the issuer replace it at once; tokens signed by it are refused",
    ),
    "secret_published": (
        Mark.WRONG,
        "ALARM: the issuer publishes its private half, or a shared secret",
        "tell the issuer at once: whoever has seen it can make tokens. Here they are refused",
    ),
}
"""What it means that a key is skipped, and what to do, by the reason of `UnusableKey`."""


def fetch_keys(jwks_uri: str, fetch: Witness) -> Iterator[Observation]:
    """Fetch the key set as a verifier does, and return what is to be said of it."""
    try:
        answer = fetch(jwks_uri, {"Accept": "application/jwk-set+json, application/json"})
    except FetchFailed:
        says, advice = failure_of(fetch.asked[-1])
        yield _observe(Mark.WRONG, f"{jwks_uri}: {says}", advice)
        return
    try:
        members = parse_object(answer.body, max_depth=SET_DEPTH).get("keys")
    except NotStrict as error:
        advice = "look at it in a browser: it must be strict JSON, without duplicate members"
        yield _observe(Mark.WRONG, f"{jwks_uri}: it is no strict JSON object ({error})", advice)
        return
    if not isinstance(members, list):
        yield _observe(Mark.WRONG, f"{jwks_uri}: it is no key set, for it has no list `keys`", "is this the jwks_uri?")
        return
    yield from _size(answer, members)
    yield from _keys(members)
    yield _freshness(answer)


def _keys(members: list[Any]) -> Iterator[Observation]:
    """Return what is to be said of each key, and of all together."""
    keys: list[PublicKey] = []
    for number, member in enumerate(members, start=1):
        name = _name_of(member, number)
        try:
            key = parse_key(member)
        except UnusableKey as error:
            mark, says, advice = SKIPPED[str(error)]
            yield _observe(mark, f"{name} is skipped: {says}{_algorithm_of(member, str(error))}", advice)
        else:
            keys.append(key)
            yield _usable(key, name)
    if not keys:
        yield _observe(Mark.WRONG, "there is no key that could be used", "no token of this issuer can be verified")
    yield from _ambiguities(keys)


def _usable(key: PublicKey, name: str) -> Observation:
    algorithms = ", ".join(sorted(key.algorithms))
    if isinstance(key.key, RSAPublicKey) and key.key.public_numbers().e == 3:
        advice = "it is taken; 65537 is the exponent that everybody uses, and that forgives careless software"
        return _observe(Mark.WARNING, f"{name} is for {algorithms}, with the exponent 3", advice)
    return _observe(Mark.OK, f"{name} is for {algorithms}")


def _ambiguities(keys: list[PublicKey]) -> Iterator[Observation]:
    """Return which names mean two keys, so that they can mean none (B-13, B-14)."""
    named: dict[tuple[str | None, str], set[str]] = defaultdict(set)
    for key in keys:
        for alg in key.algorithms:
            named[key.kid, alg].add(key.thumbprint)
    for kid in {kid: None for (kid, _), found in named.items() if kid is not None and len(found) > 1}:
        says = f"two different keys have the kid {quoted(kid)}, so that neither can be used"
        yield _observe(Mark.WRONG, says, "have the issuer give each key a kid of its own")
    if any(key.kid is None for key in keys) and len(keys) > 1:
        says = "a key has no kid, and there is another one: a token that names no key is refused where both would fit"
        yield _observe(Mark.WARNING, says, "have the issuer give each key a kid, and name it in its tokens")


def _size(answer: Fetched, members: list[Any]) -> Iterator[Observation]:
    says = f"{len(members)} {'key' if len(members) == 1 else 'keys'} of at most {MAX_KEYS}"
    says += f", {len(answer.body) / 1024:.1f} of at most {MAX_BODY // 1024} KiB"
    if len(members) > MAX_KEYS:
        yield _observe(Mark.WRONG, says, "have the issuer publish fewer keys, or give max_keys=… in the verifier")
    elif len(members) > _NEAR * MAX_KEYS or len(answer.body) > _NEAR * MAX_BODY:
        yield _observe(Mark.WARNING, says, "past the limit no key is taken: have old keys removed, or give max_keys=…")
    else:
        yield _observe(Mark.OK, says)


def _freshness(answer: Fetched) -> Observation:
    """Return for how long the set is believed, whatever the issuer says of caching (B-30, B-31)."""
    header = answer.headers.get("cache-control", "")
    said = f"cache-control: {header[:200]}" if header else "no cache-control"
    seconds = fresh_for(max_age(answer))
    return _observe(
        Mark.OK, f"{said}: believed for {seconds:.0f} s, and fetched again after about {seconds * REFRESH_AHEAD:.0f} s"
    )


def _name_of(member: object, number: int) -> str:
    kid = member.get("kid") if isinstance(member, dict) else None
    return f"key {quoted(kid)}" if isinstance(kid, str) else f"key {number}, without a kid,"


def _algorithm_of(member: object, reason: str) -> str:
    """Return which algorithm an unknown one is, where it is a word and no surprise."""
    alg = member.get("alg") if reason == "alg" and isinstance(member, dict) else None
    return f" ({quoted(alg)}; taken are {', '.join(sorted(ALGORITHMS))})" if isinstance(alg, str) else ""


def _observe(mark: Mark, says: str, advice: str = "") -> Observation:
    return Observation(part=Part.KEYS, mark=mark, says=says, advice=advice)
