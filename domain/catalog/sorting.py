"""The orders a listing can be asked for, and ranking by how well an offering answers a search."""

from datetime import UTC, datetime
from decimal import Decimal

from clients.tmf620 import ProductOffering, ProductOfferingPrice
from domain.catalog import prices, search
from domain.catalog.catalog import Catalog
from domain.catalog.characteristics import applies_to
from domain.catalog.kinds import OfferingSort, PriceKind
from kernel.clock import parse_instant
from kernel.context import RequestContext

_PRICE_FIELDS = frozenset(
    {
        "price",
        "tax",
        "recurringChargePeriodType",
        "recurringChargePeriodLength",
        "unitOfMeasure",
        "prodSpecCharValueUse",
    }
)
_BY_PRICE = (OfferingSort.PRICE_ASC, OfferingSort.PRICE_DESC)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def fields_for(sort: OfferingSort | None) -> frozenset[str]:
    """The attributes of an offering that an order looks at, besides its name and validity."""
    if sort in _BY_PRICE:
        return frozenset({"productOfferingPrice"})
    return frozenset({"lastUpdate"}) if sort is OfferingSort.NEWEST else frozenset()


async def sort_offerings(
    catalog: Catalog, ctx: RequestContext, found: list[ProductOffering], *, sort: OfferingSort | None, text: str | None
) -> list[ProductOffering]:
    """`found` in the order asked for; without one by rank, equals in the upstream's order.

    Raises:
        UpstreamError: an order by price, and the prices cannot be known.
    """
    if sort is OfferingSort.NAME:
        return sorted(found, key=lambda offering: search.words(offering.name or ""))
    if sort is OfferingSort.NEWEST:
        return sorted(found, key=_since, reverse=True)
    if sort in _BY_PRICE:
        return await _by_price(catalog, ctx, found, dearest_first=sort is OfferingSort.PRICE_DESC)
    wanted = search.words(text or "")
    return sorted(found, key=lambda offering: search.rank(offering, wanted) or 0)


def _since(offering: ProductOffering) -> datetime:
    start = offering.valid_for.start if offering.valid_for else None
    return start or parse_instant(offering.last_update) or _LONG_AGO


async def _by_price(
    catalog: Catalog, ctx: RequestContext, found: list[ProductOffering], *, dearest_first: bool
) -> list[ProductOffering]:
    """By the lowest recurring price a month, then by the lowest paid at once; those without either come last.

    Dearest first turns each of the two round, not their order: a phone paid once is not dearer than every plan.
    """
    walked = catalog.all_prices.walk(ctx, _PRICE_FIELDS)
    known = {price.id: price async for chunk in walked for _, price in chunk.items}
    keyed = [(offering, _lowest(catalog, offering, known)) for offering in found]
    priced = [(offering, key) for offering, key in keyed if key is not None]
    priced.sort(key=lambda pair: (pair[1][0], -pair[1][1] if dearest_first else pair[1][1]))
    return [offering for offering, _ in priced] + [offering for offering, key in keyed if key is None]


def _lowest(
    catalog: Catalog, offering: ProductOffering, known: dict[str, ProductOfferingPrice]
) -> tuple[bool, Decimal] | None:
    """A key that puts what is paid once after what is paid monthly."""
    rules, now = catalog.rules, catalog.now()
    refs = [ref if ref.is_value else known.get(ref.id) for ref in offering.product_offering_price]
    charged = [p for p in refs if p is not None and rules.price_applies(p, now) and not rules.is_discount(p)]
    always = [(p, catalog.shown_amount(p)) for p in charged if not applies_to(p)]
    for kind in (PriceKind.RECURRING, PriceKind.PAY_NOW):
        amounts = [prices.monthly(p, money) for p, money in always if money and rules.kind_of(p) is kind]
        if amounts:
            return kind is PriceKind.PAY_NOW, min(amounts)
    return None
