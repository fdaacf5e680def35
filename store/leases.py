"""Work that one process of the estate does at a time: a sweep, a renewal.

A lease says who may begin. A process that sleeps past its lease's end does not notice, so what it then writes must be
harmless, or be fenced by something of its own.
"""

import secrets
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, delete, update

from kernel.clock import Clock
from store.database import Database
from store.tables import leases
from store.upsert import insert_into


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
            wanted = insert_into(connection, leases).values(name=name, holder=lease.holder, held_until=now + seconds)
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

    async def give_back(self, lease: Lease) -> None:
        """The next may begin at once. Nothing happens when it is somebody else's by now."""
        async with self._database.writing() as connection:
            await connection.execute(delete(leases).where(_held(lease)))


def _held(lease: Lease) -> ColumnElement[bool]:
    return and_(leases.c.name == lease.name, leases.c.holder == lease.holder)
