"""Pages of a collection: their ids are kept as one value, their entities where single entities are kept.

So a page read for a list warms every later look-up of its members, and a page served from memory shows each member as
it was read last.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from clients.tmf import Collection, Entity, TMFClient
from dataloaders.flights import Outcome
from dataloaders.held import Held
from dataloaders.tiered import Caches, Fetch, TieredLoader
from kernel.context import Audience, RequestContext
from kernel.errors import UpstreamError
from kernel.reads import Reads, entity_names, listing_names

E = TypeVar("E", bound=Entity)


class PageQuery(msgspec.Struct, frozen=True, array_like=True):
    """One page of one listing: filters as (attribute, value), 0-based offset, number of items."""

    offset: int
    limit: int
    filters: tuple[tuple[str, str], ...] = ()


class PageIds(msgspec.Struct, frozen=True):
    """What is kept of a page. `received` counts the odd elements that were left out, `total` is the server's hint."""

    ids: tuple[str, ...]
    received: int
    total: int | None


class _ReadPage(PageIds, frozen=True):
    """A page as it was read, for those who waited for it."""

    items: tuple[Any, ...] = ()


@dataclass(frozen=True)
class LoadedPage(Generic[E]):
    """A page with its entities, in the server's order. Those that are gone meanwhile are left out.

    `fresh_until`: as that of what is loaded.
    """

    items: Sequence[tuple[int, E]]
    received: int
    total: int | None
    fresh_until: float = 0.0


class EntityLoader(TieredLoader[E]):
    """Entities of one collection by id."""

    def __init__(self, client: TMFClient, collection: Collection[E], caches: Caches[E]) -> None:
        self._client, self.collection = client, collection
        super().__init__(collection.name, self._read_entities, caches)

    def _names_of(self, key: str) -> Sequence[str]:
        return entity_names(self.collection.path, key)

    def _note(self, reads: Reads, key: str, chosen: Outcome[E]) -> None:
        super()._note(reads, key, chosen)
        if isinstance(chosen, Held) and chosen.value is not None:
            note_periods(reads, chosen.value)

    async def _read_entities(
        self, audience: Audience, wanted: Mapping[str, frozenset[str]]
    ) -> Mapping[str, E | UpstreamError | None]:
        fields: frozenset[str] = frozenset().union(*wanted.values())
        return await self._client.get_many(self.collection, audience, list(wanted), fields)


def note_periods(reads: Reads, entity: Entity) -> None:
    """Note when the periods that an entity tells of begin and end."""
    for period in entity.periods:
        for moment in (period.start, period.end):
            if moment is not None:
                reads.note_change(moment.timestamp())


class _PageIdsLoader(TieredLoader[PageIds]):
    def __init__(self, path: str, name: str, fetch: Fetch[PageIds], caches: Caches[PageIds]) -> None:
        super().__init__(name, fetch, caches)
        self._listed = listing_names(path)

    def _names_of(self, key: str) -> Sequence[str]:  # noqa: ARG002  (any change may concern any page)
        return self._listed

    def _is_same(self, before: PageIds | None, after: PageIds | None) -> bool:
        return before == after

    def _keep_all(self, audience: Audience, held: Mapping[str, Held[PageIds]]) -> None:
        """Without the entities, which are kept on their own."""
        bare = {key: Held(_bare(item.value), item.fields, item.read_at) for key, item in held.items()}
        super()._keep_all(audience, bare)


class PageLoader(Generic[E]):
    """Pages of one collection."""

    def __init__(self, client: TMFClient, entities: EntityLoader[E], caches: Caches[PageIds]) -> None:
        self._client, self._entities, self.collection = client, entities, entities.collection
        self._clock = caches.clock
        name = f"{self.collection.name}.pages"
        self._ids = _PageIdsLoader(self.collection.path, name, self._read_pages, caches)

    @property
    def generation(self) -> int:
        """Grows with whatever changes what a load can give, but for the mere passing of time."""
        return self._ids.generation + self._entities.generation

    async def load(self, ctx: RequestContext, query: PageQuery, fields: frozenset[str]) -> LoadedPage[E]:
        """The page's entities with at least `fields`; each with its offset in the listing.

        Raises:
            UpstreamError: no usable answer, and nothing kept that would do.
        """
        key = _encode(query)
        held = await self._ids.load_held(ctx, key, fields)
        page, fresh_until = held.value, self._ids.fresh_until([key], [held])
        assert page is not None  # noqa: S101  (a page may be empty, but there always is one)
        if isinstance(page, _ReadPage) and not self._entities.is_outdated(held.read_at):
            if ctx.reads is not None:  # of the members' changes the listing's names tell
                for each in page.items:
                    note_periods(ctx.reads, each)
            return LoadedPage([*enumerate(page.items, query.offset)], page.received, page.total, fresh_until)
        entities = await self._entities.load_many(ctx, page.ids, fields, beside=held.read_at)
        fresh_until = min(fresh_until, entities.fresh_until)
        items: list[tuple[int, E]] = []
        for offset, entity in enumerate(entities, start=query.offset):
            if isinstance(entity, UpstreamError):
                raise entity
            if entity is not None:
                items.append((offset, entity))
        return LoadedPage(items, page.received, page.total, fresh_until)

    def outdate(self, at: float) -> None:
        """Whatever changed, any page may have other members now."""
        self._ids.outdate(None, at)

    async def aclose(self) -> None:
        await self._ids.aclose()

    async def _read_pages(
        self, audience: Audience, wanted: Mapping[str, frozenset[str]]
    ) -> Mapping[str, PageIds | UpstreamError | None]:
        pages = (self._read_page(audience, key, fields) for key, fields in wanted.items())
        return dict(zip(wanted, await asyncio.gather(*pages), strict=True))

    async def _read_page(self, audience: Audience, key: str, fields: frozenset[str]) -> PageIds | UpstreamError:
        query = msgspec.json.decode(key, type=PageQuery)
        began = self._clock.now()
        try:
            page = await self._client.page(
                self.collection,
                audience,
                fields=fields,
                offset=query.offset,
                limit=query.limit,
                filters=dict(query.filters),
            )
        except UpstreamError as error:
            return error
        self._entities.keep(audience, {item.id: item for item in page.items}, fields, read_at=began)
        return _ReadPage(tuple(item.id for item in page.items), page.received, page.total, tuple(page.items))


def _bare(page: PageIds | None) -> PageIds | None:
    return None if page is None else PageIds(page.ids, page.received, page.total)


def _encode(query: PageQuery) -> str:
    return msgspec.json.encode(query).decode()
