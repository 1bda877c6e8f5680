"""The OpenAPI document: which credentials an operation takes, and how it refuses; dictionaries in, dictionaries out."""

import copy
import json
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from authmux import APIKeyVerifier, JWTVerifier, PATVerifier, Peppers, TokenFormat, errors
from authmux.errors import AuthError, LimitExceeded
from authmux.guard import Requirement
from authmux.principal import AnonymousKey, Client, Principal, UnprovenClient, User
from authmux.stores.memory import MemoryStore
from authmux.verifying.verifier import IssuerVerifier, Verifier
from authmux.web.challenge import Challenger
from authmux.web.openapi import GUARDED, OPTIONAL, Entrance, describe, mark_of
from authmux.web.openapi.answers import SAMPLES
from tests.faces.verifiers import UserVerifier

Json = dict[str, Any]

STORE = MemoryStore()
PEPPERS = Peppers({"p1": b"p" * 32})
TOKENS = TokenFormat(prefix="acme", peppers=PEPPERS, former_prefixes=["old"])
KEYS = APIKeyVerifier(STORE, TOKENS)
PATS = PATVerifier(STORE, TOKENS)
AUTH0 = JWTVerifier(issuer="https://tenant.eu.auth0.com/", audience="https://api.example.com")
LOGTO = JWTVerifier(issuer="https://a.logto.app/oidc", audience="https://api.example.com")
TRUSTED = JWTVerifier(issuer="https://t.example", audience="a", subjects_assigned_by_issuer=True)
OWN = UserVerifier()


class SessionVerifier(UserVerifier):
    """A verifier of an application's own that says what it believes."""

    kind = "web session"
    marks = ("sess_",)
    proves = (User,)


def entrance(*verifiers: Verifier | IssuerVerifier, **options: Any) -> Entrance:
    """Return what an application takes."""
    return Entrance(verifiers=verifiers or (KEYS, PATS, AUTH0), **options)


def document(*requirements: Requirement, version: str = "3.1.0", **members: Any) -> Json:
    """Return a document with one operation, as a framework generates it for an endpoint with these guards."""
    words = list(dict.fromkeys(word for each in requirements for word in mark_of(each)))
    marked = {"security": [{GUARDED: words}]} if requirements else {}
    return {"openapi": version, "paths": {"/reports": {"get": {"responses": {"200": {}}, **marked, **members}}}}


def described(*requirements: Requirement, at: Entrance | None = None, **members: Any) -> Json:
    """Return the operation with these guards in the finished document."""
    found: Json = describe(document(*requirements, **members), at or entrance())["paths"]["/reports"]["get"]
    return found


def ways_in(operation: Mapping[str, Any]) -> list[str]:
    """Return the names of the alternatives of an operation; "nothing" is one too."""
    return [next(iter(each), "nothing") for each in operation.get("security", [])]


def schemes(at: Entrance) -> Json:
    """Return the security schemes of an application."""
    found: Json = describe(document(), at)["components"]["securitySchemes"]
    return found


ENTRANCES = {
    "keys": (entrance(KEYS), {"APIKey": ("http", "bearer", "acme_key_…")}),
    "pats": (entrance(PATS), {"PersonalAccessToken": ("http", "bearer", "acme_pat_…")}),
    "jwts": (entrance(AUTH0), {"AccessToken": ("http", "bearer", "JWT")}),
    "issuers": (
        entrance(AUTH0, LOGTO),
        {
            "AccessToken-tenant.eu.auth0.com": ("http", "bearer", "JWT"),
            "AccessToken-a.logto.app-oidc": ("http", "bearer", "JWT"),
        },
    ),
    "header": (
        entrance(KEYS, api_key_header="X-API-Key"),
        {"APIKey": ("http", "bearer", "acme_key_…"), "X-API-Key": ("apiKey", None, None)},
    ),
    "basic": (
        entrance(KEYS, basic=True),
        {"APIKey": ("http", "bearer", "acme_key_…"), "Basic": ("http", "basic", None)},
    ),
    "basic-for-jwts": (entrance(AUTH0, basic=True), {"AccessToken": ("http", "bearer", "JWT")}),
    "own": (entrance(OWN), {"Token": ("http", "bearer", None)}),
    "own-kind": (entrance(SessionVerifier()), {"web-session": ("http", "bearer", "sess_…")}),
}


@pytest.mark.parametrize(("at", "expected"), ENTRANCES.values(), ids=ENTRANCES.keys())
def test_schemes(at: Entrance, expected: Json) -> None:
    """There is a scheme for each kind and place that the application takes, and for no other."""
    found = {name: (each["type"], each.get("scheme"), each.get("bearerFormat")) for name, each in schemes(at).items()}
    assert found == expected


def test_header_scheme_names_the_header() -> None:
    """The header of its own is named."""
    scheme = schemes(entrance(KEYS, api_key_header="X-Acme-Key"))["X-Acme-Key"]
    assert (scheme["in"], scheme["name"]) == ("header", "X-Acme-Key")


@pytest.mark.parametrize(
    ("at", "name", "told"),
    [
        (entrance(KEYS), "APIKey", ["`acme_key_` or `old_key_`", "without `Bearer`"]),
        (entrance(AUTH0), "AccessToken", ["`https://tenant.eu.auth0.com/`", "without `Bearer`"]),
        (entrance(KEYS, PATS, basic=True), "Basic", ["`acme_key_`", "`acme_pat_`", "user name", "password"]),
        (entrance(SessionVerifier()), "web-session", ["Your web session: it begins with `sess_`"]),
    ],
    ids=["key", "jwt", "basic", "own"],
)
def test_descriptions_tell_what_to_paste(at: Entrance, name: str, told: list[str]) -> None:
    """A scheme's description tells an API's customer what to paste."""
    description = schemes(at)[name]["description"]
    assert [text for text in told if text not in description] == []


def test_two_verifiers_of_one_kind_are_one_scheme() -> None:
    """Keys of two formats are pasted into the same field."""
    other = APIKeyVerifier(STORE, TokenFormat(prefix="beta", peppers=PEPPERS))
    found = schemes(entrance(KEYS, other))
    assert (list(found), "`beta_key_`" in found["APIKey"]["description"]) == (["APIKey"], True)


ALL = ["APIKey", "PersonalAccessToken", "AccessToken"]

NEEDS: dict[str, tuple[Entrance, tuple[Requirement, ...], list[str]]] = {
    "scopes": (entrance(), (Requirement(scopes=("a:b",)),), ALL),
    "kind": (entrance(), (Requirement(kinds=("pat",)),), ["PersonalAccessToken"]),
    "kinds": (entrance(), (Requirement(kinds=("key", "jwt"), scopes=("a:b",)),), ["APIKey", "AccessToken"]),
    "users": (entrance(), (Requirement(principals=(User,)),), ["PersonalAccessToken"]),
    "clients": (entrance(), (Requirement(principals=(Client,)),), ["APIKey"]),
    "clients-of-an-issuer": (entrance(KEYS, TRUSTED), (Requirement(principals=(Client,)),), ["APIKey", "AccessToken"]),
    "anybody": (entrance(), (Requirement(principals=(Principal,)),), ALL),
    "a-proved-class": (entrance(), (Requirement(),), ["APIKey", "PersonalAccessToken"]),
    "two-guards": (
        entrance(),
        (Requirement(kinds=("pat", "key")), Requirement(kinds=("key", "jwt"), scopes=("a:b",))),
        ["APIKey"],
    ),
    "header-for-any": (
        entrance(KEYS, PATS, api_key_header="X-API-Key", basic=True),
        (Requirement(kinds=("pat",)),),
        ["PersonalAccessToken", "X-API-Key", "Basic"],
    ),
    "no-basic-for-jwts": (
        entrance(KEYS, AUTH0, api_key_header="X-API-Key", basic=True),
        (Requirement(kinds=("jwt",), scopes=("a:b",)),),
        ["AccessToken", "X-API-Key"],
    ),
    "own-that-does-not-say": (entrance(KEYS, OWN), (Requirement(kinds=("pat",), principals=(User,)),), ["Token"]),
    "own-that-says": (entrance(SessionVerifier()), (Requirement(kinds=("web session",)),), ["web-session"]),
    "nobody": (entrance(KEYS), (Requirement(kinds=("pat",)),), ["APIKey"]),
}


@pytest.mark.parametrize(("at", "requirements", "expected"), NEEDS.values(), ids=NEEDS.keys())
def test_alternatives(at: Entrance, requirements: tuple[Requirement, ...], expected: list[str]) -> None:
    """An operation lists the ways by which somebody might be let in, and is never shown as open."""
    assert ways_in(described(*requirements, at=at)) == expected


def test_scopes_of_several_guards() -> None:
    """Every alternative lists the scopes of all guards, each once, and nothing but scopes."""
    operation = described(
        Requirement(scopes=("a:b", "c:d"), kinds=("key",)), Requirement(scopes=("c:d", "e:f"), principals=(Client,))
    )
    assert operation["security"] == [{"APIKey": ["a:b", "c:d", "e:f"]}]


def test_no_scopes_before_openapi_3_1() -> None:
    """OpenAPI 3.0 has no scopes for these types of schemes."""
    finished = describe(document(Requirement(scopes=("a:b",)), version="3.0.3"), entrance(KEYS))
    assert finished["paths"]["/reports"]["get"]["security"] == [{"APIKey": []}]


@pytest.mark.parametrize(
    ("verifier", "classes"),
    [
        (KEYS, {Client, AnonymousKey}),
        (PATS, {User}),
        (AUTH0, {Principal, UnprovenClient}),
        (TRUSTED, {Principal, UnprovenClient, Client}),
    ],
    ids=["keys", "pats", "jwts", "jwts-of-a-trusted-issuer"],
)
def test_what_verifiers_prove(verifier: Any, classes: set[type[Principal]]) -> None:
    """A verifier says of which classes its principals are."""
    assert set(verifier.proves) == classes


def test_without_a_guard() -> None:
    """An operation without a guard stays as it is."""
    before = document()
    assert describe(before, entrance())["paths"] == before["paths"]


def test_optional() -> None:
    """Who may come without a credential is told so, and may bring one."""
    operation = described(security=[{OPTIONAL: []}])
    assert ways_in(operation) == [*ALL, "nothing"]
    assert sorted(operation["responses"]) == ["200", "400", "401", "503"]


def test_optional_and_guarded() -> None:
    """A guard makes a credential necessary, whatever else the endpoint asks."""
    operation = described(security=[{OPTIONAL: []}, {GUARDED: ["a:b"]}])
    assert ways_in(operation) == ALL


@pytest.mark.parametrize(
    ("public", "prefix", "expected"),
    [
        ((), "", ALL),
        (["/reports"], "", []),
        (["/reports"], "/v1", ALL),
        (["/v1/*"], "/v1", []),
        (["/report"], "", ALL),
    ],
    ids=["required", "public", "mounted", "public-tree", "other-path"],
)
def test_required(public: list[str], prefix: str, expected: list[str]) -> None:
    """Where a credential is required, every operation asks for one, but those on public paths."""
    finished = describe(document(), entrance(required=True, public=public), prefix=prefix)
    assert ways_in(finished["paths"]["/reports"]["get"]) == expected


def test_required_and_optional() -> None:
    """Where a credential is required, nobody may come without, though the endpoint would have him."""
    assert ways_in(described(security=[{OPTIONAL: []}], at=entrance(required=True))) == ALL


def test_guard_on_a_public_path() -> None:
    """A guard stands on a public path as well."""
    operation = described(Requirement(scopes=("a:b",)), at=entrance(required=True, public=["/reports"]))
    assert ways_in(operation) == ALL


def test_security_of_the_applications_own() -> None:
    """What the application says of other ways in stays, in its place."""
    own = {"OAuth2": ["x"]}
    assert described(security=[own, {GUARDED: ["a:b"]}])["security"][0] == own
    assert described(security=[own], at=entrance(required=True))["security"] == [own]


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        (Requirement(scopes=("a:b",)), ["200", "400", "401", "403", "503"]),
        (Requirement(), ["200", "400", "401", "403", "503"]),
    ],
    ids=["scopes", "class"],
)
def test_answers(requirement: Requirement, expected: list[str]) -> None:
    """A guarded operation documents how it refuses."""
    assert sorted(described(requirement)["responses"]) == expected


def test_presence_alone_forbids_nothing() -> None:
    """Where any credential will do, there is no 403."""
    assert "403" not in described(security=[{GUARDED: []}])["responses"]


def test_forbidden_names_what_is_needed() -> None:
    """The 403 of an operation names its scopes, kinds and callers."""
    requirement = Requirement(scopes=("a:b",), kinds=("pat", "jwt"), principals=(User,))
    text = described(requirement)["responses"]["403"]["description"]
    assert text.endswith("Needed: the scope `a:b`, the kind of credential `jwt` or `pat`, the type of caller `user`.")


def test_answers_of_the_applications_own() -> None:
    """What the application documents of a status stays."""
    own = {"description": "my own"}
    responses = described(Requirement(), responses={"401": own})["responses"]
    assert (responses["401"], sorted(responses)) == (own, ["400", "401", "403", "503"])


def test_components_of_the_applications_own() -> None:
    """What the application has under one of our names stays, and ours stands beside it."""
    before = document(Requirement())
    before["components"] = {
        "securitySchemes": {"APIKey": {"type": "http", "scheme": "digest"}},
        "schemas": {"AuthProblem": {"type": "null"}},
    }
    finished = describe(before, entrance(KEYS))
    assert finished["paths"]["/reports"]["get"]["security"] == [{"APIKey-authmux": []}]
    assert finished["components"]["schemas"]["AuthProblem"] == {"type": "null"}
    assert list(unresolved(finished)) == []


def test_marks_are_gone() -> None:
    """Of the marks that guards leave nothing remains."""
    before = document(Requirement(scopes=("a:b",)))
    before["components"] = {"securitySchemes": {GUARDED: {}, OPTIONAL: {}}}
    assert GUARDED not in json.dumps(describe(before, entrance()))


def test_given_document_stays() -> None:
    """The document that was handed in is not written into."""
    before = document(Requirement())
    kept = copy.deepcopy(before)
    describe(before, entrance())
    assert before == kept


@pytest.mark.parametrize("required", [False, True], ids=["", "required"])
def test_finished_twice(required: bool) -> None:
    """A finished document stays the same."""
    at = entrance(required=required, api_key_header="X-API-Key", basic=True)
    for before in (document(Requirement(scopes=("a:b",))), document(), document(security=[{OPTIONAL: []}])):
        once = describe(before, at)
        assert describe(once, at) == once


def test_every_reference_resolves() -> None:
    """Every reference and every name of a scheme is one of a component."""
    finished = describe(document(Requirement(scopes=("a:b",))), entrance(api_key_header="X-API-Key", basic=True))
    assert list(unresolved(finished)) == []


def test_nothing_without_use() -> None:
    """A document without a guarded operation has no answers of ours."""
    assert set(describe(document(), entrance())["components"]) == {"securitySchemes"}


def test_realm() -> None:
    """The example of a challenge has the application's realm."""
    finished = describe(document(Requirement()), entrance(realm="Acme"))
    example = finished["components"]["responses"]["Unauthorized"]["headers"]["WWW-Authenticate"]["example"]
    assert 'realm="Acme"' in example


UNSHOWN = {"Content-Type", "Content-Length", "Cache-Control"}
"""Headers that no caller acts on, or that OpenAPI shows elsewhere."""


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: type(sample).__name__)
def test_examples_are_real(sample: AuthError) -> None:
    """The examples are what is really answered: status, body, and every header that a caller acts on."""
    challenge = Challenger(realm="api").challenge_for(sample)
    finished = describe(document(Requirement()), entrance())
    name = finished["paths"]["/reports"]["get"]["responses"][str(challenge.status)]["$ref"].rpartition("/")[2]
    answer = finished["components"]["responses"][name]
    body = json.loads(challenge.body)
    assert answer["content"]["application/problem+json"]["examples"][body["code"]] == {"value": body}
    assert {header for header, _ in challenge.headers} - UNSHOWN <= answer["headers"].keys()
    assert body.keys() <= finished["components"]["schemas"]["AuthProblem"]["properties"].keys()


def test_every_refusal_is_shown() -> None:
    """There is a sample of every refusal; that of limits comes with them."""
    refusals = {each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, AuthError)}
    assert {type(sample) for sample in SAMPLES} == refusals - {AuthError, LimitExceeded}


def test_options_that_documentation_needs() -> None:
    """An entrance is made of the arguments of the middleware, whatever else they hold."""
    authenticator: Any = SimpleNamespace(verifiers=(KEYS,))
    made = Entrance.of(authenticator, {"authenticator": authenticator, "basic": True, "recheck_every": 5.0})
    assert made == entrance(KEYS, basic=True)


def unresolved(finished: Json) -> Iterable[str]:
    """Return references, and names of schemes, that nothing stands behind."""
    schemes = finished["components"]["securitySchemes"]
    for item in finished["paths"].values():
        for operation in item.values():
            yield from (name for each in operation.get("security", []) for name in each if name not in schemes)
    for pointer in references(finished):
        found: Any = finished
        for part in pointer.removeprefix("#/").split("/"):
            found = found.get(part, {})
        if not found:
            yield pointer


def references(value: Any) -> Iterable[str]:
    """Return every `$ref` in a document."""
    if isinstance(value, Mapping):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = value.values()
    elif not isinstance(value, list):
        return
    for each in value:
        yield from references(each)
