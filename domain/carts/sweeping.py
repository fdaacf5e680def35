"""Carts whose time is over, and what interrupted processes left behind. One process of the estate sweeps at a time."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import structlog

from domain.carts import metrics
from domain.carts.holding import HoldLostError
from domain.carts.keeper import CartKeeper
from kernel.context import Audience
from kernel.errors import StoreUnavailableError, UpstreamError
from kernel.outcomes import Rejected
from kernel.tasks import side_by_side
from store import carts as rows
from store.carts import CartRow
from store.idempotency import Idempotency
from store.leases import Lease, Leases

log = structlog.get_logger(__name__)

_LEASE = "carts.sweep"
_AT_ONCE = 100
_SIDE_BY_SIDE = 8
_UNBORN_SECONDS = 120.0
SWEEPER = "sweeper"

Work: TypeAlias = Callable[[CartRow], Awaitable[bool]]


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
        settled = await self._each(left, self._settle, lease)
        expired = await self._each(over, self._expire, lease)
        removed = await self._each(unborn, self._remove, lease)
        async with self.keeper.holds.database.writing() as connection:
            forgotten = await rows.forget(connection, now - self.keep)
        await self.idempotency.sweep()
        swept = Swept(settled, expired, removed, forgotten)
        for what, count in swept.__dict__.items():
            metrics.SWEPT.labels(what).inc(count)
        return swept

    async def _each(self, due: Sequence[CartRow], work: Work, lease: Lease | None) -> int:
        """How many were done. Side by side, or a call that hangs would keep all the others back."""

        async def attempt(row: CartRow) -> bool:
            try:
                return await work(row)
            except StoreUnavailableError:
                raise
            except Exception:
                log.exception("cart.cannot_be_swept", cart=row.id)
                return False

        return sum(await side_by_side(due, attempt, most=_SIDE_BY_SIDE, goes_on=lambda: self.leases.still(lease)))

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
        """Remove on both sides what never came about. Once it is held it cannot come about any more."""
        if await self.keeper.holds.take_over(row) is None:
            return False
        try:
            await self.keeper.system.remove(self.audience, None, row.id)
        except UpstreamError as error:
            log.warning("cart.not_removed", cart=row.id, detail=error.detail)
            return False
        async with self.keeper.holds.database.writing() as connection:
            await rows.remove(connection, row.id)
        return True
