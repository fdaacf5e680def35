"""INSERT … ON CONFLICT, which both databases spell alike and SQLAlchemy keeps with each."""

from typing import TypeAlias

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

Upsert: TypeAlias = postgresql.Insert | sqlite.Insert


def insert_into(dialect: str, table: Table) -> Upsert:
    """An insert that has `on_conflict_do_nothing` and `on_conflict_do_update`.

    Whether it took place, only `returning` tells on both: an insert's row count is not always known.
    """
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
