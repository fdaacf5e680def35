"""`bff serve` with one part of the cart's protocol taken out: `python -m tests.chaos.broken versions serve`.

A checker that acquits these would acquit anything.
"""

import sys
from typing import Any

from sqlalchemy import update

from bff.cli import app
from domain.carts.holding import Holds
from domain.carts.updating import CartUpdater
from store import carts as rows
from store.tables import carts


def versions() -> None:
    """Whoever comes last wins: no version is compared, and nobody waits for anybody."""

    async def claim(connection: Any, row: rows.CartRow, *, holder: str, until: float, now: float, intent: str) -> bool:
        held = {"holder": holder, "held_until": until, "intent": intent}
        await connection.execute(update(carts).where(carts.c.id == row.id).values(**held))
        return True

    rows.claim = claim
    CartUpdater._require = lambda *_: None  # type: ignore[method-assign]


def late_writes() -> None:
    """Nothing is remembered of writes without an answer: what comes late passes for somebody's wish."""
    Holds._remembering = lambda *_: "[]"  # type: ignore[method-assign]


if __name__ == "__main__":
    globals()[sys.argv.pop(1)]()
    app()
