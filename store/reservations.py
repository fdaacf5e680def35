"""The journal of reservations: who has a right to which resource, in the only place that is never forgotten.

A live row is the right, and the table's partial unique index makes a second one impossible. Every step is one statement
that names the row, the token of who takes it and the states it may be taken from: a process that slept finds the state
gone on, and its step has no effect. Nobody writes to this table in any other way.
"""

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import ReturningUpdate

from store.database import Connection, Database
from store.tables import LIVE, reservations

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

    async def open(self, entry: Entry, *, connection: Connection | None = None) -> None:
        """Write an intent down. A transaction of the caller's is not to be used any more when it raises.

        Raises:
            TakenError: the resource has a live row.
        """
        own: AbstractAsyncContextManager[Connection]
        own = self.database.writing() if connection is None else nullcontext(connection)
        try:
            async with own as using:
                await using.execute(_ADD, entry.__dict__)
        except IntegrityError:
            raise TakenError from None

    async def step(
        self,
        entry: Entry,
        states: Collection[str],
        *,
        connection: Connection | None = None,
        before: float | None = None,
        overdue: float | None = None,
        heard: bool = False,
        unhurried: bool = False,
        **values: Any,
    ) -> Entry | None:
        """Take a row on from one of `states`; None when it has gone on.

        `before`: only if its time is not over then; `overdue`: only if it is; `heard`: only if no write may be on its
        way of which nobody has heard, but for what `entry` tells; `unhurried`: only if nobody has asked for another
        look since `entry` was read.
        """
        times = {"before": before, "overdue": overdue}
        conditions = [name for name, time in times.items() if time is not None]
        conditions += [name for name, wanted in (("heard", heard), ("unhurried", unhurried)) if wanted]
        taking = _taking(tuple(states), tuple(conditions))
        seen = {"its_unknown_at": entry.unknown_at, "its_due_at": entry.due_at}
        given = {"its_id": entry.id, "its_token": entry.token, **times, **seen, **values}
        if connection is not None:
            return _one((await connection.execute(taking, given)).one_or_none())
        async with self.database.writing() as own:
            return _one((await own.execute(taking, given)).one_or_none())

    async def attach(self, connection: Connection, cart_id: str, line_id: str, wanted: Collection[str]) -> None:
        """Let a line have exactly these of its cart's reservations; what it had else belongs to the cart alone.

        One that is over is told of on the line that asked for it, and on no other.
        """
        others = (_its.cart_id == cart_id, _its.line_id == line_id, _its.id.not_in(tuple(wanted)))
        await connection.execute(update(reservations).where(*others).values(line_id=None))
        if wanted:
            these = (_its.cart_id == cart_id, _its.id.in_(tuple(wanted)))
            await connection.execute(update(reservations).where(*these).values(line_id=line_id))

    async def move(self, connection: Connection, cart_id: str, to: str) -> None:
        """The lines of a cart stand in another now, under the ids they had."""
        await connection.execute(update(reservations).where(_its.cart_id == cart_id).values(cart_id=to))

    async def step_of_cart(
        self,
        connection: Connection,
        cart_id: str,
        states: Collection[str],
        *,
        lines: Collection[str] | None = None,
        **values: Any,
    ) -> None:
        """Take on every row of a cart that is in one of `states`; only those of some `lines`, where they are given."""
        where = [_its.cart_id == cart_id, LIVE, _its.state.in_(tuple(states))]
        if lines is not None:
            where.append(_its.line_id.in_(tuple(lines)))
        await connection.execute(update(reservations).where(*where).values(**values))

    async def by_id(self, reservation_id: str) -> Entry | None:
        return await self._first(id=reservation_id)

    async def by_key(self, shopper: str, kind: str, key: str) -> Entry | None:
        """What a shopper reserved of a kind, or tried to, under an idempotency key."""
        return await self._first(shopper=shopper, kind=kind, key=key)

    async def by_token(self, token: str) -> Entry | None:
        return await self._first(token=token)

    async def live_of(self, kind: str, resource: str) -> Entry | None:
        return await self._first(LIVE, kind=kind, resource=resource)

    async def of_cart(self, cart_id: str, *, live: bool = True) -> list[Entry]:
        where = [_its.cart_id == cart_id, *([LIVE] if live else [])]
        return await self._all(select(reservations).where(*where).order_by(_its.created_at))

    async def due(self, now: float, *, limit: int) -> list[Entry]:
        """Rows that somebody has to look at, the longest waiting first."""
        return await self._all(select(reservations).where(_its.due_at <= now).order_by(_its.due_at).limit(limit))

    async def holding(self, states: Collection[str]) -> list[Entry]:
        """Every live row in one of these states."""
        return await self._all(select(reservations).where(LIVE, _its.state.in_(tuple(states))))

    async def ended_early(self, now: float) -> list[Entry]:
        """Every row that is over before its time. It reads the whole table: not for every day."""
        return await self._all(select(reservations).where(~_its.live, _its.expires_at > now))

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
        where += [LIVE] if live else []
        return await self._all(select(reservations).where(*where).order_by(_its.created_at.desc()).limit(limit))

    async def count(self) -> dict[tuple[str, str], int]:
        """How many rows there are of each kind and state, the live ones."""
        counted = select(_its.kind, _its.state, func.count()).where(LIVE).group_by(_its.kind, _its.state)
        async with self.database.reading() as connection:
            return {(kind, state): count for kind, state, count in (await connection.execute(counted)).all()}

    async def hurry(self, kind: str, resource: str, at: float) -> None:
        """Have the live row of a resource looked at by the next sweep."""
        due = update(reservations).where(_its.kind == kind, _its.resource == resource, LIVE).values(due_at=at)
        async with self.database.writing() as connection:
            await connection.execute(due)

    async def forget(self, before: float) -> int:
        """Remove what has ended before a moment and needs no look any more; how many."""
        async with self.database.writing() as connection:
            ended = delete(reservations).where(~_its.live, _its.due_at.is_(None), _its.updated_at < before)
            return (await connection.execute(ended)).rowcount

    async def _first(self, *where: ColumnElement[bool], **its: Any) -> Entry | None:
        """The latest of those with these values."""
        async with self.database.reading() as connection:
            return _one((await connection.execute(_latest(tuple(its), *where), its)).one_or_none())

    async def _all(self, wanted: Any) -> list[Entry]:
        async with self.database.reading() as connection:
            return [_entry(row) for row in (await connection.execute(wanted)).all()]


def _one(row: "Row[Any] | None") -> Entry | None:
    return None if row is None else _entry(row)


def _entry(row: "Row[Any]") -> Entry:
    return Entry(**row._mapping)  # noqa: SLF001  (SQLAlchemy's public name for a row as a mapping)


# ---------------------------------------------------------------- built once

_ADD = insert(reservations)


@cache
def _latest(columns: tuple[str, ...], *where: ColumnElement[bool]) -> Select[Any]:
    same = (_its[column] == bindparam(column) for column in columns)
    return select(reservations).where(*same, *where).order_by(_its.created_at.desc()).limit(1)


_CONDITIONS = {
    "before": _its.expires_at > bindparam("before"),
    "overdue": _its.expires_at <= bindparam("overdue"),
    "heard": _its.unknown_at.is_not_distinct_from(bindparam("its_unknown_at")),
    "unhurried": _its.due_at.is_not_distinct_from(bindparam("its_due_at")),
}


@cache
def _taking(states: tuple[str, ...], conditions: tuple[str, ...]) -> ReturningUpdate[Any]:
    where = [_its.id == bindparam("its_id"), _its.token == bindparam("its_token"), _its.state.in_(states)]
    where += [_CONDITIONS[each] for each in conditions]
    return update(reservations).where(*where).returning(reservations)
