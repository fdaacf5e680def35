"""A resource's live row is found by the index that keeps it the only one: SQLite says how it goes about it."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from store.database import Database
from store.port_ins import PortInRows
from store.reservations import Journal


@pytest.fixture
def plans() -> Iterator[list[str]]:
    """How SQLite carries out whatever is executed from now on."""
    found: list[str] = []

    def explain(_: Any, cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if statement.startswith(("SELECT", "UPDATE")):
            plan = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            found.append(next(iter(plan))[-1])

    event.listen(Engine, "before_cursor_execute", explain)
    yield found
    event.remove(Engine, "before_cursor_execute", explain)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_live_rows_are_found_by_their_index(database: Database, plans: list[str]) -> None:
    journal, rows = Journal(database), PortInRows(database)
    await journal.live_of("number", "4915112345678")
    await journal.hurry("number", "4915112345678", 1.0)
    await rows.live_of("4915112345678")
    assert plans == [
        "SEARCH reservations USING INDEX uq_reservations_live (kind=? AND resource=?)",
        "SEARCH reservations USING INDEX uq_reservations_live (kind=? AND resource=?)",
        "SEARCH port_ins USING INDEX uq_port_ins_live (msisdn=?)",
    ]
