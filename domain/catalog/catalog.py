"""The catalogue as the rest of the shop sees it. Reads only; every rule about who sees what is applied in here.

`fields` are always attributes of the upstream's resource (`productOfferingPrice`), those that the caller will look at;
what the rules themselves look at is added here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import TypeVar

import structlog
from msgspec.structs import replace

from clients.tmf import Entity
from clients.tmf620 import Category, ProductOffering, ProductOfferingPrice, ProductSpecification
from domain.catalog import prices
from domain.catalog.categories import CategoryTree
from domain.catalog.cursors import parse_cursor
from domain.catalog.joined import Joining
from domain.catalog.on_demand import slice_found
from domain.catalog.questions import OfferingPage, OfferingQuery, Question
from domain.catalog.rules import ShopRules, fold
from domain.catalog.sorting import PRICE_FIELDS, sort_offerings
from domain.catalog.source import CatalogSource, EntityReader
from kernel.clock import Clock
from kernel.context import RequestContext
from kernel.errors import UpstreamError
from kernel.money import Money

log = structlog.get_logger(__name__)

E = TypeVar("E", bound=Entity)


@dataclass
class Catalog:
    """The catalogue from one source, under the operator's rules."""

    source: CatalogSource
    rules: ShopRules
    clock: Clock
    _trees: dict[str, CategoryTree] = field(default_factory=dict)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now(), UTC)

    def question(
        self,
        ctx: RequestContext,
        query: OfferingQuery,
        *,
        first: int,
        after: str | None,
        fields: frozenset[str],
        count: bool,
    ) -> Question:
        """What to `find`: the `first` offerings after the cursor `after` that match and that the caller may know of.

        Raises:
            BadRequestError: the cursor is broken or belongs to another question.
        """
        cursor = parse_cursor(after, query.mark) if after is not None else None
        return Question(ctx, query, None, self.rules, self.now(), first, cursor, fields, count)

    def known(self, asked: Question) -> OfferingPage | None:
        """What `find` would give, where it was given a moment ago; else None."""
        answered_by_source = asked.query.category is None and asked.query.ids is None
        return self.source.known(asked) if answered_by_source else None

    async def find(self, asked: Question) -> OfferingPage:
        """The page.

        Raises:
            UpstreamError: the offerings cannot be known.
            LimitExceededError: the catalogue is too large to search or sort on demand.
        """
        query = asked.query
        if query.category is not None:
            below = (await self.category_tree(asked.ctx)).with_descendants(query.category)
            asked = replace(asked, categories=below)
        return await self.source.find(asked) if query.ids is None else await self._find_among(asked, query.ids)

    async def _find_among(self, asked: Question, ids: Sequence[str]) -> OfferingPage:
        """Of these offerings those that match, in their own order where no other is asked for."""
        named = await self.offerings_by_id(asked.ctx, ids, asked.fields | asked.query.needs)
        found = [offering for offering in named if asked.matches(offering)]

        async def prices_by_id() -> dict[str, ProductOfferingPrice]:
            wanted = [ref.id for offering in found for ref in offering.product_offering_price if not ref.is_value]
            return {price.id: price for price in await _all(self.source.prices, asked.ctx, wanted, PRICE_FIELDS)}

        if asked.query.sort is not None or asked.query.search:
            found = await sort_offerings(asked, found, prices_by_id)
        return slice_found(asked, [(asked.cursor_at(place, each), each) for place, each in enumerate(found)])

    async def offering(self, ctx: RequestContext, local_id: str, fields: frozenset[str]) -> ProductOffering | None:
        """The offering, or None where there is none that the caller may know of.

        Raises:
            UpstreamError: it cannot be known.
        """
        found = await self.source.offerings.load(ctx, local_id, fields)
        return found if found is not None and self.rules.visible(found, ctx.audience) else None

    async def offerings_by_id(
        self, ctx: RequestContext, ids: Iterable[str], fields: frozenset[str]
    ) -> list[ProductOffering]:
        """Those of the offerings that exist and that the caller may know of, in the order asked for.

        Raises:
            UpstreamError: one of them cannot be known.
        """
        found = await _all(self.source.offerings, ctx, ids, fields)
        return [offering for offering in found if self.rules.visible(offering, ctx.audience)]

    async def offering_each(
        self, ctx: RequestContext, local_ids: Sequence[str], fields: frozenset[str]
    ) -> list[ProductOffering | UpstreamError | None]:
        """For each id what `offering` would give, or what kept it from being known."""
        found = await self.source.offerings.load_many(ctx, local_ids, fields)
        return [
            each if each is None or isinstance(each, UpstreamError) or self.rules.visible(each, ctx.audience) else None
            for each in found
        ]

    async def prices_of(
        self, ctx: RequestContext, offering: ProductOffering, fields: frozenset[str]
    ) -> list[ProductOfferingPrice]:
        """The prices in force, discounts left out, in the offering's order. Embedded ones are not read again.

        Raises:
            UpstreamError: one of them cannot be known.
        """
        (found,) = await self.prices_of_each(ctx, [offering], fields)
        if isinstance(found, UpstreamError):
            raise found
        return found

    def known_prices(
        self, ctx: RequestContext, offerings: Sequence[ProductOffering], fields: frozenset[str]
    ) -> Sequence[list[ProductOfferingPrice]] | None:
        """What `prices_of_each` would give, where it was given a moment ago; else None."""
        return self._prices_joined(ctx, self._of_prices(fields)).kept(offerings)

    def known_specifications(
        self, ctx: RequestContext, offerings: Sequence[ProductOffering], fields: frozenset[str]
    ) -> Sequence[ProductSpecification | None] | None:
        """What `specification_of_each` would give, where it was given a moment ago; else None."""
        return self._specifications_joined(ctx, fields).kept(offerings)

    def _prices_joined(self, ctx: RequestContext, fields: frozenset[str]) -> Joining:
        return Joining("prices", self.source.prices, ctx, fields, self.clock.now())

    def _specifications_joined(self, ctx: RequestContext, fields: frozenset[str]) -> Joining:
        return Joining("specification", self.source.specifications, ctx, fields, self.clock.now())

    async def prices_of_each(
        self, ctx: RequestContext, offerings: Sequence[ProductOffering], fields: frozenset[str]
    ) -> Sequence[list[ProductOfferingPrice] | UpstreamError]:
        """For each offering what `prices_of` would give, or why it cannot be known."""
        fields = self._of_prices(fields)
        joining = self._prices_joined(ctx, fields)
        wanted = [[ref.id for ref in each.product_offering_price if not ref.is_value] for each in offerings]
        ids = list(dict.fromkeys(chain.from_iterable(wanted)))
        loaded = await self.source.prices.load_many(ctx, ids, fields)
        again = joining.again(offerings, loaded)
        if again is not None:
            return again
        now = self.now()
        each = _of_each(self.source.prices, wanted, dict(zip(ids, loaded, strict=True)))
        return joining.keep(offerings, each, lambda offering, found: self._in_force(offering, found, now), loaded)

    def _in_force(
        self, offering: ProductOffering, loaded: Sequence[ProductOfferingPrice], now: datetime
    ) -> list[ProductOfferingPrice]:
        refs, rules = offering.product_offering_price, self.rules
        if len(loaded) == len(refs):  # each a reference to something, and no two to the same
            listed = loaded
        else:
            known = {price.id: price for price in loaded}
            known.update((price.id, price) for price in refs if price.is_value)
            listed = [known[ref.id] for ref in refs if ref.id in known]
        return [price for price in listed if rules.is_charged(price, now)]

    def _of_prices(self, fields: frozenset[str]) -> frozenset[str]:
        return prices.price_attributes(fields, includes_tax=self.rules.prices_include_tax)

    def shown_amount(self, price: ProductOfferingPrice) -> Money | None:
        return prices.shown(price, includes_tax=self.rules.prices_include_tax)

    async def price(self, ctx: RequestContext, local_id: str, fields: frozenset[str]) -> ProductOfferingPrice | None:
        """One price, whether in force or not; None for a draft."""
        found = await self.source.prices.load(ctx, local_id, self._of_prices(fields))
        return found if found is not None and self._shown(found) else None

    async def promotions_of_each(
        self, ctx: RequestContext, prices: Sequence[ProductOfferingPrice], fields: frozenset[str]
    ) -> list[list[ProductOfferingPrice] | UpstreamError]:
        """For each price the discounts that it points to and that are in force, or why they cannot be known."""
        discounts = self.rules.discounts
        wanted = [[r.id for r in each.pop_relationship if fold(r.relationship_type) in discounts] for each in prices]
        now = self.now()
        return [
            each if isinstance(each, UpstreamError) else [p for p in each if self.rules.price_applies(p, now)]
            for each in await _all_of_each(self.source.prices, ctx, wanted, fields)
        ]

    async def reductions_of(
        self, ctx: RequestContext, price: ProductOfferingPrice, fields: frozenset[str]
    ) -> list[ProductOfferingPrice]:
        """Those of the promotions that hold for everyone who buys now, without any condition put in words."""
        ids = [r.id for r in price.pop_relationship if fold(r.relationship_type) in self.rules.reductions]
        now = self.now()
        return [p for p in await _all(self.source.prices, ctx, ids, fields) if self.rules.price_applies(p, now)]

    async def specification_of(
        self, ctx: RequestContext, offering: ProductOffering, fields: frozenset[str]
    ) -> ProductSpecification | None:
        ref = offering.product_specification
        return None if ref is None else await self.specification(ctx, ref.id, fields)

    async def specification_of_each(
        self, ctx: RequestContext, offerings: Sequence[ProductOffering], fields: frozenset[str]
    ) -> Sequence[ProductSpecification | UpstreamError | None]:
        """For each offering its specification, None where it has none, or why it cannot be known."""
        joining = self._specifications_joined(ctx, fields)
        refs = [each.product_specification for each in offerings]
        wanted = list(dict.fromkeys(ref.id for ref in refs if ref is not None))
        loaded = await self.source.specifications.load_many(ctx, wanted, fields)
        again = joining.again(offerings, loaded)
        if again is not None:
            return again
        found = dict(zip(wanted, loaded, strict=True))
        each = [None if ref is None else found[ref.id] for ref in refs]
        return joining.keep(offerings, each, lambda _, specification: specification, loaded)

    async def specification(
        self, ctx: RequestContext, local_id: str, fields: frozenset[str]
    ) -> ProductSpecification | None:
        return await self.source.specifications.load(ctx, local_id, fields)

    async def category(self, ctx: RequestContext, local_id: str) -> Category | None:
        found = await self.source.categories.load(ctx, local_id, frozenset({"lifecycleStatus"}))
        return found if found is not None and self._shown(found) else None

    async def category_each(
        self, ctx: RequestContext, local_ids: Sequence[str]
    ) -> list[Category | UpstreamError | None]:
        """For each id what `category` would give, or what kept it from being known."""
        found = await self.source.categories.load_many(ctx, local_ids, frozenset({"lifecycleStatus"}))
        return [
            each if each is None or isinstance(each, UpstreamError) or self._shown(each) else None for each in found
        ]

    async def category_tree(self, ctx: RequestContext) -> CategoryTree:
        """All categories in their tree. Put together anew only when one of them was read anew.

        Raises:
            UpstreamError: they cannot be known.
            LimitExceededError: there are more than a shop can have.
        """
        shown = [category for category in await self.source.all_categories(ctx) if self._shown(category)]
        tree = self._trees.get(ctx.audience.key)
        if tree is None or not _same(shown, list(tree.by_id.values())):
            tree = self._trees[ctx.audience.key] = CategoryTree.of(shown)
        return tree

    def _shown(self, entity: Category | ProductOfferingPrice) -> bool:
        return fold(entity.lifecycle_status or "") not in self.rules.hidden


async def _all(loader: EntityReader[E], ctx: RequestContext, ids: Iterable[str], fields: frozenset[str]) -> list[E]:
    """The entities that exist, in order. References that lead nowhere are left out and logged."""
    (found,) = await _all_of_each(loader, ctx, [list(ids)], fields)
    if isinstance(found, UpstreamError):
        raise found
    return found


async def _all_of_each(
    loader: EntityReader[E], ctx: RequestContext, wanted: Sequence[Sequence[str]], fields: frozenset[str]
) -> list[list[E] | UpstreamError]:
    """The same for many lists of ids at once; for each its entities, or what kept one of them from being known."""
    ids = list(dict.fromkeys(chain.from_iterable(wanted)))
    return _of_each(loader, wanted, dict(zip(ids, await loader.load_many(ctx, ids, fields), strict=True)))


def _of_each(
    loader: EntityReader[E], wanted: Sequence[Sequence[str]], found: Mapping[str, E | UpstreamError | None]
) -> list[list[E] | UpstreamError]:
    for local_id, entity in found.items():
        if entity is None:
            log.warning("upstream.dangling_reference", collection=loader.collection.name, id=local_id)
    return [_present([found[each] for each in dict.fromkeys(some)]) for some in wanted]


def _present(found: Iterable[E | UpstreamError | None]) -> list[E] | UpstreamError:
    present: list[E] = []
    for entity in found:
        if isinstance(entity, UpstreamError):
            return entity
        if entity is not None:
            present.append(entity)
    return present


def _same(these: Sequence[object], those: Sequence[object]) -> bool:
    return len(these) == len(those) and all(a is b for a, b in zip(these, those, strict=True))
