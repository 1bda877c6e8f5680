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
)

SCHEMA_VERSION: Final = 1

metadata: Final = MetaData()
"""The tables; hand it to Alembic as its `target_metadata`."""

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
    "authmux_credential_usage",
    metadata,
    Column("credential_id", ForeignKey("authmux_credentials.id"), primary_key=True),
    Column("uses", BigInteger, nullable=False),
    Column("last_used_at", Double),
    Column("last_address", String(64)),
    Column("last_status_class", SmallInteger),
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
