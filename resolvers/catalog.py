"""The catalogue's fields that need more than an attribute.

An object here is the upstream's own model; the GraphQL type that shows it stands in `schema.types.catalog`.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import strawberry
from strawberry import argument

from clients.parts import Ref
from clients.tmf620 import (
    Attachment,
    BundledOffering,
    Category,
    ProductOffering,
    ProductOfferingPrice,
    ProductSpecification,
)
from domain.catalog import bundles, characteristics, prices
from domain.catalog.catalog import Catalog
from domain.catalog.characteristics import Choice, Option
from domain.catalog.kinds import OfferingSort, Period, PriceKind
from domain.catalog.questions import OfferingPage, OfferingQuery
from domain.catalog.rules import fold
from engine import lasting_list, projection, selects
from kernel.context import Segment
from kernel.errors import BadRequestError, LimitExceededError, UpstreamError
from kernel.ids import local_id
from kernel.lasting import LastingList
from kernel.money import Money
from resolvers.context import Info
from schema.inputs.catalog import ProductOfferingFilter

lasting_list(LastingList)

MAX_PAGE = 100
MAX_SEARCH = 100
DEFAULT_PAGE = 20
CHOICE_FIELDS = frozenset({"productSpecCharacteristic"})
IMPACT_FIELDS = frozenset({"price", "tax", "prodSpecCharValueUse"})
PROMOTION_FIELDS = frozenset({"description", "price", "tax", "percentage"})


# ---------------------------------------------------------------- the root's fields


def product_offerings(
    info: Info,
    first: Annotated[int | None, argument(description="How many, at most 100.")] = DEFAULT_PAGE,
    after: Annotated[str | None, argument(description="A cursor: the page begins behind it.")] = None,
    filter: Annotated[  # noqa: A002  (the argument's public name)
        ProductOfferingFilter | None, argument(description="Which offerings; null: all.")
    ] = None,
    sort: Annotated[OfferingSort | None, argument(description="In which order.")] = None,
) -> Any:
    """The page where it was given a moment ago, which saves a task; else what is to be awaited for it."""
    catalog = info.context.catalog
    asked = catalog.question(
        info.context.request,
        _query(filter, sort),
        first=_page_length(first),
        after=after,
        fields=projection(info, "ProductOffering"),
        count=selects(info, "totalCount"),
    )
    return catalog.known(asked) or catalog.find(asked)


async def product_offering(
    info: Info,
    id: Annotated[strawberry.ID, argument(description="The offering's id.")],  # noqa: A002  (as above)
) -> Any:
    fields = projection(info, "ProductOffering")
    return await info.context.catalog.offering(info.context.request, local_id(id, "ProductOffering"), fields)


async def categories(
    info: Info,
    parent: Annotated[
        strawberry.ID | None, argument(description="The id of the category above them; null: at the top.")
    ] = None,
) -> Any:
    wanted = None if parent is None else local_id(parent, "Category")
    tree = await info.context.catalog.category_tree(info.context.request)
    return tree.roots() if wanted is None else tree.children(wanted)


_EVERYTHING = OfferingQuery()


def _page_length(first: int | None) -> int:
    wanted = DEFAULT_PAGE if first is None else first
    if wanted < 0:
        raise BadRequestError("`first` must not be negative.")
    if wanted > MAX_PAGE:
        raise LimitExceededError(f"`first` is at most {MAX_PAGE}.")
    return wanted


def _query(given: ProductOfferingFilter | None, sort: OfferingSort | None) -> OfferingQuery:
    if given is None and sort is None:
        return _EVERYTHING
    asked = given or ProductOfferingFilter()
    if asked.search is not None and len(asked.search) > MAX_SEARCH:
        raise LimitExceededError(f"A search has at most {MAX_SEARCH} characters.")
    if asked.ids is not None and len(asked.ids) > MAX_PAGE:
        raise LimitExceededError(f"At most {MAX_PAGE} ids at a time.")
    return OfferingQuery(
        segment=asked.segment,
        category=None if asked.category is None else local_id(asked.category, "Category"),
        search=(asked.search or "").strip() or None,
        is_bundle=asked.is_bundle,
        sellable=asked.sellable,
        ids=None if asked.ids is None else tuple(local_id(each, "ProductOffering") for each in asked.ids),
        sort=sort,
    )


# ---------------------------------------------------------------- a page


def edges(root: strawberry.Parent[OfferingPage]) -> Any:
    return root.items


def page_nodes(root: strawberry.Parent[OfferingPage]) -> Any:
    return root.offerings


def page_info(root: strawberry.Parent[OfferingPage]) -> Any:
    return root


def total(root: strawberry.Parent[OfferingPage]) -> int | None:
    return root.total


# ---------------------------------------------------------------- an offering


def offering_name(root: strawberry.Parent[ProductOffering]) -> str:
    return root.name or root.id


def status(root: strawberry.Parent[ProductOffering]) -> str:
    return root.lifecycle_status or "Unknown"


def sellable(root: strawberry.Parent[ProductOffering], info: Info) -> bool:
    catalog = info.context.catalog
    return catalog.rules.is_sellable(root, info.context.request.audience, catalog.now())


def segments(root: strawberry.Parent[ProductOffering], info: Info) -> list[Segment]:
    return sorted(info.context.catalog.rules.segments_of(root), key=lambda segment: segment.value, reverse=True)


def images(root: strawberry.Parent[ProductOffering]) -> Any:
    return [each for each in root.attachment if _is_image(each)]


def _is_image(each: Attachment) -> bool:
    """A picture by its MIME type or its kind, at an address that a page may safely show."""
    pictured = (each.mime_type or "").startswith("image/") or fold(each.attachment_type or "") in ("picture", "image")
    return pictured and (each.url or "").startswith(("https://", "http://"))


def known_specification(roots: Sequence[ProductOffering], info: Info) -> Any:
    fields = projection(info, "ProductSpecification")
    return info.context.catalog.known_specifications(info.context.request, roots, fields)


async def specification(roots: Sequence[ProductOffering], info: Info) -> Any:
    fields = projection(info, "ProductSpecification")
    return await info.context.catalog.specification_of_each(info.context.request, roots, fields)


async def choices(roots: Sequence[ProductOffering], info: Info) -> Any:
    """With the prices read beside the specification where they will be needed, so that both fly in one batch."""
    catalog, request = info.context.catalog, info.context.request
    wanted = catalog.specification_of_each(request, roots, CHOICE_FIELDS)
    if projection(info, "CharacteristicOption"):
        found, _ = await asyncio.gather(wanted, catalog.prices_of_each(request, roots, IMPACT_FIELDS))
    else:
        found = await wanted
    return [
        each if isinstance(each, UpstreamError) else characteristics.choices(root, each)
        for root, each in zip(roots, found, strict=True)
    ]


def known_prices(roots: Sequence[ProductOffering], info: Info) -> Any:
    return info.context.catalog.known_prices(info.context.request, roots, projection(info, "OfferingPrice"))


async def offering_prices(roots: Sequence[ProductOffering], info: Info) -> Any:
    return await info.context.catalog.prices_of_each(info.context.request, roots, projection(info, "OfferingPrice"))


def offering_categories(root: strawberry.Parent[ProductOffering]) -> Any:
    return root.category


def bundled(root: strawberry.Parent[ProductOffering], info: Info) -> Any:
    """Without the drafts, where the bundle tells that they are: even the name of one is not for shoppers."""
    hidden = info.context.catalog.rules.hidden
    return [each for each in root.bundled_product_offering if fold(each.lifecycle_status or "") not in hidden]


async def related(
    root: strawberry.Parent[ProductOffering],
    info: Info,
    type: Annotated[  # noqa: A002  (the argument's public name)
        str | None, argument(description="Only relations of this type, in the operator's words; null: all.")
    ] = None,
) -> Any:
    relations = root.product_offering_relationship
    ids = [each.id for each in relations if type is None or fold(each.relationship_type) == fold(type)]
    fields = projection(info, "ProductOffering")
    return await info.context.catalog.offerings_by_id(info.context.request, ids, fields)


# ---------------------------------------------------------------- a bundle's option


async def bundled_offering(roots: Sequence[BundledOffering], info: Info) -> Any:
    ids = [root.id for root in roots]
    return await info.context.catalog.offering_each(info.context.request, ids, projection(info, "ProductOffering"))


def least(root: strawberry.Parent[BundledOffering]) -> int:
    return bundles.limits(root).min


def most(root: strawberry.Parent[BundledOffering]) -> int:
    return bundles.limits(root).max


def usual(root: strawberry.Parent[BundledOffering]) -> int:
    return bundles.limits(root).default


# ---------------------------------------------------------------- a specification, a category


def specification_name(root: strawberry.Parent[ProductSpecification]) -> str:
    return root.name or root.id


def own_name(root: Category | Ref) -> str | None:
    return root.name or None


async def category_name(roots: Sequence[Category | Ref], info: Info) -> Any:
    """From the reference, where it has one; else from the category itself, all in one call."""
    named = [own_name(root) for root in roots]
    if None not in named:
        return named
    nameless = [root.id for root in roots if not root.name]
    found = await info.context.catalog.category_each(info.context.request, nameless)
    loaded = iter([each if isinstance(each, UpstreamError) else each and each.name for each in found])
    return [name or next(loaded) for name in named]


async def parent_category(roots: Sequence[Category | Ref], info: Info) -> Any:
    tree = await info.context.catalog.category_tree(info.context.request)
    return [tree.parent(root.id) for root in roots]


async def child_categories(roots: Sequence[Category | Ref], info: Info) -> Any:
    tree = await info.context.catalog.category_tree(info.context.request)
    return [tree.children(root.id) for root in roots]


# ---------------------------------------------------------------- a characteristic's option


async def price_impact(roots: Sequence[Option], info: Info) -> Any:
    catalog = info.context.catalog
    offerings = {id(root.offering): root.offering for root in roots}
    found = await catalog.prices_of_each(info.context.request, list(offerings.values()), IMPACT_FIELDS)
    known = dict(zip(offerings, found, strict=True))
    return [_impact(known[id(root.offering)], root, catalog) for root in roots]


def _impact(
    known: list[ProductOfferingPrice] | UpstreamError, option: Option, catalog: Catalog
) -> Money | UpstreamError | None:
    if isinstance(known, UpstreamError):
        return known
    shown = (catalog.shown_amount(price) for price in characteristics.impacts(known, option))
    return next((money for money in shown if money is not None), None)


def required(root: strawberry.Parent[Choice]) -> bool:
    return root.required


# ---------------------------------------------------------------- a price


def price_name(root: strawberry.Parent[ProductOfferingPrice]) -> str:
    return root.name or root.id


def price_kind(root: strawberry.Parent[ProductOfferingPrice], info: Info) -> PriceKind:
    return info.context.catalog.rules.kind_of(root)


def net(root: strawberry.Parent[ProductOfferingPrice], info: Info) -> Any:
    return prices.net(root, includes_tax=info.context.catalog.rules.prices_include_tax)


def gross(root: strawberry.Parent[ProductOfferingPrice], info: Info) -> Any:
    return prices.gross(root, includes_tax=info.context.catalog.rules.prices_include_tax)


def every(root: strawberry.Parent[ProductOfferingPrice]) -> int | None:
    return prices.every(root)


def period(root: strawberry.Parent[ProductOfferingPrice]) -> Period | None:
    return prices.period(root)


def unit(root: strawberry.Parent[ProductOfferingPrice]) -> str | None:
    return prices.unit(root)


def applies_to(root: strawberry.Parent[ProductOfferingPrice]) -> Any:
    return characteristics.applies_to(root)


async def promotions(roots: Sequence[ProductOfferingPrice], info: Info) -> Any:
    return await info.context.catalog.promotions_of_each(info.context.request, roots, PROMOTION_FIELDS)
