"""Two protocols that are known to be wrong, planted into real gateways and workers in the place of ours.

Rows are written down only so that a reservation can be found again: none is live, and no step asks where a row stands.
A checker that acquits these would acquit anything.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import update

from clients.tmf639 import party_named, resources, status_patch
from clients.writing import Writer
from domain.reservations.assigning import Assignments
from domain.reservations.desk import Desk, LostRaceError, hold_of
from domain.reservations.inventory import MARK_ROLE
from domain.reservations.model import Candidate, ResourceState
from domain.reservations.reservation import Reservation, Step, candidate_of, detail_of, shown
from domain.reservations.reservations import Ask, Reservations
from domain.reservations.sweeping import ReservationSweeper
from store.leases import Lease
from store.reservations import Entry
from store.tables import reservations


def set_and_delete() -> None:
    """SET NX to hold, DEL to let go: whoever's hold it is by then."""
    _plant(Wrong(by_token=False))


def token_without_fencing() -> None:
    """Every step compares the token first; between the comparison and the write anything may happen."""
    _plant(Wrong(by_token=True))


def _plant(wrong: "Wrong") -> None:
    for where, names in (
        (Reservations, ("reserve", "release")),
        (Assignments, ("freeze", "assign", "give_back")),
        (ReservationSweeper, ("sweep",)),
    ):
        for name in names:
            setattr(where, name, _method(getattr(wrong, name)))


def _method(planted: Callable[..., Any]) -> Callable[..., Any]:
    return lambda service, *given, **named: planted(service.desk, *given, **named)


@dataclass(frozen=True)
class Wrong:
    """The methods of `Reservations`, `Assignments` and `ReservationSweeper`, as they should not be."""

    by_token: bool

    async def reserve(self, desk: Desk, ask: Ask, candidate: Candidate, _: object = None) -> Reservation:
        entry = _entry(desk, ask, candidate)
        milliseconds = int(desk.times.hold * 1000)
        if not await desk.holds.redis.set(hold_of(entry).key, entry.token, nx=True, px=milliseconds):
            raise LostRaceError
        seen = await desk.inventory.look(candidate)
        if seen is None or seen.state is not ResourceState.FREE:
            raise LostRaceError
        await _write(desk, entry, ResourceState.RESERVED)
        await desk.journal.open(entry)
        made = shown(entry, desk.clock.now())
        if made is None:
            raise LostRaceError
        return made

    async def release(self, desk: Desk, entry: Entry, **_: object) -> Reservation | None:
        await self._let_go(desk, entry)
        return shown(await _note(desk, entry, Step.RELEASED), desk.clock.now())

    async def freeze(self, desk: Desk, entry: Entry, **_: object) -> Entry | None:
        return entry if await self._holds(desk, entry) else None

    async def assign(self, desk: Desk, entry: Entry) -> Entry | None:
        if not await self._holds(desk, entry):
            return None
        await desk.inventory.look(candidate_of(entry))
        await _write(desk, entry, ResourceState.ASSIGNED)
        return await _note(desk, entry, Step.ASSIGNED)

    async def give_back(self, desk: Desk, entry: Entry) -> Entry | None:
        await self._let_go(desk, entry)
        return await _note(desk, entry, Step.RELEASED)

    async def sweep(self, desk: Desk, _: Lease | None = None) -> int:
        await desk.holds.begin_epoch([], "planted")
        entries = await desk.journal.due(desk.clock.now(), limit=1_000)
        for entry in entries:
            if not await self._holds(desk, entry):
                await _write(desk, entry, ResourceState.FREE)
                await _note(desk, entry, Step.EXPIRED)
        return len(entries)

    async def _holds(self, desk: Desk, entry: Entry) -> bool:
        holder = await desk.holds.redis.get(hold_of(entry).key)
        return holder is not None and (not self.by_token or bytes(holder).decode() == entry.token)

    async def _let_go(self, desk: Desk, entry: Entry) -> None:
        if not self.by_token or await self._holds(desk, entry):
            await _write(desk, entry, ResourceState.FREE)
            await desk.holds.redis.delete(hold_of(entry).key)


def _entry(desk: Desk, ask: Ask, candidate: Candidate) -> Entry:
    now = desk.clock.now()
    return Entry(
        id="r" + secrets.token_hex(15),
        kind=candidate.kind.value,
        resource=candidate.value,
        upstream_id=candidate.upstream_id,
        detail=detail_of(candidate),
        shopper=ask.shopper,
        cart_id=ask.cart_id,
        line_id=None,
        key=ask.key,
        token=secrets.token_hex(16),
        state=Step.HELD.value,
        live=False,
        reason="",
        created_at=now,
        updated_at=now,
        expires_at=now + desk.times.hold,
        unknown_at=None,
        due_at=now + desk.times.hold,
    )


async def _write(desk: Desk, entry: Entry, state: ResourceState) -> None:
    """Whatever stands there."""
    version = desk.inventory.client.options.version
    parties = () if state is ResourceState.FREE else (party_named(entry.token, MARK_ROLE, version),)
    body = status_patch(*desk.inventory.words.written(state, version=version), parties, None, version)
    collection = resources(desk.inventory.path_of(candidate_of(entry)))
    await Writer(desk.inventory.client).change(collection, desk.inventory.audience, entry.upstream_id, body)


async def _note(desk: Desk, entry: Entry, step: Step) -> Entry:
    """Write down what became of it, without asking where it stood."""
    noted = update(reservations).where(reservations.c.id == entry.id).values(state=step.value, due_at=None)
    async with desk.journal.database.writing() as connection:
        await connection.execute(noted)
    return replace(entry, state=step.value, due_at=None)
