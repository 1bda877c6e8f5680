"""What is refused though it is genuine: a JWT whose token, subject, client, tenant, issuer or key is denied (B-64)."""

import asyncio
import gc
import weakref
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from authmux import Authenticator, Denied, Target, TokenService, Unavailable, run, run_async, system
from authmux.credential import PresentedCredential
from authmux.errors import Fault
from authmux.stores.denial import DenyList
from authmux.stores.denial_store import DenialsReading
from authmux.stores.memory import MemoryStore
from authmux.stores.port import Revision, StoreUnavailable
from authmux.stores.sql import AsyncSQLStore, SQLStore
from authmux.testing.manual_clock import ManualClock
from authmux.verifying.jwt import JWTVerifier
from authmux.verifying.verifier import Verifier
from tests.issuing.test_token_service import TOKENS
from tests.jose.token_maker import AUDIENCE, ISSUER, NOW, access_token, get_key, mint
from tests.verifying.introspection_house import TOKEN as OPAQUE
from tests.verifying.introspection_house import House
from tests.verifying.jwt_door import JWKS_URI, CountingVerifier, Door, admit, es256_door, refusal
from tests.verifying.scripted_fetch import ScriptedFetch, keys_of

KEY = get_key("ES256")
BY = system("console")


class WatchedStore(MemoryStore):
    """Counts how often its denials are read, and goes away when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.read = 0
        self.is_away = False
        self.knows_revision = True

    def freshness(self) -> Revision:
        if self.is_away:
            raise StoreUnavailable("away")
        return super().freshness() if self.knows_revision else None  # type: ignore[return-value]  # as PostgreSQL does

    def denials_version(self) -> DenialsReading:
        if self.is_away:
            raise StoreUnavailable("away")
        reading = super().denials_version()
        return reading if self.knows_revision else DenialsReading(reading.version, None)

    def denials(self) -> DenyList:
        self.read += 1
        return super().denials()


@dataclass
class Scene:
    """A door whose authenticator looks at a store's denials, and the service that writes them."""

    door: Door
    clock: ManualClock
    store: WatchedStore
    service: TokenService
    counting: CountingVerifier

    def deny(self, what: Denied, value: str, issuer: str = ISSUER, **options: Any) -> None:
        self.service.deny(Target(what, issuer, value), by=BY, **options)

    def reason(self, text: str) -> str:
        """Return how a token is refused."""
        refused = self.door.refusal(text)
        assert refused.fault is Fault.REVOKED
        return refused.reason


@pytest.fixture
def scene() -> Scene:
    """Give a door with denials."""
    store, clock = WatchedStore(), ManualClock()
    door = es256_door(clock=clock)
    counting = CountingVerifier(door.verifier)
    door.authenticator = Authenticator(counting, denials=store, clock=door.clock)
    return Scene(door, clock, store, TokenService(store, TOKENS, clock=clock), counting)


def token(**changes: Any) -> str:
    """Return a good token."""
    return mint(KEY, access_token(jti="token-1", **changes))


TARGETS = {
    "token": (Denied.TOKEN, "token-1"),
    "subject": (Denied.SUBJECT, "subject-1"),
    "client": (Denied.CLIENT, "client-1"),
    "issuer": (Denied.ISSUER, ""),
    "kid": (Denied.KEY, str(KEY.public_jwk["kid"])),
}


@pytest.mark.parametrize("is_warm", [False, True], ids=["cold", "warm"])
@pytest.mark.parametrize("name", TARGETS)
def test_what_is_denied_is_refused(scene: Scene, name: str, is_warm: bool) -> None:
    """A-191: a denial refuses on the very next request, a token that is remembered as well as a new one."""
    (what, value), text = TARGETS[name], token()
    if is_warm:
        scene.door.admit(text)
    scene.deny(what, value)
    assert scene.reason(text) == f"denied_{what}"
    scene.service.lift(Target(what, ISSUER, value), by=BY)
    assert scene.door.admit(text).id == "subject-1"


def test_a_key_is_denied_by_its_thumbprint(scene: Scene) -> None:
    """B-43: a key that was stolen is refused by its thumbprint, under whatever kid it is published."""
    found = run(scene.door.verifier.find_key(_parsed(token())))
    scene.door.admit(token())
    scene.deny(Denied.KEY, found.thumbprint)
    assert scene.reason(token()) == "denied_key"


@pytest.mark.parametrize("is_warm", [False, True], ids=["cold", "warm"])
def test_a_token_that_does_not_name_its_key(scene: Scene, is_warm: bool) -> None:
    """B-43: a denial is of the key that signed: who leaves its name out of the token is refused as well (B-13)."""
    text = mint(KEY, access_token(jti="token-1"), kid=None)
    if is_warm:
        scene.door.admit(text)
    scene.deny(Denied.KEY, str(KEY.public_jwk["kid"]))
    assert scene.reason(text) == "denied_key"


def test_verdicts_hold_no_denials(scene: Scene) -> None:
    """B-64: however often denials change, only the latest are in memory, whatever is remembered of tokens."""
    lists = []
    for number in range(20):
        scene.deny(Denied.TOKEN, f"another-{number}")
        scene.door.admit(mint(KEY, access_token(jti=str(number))))
        lists.append(weakref.ref(run(scene.door.authenticator._issuers._denials.current())))  # type: ignore[union-attr]
    gc.collect()
    assert [each() is not None for each in lists] == [False] * 19 + [True]


def _parsed(text: str) -> Any:
    from authmux.jose.compact import parse_compact

    return parse_compact(text)


@pytest.mark.parametrize("name", TARGETS)
def test_somebody_elses_denial(scene: Scene, name: str) -> None:
    """B-64: a name belongs to its issuer: the same one of another issuer denies nothing, nor does another name."""
    what, value = TARGETS[name]
    scene.deny(what, value, issuer="https://other.example")
    if value:
        scene.deny(what, value + "x")
    assert scene.door.admit(token()).id == "subject-1"


def test_a_tenant_is_denied(scene: Scene) -> None:
    """B-64: a tenant is the application's own name, whoever its people's issuer is."""
    from authmux import profiles

    tenants = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"]
    issuer = "https://login.microsoftonline.com/{tenantid}/v2.0"
    fetch = ScriptedFetch(keys_of(KEY))
    verifier = JWTVerifier(
        issuer=issuer, audience=AUDIENCE, profile=profiles.ENTRA, tenants=tenants, fetch=fetch, jwks_uri=JWKS_URI,
        clock=scene.door.clock,
    )  # fmt: skip
    authenticator = Authenticator(verifier, denials=scene.store, clock=scene.door.clock)

    def of(tenant: str) -> str:
        claims = {
            "iss": issuer.replace("{tenantid}", tenant), "aud": AUDIENCE, "sub": "s", "oid": "s", "tid": tenant,
            "exp": NOW + 600, "iat": NOW, "nbf": NOW, "azp": "client-1", "azpacr": "1", "roles": ["r"], "ver": "2.0",
            "idtyp": "app",
        }  # fmt: skip
        return mint(KEY, claims, typ="JWT")

    assert [admit(authenticator, of(each)).tenant for each in tenants] == tenants
    scene.deny(Denied.TENANT, tenants[0], issuer="")
    assert refusal(authenticator, of(tenants[0])).reason == "denied_tenant"
    assert admit(authenticator, of(tenants[1])).tenant == tenants[1]


def test_who_acts_is_denied(scene: Scene) -> None:
    """B-28: who acts for somebody now is refused with him; who acted earlier decides nothing."""
    text = token(act={"sub": "agent", "act": {"sub": "earlier"}})
    scene.deny(Denied.SUBJECT, "earlier")
    scene.door.admit(text)
    scene.deny(Denied.SUBJECT, "agent")
    assert scene.reason(text) == "denied_subject"


def test_a_cut_off(scene: Scene) -> None:
    """A-191: everything issued up to the moment is refused, and what comes later is good."""
    scene.deny(Denied.SUBJECT, "subject-1", before=NOW)
    assert scene.reason(token(iat=NOW)) == "denied_subject"
    scene.clock.advance(1)
    assert scene.door.admit(token(iat=NOW + 1)).id == "subject-1"


def test_a_token_that_does_not_say_when(scene: Scene) -> None:
    """A-191: a cut-off refuses what has no `iat`."""
    text = mint(KEY, {name: each for name, each in access_token().items() if name != "iat"}, typ="JWT")
    scene.door.admit(text)
    scene.deny(Denied.SUBJECT, "subject-1", before=NOW - 3600)
    assert scene.reason(text) == "denied_subject"


def test_a_denial_ends(scene: Scene) -> None:
    """B-64: a denial stands until its end and 300 s, for which a verifier may be lenient (B-25)."""
    text = token(exp=NOW + 3000)
    scene.deny(Denied.TOKEN, "token-1", until=NOW + 100)
    scene.clock.advance(399)
    assert scene.reason(text) == "denied_token"
    scene.clock.advance(1)
    assert scene.door.admit(text).id == "subject-1"


def test_the_warm_path_reads_nothing(scene: Scene) -> None:
    """B-64: a token that was allowed under the denials of now is looked up no more, and neither are they."""
    scene.deny(Denied.SUBJECT, "somebody")
    text = token()
    for _ in range(50):
        scene.door.admit(text)
    assert (scene.store.read, scene.counting.judged) == (1, 1)


def test_a_refused_token_is_refused_again(scene: Scene) -> None:
    """B-61: what is denied stays refused, though its verdict is remembered and nothing changes."""
    text = token()
    scene.door.admit(text)
    scene.deny(Denied.SUBJECT, "subject-1")
    assert [scene.reason(text) for _ in range(3)] == ["denied_subject"] * 3
    scene.store.knows_revision = False
    assert scene.reason(text) == "denied_subject"


def test_a_store_that_does_not_know_its_revision(scene: Scene) -> None:
    """B-64: where nothing tells whether the denials changed, every request looks, and reads them if they have."""
    text = token()
    scene.store.knows_revision = False
    for _ in range(3):
        scene.door.admit(text)
    scene.deny(Denied.SUBJECT, "subject-1")
    assert scene.reason(text) == "denied_subject"


@pytest.mark.parametrize("is_warm", [False, True], ids=["cold", "warm"])
def test_a_store_that_is_away(scene: Scene, is_warm: bool) -> None:
    """K-24: while nobody can say what is denied, a token is neither good nor bad."""
    text = token()
    if is_warm:
        scene.door.admit(text)
    scene.store.is_away = True
    with pytest.raises(Unavailable, match="denials_unavailable"):
        scene.door.admit(text)
    scene.store.is_away = False
    assert scene.door.admit(text).id == "subject-1"


def test_tokens_of_a_server_that_is_asked(scene: Scene) -> None:
    """B-64: a denial counts for tokens of introspection too, though their server calls them active."""
    house = House()
    authenticator = Authenticator(house.verifier, denials=scene.store, clock=house.clock)
    assert admit(authenticator, OPAQUE).client_id == "client-1"
    scene.deny(Denied.CLIENT, "client-1")
    assert refusal(authenticator, OPAQUE).reason == "denied_client"


def test_a_verifier_keeps_its_shape(scene: Scene) -> None:
    """B-03: a verifier behind the denials is asked after those that know a shape, as it would be without them."""
    house = House()
    authenticator = Authenticator(house.verifier, scene.door.verifier, denials=scene.store, clock=house.clock)
    assert admit(authenticator, token()).credential.kind == "jwt"  # type: ignore[union-attr]
    assert house.server.asked == []
    assert all(isinstance(each, Verifier) for each in authenticator._verifiers)


@pytest.fixture(params=["blocking", "awaiting"])
def sql_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SQLStore | AsyncSQLStore]:
    """Give a database file in each colour, beside which another process could write."""
    url = f"{tmp_path}/keys.db"
    with closing(SQLStore(f"sqlite:///{url}")) as store:
        store.create_schema()
    if request.param == "blocking":
        with closing(SQLStore(f"sqlite:///{url}")) as blocking:
            yield blocking
        return
    awaiting = AsyncSQLStore(f"sqlite+aiosqlite:///{url}")
    yield awaiting
    asyncio.run(awaiting.close())


def test_another_process_denies(sql_store: SQLStore | AsyncSQLStore, tmp_path: Path) -> None:
    """B-64: what is denied through another store on the same database is refused on the next request."""
    clock = ManualClock()
    door = es256_door(clock=clock)
    authenticator = Authenticator(door.verifier, denials=sql_store, clock=clock)
    text = token()
    with closing(SQLStore(f"sqlite:///{tmp_path}/keys.db")) as other:
        service = TokenService(other, TOKENS, clock=clock)

        def outcome() -> str:
            flow = authenticator.verify(PresentedCredential(text))
            try:
                if isinstance(sql_store, SQLStore):
                    return run(flow).id
                return asyncio.run(run_async(flow)).id
            except Exception as error:
                return str(error)

        outcomes = []
        for _ in range(20):
            outcomes.append(outcome())
            service.deny(Target(Denied.TOKEN, ISSUER, "token-1"), by=BY)
            outcomes.append(outcome())
            service.lift(Target(Denied.TOKEN, ISSUER, "token-1"), by=BY)
    assert outcomes == ["subject-1", "denied_token"] * 20
