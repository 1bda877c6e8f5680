"""Records in a SQL database, through SQLAlchemy Core: `pip install "authmux[sql]"`."""

from authmux.stores.sql.store import SQLStore
from authmux.stores.sql.tables import metadata

__all__ = ["SQLStore", "metadata"]
