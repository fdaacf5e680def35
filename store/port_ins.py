"""Numbers on their way to us: whose right it is to bring one in, and how far each has come.

A live row is the right, and the table's partial unique indexes make a second one impossible, for a number as for a line
of a cart. Every step names the version that it was decided at: a process that slept, or was overtaken by an event,
finds another one, and its step has no effect. No account number and no authorisation code is ever written here.
"""

import dataclasses
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from store.database import Allowed, Connection, Database
from store.tables import LIVE, port_ins

_its = port_ins.c


@dataclass(frozen=True)
class PortInRow:
    """One port-in. Times are seconds since the epoch; `msisdn` is digits without `+`, `token` our reference.

    `mirrored`: the state that TMF639 was last brought to; `unknown_at`: when a write was last not heard of; `due_at`:
    when somebody has to look at it.
    """

    id: str
    token: str
    msisdn: str
    cart_id: str
    line_id: str
    owner: str | None
    scope: str
    key: str
    donor: str
    wanted_at: float | None
    state: str
    live: bool
    cancelling: bool
    reason: str | None
    provider_id: str | None
    resource_id: str | None
    mirrored: str | None
    scheduled_at: float | None
    unknown_at: float | None
    version: int
    created_at: float
    updated_at: float
    due_at: float | None


class NumberTakenError(Exception):
    """The number, or the line, has a live row already."""


async def hurry(connection: Connection, cart_id: str, lines: Collection[str] | None, at: float) -> None:
    """Have the port-ins of some lines of a cart, or of all of them, looked at by whoever looks next.

    A step like any other: who is at one of them just now would otherwise put its own time over this one.
    """
    where = [_its.cart_id == cart_id, _its.due_at.is_not(None)]
    if lines is not None:
        where.append(_its.line_id.in_(tuple(lines)))
    await connection.execute(update(port_ins).where(*where).values(due_at=at, version=_its.version + 1))


async def give_to(connection: Connection, cart_id: str, owner: str) -> None:
    """A cart has an owner now: so have its port-ins."""
    await connection.execute(
        update(port_ins).where(_its.cart_id == cart_id).values(owner=owner, version=_its.version + 1)
    )


async def move(connection: Connection, cart_id: str, to: str, owner: str | None) -> None:
    """The lines of a cart stand in another now, which has this owner, under the ids they had."""
    moved = {"cart_id": to, "owner": owner, "version": _its.version + 1}
    await connection.execute(update(port_ins).where(_its.cart_id == cart_id).values(moved))


async def lines_of_cart(connection: Connection, cart_id: str) -> list[str]:
    """The lines that a number is being brought along for."""
    found = await connection.execute(select(_its.line_id).where(_its.cart_id == cart_id, LIVE))
    return [line for (line,) in found.all()]


@dataclass(frozen=True)
class PortInRows:
    """All port-ins there ever were, but for those that were forgotten."""

    database: Database

    async def add(self, row: PortInRow, allowed: Allowed | None = None) -> bool:
        """Begin one, if that is `allowed` within the same transaction.

        Raises:
            NumberTakenError: somebody else brings this number in, or this line has another.
        """
        try:
            async with self.database.writing() as connection:
                if allowed is not None and not await allowed(connection):
                    return False
                await connection.execute(insert(port_ins).values(**dataclasses.asdict(row)))
        except IntegrityError:
            raise NumberTakenError from None
        return True

    async def step(self, row: PortInRow, **values: Any) -> PortInRow | None:
        """Take a row on from where it was read; None when it has gone on.

        Raises:
            NumberTakenError: it would be live again, and another is.
        """
        same = (_its.id == row.id, _its.version == row.version)
        taken = update(port_ins).where(*same).values(version=row.version + 1, **values).returning(port_ins)
        try:
            async with self.database.writing() as connection:
                return _one((await connection.execute(taken)).one_or_none())
        except IntegrityError:
            raise NumberTakenError from None

    async def by_id(self, port_in_id: str) -> PortInRow | None:
        return await self._first(_its.id == port_in_id)

    async def by_key(self, scope: str, key: str) -> PortInRow | None:
        """What was last asked for under an idempotency key."""
        return await self._first(_its.scope == scope, _its.key == key)

    async def by_token(self, token: str) -> PortInRow | None:
        return await self._first(_its.token == token)

    async def by_provider_id(self, provider_id: str) -> PortInRow | None:
        return await self._first(_its.provider_id == provider_id)

    async def live_of(self, msisdn: str) -> PortInRow | None:
        return await self._first(_its.msisdn == msisdn, LIVE)

    async def in_states(self, states: Collection[str], *, limit: int) -> list[PortInRow]:
        return await self._all(_its.state.in_(tuple(states)), limit=limit)

    async def of_lines(self, lines: Iterable[tuple[str, str]], states: Collection[str]) -> list[PortInRow]:
        """Those of lines, each given as cart and line, in one of these states; the oldest first."""
        wanted = tuple_(_its.cart_id, _its.line_id).in_(list(lines))
        return await self._all(wanted, _its.state.in_(tuple(states)))

    async def due(self, now: float, *, limit: int) -> list[PortInRow]:
        """Those that somebody has to look at, the longest waiting first."""
        wanted = select(port_ins).where(_its.due_at <= now).order_by(_its.due_at).limit(limit)
        async with self.database.reading() as connection:
            return [_row(row) for row in (await connection.execute(wanted)).all()]

    async def forget(self, before: float) -> int:
        """Remove what has ended before a moment and needs no look any more; how many."""
        ended = (~_its.live, _its.due_at.is_(None), _its.updated_at < before)
        async with self.database.writing() as connection:
            return (await connection.execute(delete(port_ins).where(*ended))).rowcount

    async def _first(self, *where: ColumnElement[bool]) -> PortInRow | None:
        wanted = select(port_ins).where(*where).order_by(_its.created_at.desc()).limit(1)
        async with self.database.reading() as connection:
            return _one((await connection.execute(wanted)).one_or_none())

    async def _all(self, *where: ColumnElement[bool], limit: int | None = None) -> list[PortInRow]:
        wanted = select(port_ins).where(*where).order_by(_its.created_at).limit(limit)
        async with self.database.reading() as connection:
            return [_row(row) for row in (await connection.execute(wanted)).all()]


def _one(row: "Row[Any] | None") -> PortInRow | None:
    return None if row is None else _row(row)


def _row(row: "Row[Any]") -> PortInRow:
    return PortInRow(**row._mapping)  # noqa: SLF001  (SQLAlchemy's public name for a row as a mapping)
