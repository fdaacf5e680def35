"""Carts whose time is over, and what interrupted processes left behind. One process of the estate sweeps at a time."""

from dataclasses import dataclass

import structlog

from domain.carts import metrics
from domain.carts.holding import HoldLostError
from domain.carts.keeper import CartKeeper
from kernel.context import Audience
from kernel.errors import UpstreamError
from kernel.outcomes import Rejected
from store import carts as rows
from store.carts import CartRow
from store.idempotency import Idempotency
from store.leases import Lease, Leases

log = structlog.get_logger(__name__)

_LEASE = "carts.sweep"
_AT_ONCE = 100
_UNBORN_SECONDS = 120.0
SWEEPER = "sweeper"


@dataclass(frozen=True)
class Swept:
    """What a sweep did."""

    settled: int = 0
    expired: int = 0
    unborn: int = 0
    forgotten: int = 0


@dataclass(frozen=True)
class CartSweeper:
    """Sweeps every `every` seconds, and goes on while there is more to do.

    `keep`: seconds for which an ended cart can still be looked at.
    """

    keeper: CartKeeper
    idempotency: Idempotency
    leases: Leases
    audience: Audience
    every: float
    keep: float

    async def run(self) -> None:
        """Sweep again and again, until cancelled."""
        await self.leases.work(_LEASE, self._sweep_all, every=self.every, seconds=max(3 * self.every, 30.0))

    async def _sweep_all(self, lease: Lease) -> None:
        more = True
        while more:
            swept = await self.sweep(lease)
            if swept != Swept():
                log.info("carts.swept", **swept.__dict__)
            more = _AT_ONCE in (swept.settled, swept.expired, swept.unborn)

    async def sweep(self, lease: Lease | None = None) -> Swept:
        """Settle, expire and forget whatever is due now."""
        now = self.keeper.holds.clock.now()
        async with self.keeper.holds.database.reading() as connection:
            left = await rows.left_over(connection, now, limit=_AT_ONCE)
            over = await rows.expired(connection, now, limit=_AT_ONCE)
            unborn = await rows.unborn(connection, now - _UNBORN_SECONDS, limit=_AT_ONCE)
        settled = [await self._settle(row) for row in left if await self._still(lease)]
        expired = [await self._expire(row) for row in over if await self._still(lease)]
        removed = [await self._remove(row) for row in unborn if await self._still(lease)]
        async with self.keeper.holds.database.writing() as connection:
            forgotten = await rows.forget(connection, now - self.keep)
        await self.idempotency.sweep()
        swept = Swept(sum(settled), sum(expired), sum(removed), forgotten)
        for what, count in swept.__dict__.items():
            metrics.SWEPT.labels(what).inc(count)
        return swept

    async def _still(self, lease: Lease | None) -> bool:
        return lease is None or await self.leases.renew(lease)

    async def _settle(self, row: CartRow) -> bool:
        try:
            return (await self.keeper.settle(self.audience, row)).intent is None
        except (UpstreamError, Rejected):
            return False  # its turn comes again

    async def _expire(self, row: CartRow) -> bool:
        """Remove it upstream, then close it here: the other way round a crash would leave one nobody knows of."""
        held = None if row.intent is not None else await self.keeper.holds.take_over(row)
        if held is None:
            return False
        try:
            async with self.keeper.holds.letting_go(held):
                await self.keeper.system.remove(self.audience, row.upstream_id, row.id)
                await self.keeper.holds.end(held, SWEEPER, "expired")
        except (UpstreamError, HoldLostError) as error:
            log.warning("cart.not_expired", cart=row.id, detail=getattr(error, "detail", "the hold was lost"))
            return False
        return True

    async def _remove(self, row: CartRow) -> bool:
        try:
            await self.keeper.system.remove(self.audience, None, row.id)
        except UpstreamError as error:
            log.warning("cart.not_removed", cart=row.id, detail=error.detail)
            return False
        async with self.keeper.holds.database.writing() as connection:
            await rows.remove(connection, row.id)
        return True
