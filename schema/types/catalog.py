"""The catalogue as clients see it. Behind each object stands TMF620's own model; nothing is copied in between.

A plain field reads the upstream attribute of its own name; any other field says what it reads, and from which
collection it loads more. From these declarations come the `fields=` of every upstream call and `docs/upstreams.md`.
"""

from decimal import Decimal
from typing import ClassVar

import strawberry

from clients import tmf620
from clients.parts import Ref
from clients.tmf620 import CATEGORIES, OFFERINGS, PRICES, SPECIFICATIONS
from domain.catalog.kinds import Period, PriceKind
from domain.catalog.on_demand import TREE_FIELDS
from domain.catalog.prices import GROSS_TAX, NET_TAX
from engine import computed, names, relation, shown_by
from kernel.context import Segment
from resolvers import catalog as resolve
from resolvers.nodes import global_id
from schema.inputs.described import publish_enum
from schema.types.common import URL, Money, Node, PageInfo, TimePeriod

SELECTED: frozenset[str] = frozenset()

publish_enum(
    PriceKind,
    "When and why a price is due.",
    PAY_NOW="Paid once, with the order.",
    ON_FIRST_BILL="Paid once, with the first bill.",
    RECURRING="Paid again and again, see `every` and `period`.",
    USAGE="Paid by what is used, see `unit`.",
    CANCELLATION_FEE="Paid by who leaves early.",
)
publish_enum(
    Period,
    "The unit in which a recurring price's period counts.",
    DAY="A day.",
    WEEK="Seven days.",
    MONTH="A calendar month.",
    YEAR="A calendar year.",
)


@strawberry.type(description="A picture of an offering.")
class Image:
    public: ClassVar = names("url name mimeType")

    url: URL = strawberry.field(description="Where it is.")
    name: str | None = strawberry.field(description="What it shows.")
    mime_type: str | None = strawberry.field(description="Its format, such as `image/svg+xml`.")


@strawberry.type(description="A name with a value: one thing that was, or must be, chosen.")
class CharacteristicChoice:
    public: ClassVar = names("name value")

    name: str = computed(lambda root: root[0], description="The characteristic's name.")
    value: str = computed(lambda root: root[1], description="The value as text.")


@strawberry.type(description="One value that a characteristic can take.")
class CharacteristicOption:
    public: ClassVar = names("value isDefault unit priceImpact")

    value: str = strawberry.field(description="The value as text.")
    is_default: bool = strawberry.field(description="Whether it is chosen when the shopper chooses nothing.")
    unit: str | None = strawberry.field(description="The unit of the value, such as `GB`.")
    price_impact: Money | None = relation(
        resolve.price_impact,
        "productOfferingPrice",
        description="What choosing this value adds to the price, tax included where the tax is known.",
        loads={PRICES: resolve.IMPACT_FIELDS},
    )


@strawberry.type(description="Something about an offering that is fixed, or that a shopper chooses.")
class Characteristic:
    public: ClassVar = names("name description valueType required configurable min max values rangeFrom rangeTo unit")

    name: str = strawberry.field(description="What it is called, and how a configuration names it.")
    description: str | None = strawberry.field(description="More about it.")
    value_type: str | None = strawberry.field(description="The type of its values, in the operator's words.")
    required: bool = computed(resolve.required, description="Whether at least one value must be chosen.")
    configurable: bool = strawberry.field(description="Whether a shopper may choose.")
    min: int | None = strawberry.field(description="How many values must be chosen at least.")
    max: int | None = strawberry.field(description="How many values can be chosen at most.")
    values: list[CharacteristicOption] = strawberry.field(description="The values to choose from.")
    range_from: str | None = strawberry.field(description="The lowest value, where any value in a range will do.")
    range_to: str | None = strawberry.field(description="The highest value, where any value in a range will do.")
    unit: str | None = strawberry.field(description="The unit of the range.")


@strawberry.type(description="A reduction of a price that is in force now.")
class Promotion:
    public: ClassVar = names("id name description percentage net gross validFor")

    id: strawberry.ID = computed(global_id("OfferingPrice"), description="The id of the price that says so.")
    name: str = computed(resolve.price_name, description="What it is called.")
    description: str | None = strawberry.field(description="Its terms in words.")
    percentage: Decimal | None = strawberry.field(description="By how many percent the price goes down.")
    net: Money | None = computed(resolve.net, description="By how much it goes down, without tax.")
    gross: Money | None = computed(resolve.gross, description="By how much it goes down, with tax.")
    valid_for: TimePeriod | None = strawberry.field(description="When it holds.")


@strawberry.type(description="A price of an offering. An offering can have several, of different kinds.")
class OfferingPrice(Node):
    upstream: ClassVar = PRICES
    lasting: ClassVar = True
    public: ClassVar = names(
        "id name description kind net gross percentage every period unit appliesTo promotions validFor"
    )

    id: strawberry.ID = computed(global_id("OfferingPrice"), description="The price's id.")
    name: str = computed(resolve.price_name, "name", description="What it is called.")
    description: str | None = strawberry.field(description="More about it.")
    kind: PriceKind = computed(
        resolve.price_kind,
        *("priceType", "recurringChargePeriodType", "unitOfMeasure"),
        description="When and why it is due.",
        fixed=True,
    )
    net: Money | None = computed(
        resolve.net,
        *("price", NET_TAX),
        description="The amount without tax; null where that cannot be told.",
        fixed=True,
    )
    gross: Money | None = computed(
        resolve.gross,
        *("price", GROSS_TAX),
        description="The amount with tax; null where the tax is not known.",
        fixed=True,
    )
    percentage: Decimal | None = strawberry.field(description="A price in percent, where it is no amount.")
    every: int | None = computed(
        resolve.every,
        *("recurringChargePeriodType", "recurringChargePeriodLength"),
        description="How many periods lie between two charges; null for what is charged once.",
    )
    period: Period | None = computed(resolve.period, "recurringChargePeriodType", description="The unit of `every`.")
    unit: str | None = computed(
        resolve.unit, "unitOfMeasure", description="What a usage price is per: `GB`, `minute`, `100 MB`."
    )
    applies_to: list[CharacteristicChoice] = computed(
        resolve.applies_to,
        "prodSpecCharValueUse",
        description="The choices that bring this price; empty when it is always charged.",
    )
    promotions: list[Promotion] | None = relation(
        resolve.promotions,
        "popRelationship",
        description="The reductions in force now.",
        loads={PRICES: resolve.PROMOTION_FIELDS},
    )
    valid_for: TimePeriod | None = strawberry.field(description="When it holds.")

    is_type_of = shown_by(tmf620.ProductOfferingPrice)


@strawberry.type(description="What an offering technically is. Several offerings can share one.")
class ProductSpecification(Node):
    upstream: ClassVar = SPECIFICATIONS
    public: ClassVar = names("id name description brand productNumber")

    id: strawberry.ID = computed(global_id("ProductSpecification"), description="The specification's id.")
    name: str = computed(resolve.specification_name, "name", description="What it is called.")
    description: str | None = strawberry.field(description="More about it.")
    brand: str | None = strawberry.field(description="The maker or brand.")
    product_number: str | None = strawberry.field(description="The maker's number for it.")

    is_type_of = shown_by(tmf620.ProductSpecification)


@strawberry.type(description="A shelf of the shop; shelves stand in a tree.")
class Category(Node):
    upstream: ClassVar = CATEGORIES
    public: ClassVar = names("id name parent children")

    id: strawberry.ID = computed(global_id("Category"), description="The category's id.")
    name: str | None = relation(
        resolve.category_name,
        "name",
        description="What it is called.",
        loads={CATEGORIES: SELECTED},
        at_hand=resolve.own_name,
    )
    parent: "Category | None" = relation(
        resolve.parent_category,
        *("parentId", "subCategory"),
        description="The category it stands in; null for one at the top.",
        loads={CATEGORIES: TREE_FIELDS},
    )
    children: "list[Category] | None" = relation(
        resolve.child_categories,
        *("parentId", "subCategory"),
        description="The categories that stand in it.",
        loads={CATEGORIES: TREE_FIELDS},
    )

    is_type_of = shown_by(tmf620.Category, Ref)


@strawberry.type(description="An offering inside a bundle, and how often it may be taken.")
class BundleOption:
    public: ClassVar = names("id name min max default offering")

    id: strawberry.ID = computed(global_id("ProductOffering"), description="The id of the bundled offering.")
    name: str | None = strawberry.field(description="What the bundle calls it.")
    min: int = computed(resolve.least, description="How often it must be taken.")
    max: int = computed(resolve.most, description="How often it can be taken.")
    default: int = computed(resolve.usual, description="How often it is taken when nothing is said.")
    offering: "ProductOffering | None" = relation(
        resolve.bundled_offering,
        description="The bundled offering, which can be a bundle itself.",
        loads={OFFERINGS: SELECTED},
    )


@strawberry.type(description="Something the shop offers: a plan, a device, an add-on, or a bundle of such.")
class ProductOffering(Node):
    upstream: ClassVar = OFFERINGS
    lasting: ClassVar = True
    public: ClassVar = names(
        "id name description lifecycleStatus isBundle sellable segments validFor categories images "
        "specification characteristics prices bundledOfferings relatedOfferings"
    )

    id: strawberry.ID = computed(global_id("ProductOffering"), description="The offering's id.")
    name: str = computed(resolve.offering_name, "name", description="What it is called, in the caller's language.")
    description: str | None = strawberry.field(description="What it is, in the caller's language.")
    lifecycle_status: str = computed(
        resolve.status, "lifecycleStatus", description="Where it stands in its life, in the operator's words."
    )
    is_bundle: bool = strawberry.field(description="Whether it is made of other offerings.")
    sellable: bool = computed(
        resolve.sellable,
        *("lifecycleStatus", "isSellable", "validFor", "channel"),
        description="Whether it can be bought now, in the caller's channel.",
    )
    segments: list[Segment] = computed(resolve.segments, "marketSegment", description="Who it is for.", fixed=True)
    valid_for: TimePeriod | None = strawberry.field(description="When it is offered.")
    categories: list[Category] | None = computed(
        resolve.offering_categories, "category", description="The shelves it stands on."
    )
    images: list[Image] = computed(resolve.images, "attachment", description="Pictures of it.")
    specification: ProductSpecification | None = relation(
        resolve.specification,
        "productSpecification",
        description="What it technically is.",
        loads={SPECIFICATIONS: SELECTED},
        known=resolve.known_specification,
    )
    characteristics: list[Characteristic] | None = relation(
        resolve.choices,
        *("productSpecification", "prodSpecCharValueUse"),
        description="What is fixed about it and what a shopper chooses, as this offering narrows it.",
        loads={SPECIFICATIONS: resolve.CHOICE_FIELDS},
    )
    prices: list[OfferingPrice] | None = relation(
        resolve.offering_prices,
        "productOfferingPrice",
        description="Its prices in force now.",
        loads={PRICES: SELECTED},
        known=resolve.known_prices,
    )
    bundled_offerings: list[BundleOption] | None = computed(
        resolve.bundled,
        "bundledProductOffering",
        description="What a bundle is made of; empty for anything else.",
        fixed=True,
    )
    related_offerings: "list[ProductOffering] | None" = computed(
        resolve.related,
        "productOfferingRelationship",
        description="Offerings this one points to, all of them or those of one type such as `requires`.",
        loads={OFFERINGS: SELECTED},
    )

    is_type_of = shown_by(tmf620.ProductOffering)


@strawberry.type(description="An offering on a page.")
class ProductOfferingEdge:
    public: ClassVar = names("cursor node")

    cursor: str = computed(lambda root: str(root[0]), description="Pass this as `after` to go on behind it.")
    node: ProductOffering = computed(lambda root: root[1], description="The offering.")


@strawberry.type(description="A page of offerings.")
class ProductOfferingConnection:
    public: ClassVar = names("edges nodes pageInfo totalCount")

    edges: list[ProductOfferingEdge] = computed(resolve.edges, description="The page's offerings with their cursors.")
    nodes: list[ProductOffering] = computed(resolve.page_nodes, description="The page's offerings.")
    page_info: PageInfo = computed(resolve.page_info, description="Where the page stands.")
    total_count: int | None = computed(
        resolve.total, description="How many offerings match in all; null where that is too much to find out."
    )
