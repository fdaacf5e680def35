"""The catalogue asked of its upstream when it is needed.

In the upstream's own order a page reads no further than it must. Search, other orders and exact counts need every
offering: the listing is walked to its end once, what it brought is kept, and the next page costs nothing.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from clients.tmf620 import Category, ProductOffering, ProductOfferingPrice, ProductSpecification
from dataloaders.catalog import CatalogLoaders
from dataloaders.pages import PageLoader
from domain.catalog.cursors import Cursor
from domain.catalog.listing import Chunk, Filters, Listing
from domain.catalog.questions import Found, OfferingPage, Question
from domain.catalog.sorting import PRICE_FIELDS, sort_offerings
from domain.catalog.source import EntityReader
from kernel.context import RequestContext
from kernel.errors import LimitExceededError, UpstreamError, UpstreamInvalidError
from kernel.lasting import NEVER

TREE_FIELDS = frozenset({"parentId", "subCategory", "lifecycleStatus"})
"""What the category tree is put together from."""


@dataclass(frozen=True)
class OnDemandSource:
    """One upstream: its loaders for single entities, its listings for what must be gone through."""

    loaders: CatalogLoaders
    offering_listing: Listing[ProductOffering]
    price_listing: Listing[ProductOfferingPrice]
    category_listing: Listing[Category]

    @cached_property
    def _kept(self) -> "_Pages":
        return _Pages(self.offering_listing.pages)

    @property
    def offerings(self) -> EntityReader[ProductOffering]:
        return self.loaders.offerings

    @property
    def prices(self) -> EntityReader[ProductOfferingPrice]:
        return self.loaders.prices

    @property
    def specifications(self) -> EntityReader[ProductSpecification]:
        return self.loaders.specifications

    @property
    def categories(self) -> EntityReader[Category]:
        return self.loaders.categories

    async def all_categories(self, ctx: RequestContext) -> Sequence[Category]:
        """Every category.

        Raises:
            UpstreamError: they cannot be known.
            LimitExceededError: there are more than a shop can have.
        """
        return await self.category_listing.all(ctx, TREE_FIELDS)

    async def find(self, question: Question) -> OfferingPage:
        """One page.

        Raises:
            UpstreamError: the offerings cannot be known.
            LimitExceededError: the catalogue is too large to search or sort on demand.
        """
        kept = self.known(question)
        if kept is not None:
            return kept
        generation = self._kept.generation(question)
        finder = _Finder(self, question, question.fields | question.query.needs, self._pushed(question))
        if question.query.sort is not None or question.query.search:
            return await finder.slice(await finder.sorted())
        if question.count:
            try:
                return await finder.slice(await finder.everything())
            except LimitExceededError:
                pass  # too many to count; the page itself is still to be had
        return self._kept.keep(question, generation, await finder.walk())

    def known(self, question: Question) -> OfferingPage | None:
        return self._kept.get(question)

    def _pushed(self, question: Question) -> Filters:
        """What is left to the server: only what cannot cost a match, so no category that has others below it."""
        wanted: dict[str, str] = {}
        query, categories = question.query, question.categories
        if query.category is not None and categories is not None and len(categories) == 1:
            wanted["category.id"] = query.category
        if query.is_bundle:
            wanted["isBundle"] = "true"
        return self.offering_listing.pushed(wanted)


_MOST_PAGES = 64
_MOST_OFFERINGS = 4_096


class _Pages:
    """Pages in the upstream's order, given again while nothing that was read has changed and all of it is fresh.

    Left out are pages that the mere passing of time changes, and whoever notes what is read. Of more than
    `_MOST_PAGES`, or pages of more than `_MOST_OFFERINGS` together, those that were read longest ago go.
    """

    def __init__(self, reader: PageLoader[ProductOffering]) -> None:
        self._reader = reader
        self._pages: dict[Any, tuple[int, float, OfferingPage]] = {}
        self._offerings = 0

    def generation(self, question: Question) -> int | None:
        """What a page that is now begun is kept by; None for one that is not kept."""
        timeless = question.query.sellable is None and not question.count
        return self._reader.generation if timeless and question.ctx.reads is None else None

    def get(self, question: Question) -> OfferingPage | None:
        found = None if self.generation(question) is None else self._pages.get(_key(question))
        if found is None or found[0] != self._reader.generation or found[1] <= question.now.timestamp():
            return None
        return found[2]

    def keep(self, question: Question, generation: int | None, page: OfferingPage) -> OfferingPage:
        """Keep a page; what to give in its place, which is the one before where that is the same."""
        if generation is None or page.fresh_until == NEVER:
            return page
        key = _key(question)
        until = page.fresh_until if generation == self._reader.generation else 0.0
        before = self._drop(key)
        if before is not None and _same(before, page):  # what was made of it is good for this one
            page = before
        self._pages[key] = (generation, until, page)
        self._offerings += len(page.items)
        while len(self._pages) > _MOST_PAGES or self._offerings > _MOST_OFFERINGS:
            self._drop(next(iter(self._pages)))
        return page

    def _drop(self, key: Any) -> OfferingPage | None:
        found = self._pages.pop(key, None)
        if found is None:
            return None
        self._offerings -= len(found[2].items)
        return found[2]


def _same(before: OfferingPage, page: OfferingPage) -> bool:
    ends = (before.has_next_page, before.has_previous_page, before.total)
    if ends != (page.has_next_page, page.has_previous_page, page.total) or len(before.items) != len(page.items):
        return False
    return all(was is item and at == cursor for (at, was), (cursor, item) in zip(before.items, page.items, strict=True))


def _key(question: Question) -> Any:
    cursor = question.cursor
    at = None if cursor is None else (cursor.offset, cursor.id, cursor.narrowed)
    return question.ctx.audience.key, question.query, question.categories, question.first, at, question.fields


@dataclass(frozen=True)
class _Finder:
    source: OnDemandSource
    question: Question
    fields: frozenset[str]
    pushed: Filters

    async def walk(self) -> OfferingPage:
        """A page in the upstream's order, reading no more than it needs.

        The first chunk begins with the cursor's own item: where it stands now tells whether the listing has moved.
        """
        first, cursor = self.question.first, self.question.cursor
        found: Found = []
        chunks = self.source.offering_listing.walk(
            self.question.ctx,
            self.fields,
            offset=cursor.offset if cursor else 0,
            first_chunk=first + (2 if cursor else 1),
            filters=self.pushed if cursor is None or cursor.narrowed else (),
        )
        at_cursor, fresh_until = cursor is not None, math.inf
        async for chunk in chunks:
            fresh_until = min(fresh_until, chunk.fresh_until)
            items: Sequence[tuple[int, ProductOffering]] = chunk.items
            if cursor is not None and at_cursor:
                items = await self._behind(cursor, chunk)
                at_cursor = False
            found += self._matching(items, narrowed=chunk.narrowed)
            if len(found) > first:
                break
        return OfferingPage(found[:first], len(found) > first, cursor is not None, None, fresh_until)

    async def _behind(self, cursor: Cursor, chunk: Chunk[ProductOffering]) -> Sequence[tuple[int, ProductOffering]]:
        """What follows the cursor's offering; all of the chunk when it is gone.

        Raises:
            UpstreamInvalidError: the chunk is the listing's beginning again: the server ignores the offset.
        """
        places = [place for place, (_, item) in enumerate(chunk.items) if item.id == cursor.id]
        if places:
            return chunk.items[places[0] + 1 :]
        filters = self.pushed if chunk.narrowed else ()
        if chunk.items and await self.source.offering_listing.begins_with(
            self.question.ctx, chunk.items[0][1].id, filters, limit=self.question.first + 1
        ):
            raise UpstreamInvalidError("listing", detail="the server ignores the offset: a later page is the first")
        return chunk.items

    async def everything(self) -> Found:
        """All that matches, in the upstream's order.

        Only the first chunk is read with all that will be shown: most catalogues end there, and of the others one page
        is shown, which is completed when it is known.
        """
        needs = self.question.query.needs
        chunks = self.source.offering_listing.walk(self.question.ctx, self.fields, filters=self.pushed, rest=needs)
        return [pair async for chunk in chunks for pair in self._matching(chunk.items, narrowed=chunk.narrowed)]

    async def sorted(self) -> Found:
        """All that matches, in the order asked for."""
        found = [offering for _, offering in await self.everything()]
        ordered = await sort_offerings(self.question, found, self._prices)
        return [(self.question.cursor_at(place, offering), offering) for place, offering in enumerate(ordered)]

    async def _prices(self) -> Mapping[str, ProductOfferingPrice]:
        listed = await self.source.price_listing.all(self.question.ctx, PRICE_FIELDS)
        return {price.id: price for price in listed}

    async def slice(self, found: Found) -> OfferingPage:
        """One page of what was found, its offerings read with all that will be shown."""
        page = slice_found(self.question, found)
        wanted = [offering.id for _, offering in page.items]
        whole: dict[str, ProductOffering] = {}
        for entity in await self.source.offerings.load_many(self.question.ctx, wanted, self.fields):
            if isinstance(entity, UpstreamError):
                raise entity
            if entity is not None:
                whole[entity.id] = entity
        shown = [(at, whole[offering.id]) for at, offering in page.items if offering.id in whole]
        return replace(page, items=[(at, offering) for at, offering in shown if self.question.matches(offering)])

    def _matching(self, items: Sequence[tuple[int, ProductOffering]], *, narrowed: bool) -> Found:
        question = self.question
        return [(question.cursor_at(at, o, narrowed=narrowed), o) for at, o in items if question.matches(o)]


def slice_found(question: Question, found: Found) -> OfferingPage:
    """The page that was asked for, of everything that was found."""
    start, cursor = 0, question.cursor
    if cursor is not None:
        places = [place for place, (at, _) in enumerate(found) if at.id == cursor.id]
        before = [place for place, (at, _) in enumerate(found) if at.offset < cursor.offset]
        start = places[0] + 1 if places else len(before)
    shown = found[start : start + question.first]
    return OfferingPage(shown, start + question.first < len(found), start > 0, len(found))
