"""Pages: their ids kept as one value, their entities where single ones are kept."""

import asyncio
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from msgspec import structs
from redis.asyncio import Redis

from clients.texts import Texts
from clients.tmf import UpstreamOptions
from dataloaders.catalog import CacheOptions, CatalogLoaders, catalog_loaders
from dataloaders.freshness import Freshness
from dataloaders.pages import PageLoader, PageQuery
from kernel.clock import FixedClock
from kernel.errors import UpstreamInvalidError, UpstreamUnavailableError
from tests.clients.upstream import client_of
from tests.dataloaders.loading import context, settle
from tests.processes import PATIENCE

NAME, BRAND = frozenset({"name"}), frozenset({"description"})


class Shop:
    """A collection of offerings, `po-0` to `po-6`: `odd` ones cannot be read, `gone` ones by their ids no longer."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.gone: set[str] = set()
        self.odd: set[int] = set()
        self.listed_no_more: set[str] = set()
        self.status = 200

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request.url.raw_path.decode().removeprefix("/tmf-api/v4/"))
        if self.status != 200:
            return httpx.Response(self.status)
        query = {name: values[0] for name, values in parse_qs(request.url.query.decode()).items()}
        rows: list[Any] = [{"id": f"po-{number}", "name": f"N{number}"} for number in range(7)]
        rows = [7 if number in self.odd else row for number, row in enumerate(rows)]
        local_id = request.url.path.rsplit("/", 1)[1]
        if local_id != "productOffering":
            found = [row for row in rows if row != 7 and row["id"] == local_id and local_id not in self.gone]
            return httpx.Response(200, json=found[0]) if found else httpx.Response(404)
        if "id" in query:
            wanted = set(query["id"].split(",")) - self.gone
            return httpx.Response(200, json=[row for row in rows if row != 7 and row["id"] in wanted])
        start = int(query["offset"])
        rows = [row for row in rows if row == 7 or row["id"] not in self.listed_no_more]
        page = rows[start : start + int(query["limit"])]
        return httpx.Response(200, json=page, headers={"x-total-count": "7"})


def loaders_of(shop: Any, clock: FixedClock | None = None, redis: Any = None) -> CatalogLoaders:
    clock = clock or FixedClock()
    client = client_of(shop, clock, attempts=1)
    assert isinstance(client.options, UpstreamOptions)
    return catalog_loaders(client, CacheOptions(redis, Freshness(patience=0.01), 1_000_000), clock)


async def ids(
    pages: PageLoader[Any], offset: int = 0, limit: int = 3, fields: frozenset[str] = NAME
) -> list[tuple[int, str]]:
    page = await pages.load(context(), PageQuery(offset, limit), fields)
    return [(at, item.id) for at, item in page.items]


async def test_page() -> None:
    """A page gives its entities with their offsets in the listing, how many came, and the server's total."""
    loaders = loaders_of(Shop())
    page = await loaders.offering_pages.load(context(), PageQuery(3, 3), NAME)
    assert [(at, item.id, item.name) for at, item in page.items] == [
        (3, "po-3", "N3"),
        (4, "po-4", "N4"),
        (5, "po-5", "N5"),
    ]
    assert (page.received, page.total) == (3, 7)
    await loaders.aclose()


async def test_a_page_warms_its_members() -> None:
    """After a page its members are there, one by one and together, and so is the page."""
    shop = Shop()
    loaders = loaders_of(shop)
    await ids(loaders.offering_pages)
    assert await ids(loaders.offering_pages) == [(0, "po-0"), (1, "po-1"), (2, "po-2")]
    found = await loaders.offerings.load_many(context(), ["po-2", "po-0"], NAME)
    assert [item.id for item in found if item is not None and not isinstance(item, Exception)] == ["po-2", "po-0"]
    assert len(shop.calls) == 1
    await loaders.aclose()


async def test_what_changes_while_a_page_is_in_the_air_is_read_once_more() -> None:
    """Its members go to who waited for it, but not one that an event has told of since it was asked for."""
    shop, clock = Shop(), FixedClock()

    def slow(request: httpx.Request) -> httpx.Response:
        if len(shop.calls) == 0:
            clock.advance(1)
            loaders.offerings.outdate("po-1", clock.now())
        return shop(request)

    loaders = loaders_of(slow, clock)
    assert await ids(loaders.offering_pages) == [(0, "po-0"), (1, "po-1"), (2, "po-2")]
    assert [call.partition("?")[0] for call in shop.calls] == ["productOffering", "productOffering/po-1"]
    await loaders.aclose()


async def test_a_page_that_is_good_for_nobody_else_is_good_for_who_asked() -> None:
    """Where nothing is to be kept a page is one call, however long that takes: its members came with it. Those who come
    while it is in the air are given the same; those who come later ask anew."""
    shop, clock = Shop(), FixedClock()

    def slow(request: httpx.Request) -> httpx.Response:
        clock.advance(3)
        return shop(request)

    client = client_of(slow, clock, attempts=1)
    fresh_for_nobody = Freshness(fresh=0, stale_while_revalidate=0, missing=0, patience=0.01)
    loaders = catalog_loaders(client, CacheOptions(None, fresh_for_nobody, 1_000_000), clock)
    for calls in (1, 2):
        asking = structs.replace(context(), began=clock.now())
        joining = structs.replace(context(), began=clock.now() + 1)
        found = await asyncio.gather(
            *(loaders.offering_pages.load(each, PageQuery(0, 3), NAME) for each in (asking, joining))
        )
        assert [[item.id for _, item in page.items] for page in found] == [["po-0", "po-1", "po-2"]] * 2
        assert len(shop.calls) == calls
    await loaders.aclose()


async def test_reading_a_page_again_changes_nothing() -> None:
    """While it has the same members, and they say the same."""
    shop, clock = Shop(), FixedClock()
    client = client_of(shop, clock, attempts=1)
    client.texts = Texts(1_000_000)
    loaders = catalog_loaders(client, CacheOptions(None, Freshness(patience=0.01), 1_000_000), clock)
    generations = []
    for gone in ({}, {}, {"po-1"}):
        shop.listed_no_more = {*gone}
        await ids(loaders.offering_pages)
        generations.append(loaders.offering_pages.generation)
        clock.advance(1_000)
    assert generations[0] == generations[1] < generations[2]
    await loaders.aclose()


async def test_a_burst_of_pages() -> None:
    """A hundred equal pages are one call; pages of one tick are asked for side by side."""
    shop = Shop()
    loaders = loaders_of(shop)
    await asyncio.gather(*(ids(loaders.offering_pages, offset) for offset in (0, 3) for _ in range(100)))
    assert [call.split("&", 1)[1] for call in shop.calls] == ["offset=0&limit=3", "offset=3&limit=3"]
    await loaders.aclose()


async def test_pages_of_a_tick_fly_together() -> None:
    """No page waits for another: all are in the air before the first has landed."""
    gate, flying = asyncio.Event(), 0
    shop = Shop()

    async def slow(request: httpx.Request) -> httpx.Response:
        nonlocal flying
        flying += 1
        if flying == 3:
            gate.set()
        await gate.wait()
        return shop(request)

    loaders = loaders_of(slow)
    async with asyncio.timeout(PATIENCE):
        pages = await asyncio.gather(*(ids(loaders.offering_pages, offset, 2) for offset in (0, 2, 4)))
    assert pages[2] == [(4, "po-4"), (5, "po-5")]
    await loaders.aclose()


async def test_filters_are_part_of_the_page() -> None:
    """Two listings by different filters do not share pages."""
    shop = Shop()
    loaders = loaders_of(shop)
    for filters in ((), (("isBundle", "true"),), (("isBundle", "false"),), (("isBundle", "true"),)):
        await loaders.offering_pages.load(context(), PageQuery(0, 3, filters), NAME)
    assert [call.split("&", 1)[1] for call in shop.calls] == [
        "offset=0&limit=3",
        "isBundle=true&offset=0&limit=3",
        "isBundle=false&offset=0&limit=3",
    ]
    await loaders.aclose()


async def test_more_attributes() -> None:
    """A kept page whose members lack an attribute is read again, with all of them."""
    shop = Shop()
    loaders = loaders_of(shop)
    await ids(loaders.offering_pages)
    await ids(loaders.offering_pages, fields=BRAND)
    assert len(shop.calls) == 2
    assert "description" in shop.calls[1]
    await ids(loaders.offering_pages, fields=NAME | BRAND)
    assert len(shop.calls) == 2
    await loaders.aclose()


async def test_members_forgotten() -> None:
    """Members that memory has dropped are read again by one list; those that are gone meanwhile are left out, and
    the others keep their offsets."""
    shop = Shop()
    loaders = loaders_of(shop)
    await ids(loaders.offering_pages)
    loaders.offerings._memory.clear()
    shop.gone = {"po-1"}
    assert await ids(loaders.offering_pages) == [(0, "po-0"), (2, "po-2")]
    assert [call.split("?")[0] for call in shop.calls] == ["productOffering"] * 2 + ["productOffering/po-1"]
    await loaders.aclose()


async def test_members_fail() -> None:
    """A page whose members cannot be had is an error, not a shorter page."""
    shop = Shop()
    loaders = loaders_of(shop)
    await ids(loaders.offering_pages)
    loaders.offerings._memory.clear()
    shop.status = 503
    with pytest.raises(UpstreamUnavailableError):
        await ids(loaders.offering_pages)
    await loaders.aclose()


async def test_odd_members() -> None:
    """An odd element is left out and counted as received."""
    shop = Shop()
    shop.odd = {2}
    loaders = loaders_of(shop)
    page = await loaders.offering_pages.load(context(), PageQuery(0, 3), NAME)
    assert ([item.id for _, item in page.items], page.received) == (["po-0", "po-1"], 3)
    await loaders.aclose()


@pytest.mark.parametrize(("status", "error"), [(503, UpstreamUnavailableError), (400, UpstreamInvalidError)])
async def test_page_fails(status: int, error: type[Exception]) -> None:
    """A page that fails is an error and is not kept; a page that is held is given instead while it is not dead."""
    shop = Shop()
    clock = FixedClock()
    loaders = loaders_of(shop, clock)
    shop.status = status
    with pytest.raises(error):
        await ids(loaders.offering_pages)
    shop.status = 200
    assert len(await ids(loaders.offering_pages)) == 3
    shop.status = status
    clock.advance(86_400)
    assert len(await ids(loaders.offering_pages)) == 3
    clock.advance(301)
    with pytest.raises(error):
        await ids(loaders.offering_pages)
    await loaders.aclose()


async def test_empty_page() -> None:
    """An empty page is kept like any other."""
    shop = Shop()
    loaders = loaders_of(shop)
    for _ in range(2):
        page = await loaders.offering_pages.load(context(), PageQuery(100, 3), NAME)
        assert (list(page.items), page.received, page.total) == ([], 0, 7)
    assert len(shop.calls) == 1
    await loaders.aclose()


async def test_pages_in_redis(redis_url: str) -> None:
    """A second process gives pages and members that the first has read, without asking."""
    shop = Shop()
    async with Redis.from_url(redis_url) as redis:
        one, other = loaders_of(shop, redis=redis), loaders_of(shop, redis=redis)
        first = await ids(one.offering_pages)
        await settle(one.offering_pages._ids)
        await settle(one.offerings)
        assert await ids(other.offering_pages) == first
        assert len(shop.calls) == 1
        await one.aclose()
        await other.aclose()


async def test_kinds_do_not_mix(redis_url: str) -> None:
    """The same id in two collections is two entities, in memory and in Redis."""

    async def both(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"id": "1", "name": request.url.path.split("/")[-2]})

    async with Redis.from_url(redis_url) as redis:
        for _ in range(2):
            loaders = loaders_of(both, redis=redis)
            names = [
                getattr(await loader.load(context(), "1", NAME), "name", None)
                for loader in (loaders.offerings, loaders.prices, loaders.specifications, loaders.categories)
            ]
            assert names == ["productOffering", "productOfferingPrice", "productSpecification", "category"]
            for loader in (loaders.offerings, loaders.prices, loaders.specifications, loaders.categories):
                await settle(loader)
            await loaders.aclose()


def test_memory_is_shared_out() -> None:
    """The shares of the memory are the memory, and most of it is for entities."""
    loaders = loaders_of(Shop())
    entities = [loaders.offerings, loaders.prices, loaders.specifications, loaders.categories]
    pages = [loaders.offering_pages, loaders.price_pages, loaders.category_pages]
    shares = [each._memory.max_bytes for each in entities], [each._ids._memory.max_bytes for each in pages]
    assert shares == ([450_000, 200_000, 150_000, 50_000], [50_000] * 3)
    assert sum(map(sum, shares)) == 1_000_000
