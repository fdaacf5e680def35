"""Subscriptions live in the file."""

import sqlite3
from pathlib import Path

from sandbox.subscriptions import Subscription, Subscriptions


def test_they_survive(tmp_path: Path) -> None:
    one, two = (Subscription(name, "TMF620", 4, "http://h", query) for name, query in (("b", None), ("a", "x=1")))
    db = sqlite3.connect(tmp_path / "s.sqlite", isolation_level=None)
    first = Subscriptions(db)
    first.add(one)
    first.add(two)
    assert list(first) == [one, two]
    db.close()
    db = sqlite3.connect(tmp_path / "s.sqlite", isolation_level=None)
    again = Subscriptions(db)
    assert list(again) == [one, two]
    assert again.get("a") == two
    again.remove("b")
    assert (list(Subscriptions(db)), again.get("b")) == ([two], None)
    db.close()
