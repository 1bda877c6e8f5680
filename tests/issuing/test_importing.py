"""Keys of another library are taken over once, whole, and nothing of them is lost without a word (K-14)."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from authmux.errors import ConfigurationError, NotPossible
from authmux.issuing.foreign_entry import ForeignEntry, RefusedEntry
from authmux.issuing.foreign_rows import from_digests, from_drf_api_key, from_knox
from authmux.issuing.token_service import TokenService
from authmux.stores.audit_event import Action
from authmux.stores.foreign import ForeignName
from authmux.stores.record import Owner, OwnerType, State
from authmux.token_format import Kind
from tests.issuing.house import ADA, BY, NOW, TOKENS, House
from tests.verifying.watched_stores import CountingStore

DIGEST = hashlib.sha512(b"text").digest()
ADAS = Owner(OwnerType.USER, "acme", "ada")


def entry(locator: str = "abc", **changes: Any) -> ForeignEntry:
    """Return a key that another library made, different where it is said so."""
    values: dict[str, Any] = {
        "foreign": ForeignName("knox", locator),
        "algorithm": "sha512",
        "digest": DIGEST,
        "kind": Kind.PAT,
        "name": "laptop",
        "scopes": frozenset({"reports:read"}),
        "owner": ADAS,
    }
    return ForeignEntry(**values | changes)


def test_taken(house: House) -> None:
    """A key is kept with everything that is known of it, under an id of ours; its pepper is none."""
    given = entry(tenant="t1", description="d", created_at=5.0, expires_at=NOW + 9, meta={"plan": "gold"})
    report = house.service.import_foreign([given], by=BY)
    record = house.service.get(report.taken[given.foreign], by=BY)
    assert (record.kind, record.owner, record.tenant, record.name) == (Kind.PAT, ADAS, "t1", "laptop")
    assert (record.created_by, record.created_at, record.expires_at) == ("console", 5.0, NOW + 9)
    assert (*record.scopes, record.description, dict(record.meta)) == ("reports:read", "d", {"plan": "gold"})
    (secret,) = record.secrets
    assert (secret.algorithm, secret.digest, secret.pepper_id, secret.hint) == ("sha512", DIGEST, "", "")


def test_revoked(house: House) -> None:
    """What was revoked is taken as revoked, so that its use is recognised (K-35)."""
    report = house.service.import_foreign([entry(revoked_at=7.0)], by=BY)
    record = house.service.get(next(iter(report.taken.values())), by=BY)
    assert record.state(NOW) is State.REVOKED
    assert (record.revoked_at, record.revoked_by, record.revoked_reason) == (7.0, "console", "other")


def test_a_second_time(house: House) -> None:
    """What is there is reported as such, and stays as it is (K-14)."""
    first = house.service.import_foreign([entry()], by=BY)
    house.service.revoke(first.taken[ForeignName("knox", "abc")], by=BY)
    second = house.service.import_foreign([entry(), entry("def")], by=BY)
    assert (list(second.taken), second.there) == ([ForeignName("knox", "def")], (ForeignName("knox", "abc"),))
    assert house.service.get(first.taken[ForeignName("knox", "abc")], by=BY).state(NOW) is State.REVOKED


REFUSED = [
    pytest.param({"name": " "}, "a name is 1 to 255", id="no-name"),
    pytest.param({"name": "a\nb"}, "a name is 1 to 255", id="line-in-a-name"),
    pytest.param({"scopes": frozenset()}, "say which scopes", id="no-scopes"),
    pytest.param({"scopes": frozenset({"Not A Scope"})}, "", id="bad-scope"),
    pytest.param({"owner": None}, "is a user", id="nobodys-pat"),
    pytest.param({"digest": DIGEST[:-1]}, "not of the form", id="cut-off-digest"),
    pytest.param({"algorithm": "md5"}, "not of the form", id="unknown-algorithm"),
    pytest.param({"algorithm": "hmac-sha256", "digest": b"x" * 32}, "not of the form", id="ours-is-not-foreign"),
    pytest.param({"foreign": ForeignName("knox", "")}, "found by", id="no-locator"),
    pytest.param({"foreign": ForeignName("knox", "x" * 129)}, "found by", id="long-locator"),
    pytest.param({"foreign": ForeignName("knox", "é")}, "found by", id="locator-not-ascii"),
    pytest.param({"foreign": ForeignName("Not a scheme", "x")}, "scheme", id="scheme"),
    pytest.param({"expires_at": float("nan")}, "seconds since", id="no-moment"),
    pytest.param({"created_at": float("inf")}, "seconds since", id="no-beginning"),
    pytest.param({"tenant": "\0"}, "no NUL", id="nul"),
]


@pytest.mark.parametrize(("changes", "why"), REFUSED)
def test_refused(house: House, changes: dict[str, Any], why: str) -> None:
    """What cannot be kept is reported with the reason and without its digest; all others are taken (K-14)."""
    report = house.service.import_foreign([entry("a"), entry("b", **changes), entry("c")], by=BY)
    assert [name.locator for name in report.taken] == ["a", "c"]
    (refused,) = report.refused
    assert why in refused.why
    assert DIGEST.hex()[:16] not in repr(refused)


def test_what_a_reader_refused(house: House) -> None:
    """What a reader could make nothing of is in the report too."""
    report = house.service.import_foreign([RefusedEntry("row 7", "it lacks a column"), entry()], by=BY)
    assert (len(report.taken), report.refused) == (1, (RefusedEntry("row 7", "it lacks a column"),))


def test_many(house: House) -> None:
    """An import of any size is read from an iterator and kept in batches; each entry is in the report once."""

    def many() -> Iterator[ForeignEntry | RefusedEntry]:
        for number in range(501):
            yield entry(f"{number}", name="" if number % 100 == 0 else "n")

    report = house.service.import_foreign(many(), by=BY)
    assert (len(report.taken), len(report.there), len(report.refused)) == (495, 0, 6)
    assert len(set(report.taken.values())) == 495


def test_more_than_an_owner_may_have(house: House) -> None:
    """What was issued elsewhere is taken, however many there are; the next one that is issued is refused (K-30)."""
    report = house.service.import_foreign([entry(f"{number}") for number in range(120)], by=BY)
    assert len(report.taken) == 120
    with pytest.raises(NotPossible, match="100 live ones"):
        house.service.issue_pat(user="ada", name="fresh", scopes=["a:b"], by=BY)


def test_audit(house: House) -> None:
    """Each key that was taken is in the audit log, with where it comes from, and none that was there (K-71)."""
    house.service.import_foreign([entry("a")], by=BY)
    report = house.service.import_foreign([entry("a"), entry("b")], by=BY)
    events = house.told(Action.IMPORTED)
    assert len(events) == 2
    last = events[-1]
    assert (last.actor, last.target) == ("console", report.taken[ForeignName("knox", "b")])
    assert list(last.difference["scheme"]) == [None, "knox"]
    assert DIGEST.hex()[:16] not in repr(events)


def test_only_the_application_imports(house: House) -> None:
    """A principal imports nothing (K-42)."""
    by: Any = ADA
    with pytest.raises(NotPossible, match="by=system"):
        house.service.import_foreign([entry()], by=by)


def test_a_store_that_cannot_keep_them(house: House) -> None:
    """A store without foreign names is refused before anything is read."""
    plain: Any = CountingStore(house.store)
    with pytest.raises(ConfigurationError, match="add_foreign"):
        TokenService(plain, TOKENS).import_foreign([entry()], by=BY)


def test_no_digest_in_a_repr() -> None:
    """What is to be imported shows no digest."""
    assert "digest" not in repr(entry())


# Readers


DRF_ROW = {
    "id": "never read",
    "prefix": "Ab3dEf9h",
    "hashed_key": "sha512$$" + DIGEST.hex(),
    "created": "2026-01-02 03:04:05.678",
    "name": "partner",
    "revoked": 0,
    "expiry_date": None,
}
KNOX_ROW = {"digest": DIGEST.hex(), "token_key": "0123", "created": "2026-01-02 03:04:05", "expiry": None, "user_id": 7}
CREATED = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC).timestamp()


def read_drf(**changes: Any) -> ForeignEntry | RefusedEntry:
    """Read one row of djangorestframework-api-key."""
    return next(from_drf_api_key([DRF_ROW | changes], scopes=["a:b"]))


@pytest.mark.parametrize(
    ("hashed", "algorithm", "digest"),
    [
        pytest.param("sha512$$" + DIGEST.hex(), "sha512", DIGEST, id="sha512"),
        pytest.param("pbkdf2_sha256$9$salt$abc=", "pbkdf2-sha256", b"9$salt$abc=", id="pbkdf2"),
        pytest.param("argon2$argon2id$v=19$m=1,t=1,p=1$a$b", "argon2", b"$argon2id$v=19$m=1,t=1,p=1$a$b", id="argon2"),
        pytest.param("bcrypt_sha256$$2b$12$abc", "bcrypt-sha256", b"$2b$12$abc", id="bcrypt"),
    ],
)
def test_hashes_of_django(hashed: str, algorithm: str, digest: bytes) -> None:
    """Each of Django's hashes is read for what it is."""
    found = read_drf(hashed_key=hashed)
    assert isinstance(found, ForeignEntry)
    assert (found.algorithm, found.digest, found.foreign.locator) == (algorithm, digest, "Ab3dEf9h")


@pytest.mark.parametrize(
    "created",
    ["2026-01-02 03:04:05.678", "2026-01-02T03:04:05.678+00:00", "2026-01-02T05:04:05.678+02:00", CREATED],
    ids=["as-sqlite-has-it", "iso", "with-a-zone", "seconds"],
)
def test_moments(created: Any) -> None:
    """A moment is read in every form in which a driver hands it over; without a zone it is UTC."""
    found = read_drf(created=created, expiry_date=datetime(2026, 1, 2, tzinfo=UTC), revoked=True)
    assert isinstance(found, ForeignEntry)
    assert found.created_at == found.revoked_at == pytest.approx(CREATED)
    assert found.expires_at == datetime(2026, 1, 2, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        pytest.param({"hashed_key": "md5$salt$abc"}, "'md5' are not taken", id="another-hash"),
        pytest.param({"hashed_key": "!unusable"}, "not taken", id="unusable"),
        pytest.param({"hashed_key": "sha512$$" + "z" * 128}, "", id="no-hexadecimal"),
        pytest.param({"created": "yesterday"}, "yesterday", id="no-moment"),
    ],
)
def test_rows_that_cannot_be_read(changes: dict[str, Any], why: str) -> None:
    """A row that cannot be read is named and explained, and the next is read."""
    found = list(from_drf_api_key([DRF_ROW | changes, DRF_ROW], scopes=["a:b"]))
    assert isinstance(found[0], RefusedEntry)
    assert (found[0].name, why in found[0].why) == ("drf-api-key Ab3dEf9h", True)
    assert isinstance(found[1], ForeignEntry)


def test_rows_without_a_column() -> None:
    """A row of another table is told of by its number."""
    found = list(from_drf_api_key([{"prefix": "x"}], scopes=["a:b"]))
    assert found == [RefusedEntry("row 1", "it lacks a column: 'hashed_key'")]


def test_knox() -> None:
    """A token of knox is its user's, found by its digest, and named so that no two are called the same."""
    (found,) = from_knox([KNOX_ROW], scopes=["a:b"], owner=lambda row: replace(ADAS, id=str(row["user_id"])))
    assert isinstance(found, ForeignEntry)
    assert (found.foreign, found.owner, found.kind) == (
        ForeignName("knox", DIGEST.hex()[:32]),
        replace(ADAS, id="7"),
        Kind.PAT,
    )
    assert found.name == f"knox {DIGEST.hex()[:8]}"
    assert "0123" not in repr(found)  # which is the beginning of the token itself


def test_plain_digests() -> None:
    """Any table with a digest and a name is read; base64 of either alphabet, padded or not, is hexadecimal's equal."""
    import base64

    digest = hashlib.sha256(b"another text").digest()
    texts = [
        digest.hex(),
        base64.b64encode(digest).decode(),
        base64.urlsafe_b64encode(digest).decode().rstrip("="),
    ]
    rows = [{"digest": text, "name": "n"} for text in texts]
    for found in from_digests(rows, scheme="unkey", kind=Kind.KEY, scopes=["a:b"]):
        assert isinstance(found, ForeignEntry)
        assert (found.foreign, found.digest) == (ForeignName("unkey", digest.hex()[:32]), digest)
