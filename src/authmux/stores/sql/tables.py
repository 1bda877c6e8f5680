"""The schema (K-10, K-11, K-22); `metadata` may be handed to Alembic. Times are seconds since the epoch."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

SCHEMA_VERSION: Final = 2  # what each brought is in `upgrades`

metadata: Final = MetaData()
"""The tables; hand it to Alembic as its `target_metadata`."""


def _index_where(name: str, column: str, condition: str) -> Index:
    """Return an index of the few rows that a condition is true of."""
    return Index(name, column, sqlite_where=text(condition), postgresql_where=text(condition))


credentials: Final = Table(
    "authmux_credentials",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("env", String(8)),
    Column("tenant_id", String(255)),
    Column("owner_type", String(8), nullable=False),
    Column("owner_issuer", String(512), nullable=False),
    Column("owner_id", String(255), nullable=False),
    Column("parent_id", ForeignKey("authmux_credentials.id")),
    Column("parent_generation", Integer),
    Column("created_by", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("description", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("resources", Text, nullable=False),
    Column("audience", String(512)),
    Column("allowed_cidrs", Text, nullable=False),
    Column("allowed_origins", Text, nullable=False),
    Column("limit_policy", String(64)),
    Column("created_at", Double, nullable=False),
    Column("not_before", Double),
    Column("expires_at", Double),
    Column("rotate_by", Double),
    Column("disabled_at", Double),
    Column("disabled_by", String(255)),
    Column("revoked_at", Double),
    Column("revoked_by", String(255)),
    Column("revoked_reason", Text),
    Column("deleted_at", Double),
    Column("meta", Text, nullable=False),
    Column("row_version", Integer, nullable=False),
    Index("authmux_credentials_owner", "owner_type", "owner_issuer", "owner_id", "tenant_id", "kind"),
    Index("authmux_credentials_tenant", "tenant_id", "id"),
    Index("authmux_credentials_parent", "parent_id"),
    # Pages are by id, so that each of these gives a page without looking at what is not on it.
    Index("authmux_credentials_owner_id", "owner_type", "owner_issuer", "owner_id", "id"),
    Index("authmux_credentials_kind", "kind", "id"),
    Index("authmux_credentials_env", "env", "id"),
    _index_where("authmux_credentials_deleted", "id", "deleted_at IS NOT NULL"),
    _index_where("authmux_credentials_revoked", "id", "revoked_at IS NOT NULL"),
    _index_where("authmux_credentials_disabled", "id", "disabled_at IS NOT NULL"),
    _index_where("authmux_credentials_expires_at", "expires_at", "expires_at IS NOT NULL"),
    Index("authmux_credentials_created_at", "created_at"),
    Index("authmux_credentials_created_by", "created_by"),  # what dies with its maker (K-35)
)

credential_secrets: Final = Table(
    "authmux_credential_secrets",
    metadata,
    Column("credential_id", ForeignKey("authmux_credentials.id"), primary_key=True),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary(64), nullable=False),
    Column("algorithm", String(32), nullable=False),
    Column("pepper_id", String(32), nullable=False),
    Column("hint", String(4), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("retire_at", Double),
)

usage: Final = Table(  # apart from the credentials, so that writing it never looks like a change of one (K-11)
    "authmux_usage",
    metadata,
    Column("credential_id", String(16), primary_key=True),  # no foreign key: one that is purged stops no batch
    Column("first_used_at", Double, nullable=False),
    Column("last_used_at", Double, nullable=False),
    Column("last_address", String(64)),
    Column("succeeded", BigInteger, nullable=False),
    Column("redirected", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
)

audit: Final = Table(  # append-only, each entry sealed together with the one before it (K-71)
    "authmux_audit",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("tenant_id", Text),
    Column("action", String(32), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("actor_credential", Text),
    Column("actor_generation", Integer),
    Column("target", Text, nullable=False),
    Column("reason", Text),
    Column("difference", Text, nullable=False),
    Column("address", Text),
    Column("user_agent", Text),
    Column("request_id", Text),
    Column("key_id", String(32), nullable=False),
    Column("mac", LargeBinary(32), nullable=False),
    Index("authmux_audit_target", "target", "position"),
    Index("authmux_audit_tenant", "tenant_id", "position"),
    Index("authmux_audit_actor", "actor", "position"),
)

peppers: Final = Table(  # not the peppers: what tells a wrong one from a wrong secret (K-13)
    "authmux_pepper_checks",
    metadata,
    Column("pepper_id", String(32), primary_key=True),
    Column("check", LargeBinary(32), nullable=False),
)

denials: Final = Table(
    "authmux_denials",
    metadata,
    Column("what", String(8), primary_key=True),
    Column("issuer", String(512), primary_key=True),
    Column("value", String(512), primary_key=True),
    Column("before", Double),
    Column("until", Double),
    Column("at", Double, nullable=False),
    Column("by", String(255), nullable=False),
    Column("reason", String(255), nullable=False),
)

EVERYTHING: Final = 1
DENIALS: Final = 2

revision: Final = (
    Table(  # another token after every change of EVERYTHING that matters to a verdict, and of DENIALS (K-22)
        "authmux_revision",
        metadata,
        Column("id", SmallInteger, primary_key=True, autoincrement=False),
        Column("token", String(32), nullable=False),
    )
)

schema_version: Final = Table(
    "authmux_schema",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
)

foreign_names: Final = Table(  # under which name of another library's an imported key is found (K-14)
    "authmux_foreign_names",
    metadata,
    Column("scheme", String(32), primary_key=True),
    Column("locator", String(128), primary_key=True),
    Column("credential_id", ForeignKey("authmux_credentials.id", ondelete="CASCADE"), nullable=False),
    Index("authmux_foreign_names_credential", "credential_id"),
)

_MOVED: Final = frozenset({"digest", "algorithm", "pepper_id"})


def is_change_of_secret(different: str) -> str:
    """Return in SQL what of a secret's new row is a change that matters to a verdict (K-13, K-22).

    All but one: a digest that is another one together with its pepper or its algorithm, and nothing else with it. The
    same text is proved before and after. A digest alone, as typed into a shell, is a change.

    Arguments:
        different: the database's operator for values that may be NULL.
    """
    others = [column.name for column in credential_secrets.columns if column.name not in _MOVED]
    changed = " OR ".join(f"old.{name} {different} new.{name}" for name in others)
    moved = f"old.pepper_id {different} new.pepper_id OR old.algorithm {different} new.algorithm"
    return f"{changed} OR NOT (old.digest {different} new.digest AND ({moved}))"
