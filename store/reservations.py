"""The journal of reservations: who has a right to which resource, in the only place that is never forgotten.

A live row is the right, and the table's partial unique index makes a second one impossible. Every step is one statement
that names the row, the token of who takes it and the states it may be taken from: a process that slept finds the state
gone on, and its step has no effect. Nobody writes to this table in any other way.
"""

import dataclasses
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from store.database import Database
from store.tables import reservations

_its = reservations.c


@dataclass(frozen=True)
class Entry:
    """One reservation. Times are seconds since the epoch; `detail` is JSON of `domain.reservations`."""

    id: str
    kind: str
    resource: str
    upstream_id: str
    detail: str
    shopper: str
    cart_id: str
    line_id: str | None
    key: str
    token: str
    state: str
    live: bool
    reason: str
    created_at: float
    updated_at: float
    expires_at: float
    unknown_at: float | None
    due_at: float | None


class TakenError(Exception):
    """Somebody else has a live row for this resource."""


@dataclass(frozen=True)
class Journal:
    """All reservations there ever were, but for those that were forgotten."""

    database: Database

    async def open(self, entry: Entry, *, connection: AsyncConnection | None = None) -> None:
        """Write an intent down. A transaction of the caller's is not to be used any more when it raises.

        Raises:
            TakenError: the resource has a live row.
        """
        own: AbstractAsyncContextManager[AsyncConnection]
        own = self.database.writing() if connection is None else nullcontext(connection)
        try:
            async with own as using:
                await using.execute(insert(reservations).values(**dataclasses.asdict(entry)))
        except IntegrityError:
            raise TakenError from None

    async def step(
        self,
        entry: Entry,
        states: Collection[str],
        *,
        connection: AsyncConnection | None = None,
        before: float | None = None,
        overdue: float | None = None,
        **values: Any,
    ) -> Entry | None:
        """Take a row on from one of `states`; None when it has gone on.

        `before`: only if its time is not over then; `overdue`: only if it is.
        """
        where = [_its.id == entry.id, _its.token == entry.token, _its.state.in_(tuple(states))]
        if before is not None:
            where.append(_its.expires_at > before)
        if overdue is not None:
            where.append(_its.expires_at <= overdue)
        taken = update(reservations).where(*where).values(**values).returning(reservations)
        if connection is not None:
            return _one((await connection.execute(taken)).one_or_none())
        async with self.database.writing() as own:
            return _one((await own.execute(taken)).one_or_none())

    async def attach(self, connection: AsyncConnection, cart_id: str, line_id: str, wanted: Collection[str]) -> None:
        """Let a line have exactly these of its cart's live reservations; what it had else belongs to the cart alone."""
        mine = (_its.cart_id == cart_id, _its.live)
        others = (*mine, _its.line_id == line_id, _its.id.not_in(tuple(wanted)))
        await connection.execute(update(reservations).where(*others).values(line_id=None))
        if wanted:
            these = (*mine, _its.id.in_(tuple(wanted)))
            await connection.execute(update(reservations).where(*these).values(line_id=line_id))

    async def move(self, connection: AsyncConnection, cart_id: str, to: str) -> None:
        """The lines of a cart stand in another now, under the ids they had."""
        await connection.execute(update(reservations).where(_its.cart_id == cart_id).values(cart_id=to))

    async def step_of_cart(
        self,
        connection: AsyncConnection,
        cart_id: str,
        states: Collection[str],
        *,
        lines: Collection[str] | None = None,
        **values: Any,
    ) -> None:
        """Take on every row of a cart that is in one of `states`; only those of some `lines`, where they are given."""
        where = [_its.cart_id == cart_id, _its.live, _its.state.in_(tuple(states))]
        if lines is not None:
            where.append(_its.line_id.in_(tuple(lines)))
        await connection.execute(update(reservations).where(*where).values(**values))

    async def by_id(self, reservation_id: str) -> Entry | None:
        return await self._first(_its.id == reservation_id)

    async def by_key(self, shopper: str, key: str) -> Entry | None:
        """What a shopper reserved, or tried to, under an idempotency key."""
        return await self._first(_its.shopper == shopper, _its.key == key)

    async def by_token(self, token: str) -> Entry | None:
        return await self._first(_its.token == token)

    async def live_of(self, kind: str, resource: str) -> Entry | None:
        return await self._first(_its.kind == kind, _its.resource == resource, _its.live)

    async def of_cart(self, cart_id: str, *, live: bool = True) -> list[Entry]:
        where = [_its.cart_id == cart_id, *([_its.live] if live else [])]
        return await self._all(select(reservations).where(*where).order_by(_its.created_at))

    async def due(self, now: float, *, limit: int) -> list[Entry]:
        """Rows that somebody has to look at, the longest waiting first."""
        return await self._all(select(reservations).where(_its.due_at <= now).order_by(_its.due_at).limit(limit))

    async def holding(self, states: Collection[str]) -> list[Entry]:
        """Every live row in one of these states."""
        return await self._all(select(reservations).where(_its.live, _its.state.in_(tuple(states))))

    async def of_resource(self, kind: str, resource: str) -> list[Entry]:
        """The whole history of a resource, oldest first."""
        where = (_its.kind == kind, _its.resource == resource)
        return await self._all(select(reservations).where(*where).order_by(_its.created_at))

    async def listed(
        self, *, states: Collection[str] = (), resource: str | None = None, live: bool = False, limit: int
    ) -> list[Entry]:
        """The latest rows: in one of `states` where any are given, of a resource of any kind, or `live` ones alone."""
        where: list[ColumnElement[bool]] = [_its.state.in_(tuple(states))] if states else []
        where += [_its.resource == resource] if resource is not None else []
        where += [_its.live.is_(True)] if live else []
        return await self._all(select(reservations).where(*where).order_by(_its.created_at.desc()).limit(limit))

    async def count(self) -> dict[tuple[str, str], int]:
        """How many rows there are of each kind and state, the live ones."""
        counted = select(_its.kind, _its.state, func.count()).where(_its.live).group_by(_its.kind, _its.state)
        async with self.database.reading() as connection:
            return {(kind, state): count for kind, state, count in (await connection.execute(counted)).all()}

    async def hurry(self, kind: str, resource: str, at: float) -> None:
        """Have the live row of a resource looked at by the next sweep."""
        due = update(reservations).where(_its.kind == kind, _its.resource == resource, _its.live).values(due_at=at)
        async with self.database.writing() as connection:
            await connection.execute(due)

    async def forget(self, before: float) -> int:
        """Remove what has ended before a moment; how many."""
        async with self.database.writing() as connection:
            ended = delete(reservations).where(~_its.live, _its.updated_at < before)
            return (await connection.execute(ended)).rowcount

    async def _first(self, *where: Any) -> Entry | None:
        wanted = select(reservations).where(*where).order_by(_its.created_at.desc()).limit(1)
        async with self.database.reading() as connection:
            return _one((await connection.execute(wanted)).one_or_none())

    async def _all(self, wanted: Any) -> list[Entry]:
        async with self.database.reading() as connection:
            return [_entry(row) for row in (await connection.execute(wanted)).all()]


def _one(row: "Row[Any] | None") -> Entry | None:
    return None if row is None else _entry(row)


def _entry(row: "Row[Any]") -> Entry:
    return Entry(**row._mapping)  # noqa: SLF001  (SQLAlchemy's public name for a row as a mapping)
