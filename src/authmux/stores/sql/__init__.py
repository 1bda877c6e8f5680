"""Records in a SQL database, through SQLAlchemy Core: `pip install "authmux[sql]"` or `"authmux[postgres]"`."""

from authmux.stores.sql.async_store import AsyncSQLStore
from authmux.stores.sql.copying import Progress
from authmux.stores.sql.differences import Difference
from authmux.stores.sql.health import StoreHealth
from authmux.stores.sql.migration import Migration, MigrationRefused, migrate
from authmux.stores.sql.schema import SchemaStatus, statements_after_tables
from authmux.stores.sql.store import SQLStore
from authmux.stores.sql.tables import metadata

__all__ = [
    "AsyncSQLStore",
    "Difference",
    "Migration",
    "MigrationRefused",
    "Progress",
    "SQLStore",
    "SchemaStatus",
    "StoreHealth",
    "metadata",
    "migrate",
    "statements_after_tables",
]
