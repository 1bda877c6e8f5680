"""Tokens as identity providers write them, one file a provider: what each stands for, or why it is refused.

The ids are invented and have the providers' shapes; times are counted from 1 800 000 000. A token that is `like`
another has its header, its claims and its verifier, some changed; null takes one away.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PROVIDERS = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What is to come of a token: a principal's members, or the reason of a refusal."""

    principal: Mapping[str, Any] | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One token.

    Arguments:
        header, claims: what the provider writes; `alg` and `kid` are the file's.
        verifier: what the `JWTVerifier` is told.
        expected: what comes of it.
        by_auto: what comes of it where the profile is `AUTO`; None where that is not asked.
    """

    provider: str
    name: str
    algorithm: str
    kid: str
    jwk: Mapping[str, object]
    header: Mapping[str, object]
    claims: Mapping[str, object]
    verifier: Mapping[str, Any]
    expected: Expected
    by_auto: Expected | None

    def __str__(self) -> str:
        return f"{self.provider}: {self.name}"


def read_file(provider: str) -> dict[str, Any]:
    """Return a provider's file as it is."""
    content: dict[str, Any] = json.loads((FOLDER / f"{provider}.json").read_text(encoding="utf-8"))
    return content


def read_samples(provider: str) -> Iterator[Sample]:
    """Return a provider's tokens, in the order of its file."""
    file = read_file(provider)
    tokens: dict[str, dict[str, Any]] = {}
    for name, told in file["tokens"].items():
        token = tokens[name] = _with_base(told, tokens)
        yield Sample(
            provider=provider,
            name=name,
            algorithm=file["algorithm"],
            kid=file["kid"],
            jwk=file.get("jwk", {}),
            header=token["header"],
            claims=token["claims"],
            verifier=file["verifiers"][token["verifier"]],
            expected=_expected(token.get("refused") or token["principal"], token),
            by_auto=_expected(token["auto"], token) if "auto" in token else None,
        )


def _with_base(told: Mapping[str, Any], tokens: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return a token with what it has from the one that it is like."""
    base = tokens[told["like"]] if "like" in told else {"header": {}, "claims": {}, "verifier": "default"}
    token = {**base, **told}
    if "principal" in told or "refused" in told:
        for name in {"principal", "refused", "auto", "issuer"} - told.keys():
            token.pop(name, None)
    token["header"] = base["header"] | told.get("header", {})
    token["claims"] = _present(base["claims"] | told.get("claims", {}) | told.get("change", {}))
    return token


def _present(claims: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in claims.items() if value is not None}


def _expected(told: str | Mapping[str, Any], token: Mapping[str, Any]) -> Expected:
    if isinstance(told, str):
        return Expected(reason=told)
    return Expected(principal={"issuer": token.get("issuer", token["claims"]["iss"]), **told})
