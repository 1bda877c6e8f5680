"""What is done to digests and to the checks of peppers on a connection (K-13)."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select, update

from authmux.stores.digest_upgrade import DigestUpgrade
from authmux.stores.port import PepperCheck, WriteRefused
from authmux.stores.sql.conditions import is_live
from authmux.stores.sql.dialect import dialect_of
from authmux.stores.sql.tables import credential_secrets, credentials, peppers
from authmux.stores.sql.transaction import changing, reading

_S: Final = credential_secrets.c


def keep_pepper(connection: Connection, pepper: PepperCheck) -> None:
    """Keep the check of a pepper, within the transaction of the first change that uses it."""
    values = {"pepper_id": pepper.pepper_id, "check": pepper.check}
    connection.execute(dialect_of(connection).insert_new(peppers, values))
    kept = select(peppers.c.check).where(peppers.c.pepper_id == pepper.pepper_id)
    if connection.execute(kept).scalar_one() != pepper.check:
        raise WriteRefused("pepper")


@changing
def upgrade_digests(connection: Connection, batch: Sequence[DigestUpgrade], *, pepper: PepperCheck) -> int:
    """Move digests to another pepper; see `UpgradingStore.upgrade_digests`.

    No trigger takes it for a change (`tables.is_change_of_secret`), except the first of a pepper: its check is new.
    """
    in_order = sorted(batch, key=lambda each: (each.credential_id, each.generation))  # as everybody who locks several
    moved = sum(_upgrade(connection, each, pepper) for each in in_order)
    if moved:
        keep_pepper(connection, pepper)
    return moved


@reading
def pepper_counts(connection: Connection, *, now: float) -> Mapping[str, int]:
    """Return how many live secrets of live credentials are under each pepper."""
    return _count(connection, now)


@changing
def forget_pepper(connection: Connection, pepper_id: str, *, now: float, although_used: bool = False) -> None:
    """Forget the check of a pepper; see `UpgradingStore.forget_pepper`."""
    if not although_used and _count(connection, now).get(pepper_id):
        raise WriteRefused("in_use")
    connection.execute(delete(peppers).where(peppers.c.pepper_id == pepper_id))
    dialect_of(connection).move_revision(connection)


def _upgrade(connection: Connection, each: DigestUpgrade, pepper: PepperCheck) -> int:
    proved = (_S.credential_id == each.credential_id, _S.generation == each.generation, _S.digest == each.old)
    now_under = {"digest": each.new, "algorithm": "hmac-sha256", "pepper_id": pepper.pepper_id}
    return connection.execute(update(credential_secrets).where(*proved).values(now_under)).rowcount


def _count(connection: Connection, now: float) -> dict[str, int]:
    joined = credential_secrets.join(credentials)
    counts = select(_S.pepper_id, func.count()).select_from(joined).where(*is_live(now), _is_live_secret(now))
    return {row[0]: row[1] for row in connection.execute(counts.group_by(_S.pepper_id))}


def _is_live_secret(now: float) -> ColumnElement[bool]:
    return or_(_S.retire_at.is_(None), _S.retire_at > now)
