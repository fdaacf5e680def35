"""Who wants events: the subscriptions of every API's hub, kept in the sandbox's file so that a restart forgets none."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS subscription (
    id TEXT PRIMARY KEY, api TEXT NOT NULL, major INTEGER NOT NULL, callback TEXT NOT NULL, query TEXT)
"""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One POST /hub; `api` and `major` say in which version of which API its events are written."""

    id: str
    api: str
    major: int
    callback: str
    query: str | None

    def listing(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "api": self.api,
            "version": self.major,
            "callback": self.callback,
            "query": self.query,
        }


class Subscriptions:
    """The subscriptions, in the order in which they came."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.execute(_SCHEMA)
        rows = db.execute("SELECT id, api, major, callback, query FROM subscription ORDER BY rowid")
        self._all = {row[0]: Subscription(*row) for row in rows}

    def __iter__(self) -> Iterator[Subscription]:
        return iter(tuple(self._all.values()))

    def get(self, identifier: str) -> Subscription | None:
        return self._all.get(identifier)

    def add(self, new: Subscription) -> None:
        values = (new.id, new.api, new.major, new.callback, new.query)
        self._db.execute("INSERT INTO subscription VALUES (?, ?, ?, ?, ?)", values)
        self._all[new.id] = new

    def remove(self, identifier: str) -> None:
        self._db.execute("DELETE FROM subscription WHERE id = ?", (identifier,))
        self._all.pop(identifier, None)
