"""What the catalogue says of the offerings in a cart, read in as few calls as they allow: offerings, then the rest."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from clients.tmf620 import ProductOffering, ProductOfferingPrice, ProductSpecification
from domain.catalog import bundles
from domain.catalog.catalog import Catalog
from domain.catalog.characteristics import Choice, choices
from kernel.context import RequestContext

OFFERING_FIELDS = frozenset(
    {
        "isBundle",
        "productSpecification",
        "productOfferingPrice",
        "bundledProductOffering",
        "prodSpecCharValueUse",
    }
)
PRICE_FIELDS = frozenset(
    {
        "price",
        "percentage",
        "tax",
        "recurringChargePeriodType",
        "recurringChargePeriodLength",
        "unitOfMeasure",
        "popRelationship",
        "prodSpecCharValueUse",
    }
)
CHOICE_FIELDS = frozenset({"productSpecCharacteristic"})
DEEPEST_BUNDLE = 5


@dataclass(frozen=True)
class Offer:
    """One offering as it can be bought now. `reductions`: those in force, by the id of the price they reduce."""

    offering: ProductOffering
    choices: tuple[Choice, ...]
    prices: Sequence[ProductOfferingPrice]
    reductions: Mapping[str, Sequence[ProductOfferingPrice]]

    def option(self, offering_id: str) -> bundles.Limits | None:
        """How often an offering may stand in this bundle; None where it may not."""
        bundled = (each for each in self.offering.bundled_product_offering if each.id == offering_id)
        return next((bundles.limits(each) for each in bundled), None)


class Offers(msgspec.Struct, frozen=True):
    """Reads offers from a catalogue. `language` is the one in which carts are written, whatever the shopper's."""

    catalog: Catalog
    language: str

    def written(self, ctx: RequestContext) -> RequestContext:
        """The same request in the language in which carts are written."""
        return msgspec.structs.replace(ctx, audience=replace(ctx.audience, language=self.language))

    async def load(
        self, ctx: RequestContext, ids: Iterable[str], *, reductions: Iterable[str] = ()
    ) -> dict[str, Offer]:
        """The offers of those offerings that exist and that a shopper may know of.

        `reductions`: the ids of reductions that are likely to be met, to have them in the same call as the prices.

        Raises:
            UpstreamError: one of them cannot be known.
        """
        offerings = await self.catalog.offerings_by_id(ctx, ids, OFFERING_FIELDS)
        prices, specifications, _ = await asyncio.gather(
            asyncio.gather(*(self.catalog.prices_of(ctx, each, PRICE_FIELDS) for each in offerings)),
            asyncio.gather(*(self.catalog.specification_of(ctx, each, CHOICE_FIELDS) for each in offerings)),
            self.catalog.source.prices.load_many(ctx, list(dict.fromkeys(reductions)), PRICE_FIELDS),
        )
        return dict(
            zip(
                (offering.id for offering in offerings),
                await asyncio.gather(
                    *(self._offer(ctx, *each) for each in zip(offerings, specifications, prices, strict=True))
                ),
                strict=True,
            )
        )

    async def choices(self, ctx: RequestContext, offering_id: str) -> tuple[Choice, ...] | None:
        """What can be chosen on an offering, as the request's language says it; None where there is no such offering.

        Raises:
            UpstreamError: it cannot be known.
        """
        offering = await self.catalog.offering(ctx, offering_id, OFFERING_FIELDS)
        if offering is None:
            return None
        return choices(offering, await self.catalog.specification_of(ctx, offering, CHOICE_FIELDS))

    async def load_with_bundled(self, ctx: RequestContext, ids: Iterable[str]) -> dict[str, Offer]:
        """As `load`, with whatever stands in their bundles unless the shopper takes it out, level by level."""
        known: dict[str, Offer] = {}
        missing = set(ids)
        for _ in range(DEEPEST_BUNDLE):
            if not missing:
                break
            known |= await self.load(ctx, sorted(missing))
            usual = {
                each.id
                for offer in known.values()
                for each in offer.offering.bundled_product_offering
                if bundles.limits(each).default > 0
            }
            missing = usual - set(known) - missing
        return known

    async def _offer(
        self,
        ctx: RequestContext,
        offering: ProductOffering,
        specification: ProductSpecification | None,
        prices: Sequence[ProductOfferingPrice],
    ) -> Offer:
        reduced = await asyncio.gather(*(self.catalog.reductions_of(ctx, price, PRICE_FIELDS) for price in prices))
        reductions = {price.id: those for price, those in zip(prices, reduced, strict=True) if those}
        return Offer(offering, choices(offering, specification), prices, reductions)
