"""The orders a listing can be asked for, and ranking by how well an offering answers a search."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from clients.tmf620 import ProductOffering, ProductOfferingPrice
from domain.catalog import prices, search
from domain.catalog.characteristics import applies_to
from domain.catalog.kinds import BY_PRICE, OfferingSort, PriceKind
from domain.catalog.questions import Question
from kernel.clock import parse_instant

PRICE_FIELDS = frozenset(
    {
        "price",
        "tax",
        "recurringChargePeriodType",
        "recurringChargePeriodLength",
        "unitOfMeasure",
        "prodSpecCharValueUse",
    }
)
PricesById = Callable[[], Awaitable[Mapping[str, ProductOfferingPrice]]]
LONG_AGO = datetime.min.replace(tzinfo=UTC)


async def sort_offerings(
    asked: Question, found: list[ProductOffering], prices_by_id: PricesById
) -> list[ProductOffering]:
    """`found` in the order asked for; without one by rank, equals in the order they are in.

    Raises:
        UpstreamError: an order by price, and the prices cannot be known.
    """
    sort = asked.query.sort
    if sort is OfferingSort.NAME:
        return sorted(found, key=lambda offering: search.words(offering.name or ""))
    if sort is OfferingSort.NEWEST:
        return sorted(found, key=_since, reverse=True)
    if sort in BY_PRICE:
        return _by_price(asked, found, await prices_by_id(), dearest_first=sort is OfferingSort.PRICE_DESC)
    return sorted(found, key=lambda offering: search.rank(offering, asked.words) or 0)


def _since(offering: ProductOffering) -> datetime:
    start = offering.valid_for.start if offering.valid_for else None
    return start or parse_instant(offering.last_update) or LONG_AGO


def _by_price(
    asked: Question, found: list[ProductOffering], known: Mapping[str, ProductOfferingPrice], *, dearest_first: bool
) -> list[ProductOffering]:
    """By the lowest recurring price a month, then by the lowest paid at once; those without either come last.

    Dearest first turns each of the two round, not their order: a phone paid once is not dearer than every plan.
    """
    keyed = [(offering, _lowest(asked, offering, known)) for offering in found]
    priced = [(offering, key) for offering, key in keyed if key is not None]
    priced.sort(key=lambda pair: (pair[1][0], -pair[1][1] if dearest_first else pair[1][1]))
    return [offering for offering, _ in priced] + [offering for offering, key in keyed if key is None]


def _lowest(
    asked: Question, offering: ProductOffering, known: Mapping[str, ProductOfferingPrice]
) -> tuple[bool, Decimal] | None:
    """A key that puts what is paid once after what is paid monthly."""
    rules, now = asked.rules, asked.now
    refs = [ref if ref.is_value else known.get(ref.id) for ref in offering.product_offering_price]
    charged = [p for p in refs if p is not None and rules.is_charged(p, now)]
    always = [(p, prices.shown(p, includes_tax=rules.prices_include_tax)) for p in charged if not applies_to(p)]
    for kind in (PriceKind.RECURRING, PriceKind.PAY_NOW):
        amounts = [prices.monthly(p, money) for p, money in always if money and rules.kind_of(p) is kind]
        if amounts:
            return kind is PriceKind.PAY_NOW, min(amounts)
    return None
