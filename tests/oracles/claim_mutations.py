"""What an issuer, or whoever may choose a claim, writes into a token's claims; signed afterwards."""

from collections.abc import Sequence
from random import Random
from typing import Any, Final

from tests.oracles.doors import AUDIENCE, DIALECTS, LEEWAY, TENANT
from tests.oracles.drafts import Draft
from tests.oracles.header_mutations import Mutation
from tests.oracles.odd_values import odd_value, spoil

NAMES: Final = (
    "iss", "aud", "sub", "exp", "nbf", "iat", "jti", "client_id", "azp", "cid", "appid", "azpacr", "appidacr", "gty",
    "scope", "scp", "permissions", "roles", "groups", "token_use", "typ", "tok_type", "nonce", "at_hash", "c_hash",
    "s_hash", "events", "cnf", "act", "may_act", "tid", "oid", "uid", "idtyp", "ver", "username", "clientHost",
    "clientAddress", "realm_access", "resource_access", "kubernetes.io", "repository_id", "org_id", "organization_id",
    "amr", "auth_time", "", "é",
)  # fmt: skip
_PLAUSIBLE: Final[Sequence[Any]] = ("access", "id", "Bearer", "ID", "AT", "app", "S-1", TENANT, AUDIENCE, [AUDIENCE])


def _odd(random: Random, draft: Draft) -> None:
    name = random.choice(list(draft.claims) or ["sub"]) if random.random() < 0.6 else random.choice(NAMES)
    draft.claims[name] = odd_value(random, draft.claims.get(name))


def _plausible(random: Random, draft: Draft) -> None:
    draft.claims[random.choice(NAMES)] = random.choice(_PLAUSIBLE)


def _within(random: Random, draft: Draft) -> None:
    """Put an odd value a level deeper, where profiles look too."""
    name = random.choice(("kubernetes.io", "realm_access", "resource_access", "act", "cnf"))
    inner = random.choice(("namespace", "serviceaccount", "roles", AUDIENCE, "sub", "iss", "jkt"))
    draft.claims[name] = {inner: odd_value(random)}


def _leave_out(random: Random, draft: Draft) -> None:
    draft.claims.pop(random.choice(list(draft.claims) or ["sub"]), None)


def _time(random: Random, draft: Draft) -> None:
    offset = random.choice((-(10**9), -86_400, -LEEWAY - 10, -LEEWAY + 10, 0, 1, LEEWAY - 10, LEEWAY + 10, 10**6))
    moment: Any = draft.now + offset
    shape = random.random()
    if shape < 0.2:
        moment += 0.5
    elif shape < 0.3:
        moment = random.choice((str(moment), moment * 1000, [moment], moment / 1000, float(moment)))
    draft.claims[random.choice(("exp", "nbf", "iat", "iat", "auth_time"))] = moment


def _audience(random: Random, draft: Draft) -> None:
    ours, other = AUDIENCE, "https://other.example"
    draft.claims["aud"] = random.choice((
        [ours], [other, ours], [ours, other], [other], [], [ours, 1], [[ours]], {ours: 1}, f"{ours}/", ours.upper(),
        f"{ours},{other}", f"{ours} {other}", [ours, ours], [ours, None], None, "", ours[:-1], [*ours],
    ))  # fmt: skip


def _issuer(random: Random, draft: Draft) -> None:
    issuer = draft.claims.get("iss")
    if not isinstance(issuer, str) or random.random() < 0.3:
        draft.claims["iss"] = random.choice(DIALECTS).issuer
        return
    draft.claims["iss"] = random.choice((
        issuer + "/", issuer.rstrip("/"), issuer.upper(), issuer.replace("https", "http"), issuer + "#", issuer + "?",
        issuer.replace("https://", "https://a@"), issuer.replace("example", "example:443"), [issuer], issuer + " ",
        issuer.replace("a", "\u0430"), issuer.replace(TENANT, "common"), "https://attacker.example",
    ))  # fmt: skip


def _scope(random: Random, draft: Draft) -> None:
    draft.claims[random.choice(("scope", "scp"))] = random.choice((
        "a", "a b", "a  b", " a", 'a"b', "a\\b", "*", "a:*", "", [], ["a", "b"], ["a b"], [1], {"a": 1}, 1, None, "é",
        f"{AUDIENCE}/", f"{AUDIENCE}/x", f"{AUDIENCE}x/y", "x" * 5000,
    ))  # fmt: skip


def _actors(random: Random, draft: Draft) -> None:
    act: Any = odd_value(random)
    for _ in range(random.choice((1, 2, 8, 9))):
        act = {"sub": "service", "act": act} if random.random() < 0.9 else {"iss": "x", "act": act}
    draft.claims["act"] = act


def _many(random: Random, draft: Draft) -> None:
    draft.claims |= {f"claim-{each}": each for each in range(random.choice((100, 240, 260)))}


def _text(random: Random, draft: Draft) -> None:
    draft.claims_text = spoil(random, draft.claims_bytes())


CLAIM_MUTATIONS: Final[Sequence[Mutation]] = (
    _odd, _odd, _odd, _plausible, _plausible, _within, _leave_out, _time, _time, _audience, _issuer, _scope, _actors,
    _many, _text, _text,
)  # fmt: skip
