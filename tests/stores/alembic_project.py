"""An application's Alembic project, as `alembic init` makes one, with what its operator would write into it."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData

_ENVIRONMENT: Final = """
from alembic import context
from sqlalchemy import NullPool, create_engine

attributes = context.config.attributes
engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=attributes["metadata"], render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
"""
_TEMPLATE: Final = '''"""${message}"""
import sqlalchemy as sa
from alembic import op
from authmux.stores.sql import statements_after_tables

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade():
    ${upgrades if upgrades else "pass"}
    for statement in statements_after_tables(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade():
    ${downgrades if downgrades else "pass"}
'''


class AlembicProject:
    """A directory of migrations.

    Arguments:
        directory: an empty one.
        url: of the application's database.
        metadata: the application's tables, and ours.
    """

    def __init__(self, directory: Path, url: str, metadata: MetaData) -> None:
        self.versions = directory / "versions"
        self.versions.mkdir(parents=True)
        (directory / "env.py").write_text(_ENVIRONMENT, encoding="utf-8")
        (directory / "script.py.mako").write_text(_TEMPLATE, encoding="utf-8")
        self._config = Config(attributes={"metadata": metadata})
        self._config.set_main_option("script_location", str(directory))
        self._config.set_main_option("path_separator", "os")
        self._config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))

    def revise(self, message: str) -> str:
        """Have a migration generated from the difference, and return what is in it."""
        before = set(self.versions.glob("*.py"))
        command.revision(self._config, message, autogenerate=True)
        (made,) = set(self.versions.glob("*.py")) - before
        return made.read_text(encoding="utf-8")

    def upgrade(self) -> None:
        """Do what the migrations say."""
        command.upgrade(self._config, "head")

    def check(self) -> None:
        """Fail if the database is other than the tables."""
        command.check(self._config)
