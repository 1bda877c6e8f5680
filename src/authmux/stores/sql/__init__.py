"""Records in a SQL database, through SQLAlchemy Core: `pip install "authmux[sql]"` or `"authmux[postgres]"`."""

from authmux.stores.sql.async_store import AsyncSQLStore
from authmux.stores.sql.store import SQLStore
from authmux.stores.sql.tables import metadata

__all__ = ["AsyncSQLStore", "SQLStore", "metadata"]
