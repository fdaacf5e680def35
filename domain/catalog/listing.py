"""Listing a collection of a server that cannot be trusted to filter, count or page.

`walk` goes through an upstream listing chunk by chunk; whoever calls it checks every item against the filter again.
What a newcomer would get wrong: a short page is not the last one (servers clamp `limit`), an empty answer to a filter
is no proof that nothing matches (servers that do not know a filter answer an empty list), and some ignore `offset`.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from clients.tmf import Entity, pushable
from dataloaders.pages import LoadedPage, PageLoader, PageQuery
from kernel.context import RequestContext
from kernel.errors import LimitExceededError, UpstreamInvalidError

E = TypeVar("E", bound=Entity)
Filters = tuple[tuple[str, str], ...]

LISTING = "listing"
"""What an error names as its upstream that was found here, and not in an answer."""


@dataclass(frozen=True)
class Chunk(Generic[E]):
    """New items with their offsets in the upstream's listing, and whether the server filtered that listing.

    `fresh_until`: as that of what is loaded.
    """

    items: list[tuple[int, E]]
    narrowed: bool
    fresh_until: float


@dataclass
class Listing(Generic[E]):
    """One collection, walked. `filters`: the attributes this server is said to filter by."""

    pages: PageLoader[E]
    page_size: int
    max_items: int
    filters: frozenset[str] = frozenset()
    _proven: set[str] = field(default_factory=set)

    def pushed(self, wanted: Mapping[str, str]) -> Filters:
        """Those of the wanted filters that can be left to the server, in one order, so that cache keys are equal."""
        return tuple(
            sorted((name, value) for name, value in wanted.items() if name in self.filters and pushable(value))
        )

    async def walk(
        self,
        ctx: RequestContext,
        fields: frozenset[str],
        *,
        offset: int = 0,
        first_chunk: int | None = None,
        filters: Filters = (),
        rest: frozenset[str] | None = None,
    ) -> AsyncIterator[Chunk[E]]:
        """Chunks from `offset` on, the first of `first_chunk` items, until the end of the listing.

        The chunks after the first are read with `rest` instead of `fields`, where it is given.

        Raises:
            UpstreamError: no usable answer.
            LimitExceededError: more than `max_items` would have to be read.
        """
        seen: set[str] = set()
        start, size = offset, min(first_chunk or self.page_size, self.page_size)  # more, some servers refuse
        while offset - start < self.max_items:
            page = await self.pages.load(ctx, PageQuery(offset, size, filters), fields)
            if filters and self._disbelieved(page, filters, offset):
                filters = ()
                continue
            new = [(at, item) for at, item in page.items if item.id not in seen]
            seen.update(item.id for _, item in new)
            yield Chunk(new, bool(filters), page.fresh_until)
            if self._ended(page, offset, size, repeats=not new):
                return
            offset += page.received
            size = self.page_size
            fields = fields if rest is None else rest
        raise LimitExceededError(f"This would read more than {self.max_items} entries; narrow the filter.")

    async def all(self, ctx: RequestContext, fields: frozenset[str]) -> list[E]:
        """The whole listing; raises as `walk` does."""
        return [item async for chunk in self.walk(ctx, fields) for _, item in chunk.items]

    async def begins_with(self, ctx: RequestContext, local_id: str, filters: Filters, *, limit: int) -> bool:
        """Whether the listing's first item is this one."""
        page = await self.pages.load(ctx, PageQuery(0, limit, filters), frozenset())
        return bool(page.items) and page.items[0][1].id == local_id

    def _disbelieved(self, page: LoadedPage[E], filters: Filters, offset: int) -> bool:
        """Whether "nothing matches" may only mean that the server does not know a filter: it never matched before."""
        names = {name for name, _ in filters}
        if page.items:
            self._proven |= names
        return not page.items and offset == 0 and not names <= self._proven

    def _ended(self, page: LoadedPage[E], offset: int, asked: int, *, repeats: bool) -> bool:
        """Whether nothing follows the page at `offset`.

        An empty page ends a listing. A total that is met exactly ends it too, unless it may just repeat the length of a
        full first page; one that is less than what has been read counts something else.
        """
        if page.received == 0:
            return True
        if repeats and page.items and (page.total is None or offset < page.total):
            raise UpstreamInvalidError(LISTING, detail="the server repeats a page: it ignores the offset")
        met = page.total == offset + page.received
        return repeats or (met and (page.received < asked or offset > 0))
