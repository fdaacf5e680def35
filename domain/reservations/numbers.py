"""Numbers and cards as the rest of the shop uses them: to look for, with what a number of a tier costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from domain.catalog.catalog import Catalog
from domain.catalog.kinds import PriceKind
from domain.reservations.model import NumberTier
from kernel.context import RequestContext
from kernel.money import Money

if TYPE_CHECKING:  # the schema asks here what a price is read from, wherever there are numbers or not
    from domain.reservations.offer_tokens import OfferTokens
    from domain.reservations.search import NumberSearch

OFFERING_FIELDS = frozenset({"productOfferingPrice"})
PRICE_FIELDS = frozenset({"price", "tax"})
_ONCE = (PriceKind.PAY_NOW, PriceKind.ON_FIRST_BILL)


@dataclass(frozen=True)
class Numbers:
    """All of it. One per process. `tier_offerings`: by which offering a tier is sold, its id in TMF620."""

    search: "NumberSearch"
    tokens: "OfferTokens"
    tier_offerings: Mapping[NumberTier, str] = field(default_factory=dict)

    async def price_of(self, ctx: RequestContext, catalog: Catalog, tier: NumberTier) -> Money | None:
        """What a number of this tier costs once; None where no offering sells it, or that has no such price.

        Raises:
            UpstreamError: it cannot be known.
        """
        wanted = self.tier_offerings.get(tier)
        offering = None if wanted is None else await catalog.offering(ctx, wanted, OFFERING_FIELDS)
        if offering is None:
            return None
        prices = await catalog.prices_of(ctx, offering, PRICE_FIELDS)
        once = (price for price in prices if catalog.rules.kind_of(price) in _ONCE)
        return next((catalog.shown_amount(price) for price in once), None)
