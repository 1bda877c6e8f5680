"""How keys that another library made look, and what they are found by (K-14): shapes, no two of which overlap."""

import hashlib
import re
import string
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from authmux.errors import ConfigurationError
from authmux.foreign_digest import FORMS
from authmux.token_format import MAX_LENGTH, TokenFormat

_ALPHANUMERIC: Final = frozenset(string.ascii_letters + string.digits)
_TOKEN68: Final = _ALPHANUMERIC | frozenset("._~+/-=")  # what may follow a scheme (RFC 9110 §11.2)
_HEX: Final = frozenset("0123456789abcdef")
_KINDS: Final = ("key", "pat", "sec", "pub")  # K-02
SCHEME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_LOCATOR: Final = 32  # hexadecimal digits of a digest, so that no two keys share them


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of a text: so many of these characters.

    Arguments:
        characters: those that there may be.
        least, most: how many there are.
    """

    characters: frozenset[str]
    least: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignShape:
    """The shape of the keys that one library made; make one with a function of this module.

    Arguments:
        scheme: names it in the store.
        runs: what such a text consists of, from its beginning to its end.
        locate: makes of a text what the store finds its record by.
        algorithms: which kinds of digests are believed; whatever else, only a digest of ours.

    Raises:
        ConfigurationError: one of them is not of that form.
    """

    scheme: str
    runs: tuple[Run, ...]
    locate: Callable[[str], str]
    algorithms: frozenset[str]
    _pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not SCHEME.fullmatch(self.scheme):
            raise ConfigurationError("the scheme of a foreign shape is up to 32 of a-z, 0-9 and '-'")
        if not self.runs or any(not run.characters <= _TOKEN68 | {"_"} for run in self.runs):
            raise ConfigurationError(f"{self.scheme}: a header holds only letters, digits and ._~+/-= of a key")
        if any(not 0 <= run.least <= run.most for run in self.runs) or sum(run.most for run in self.runs) > MAX_LENGTH:
            raise ConfigurationError(f"{self.scheme}: a key has at most {MAX_LENGTH} characters")
        unknown = self.algorithms - FORMS.keys()
        if unknown:
            raise ConfigurationError(f"{self.scheme}: {min(unknown)!r} is none of {', '.join(FORMS)}")
        pattern = "".join(f"[{re.escape(''.join(sorted(r.characters)))}]{{{r.least},{r.most}}}" for r in self.runs)
        object.__setattr__(self, "_pattern", re.compile(pattern))

    def recognises(self, text: str) -> bool:
        """Return whether a text is of this shape."""
        return self._pattern.fullmatch(text) is not None


def drf_api_keys(
    *, prefix_length: int = 8, secret_length: int = 32, algorithms: Collection[str] = ("sha512", "pbkdf2-sha256")
) -> ForeignShape:
    """Return the shape of djangorestframework-api-key: `prefix.secret`, found by its prefix.

    Arguments:
        prefix_length, secret_length: as of the `KeyGenerator`.
        algorithms: "sha512" since its version 3, "pbkdf2-sha256", "argon2" or "bcrypt-sha256" before, as Django
            hashes passwords. With () only keys are believed that were used since they were imported.
    """
    return ForeignShape(
        scheme="drf-api-key",
        runs=(
            Run(_ALPHANUMERIC, prefix_length, prefix_length),
            *_literal("."),
            Run(_ALPHANUMERIC, secret_length, secret_length),
        ),
        locate=lambda text: text[:prefix_length],
        algorithms=frozenset(algorithms),
    )


def knox_tokens(
    *, prefix: str = "", length: int = 64, hash_name: str = "sha512", only_upgraded: bool = False
) -> ForeignShape:
    """Return the shape of django-rest-knox 5: hexadecimal, found by its digest.

    Knox itself looks for the first 15 characters, which two tokens may share.

    Arguments:
        prefix: knox's TOKEN_PREFIX.
        length: its AUTH_TOKEN_CHARACTER_LENGTH.
        hash_name: its SECURE_HASH_ALGORITHM: "sha512", "sha256" or "sha3-512".
        only_upgraded: believe only tokens that were used since they were imported.
    """
    return ForeignShape(
        scheme="knox",
        runs=(*_literal(prefix), Run(_HEX, length, length)),
        locate=_by_digest(hash_name),
        algorithms=frozenset() if only_upgraded else frozenset({hash_name}),
    )


def digested_keys(
    scheme: str,
    *,
    prefix: str = "",
    characters: str = string.ascii_letters + string.digits,
    lengths: tuple[int, int],
    hash_name: str = "sha256",
    only_upgraded: bool = False,
) -> ForeignShape:
    """Return the shape of keys of which a plain digest is kept, by which they are found: Unkey's, better-auth's.

    Arguments:
        scheme: a name for them.
        prefix: what they begin with.
        characters: what may follow, and `lengths`: how many, at least and at most.
        hash_name: "sha256", "sha512" or "sha3-512", of the whole text.
        only_upgraded: believe only keys that were used since they were imported.
    """
    return ForeignShape(
        scheme=scheme,
        runs=(*_literal(prefix), Run(frozenset(characters), *lengths)),
        locate=_by_digest(hash_name),
        algorithms=frozenset() if only_upgraded else frozenset({hash_name}),
    )


def started_keys(
    scheme: str,
    *,
    prefix: str = "",
    characters: str = string.ascii_letters + string.digits,
    lengths: tuple[int, int],
    start: int,
    algorithms: Collection[str],
) -> ForeignShape:
    """Return the shape of keys that are found by how they begin, since their digest is salted.

    Arguments:
        scheme, prefix, characters, lengths: as of `digested_keys`.
        start: how many characters, prefix included, tell one key from another.
        algorithms: "salted-sha256", "pbkdf2-sha256", "argon2", "bcrypt" or "bcrypt-sha256"; with () only keys are
            believed that were used since they were imported.
    """
    if start >= len(prefix) + lengths[0]:
        raise ConfigurationError(f"{scheme}: the start of a key is less than the whole of it")
    return ForeignShape(
        scheme=scheme,
        runs=(*_literal(prefix), Run(frozenset(characters), *lengths)),
        locate=lambda text: text[:start],
        algorithms=frozenset(algorithms),
    )


def digest_locator(digest: bytes) -> str:
    """Return what a key is found by of which a plain digest is kept."""
    return digest.hex()[:_LOCATOR]


def require_disjoint(shapes: Iterable[ForeignShape], *, ours: TokenFormat | None = None, jwts: bool = False) -> None:
    """Return if no text is of two shapes: nothing is tried as two kinds (K-08).

    Arguments:
        ours: no text is one of ours either.
        jwts: nor a JWT.

    Raises:
        ConfigurationError: some text is.
    """
    seen: list[tuple[str, tuple[Run, ...]]] = list(_own_shapes(ours)) if ours else []
    if jwts:
        part = Run(_TOKEN68 - {"."} | {"_"}, 0, MAX_LENGTH // 3)
        seen.append(("a JWT", (part, *_literal("."), part, *_literal("."), part)))
    for shape in shapes:
        for name, runs in seen:
            if _overlap(shape.runs, runs):
                raise ConfigurationError(f"some text is both {shape.scheme!r} and {name}: say more exactly what it is")
        seen.append((repr(shape.scheme), shape.runs))


def _literal(text: str) -> Iterator[Run]:
    return (Run(frozenset(each), 1, 1) for each in text)


def _own_shapes(tokens: TokenFormat) -> Iterator[tuple[str, tuple[Run, ...]]]:
    for prefix in tokens.prefixes:
        for kind in _KINDS:
            mark = f"{prefix}_{kind}_"
            yield "a token of ours", (*_literal(mark), Run(_TOKEN68 | {"_"}, 0, MAX_LENGTH - len(mark)))


def _by_digest(hash_name: str) -> Callable[[str], str]:
    name = hash_name.replace("-", "_")
    return lambda text: digest_locator(hashlib.new(name, text.encode("ascii")).digest())


def _overlap(first: tuple[Run, ...], second: tuple[Run, ...]) -> bool:
    """Return whether some text is of both: whether both can be gone through with the same characters."""
    one, other = list(_steps(first)), list(_steps(second))
    seen: set[tuple[int, int]] = set()
    todo = [(0, 0)]
    while todo:
        at = i, j = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        if i == len(one) and j == len(other):
            return True
        if i < len(one) and one[i][1]:
            todo.append((i + 1, j))
        if j < len(other) and other[j][1]:
            todo.append((i, j + 1))
        if i < len(one) and j < len(other) and one[i][0] & other[j][0]:
            todo.append((i + 1, j + 1))
    return False


def _steps(runs: tuple[Run, ...]) -> Iterator[tuple[frozenset[str], bool]]:
    """Go through runs a character at a time, and say of each whether it may be left out."""
    for run in runs:
        for number in range(run.most):
            yield run.characters, number >= run.least
