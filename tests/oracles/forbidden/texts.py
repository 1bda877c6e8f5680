"""Tokens and JSON that are spelt as they must not be (A-029, A-056…A-079)."""

from typing import Final

from tests.jose.token_maker import encode, get_key, sign_text
from tests.oracles.forbidden.bench import claims, dump, header, sign

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def wrong_texts(now: int) -> dict[str, str]:
    """Return tokens that are spelt, or whose claims are written, in a way with more than one reading."""
    token = sign(header(), claims(now))
    head, body, signature = token.split(".")
    padded = f"{head}.{encode(dump(claims(now, {'pad': 'x'})))}"
    spellings = {
        "A-056 = behind the signature": f"{token}=",
        "A-056 == behind the signature": f"{token}==",
        "A-056 padding in the header, signed as such": sign_text(get_key("ES256"), f"{_padded(head)}.{body}"),
        "A-056 padding in the claims, signed as such": sign_text(get_key("ES256"), f"{head}.{_padded(body)}"),
        "A-058 a newline within the signature": f"{head}.{body}.{signature[:9]}\n{signature[9:]}",
        "A-058 a blank within the claims": f"{head}.{body[:9]} {body[9:]}.{signature}",
        "A-058 a newline behind the token": f"{token}\n",
        "A-058 a blank before the token": f" {token}",
        "A-059 + and / in the signature": _with_plus_and_slash(now),
        "A-061 junk in the signature": f"{head}.{body}.{signature[:9]}!{signature[9:]}",
        "A-061 a tilde behind the token": f"{token}~",
        "A-062 a NUL behind the token": f"{token}\x00",
        "A-062 a letter that is none": f"{head}.{body}.{signature[:-1]}\u212a",
        "A-056 unused bits in the signature": f"{head}.{body}.{_other_tail(signature)}",
        "A-064 one segment": head,
        "A-064 two segments": f"{head}.{body}",
        "A-064 four segments": f"{token}.",
        "A-029 five segments": f"{token}.{body}.{signature}",
        "A-064 dots": "..",
        "A-064 an empty text": "",
        "A-034 a detached payload": f"{head}..{signature}",
        "A-067 encoded twice": encode(token.encode()),
        "A-067 percent-encoded": token.replace(".", "%2E"),
        "A-079 200 KB": sign(header(), claims(now, {"pad": "x" * 150_000})),
        "A-121 an SD-JWT": f"{token}~WyJzYWx0IiwiYSIsMV0~",
        "A-052 a JWT as claims": sign(header(), token.encode()),
        "A-028 the signature of another spelling": f"{padded}.{signature}",
    }
    return spellings | {f"{name} as claims": sign(header(), text) for name, text in _payloads(now).items()}


def _payloads(now: int) -> dict[str, bytes]:
    good = dump(claims(now))
    inner = good[1:]
    return {
        "A-068 an array": b"[]",
        "A-068 an array of claims": b"[" + good + b"]",
        "A-068 a text": b'"a"',
        "A-068 a number": b"1",
        "A-068 null": b"null",
        "A-068 nothing": b"",
        "A-070 NaN": b'{"a":NaN,' + inner,
        "A-070 Infinity": b'{"a":Infinity,' + inner,
        "A-070 an exp that never comes": good.replace(str(now + 3600).encode(), b"Infinity"),
        "A-071 a byte order mark before": b"\xef\xbb\xbf" + good,
        "A-071 UTF-16": good.decode().encode("utf-16"),
        "A-071 UTF-32": good.decode().encode("utf-32"),
        "A-071 a byte that is no UTF-8": b'{"a":"\xff",' + inner,
        "A-071 an overlong sequence": b'{"a":"\xc0\xaf",' + inner,
        "A-071 a lone surrogate": b'{"a":"\\ud800",' + inner,
        "A-073 bytes behind": good + b"x",
        "A-073 a comment": b"{/* */" + inner,
        "A-073 single quotes": good.replace(b'"', b"'"),
        "A-073 a comma at the end": good[:-1] + b",}",
        "A-074 17 levels": b'{"a":' + b"[" * 17 + b"]" * 17 + b"," + inner,
        "A-074 500 levels": b'{"a":' + b"[" * 500 + b"]" * 500 + b"," + inner,
        "A-074 5 000 levels": b'{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"," + inner,
        "A-076 1e400": b'{"a":1e400,' + inner,
        "A-076 a number of 5 000 digits": b'{"a":' + b"9" * 5_000 + b"," + inner,
        "A-044 sub twice": b'{"sub":"eve",' + inner,
        "A-044 sub twice, once escaped": b'{"s\\u0075b":"eve",' + inner,
        "A-044 exp twice": b'{"exp":1,' + inner,
        "A-044 aud twice": b'{"aud":"https://other.example",' + inner,
        "A-044 a name twice, deeper": b'{"a":{"b":1,"b":2},' + inner,
        "A-077 300 names": dump(claims(now, {f"n{each}": 0 for each in range(300)})),
    }


def _padded(segment: str) -> str:
    return segment + "=" * (-len(segment) % 4 or 4)


def _other_tail(segment: str) -> str:
    return segment[:-1] + _ALPHABET[_ALPHABET.index(segment[-1]) ^ 1]


def _with_plus_and_slash(now: int) -> str:
    """Return a token whose signature needs one of the two letters, in the other alphabet."""
    while True:
        signed, _, signature = sign(header(), claims(now)).rpartition(".")
        if "-" in signature or "_" in signature:
            return f"{signed}.{signature.replace('-', '+').replace('_', '/')}"
