"""The loaders of the catalogue: one per TMF620 collection, and pages where whole listings are read."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from clients import tmf620
from clients.tmf import Collection, Entity, TMFClient
from dataloaders.freshness import Freshness
from dataloaders.held import Held
from dataloaders.lru import ByteLRU
from dataloaders.pages import EntityLoader, PageIds, PageLoader
from dataloaders.shared import SharedCache
from dataloaders.tiered import Caches
from kernel.clock import Clock

if TYPE_CHECKING:
    from redis.asyncio import Redis

E = TypeVar("E", bound=Entity)


@dataclass(frozen=True)
class CatalogLoaders:
    """Everything that reads the catalogue, each read at most once at a time and kept as `Freshness` says."""

    offerings: EntityLoader[tmf620.ProductOffering]
    offering_pages: PageLoader[tmf620.ProductOffering]
    prices: EntityLoader[tmf620.ProductOfferingPrice]
    price_pages: PageLoader[tmf620.ProductOfferingPrice]
    specifications: EntityLoader[tmf620.ProductSpecification]
    categories: EntityLoader[tmf620.Category]
    category_pages: PageLoader[tmf620.Category]

    def outdate(self, name: str, at: float) -> None:
        """Take note that `productOffering/po-1` changed at the moment `at`; with `*` as the id, any may have."""
        path, _, local_id = name.partition("/")
        for entities in (self.offerings, self.prices, self.specifications, self.categories):
            if entities.collection.path == path:
                entities.outdate(None if local_id == "*" else local_id, at)
        for pages in (self.offering_pages, self.price_pages, self.category_pages):
            if pages.collection.path == path:
                pages.outdate(at)

    async def aclose(self) -> None:
        for loader in (self.offering_pages, self.price_pages, self.category_pages):
            await loader.aclose()
        for entities in (self.offerings, self.prices, self.specifications, self.categories):
            await entities.aclose()


@dataclass(frozen=True)
class CacheOptions:
    """`memory_bytes` is shared by all kinds: most of it for entities, which is what a warm page is made of."""

    redis: "Redis | None"
    freshness: Freshness
    memory_bytes: int


def catalog_loaders(client: TMFClient, options: CacheOptions, clock: Clock) -> CatalogLoaders:
    """Loaders over one TMF620 upstream. Call `aclose` on the result when the process stops."""

    def caches(kind: Any, namespace: str, share: float) -> Caches[Any]:
        memory: ByteLRU[Held[Any]] = ByteLRU(int(options.memory_bytes * share))
        shared: SharedCache[Any] = SharedCache(options.redis, Held[kind], namespace, clock)
        return Caches(memory, shared, options.freshness, clock)

    def entities(collection: Collection[E], share: float) -> EntityLoader[E]:
        return EntityLoader(client, collection, caches(collection.model, collection.name, share))

    def pages(loader: EntityLoader[E]) -> PageLoader[E]:
        return PageLoader(client, loader, caches(PageIds, f"{loader.collection.name}.pages", 0.05))

    offerings, prices = entities(tmf620.OFFERINGS, 0.45), entities(tmf620.PRICES, 0.2)
    categories = entities(tmf620.CATEGORIES, 0.05)
    return CatalogLoaders(
        offerings=offerings,
        offering_pages=pages(offerings),
        prices=prices,
        price_pages=pages(prices),
        specifications=entities(tmf620.SPECIFICATIONS, 0.15),
        categories=categories,
        category_pages=pages(categories),
    )
