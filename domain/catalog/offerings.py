"""Pages of offerings: filtered, searched, sorted, counted.

In the upstream's own order a page reads no further than it must. Search, other orders and exact counts need every
offering: the listing is walked to its end once, what it brought is kept, and the next page costs nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clients.tmf620 import ProductOffering
from domain.catalog import search
from domain.catalog.catalog import Catalog
from domain.catalog.cursors import Cursor, parse_cursor, question_mark
from domain.catalog.kinds import OfferingSort
from domain.catalog.sorting import fields_for, sort_offerings
from kernel.context import RequestContext, Segment
from kernel.errors import LimitExceededError

Found = list[tuple[Cursor, ProductOffering]]


@dataclass(frozen=True)
class OfferingQuery:
    """What is asked for; None does not narrow. `category` and `ids` are local ids; a category means all below it."""

    segment: Segment | None = None
    category: str | None = None
    search: str | None = None
    is_bundle: bool | None = None
    sellable: bool | None = None
    ids: tuple[str, ...] | None = None
    sort: OfferingSort | None = None

    @property
    def mark(self) -> int:
        values = [getattr(self, name) for name in self.__dataclass_fields__]
        return question_mark([value.value if isinstance(value, (Segment, OfferingSort)) else value for value in values])

    @property
    def needs(self) -> frozenset[str]:
        """The attributes that answering looks at, whatever is shown."""
        needed = set(fields_for(self.sort))
        if self.search:
            needed |= search.FIELDS
        if self.category is not None:
            needed.add("category")
        if self.is_bundle is not None:
            needed.add("isBundle")
        return frozenset(needed)


@dataclass(frozen=True)
class OfferingPage:
    """One page. `total` counts all that match; None where counting was not asked for or would read too much."""

    items: Sequence[tuple[Cursor, ProductOffering]]
    has_next_page: bool
    has_previous_page: bool
    total: int | None

    @property
    def start_cursor(self) -> str | None:
        return str(self.items[0][0]) if self.items else None

    @property
    def end_cursor(self) -> str | None:
        return str(self.items[-1][0]) if self.items else None


async def find_offerings(
    catalog: Catalog,
    ctx: RequestContext,
    query: OfferingQuery,
    *,
    first: int,
    after: str | None,
    fields: frozenset[str],
    count: bool,
) -> OfferingPage:
    """The `first` offerings after the cursor `after` that match and that the caller may know of.

    Raises:
        BadRequestError: the cursor is broken or belongs to another question.
        UpstreamError: the offerings cannot be known.
        LimitExceededError: the catalogue is too large to search or sort on demand.
    """
    cursor = parse_cursor(after, query.mark) if after is not None else None
    finder = await _Finder.prepare(catalog, ctx, query, fields)
    if query.ids is not None or query.sort is not None or query.search:
        return await finder.slice(await finder.sorted(), first, cursor)
    if count:
        try:
            return await finder.slice(await finder.everything(), first, cursor)
        except LimitExceededError:
            pass  # too many to count; the page itself is still to be had
    return await finder.walk(first, cursor)


@dataclass(frozen=True)
class _Finder:
    catalog: Catalog
    ctx: RequestContext
    query: OfferingQuery
    fields: frozenset[str]
    matches: Callable[[ProductOffering], bool]
    pushed: tuple[tuple[str, str], ...]

    @classmethod
    async def prepare(
        cls, catalog: Catalog, ctx: RequestContext, query: OfferingQuery, fields: frozenset[str]
    ) -> "_Finder":
        categories: frozenset[str] | None = None
        if query.category is not None:
            categories = (await catalog.category_tree(ctx)).with_descendants(query.category)
        matches = _predicate(catalog, ctx, query, categories)
        return cls(catalog, ctx, query, fields | query.needs, matches, _pushed(catalog, query, categories))

    async def walk(self, first: int, cursor: Cursor | None) -> OfferingPage:
        """A page in the upstream's order, reading no more than it needs.

        The first chunk begins with the cursor's own item: where it stands now tells whether the listing has moved.
        """
        found: Found = []
        chunks = self.catalog.offerings.walk(
            self.ctx,
            self.fields,
            offset=cursor.offset if cursor else 0,
            first_chunk=first + (2 if cursor else 1),
            filters=self.pushed if cursor is None or cursor.narrowed else (),
        )
        fresh_start = cursor is not None
        async for chunk in chunks:
            items = _after(chunk.items, cursor.id) if cursor is not None and fresh_start else chunk.items
            fresh_start = False
            found += self._matching(items, narrowed=chunk.narrowed)
            if len(found) > first:
                break
        return OfferingPage(found[:first], len(found) > first, cursor is not None, None)

    async def everything(self) -> Found:
        """All that matches, in the upstream's order.

        Only the first chunk is read with all that will be shown: most catalogues end there, and of the others one page
        is shown, which is completed when it is known.
        """
        chunks = self.catalog.offerings.walk(self.ctx, self.fields, filters=self.pushed, rest=self.query.needs)
        return [pair async for chunk in chunks for pair in self._matching(chunk.items, narrowed=chunk.narrowed)]

    async def sorted(self) -> Found:
        """All that matches, in the order asked for."""
        if self.query.ids is None:
            found = [offering for _, offering in await self.everything()]
        else:
            named = await self.catalog.offerings_by_id(self.ctx, self.query.ids, self.fields)
            found = [offering for offering in named if self.matches(offering)]
        if self.query.sort is not None or self.query.search:
            found = await sort_offerings(self.catalog, self.ctx, found, sort=self.query.sort, text=self.query.search)
        return [(Cursor(self.query.mark, place, offering.id), offering) for place, offering in enumerate(found)]

    async def slice(self, found: Found, first: int, cursor: Cursor | None) -> OfferingPage:
        """One page of what was found, its offerings read with all that will be shown."""
        start = 0
        if cursor is not None:
            places = [place for place, (at, _) in enumerate(found) if at.id == cursor.id]
            before = [place for place, (at, _) in enumerate(found) if at.offset < cursor.offset]
            start = places[0] + 1 if places else len(before)
        shown = found[start : start + first]
        wanted = [offering.id for _, offering in shown]
        whole = {o.id: o for o in await self.catalog.offerings_by_id(self.ctx, wanted, self.fields)}
        items = [(at, whole[offering.id]) for at, offering in shown if offering.id in whole]
        return OfferingPage(items, start + first < len(found), start > 0, len(found))

    def _matching(self, items: Sequence[tuple[int, ProductOffering]], *, narrowed: bool) -> Found:
        mark = self.query.mark
        return [(Cursor(mark, at, item.id, narrowed), item) for at, item in items if self.matches(item)]


def _predicate(
    catalog: Catalog, ctx: RequestContext, query: OfferingQuery, categories: frozenset[str] | None
) -> Callable[[ProductOffering], bool]:
    """Whether an offering belongs to the answer: everything that was asked for, and that the caller may know of it."""
    rules, audience, now = catalog.rules, ctx.audience, catalog.now()
    wanted = search.words(query.search or "")

    def matches(offering: ProductOffering) -> bool:
        return (
            rules.visible(offering, audience)
            and (query.segment is None or query.segment in rules.segments_of(offering))
            and (categories is None or any(ref.id in categories for ref in offering.category))
            and (query.is_bundle is None or offering.is_bundle is query.is_bundle)
            and (query.sellable is None or rules.is_sellable(offering, audience, now) is query.sellable)
            and (not wanted or search.rank(offering, wanted) is not None)
        )

    return matches


def _pushed(catalog: Catalog, query: OfferingQuery, categories: frozenset[str] | None) -> tuple[tuple[str, str], ...]:
    """What is left to the server: only what cannot cost a match, so no category that has others below it."""
    wanted: dict[str, str] = {}
    if query.category is not None and categories is not None and len(categories) == 1:
        wanted["category.id"] = query.category
    if query.is_bundle:
        wanted["isBundle"] = "true"
    return catalog.offerings.pushed(wanted)


def _after(items: Sequence[tuple[int, ProductOffering]], cursor_id: str) -> Sequence[tuple[int, ProductOffering]]:
    """What follows the cursor's item; everything when it is gone."""
    places = [place for place, (_, item) in enumerate(items) if item.id == cursor_id]
    return items[places[0] + 1 :] if places else items
