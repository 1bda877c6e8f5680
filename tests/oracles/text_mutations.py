"""What can be done to a token that is signed already, without any key; none of it may ever be accepted."""

import base64
from collections.abc import Callable, Sequence
from random import Random
from typing import Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.jose.token_maker import encode

TextMutation: TypeAlias = Callable[[Random, str], str]

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_ODD: Final = "+/=.,~!%? \t\n\r\x00\x7f\u00e9\u212a\U0001f600" + _ALPHABET[:4]


def _replace(random: Random, text: str) -> str:
    at = random.randrange(len(text))
    return text[:at] + random.choice(_ALPHABET) + text[at + 1 :]


def _insert(random: Random, text: str) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(_ODD) + text[at:]


def _delete(random: Random, text: str) -> str:
    at = random.randrange(len(text))
    return text[:at] + text[at + random.choice((1, 1, 2, 4)) :]


def _tail_bits(random: Random, text: str) -> str:
    """Spell one segment differently, so that lenient decoders read the same bytes."""
    segments = text.split(".")
    which = random.randrange(len(segments))
    last = segments[which][-1:]
    if last in _ALPHABET and last:
        segments[which] = segments[which][:-1] + _ALPHABET[_ALPHABET.index(last) ^ random.choice((1, 2, 3))]
    return ".".join(segments)


def _pad(random: Random, text: str) -> str:
    segments = text.split(".")
    which = random.randrange(len(segments))
    segments[which] += random.choice(("=", "==", "===", "A", "AA", "AAAA", "\n"))
    return ".".join(segments)


def _segments(random: Random, text: str) -> str:
    segments = text.split(".")
    random.shuffle(segments)
    return ".".join(segments[: random.randrange(1, 4)] + segments[: random.choice((0, 0, 1, 2, 3))])


def _signature(random: Random, text: str) -> str:
    """Write the signature as it must not be written (B-16)."""
    signed, _, encoded = text.rpartition(".")
    try:
        signature = base64.urlsafe_b64decode(encoded + "==")
    except ValueError:
        return text + "."
    half = len(signature) // 2
    der = encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
    changed = random.choice((
        b"", bytes(len(signature)), signature[:-1], signature[1:], signature + b"\x00", b"\x00" + signature,
        signature * 2, der, signature[::-1], signature[half:] + signature[:half], b"\xff" * len(signature),
        bytes(half) + signature[half:], random.randbytes(len(signature)),
    ))  # fmt: skip
    return f"{signed}.{encode(changed)}"


def _other_alphabet(_: Random, text: str) -> str:
    return text.replace("-", "+").replace("_", "/")


def _affix(random: Random, text: str) -> str:
    affix = random.choice(("Bearer ", " ", "\n", "\ufeff", '"', "'", "..", ".", ",", "=", "\x00", "~", "eyJ."))
    return affix + text if random.random() < 0.5 else text + affix


def _case(random: Random, text: str) -> str:
    return random.choice((text.upper(), text.lower(), text.swapcase()))


def _encode(random: Random, text: str) -> str:
    return random.choice((encode(text.encode()), text.replace(".", "%2E"), text[::-1], text.replace(".", "\u3002")))


def _long(random: Random, text: str) -> str:
    return random.choice((text + "A" * 20_000, text + "." * 10_000, "." * random.randrange(5), text * 40))


def _slice(random: Random, text: str) -> str:
    start, end = sorted((random.randrange(len(text)), random.randrange(len(text))))
    return text[start:end] if random.random() < 0.5 else text[:start] + text[end:]


TEXT_MUTATIONS: Final[Sequence[TextMutation]] = (
    _replace, _replace, _replace, _insert, _insert, _delete, _tail_bits, _pad, _segments, _signature, _signature,
    _other_alphabet, _affix, _case, _encode, _long, _slice,
)  # fmt: skip
