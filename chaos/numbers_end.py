"""What is left when all is healed: journal, Redis and inventory, which have to agree."""

import asyncio
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import redis
from sqlalchemy import select

from bff.dev import SANDBOX_TMF639
from chaos.numbers_estate import Estate
from chaos.numbers_history import Shown
from domain.reservations.reservation import Step
from store.database import Database
from store.reservations import Entry
from store.tables import reservations

_SOON = 60.0
"""Rows that are due later than this wait for nothing but a last look at what was assigned."""


@dataclass(frozen=True)
class End:
    """How everything stands at `at`, and what of it does not fit together."""

    at: float
    shown: Mapping[str, Shown]
    faults: list[str]


async def end_of(estate: Estate, numbers: Collection[str], *, patience: float = 60.0) -> End:
    """Wait until nothing is due any more, and look. Holds that live longer than they may are faults."""
    database = await Database.open(estate.database, migrate=False)
    try:
        until = time.time() + estate.conditions.lives + patience
        while time.time() < until and (await _unsettled(database) or list(_holds(estate))):  # noqa: ASYNC110  (a database has no event)
            await asyncio.sleep(0.25)
        at, entries = time.time(), await _entries(database)
    finally:
        await database.aclose()
    documents = await asyncio.to_thread(_inventory, estate)
    ids = {entry.token: entry.id for entry in entries}
    shown = {number: _shown(documents[number], ids) for number in numbers}
    live = {entry.resource: entry for entry in entries if entry.live}
    faults = [*_journal(live), *_inventory_agrees(live, shown), *_holds(estate)]
    return End(at, shown, faults)


async def _unsettled(database: Database) -> bool:
    now = time.time()
    return any(
        (entry.live and entry.state != Step.ASSIGNED.value) or (entry.due_at is not None and entry.due_at < now + _SOON)
        for entry in await _entries(database)
    )


async def _entries(database: Database) -> list[Entry]:
    async with database.reading() as connection:
        return [Entry(**row) for row in (await connection.execute(select(reservations))).mappings()]


def _inventory(estate: Estate) -> dict[str, dict[str, Any]]:
    """Every number as the inventory has it."""
    found: dict[str, dict[str, Any]] = {}
    url = f"{estate.upstream.url}{SANDBOX_TMF639['v4']}/logicalResource"
    with httpx.Client(timeout=60) as http:
        for offset in range(0, estate.conditions.numbers, 1_000):
            page = http.get(url, params={"offset": offset, "limit": 1_000}).json()
            found |= {each["value"]: each for each in page}
    return found


def _shown(document: dict[str, Any], ids: Mapping[str, str]) -> Shown:
    """The mark is told by its reservation's id."""
    marks = [party["id"] for party in document.get("relatedParty") or [] if party["role"] == "reserver"]
    used = document.get("usageState") in ("active", "busy")
    free = document["resourceStatus"] in ("available", "suspended") and not used
    return Shown(free, used, ids.get(marks[0], marks[0]) if marks else None)


def _journal(live: Mapping[str, Entry]) -> Iterator[str]:
    for number, entry in live.items():
        if entry.state != Step.ASSIGNED.value:
            yield f"{number}: {entry.id} is still {entry.state}"


def _inventory_agrees(live: Mapping[str, Entry], shown: Mapping[str, Shown]) -> Iterator[str]:
    for number, seen in shown.items():
        owner = live[number].id if number in live else None
        if (seen.mark, seen.free) != (owner, owner is None):
            yield f"{number}: is {owner}'s by the journal, and the inventory shows {seen}"


def _holds(estate: Estate) -> Iterator[str]:
    """Nobody is shopping any more, and what is assigned needs no hold."""
    with redis.Redis.from_url(estate.redis_url) as client:
        for key in client.scan_iter("bff:{holds}:NUMBER:*"):
            yield f"{bytes(key).decode()} is still held in Redis"
