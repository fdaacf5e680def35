"""From settings to carts: the database, the cart system, stock, and the sweeper behind them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from redis.asyncio import Redis

from bff.settings import Settings
from bff.upstream_clients import Transports, open_client
from clients import tmf663, tmf687
from dataloaders.stock import StockLoader
from domain.carts.access import GuestTokens
from domain.carts.carts import Carts
from domain.carts.creating import CartMaker
from domain.carts.holding import Holds
from domain.carts.keeper import CartKeeper
from domain.carts.sweeping import CartSweeper
from domain.carts.system import CartSystem
from domain.carts.updating import CartUpdater
from kernel.clock import Clock
from kernel.context import Audience
from kernel.keys import SigningKeys
from kernel.tasks import stop
from store.database import Database
from store.idempotency import Idempotency
from store.leases import Leases

_DAY = 86_400.0


@asynccontextmanager
async def open_carts(
    settings: Settings, redis: "Redis | None", clock: Clock, transports: Transports
) -> AsyncIterator[Carts | None]:
    """All that carts need, closed in the opposite order; None where the operator has no TMF663."""
    if not settings.tmf663.url:
        yield None
        return
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.database.url, migrate=settings.database.migrate)
        stack.push_async_callback(database.aclose)
        keys = SigningKeys([key.encode() for key in settings.keys])
        idempotency = Idempotency(database, clock, keys, lease=settings.cart.hold)
        system = CartSystem(open_client(tmf663.UPSTREAM, settings, clock, stack, transports))
        holds = Holds(database, clock, seconds=settings.cart.hold, lifetime=settings.cart.days * _DAY)
        keeper = CartKeeper(holds, system)
        maker = CartMaker(keeper, idempotency, GuestTokens(keys), settings.cart.currency)
        stock = None
        if settings.tmf687.url:
            client = open_client(tmf687.UPSTREAM, settings, clock, stack, transports)
            stock = StockLoader(client, redis, clock, fresh=settings.cart.stock_fresh)
            stack.push_async_callback(stock.aclose)
        sweeper = CartSweeper(
            keeper,
            idempotency,
            Leases(database, clock),
            Audience(settings.languages[0], settings.channels[0]),
            every=settings.cart.sweep,
            keep=settings.cart.keep_days * _DAY,
        )
        sweeping = asyncio.create_task(sweeper.run())
        stack.push_async_callback(stop, [sweeping])
        yield Carts(keeper, maker, CartUpdater(keeper, idempotency), stock)
