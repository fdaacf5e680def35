"""From settings to carts: the cart system, stock, who hears of changes, and the sweeper behind them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from bff.foundation import Foundation
from clients import tmf663, tmf687
from dataloaders.news import News
from dataloaders.stock import StockLoader
from domain.carts.access import GuestTokens
from domain.carts.carts import Carts
from domain.carts.claiming import CartClaimer
from domain.carts.creating import CartMaker
from domain.carts.holding import Holds
from domain.carts.keeper import CartKeeper
from domain.carts.sweeping import CartSweeper
from domain.carts.system import CartSystem
from domain.carts.updating import CartUpdater
from kernel.tasks import stop
from store.reservations import Journal

_DAY = 86_400.0
_NEWS = "bff:news:carts"


@asynccontextmanager
async def open_carts(base: Foundation) -> AsyncIterator[Carts]:
    """All that carts need, closed in the opposite order."""
    settings, clock = base.settings, base.clock
    records = base.require_records()
    async with AsyncExitStack() as stack:
        system = CartSystem(base.client(tmf663.UPSTREAM, stack))
        journal = Journal(records.database) if settings.tmf639.url else None
        lifetime = settings.cart.days * _DAY
        news = News(base.redis, _NEWS)
        news.start()
        stack.push_async_callback(news.aclose)
        hold = settings.cart.hold
        holds = Holds(records.database, clock, seconds=hold, lifetime=lifetime, journal=journal, changed=news.tell)
        keeper = CartKeeper(holds, system)
        maker = CartMaker(keeper, records.idempotency, GuestTokens(base.require_keys()), settings.cart.currency)
        stock = None
        if settings.tmf687.url:
            client = base.client(tmf687.UPSTREAM, stack)
            stock = StockLoader(client, base.redis, clock, fresh=settings.cart.stock_fresh)
            stack.push_async_callback(stock.aclose)
        sweeper = CartSweeper(
            keeper,
            records.idempotency,
            records.leases,
            base.audience,
            every=settings.cart.sweep,
            keep=settings.cart.keep_days * _DAY,
        )
        sweeping = asyncio.create_task(sweeper.run())
        stack.push_async_callback(stop, [sweeping])
        updater, claimer = CartUpdater(keeper, records.idempotency), CartClaimer(keeper, records.idempotency)
        yield Carts(keeper, maker, updater, stock, claimer, news, settings.sockets.look)
