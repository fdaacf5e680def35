"""From settings to the things that speak to the operator's systems and to Redis."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bff.edge.whole import Whole, open_answers
from bff.feeds import open_feeds
from bff.foundation import open_foundation
from bff.parts import carts_of, customers_of, identity_of, numbers_of, porting_of, reservations_of
from bff.settings import CacheSettings, CatalogSettings, Settings
from bff.upstream_clients import Transports
from clients import porting, tmf620, tmf639
from clients.texts import Texts
from clients.tmf import TMFClient
from dataloaders.catalog import CacheOptions, catalog_loaders
from dataloaders.freshness import Freshness
from domain.catalog.catalog import Catalog
from domain.catalog.dumps.generations import Generations
from domain.catalog.dumps.switch import DumpSwitch
from domain.catalog.events import EventIntake
from domain.catalog.kinds import PriceKind
from domain.catalog.listing import Listing
from domain.catalog.on_demand import OnDemandSource
from domain.catalog.rules import ShopRules, fold, folded
from engine import Answers
from kernel.clock import Clock
from kernel.context import Segment
from kernel.reads import names_told_by
from kernel.tasks import stop

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from domain.carts.carts import Carts
    from domain.carts.reserving import CartReservations
    from domain.identity.identity import Identity
    from domain.pipelines.customers import Customers
    from domain.porting.porting import Porting
    from domain.reservations.numbers import Numbers

_BYTES_A_MEGABYTE = 1_000_000
_SHARE_OF_TEXTS = 0.1
"""Of the memory for decoded objects, what the texts take that they were decoded from."""


@dataclass(frozen=True)
class Services:
    """What one process holds as long as it lives."""

    on_demand: OnDemandSource
    direct: Catalog
    tmf620: TMFClient
    redis: "Redis | None"
    dumps: DumpSwitch | None
    intakes: Mapping[str, EventIntake]
    carts: "Carts | None"
    numbers: "Numbers | None"
    reservations: "CartReservations | None"
    customers: "Customers | None"
    porting: "Porting | None"
    answers: Answers[Whole] | None
    clock: Clock
    identity: "Identity | None"

    @property
    def catalog(self) -> Catalog:
        """The catalogue that serves now, wherever it comes from."""
        return self.direct if self.dumps is None else self.dumps.catalog


@asynccontextmanager
async def open_services(settings: Settings, clock: Clock, transports: Transports) -> AsyncIterator[Services]:
    """Everything a process needs, closed in the opposite order. Nothing is asked of anybody yet."""
    async with AsyncExitStack() as stack:
        base = await stack.enter_async_context(open_foundation(settings, clock, transports))
        redis, client = base.redis, base.client(tmf620.UPSTREAM, stack)
        memory = settings.cache.memory_mb * _BYTES_A_MEGABYTE
        client.texts = Texts(int(memory * _SHARE_OF_TEXTS)) if memory else None
        cache = CacheOptions(redis, _freshness(settings.cache), int(memory * (1 - _SHARE_OF_TEXTS)))
        loaders = catalog_loaders(client, cache, clock)
        stack.push_async_callback(loaders.aclose)
        size, most = settings.tmf620.page_size, settings.catalog.max_scan
        source = OnDemandSource(
            loaders,
            Listing(loaders.offering_pages, size, most, frozenset(settings.tmf620.filters)),
            Listing(loaders.price_pages, size, most * 4),
            Listing(loaders.category_pages, size, most),
        )
        rules = shop_rules(settings.catalog)
        answers = open_answers(settings, clock)

        def changed(name: str | None) -> None:
            if answers is not None:
                answers.outdate(None if name is None else names_told_by(name))

        dumps = None
        if settings.catalog.source != "on_demand":
            dumps = await stack.enter_async_context(_dumps(settings, rules, clock, source, lambda: changed(None)))
        feeds = open_feeds(settings, client, loaders, dumps, rules, redis, clock, changed)
        events = await stack.enter_async_context(feeds)
        carts = await carts_of(base, stack)
        served = await numbers_of(base, stack)
        intakes = {tmf620.UPSTREAM: events}
        if served is not None:
            intakes[tmf639.UPSTREAM] = served.intake
        ports = await porting_of(base, stack, carts)
        if ports is not None and ports.intake is not None:
            intakes[porting.UPSTREAM] = ports.intake
        identity = await identity_of(base, stack)
        customers = await customers_of(base, stack, identity)
        if answers is not None:  # the first to be closed: what is in the making uses all the rest
            stack.push_async_callback(answers.aclose)
        yield Services(
            source,
            Catalog(source, rules, clock),
            client,
            redis,
            dumps,
            intakes,
            carts,
            None if served is None else served.numbers,
            reservations_of(base, carts, served),
            customers,
            None if ports is None else ports.porting,
            answers,
            clock,
            identity,
        )


@asynccontextmanager
async def _dumps(
    settings: Settings, rules: ShopRules, clock: Clock, on_demand: OnDemandSource, changed: Callable[[], None]
) -> AsyncIterator[DumpSwitch]:
    """The current dump, followed from one generation to the next."""
    switch = DumpSwitch(
        Generations(Path(settings.dump.folder)),
        rules,
        clock,
        on_demand if settings.catalog.source == "dump_first" else None,
        settings.dump.memory_mb * _BYTES_A_MEGABYTE,
        keep_open=2 * settings.request_timeout,
        changed=changed,
    )
    switch.look()
    watching = asyncio.create_task(switch.watch())
    try:
        yield switch
    finally:
        await stop([watching])
        switch.close()


def _freshness(cache: CacheSettings) -> Freshness:
    return Freshness(
        fresh=cache.fresh,
        stale_while_revalidate=cache.stale_while_revalidate,
        stale_if_error=cache.stale_if_error,
        missing=cache.missing,
        patience=cache.patience,
    )


def shop_rules(words: CatalogSettings) -> ShopRules:
    """The operator's words, folded."""
    kinds = {
        PriceKind.PAY_NOW: words.pay_now,
        PriceKind.ON_FIRST_BILL: words.on_first_bill,
        PriceKind.RECURRING: words.recurring,
        PriceKind.USAGE: words.usage,
        PriceKind.CANCELLATION_FEE: words.cancellation_fee,
    }
    segments = {Segment.B2C: words.segment_b2c, Segment.B2B: words.segment_b2b}
    return ShopRules(
        sellable=folded(words.sellable),
        hidden=folded(words.hidden),
        segments={fold(word): segment for segment, those in segments.items() for word in those},
        price_kinds={fold(word): kind for kind, those in kinds.items() for word in those},
        discounts=folded(words.discounts),
        prices_include_tax=words.prices_include_tax,
    )
