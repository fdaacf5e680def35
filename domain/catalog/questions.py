"""What is asked of the catalogue's offerings, and a page of the answer; the same for every source."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import msgspec

from clients.tmf620 import ProductOffering
from domain.catalog import search
from domain.catalog.cursors import Cursor, question_mark
from domain.catalog.kinds import BY_PRICE, OfferingSort
from domain.catalog.rules import ShopRules
from kernel.context import RequestContext, Segment
from kernel.lasting import LastingList

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

    @cached_property
    def mark(self) -> int:
        values = [getattr(self, name) for name in self.__dataclass_fields__]
        return question_mark([value.value if isinstance(value, (Segment, OfferingSort)) else value for value in values])

    @property
    def needs(self) -> frozenset[str]:
        """The attributes that answering looks at, whatever is shown."""
        needed: set[str] = set()
        if self.sort in BY_PRICE:
            needed.add("productOfferingPrice")
        if self.sort is OfferingSort.NEWEST:
            needed.add("lastUpdate")
        if self.search:
            needed |= search.FIELDS
        if self.category is not None:
            needed.add("category")
        if self.is_bundle is not None:
            needed.add("isBundle")
        return frozenset(needed)


@dataclass(frozen=True)
class OfferingPage:
    """One page. `total` counts all that match; None where counting was not asked for or would read too much.

    `fresh_until`: as that of what is loaded, and for as long as nothing it was made of changes.
    """

    items: Sequence[tuple[Cursor, ProductOffering]]
    has_next_page: bool
    has_previous_page: bool
    total: int | None
    fresh_until: float = 0.0

    @cached_property
    def offerings(self) -> LastingList[ProductOffering]:
        return LastingList(offering for _, offering in self.items)

    @property
    def start_cursor(self) -> str | None:
        return str(self.items[0][0]) if self.items else None

    @property
    def end_cursor(self) -> str | None:
        return str(self.items[-1][0]) if self.items else None


class Question(msgspec.Struct, frozen=True, dict=True):
    """A query as one caller asks it at one moment: the `first` behind `cursor`, each shown with `fields`.

    `categories` are the category asked for and all below it; `count`: whether `total` is wanted.
    """

    ctx: RequestContext
    query: OfferingQuery
    categories: frozenset[str] | None
    rules: ShopRules
    now: datetime
    first: int
    cursor: Cursor | None
    fields: frozenset[str]
    count: bool

    @cached_property
    def words(self) -> tuple[str, ...]:
        return search.words(self.query.search or "")

    def matches(self, offering: ProductOffering) -> bool:
        """Whether an offering belongs to the answer: all that was asked for, and that the caller may know of it."""
        rules, query, audience = self.rules, self.query, self.ctx.audience
        return (
            rules.visible(offering, audience)
            and (query.segment is None or query.segment in rules.segments_of(offering))
            and (self.categories is None or any(ref.id in self.categories for ref in offering.category))
            and (query.is_bundle is None or offering.is_bundle is query.is_bundle)
            and (query.sellable is None or rules.is_sellable(offering, audience, self.now) is query.sellable)
            and (not self.words or search.rank(offering, self.words) is not None)
        )

    def cursor_at(self, offset: int, offering: ProductOffering, *, narrowed: bool = False) -> Cursor:
        return Cursor(self.query.mark, offset, offering.id, narrowed)
