"""Work that one process of the estate does at a time: a sweep, a renewal.

A lease says who may begin. A process that sleeps past its lease's end does not notice, so what it then writes must be
harmless, or be fenced by something of its own.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog
from sqlalchemy import ColumnElement, and_, delete, update

from kernel.clock import Clock
from kernel.errors import StoreUnavailableError
from store.database import Database
from store.tables import leases
from store.upsert import insert_into

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Lease:
    """`holder` is drawn anew each time, so that an earlier lease of this very process counts for nothing."""

    name: str
    holder: str
    seconds: float


class Leases:
    """Leases kept in the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def take(self, name: str, *, seconds: float) -> Lease | None:
        """The lease, or None while another holds it."""
        lease, now = Lease(name, secrets.token_hex(16), seconds), self._clock.now()
        async with self._database.writing() as connection:
            wanted = insert_into(connection.dialect.name, leases).values(
                name=name, holder=lease.holder, held_until=now + seconds
            )
            taken = await connection.execute(
                wanted.on_conflict_do_update(
                    index_elements=[leases.c.name],
                    set_={"holder": wanted.excluded.holder, "held_until": wanted.excluded.held_until},
                    where=leases.c.held_until <= now,
                ).returning(leases.c.name)
            )
            return lease if taken.first() is not None else None

    async def renew(self, lease: Lease) -> bool:
        """Hold it for `lease.seconds` from now; False when somebody else has taken it, and this work must stop."""
        renewed = update(leases).where(_held(lease)).values(held_until=self._clock.now() + lease.seconds)
        async with self._database.writing() as connection:
            return bool((await connection.execute(renewed)).rowcount)

    async def still(self, lease: Lease | None) -> bool:
        """Whether work under a lease may go on; who has none asks nobody."""
        return lease is None or await self.renew(lease)

    async def give_back(self, lease: Lease) -> None:
        """The next may begin at once. Nothing happens when it is somebody else's by now."""
        async with self._database.writing() as connection:
            await connection.execute(delete(leases).where(_held(lease)))

    async def work(self, name: str, do: Callable[[Lease], Awaitable[None]], *, every: float, seconds: float) -> None:
        """Do something every `every` seconds, until cancelled, while no other process of the estate does it.

        Another begins `seconds` after this one was last heard of, and at once when this one stops in order. Whatever
        goes wrong is logged, and tried again.
        """
        lease: Lease | None = None
        try:
            while True:
                try:
                    if lease is None or not await self.renew(lease):
                        lease = await self.take(name, seconds=seconds)
                    if lease is not None:
                        await do(lease)
                except StoreUnavailableError as error:
                    log.warning("work.database_away", work=name, detail=error.detail)
                except Exception:
                    log.exception("work.failed", work=name)
                await asyncio.sleep(every)
        finally:
            if lease is not None:
                with suppress(StoreUnavailableError):
                    await asyncio.shield(self.give_back(lease))


def _held(lease: Lease) -> ColumnElement[bool]:
    return and_(leases.c.name == lease.name, leases.c.holder == lease.holder)
