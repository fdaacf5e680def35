"""TMF620 Product Catalog, v4 and v5: its resources as they are read, and its collections.

The models speak v4. What v5 calls or nests differently is taken over when it is read (`__post_init__`), so that nothing
behind this module knows which version a server speaks.

Only what the shop uses is modelled; anything else a server sends is ignored. Times stay text here because real
catalogues hold unreadable ones, and one of those must not cost its offering; `kernel.clock.parse_instant` reads them.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import force_setattr

from clients.parts import Amount, Part, Quantity, Ref, TimePeriod, require_amount
from clients.tmf import Collection, Entity


class Relationship(Ref, frozen=True):
    """A pointer that says what for: `relationshipType` is free text (`requires`, `discount`, ...)."""

    relationship_type: str = ""


class Tax(Part, frozen=True, gc=False):
    """`taxRate` is in percent: 19.0 means 19%."""

    tax_category: str | None = None
    tax_rate: Decimal | None = None
    tax_amount: Amount | None = None

    def __post_init__(self) -> None:
        require_amount(self.tax_rate)


class CharacteristicValue(Part, frozen=True, gc=False):
    """One value a characteristic can take, or a range of them (`valueFrom` to `valueTo`)."""

    value: Any = None
    value_from: Any = None
    value_to: Any = None
    is_default: bool = False
    unit_of_measure: str | None = None
    regex: str | None = None


class CharacteristicUse(Part, frozen=True):
    """How an offering narrows a characteristic of its specification, or which value a price is for.

    `id` is text in the standard; some servers number them.
    """

    name: str
    id: str | int | None = None
    min_cardinality: int | None = None
    max_cardinality: int | None = None
    product_spec_characteristic_value: tuple[CharacteristicValue, ...] = ()


class SpecCharacteristic(CharacteristicUse, frozen=True):
    description: str | None = None
    configurable: bool = False
    value_type: str | None = None
    regex: str | None = None
    characteristic_value_specification: tuple[CharacteristicValue, ...] = ()

    def __post_init__(self) -> None:
        if self.characteristic_value_specification:  # v5's name for the values
            force_setattr(self, "product_spec_characteristic_value", self.characteristic_value_specification)
            force_setattr(self, "characteristic_value_specification", ())


class BundledOption(Part, frozen=True, gc=False):
    number_rel_offer_default: int | None = None
    number_rel_offer_lower_limit: int | None = None
    number_rel_offer_upper_limit: int | None = None


class BundledOffering(Ref, frozen=True):
    lifecycle_status: str | None = None
    bundled_product_offering_option: BundledOption | None = None


class Attachment(Part, frozen=True, gc=False):
    name: str | None = None
    url: str | None = None
    mime_type: str | None = None
    attachment_type: str | None = None


class ProductOfferingPrice(Entity, frozen=True, dict=True):
    """`__dict__` is for whoever works something out of it that is asked for again and again."""

    last_update: str | None = None
    name: str | None = None
    description: str | None = None
    lifecycle_status: str | None = None
    price_type: str | None = None
    price: Amount | None = None
    percentage: Decimal | None = None
    recurring_charge_period_type: str | None = None
    recurring_charge_period_length: int | None = None
    unit_of_measure: Quantity | str | None = None
    tax: tuple[Tax, ...] = ()
    pop_relationship: tuple[Relationship, ...] = ()
    prod_spec_char_value_use: tuple[CharacteristicUse, ...] = ()
    valid_for: TimePeriod | None = None

    def __post_init__(self) -> None:
        if self.percentage is not None:
            require_amount(self.percentage)

    @property
    def is_value(self) -> bool:
        """False for a mere pointer: both may carry an id and a name, only a value carries a price."""
        return self.price_type is not None or self.price is not None or self.percentage is not None

    @property
    def periods(self) -> Sequence[TimePeriod]:
        return () if self.valid_for is None else (self.valid_for,)


class ProductSpecification(Entity, frozen=True):
    last_update: str | None = None
    name: str | None = None
    description: str | None = None
    brand: str | None = None
    product_number: str | None = None
    product_spec_characteristic: tuple[SpecCharacteristic, ...] = ()


class Category(Entity, frozen=True):
    last_update: str | None = None
    name: str | None = None
    description: str | None = None
    lifecycle_status: str | None = None
    parent_id: str | None = None
    parent: Ref | None = None
    is_root: bool | None = None
    sub_category: tuple[Ref, ...] = ()

    def __post_init__(self) -> None:
        if self.parent is not None:  # v5 has a reference where v4 has an id
            force_setattr(self, "parent_id", self.parent.id)
            force_setattr(self, "parent", None)


class ProductOffering(Entity, frozen=True, dict=True):
    """`__dict__` is for whoever works something out of it that is asked for again and again."""

    name: str | None = None
    description: str | None = None
    lifecycle_status: str | None = None
    is_bundle: bool = False
    is_sellable: bool = True
    last_update: str | None = None
    valid_for: TimePeriod | None = None
    category: tuple[Ref, ...] = ()
    channel: tuple[Ref, ...] = ()
    market_segment: tuple[Ref, ...] = ()
    product_specification: Ref | None = None
    product_offering_price: tuple[ProductOfferingPrice, ...] = ()
    bundled_product_offering: tuple[BundledOffering, ...] = ()
    product_offering_relationship: tuple[Relationship, ...] = ()
    prod_spec_char_value_use: tuple[CharacteristicUse, ...] = ()
    attachment: tuple[Attachment, ...] = ()

    @property
    def periods(self) -> Sequence[TimePeriod]:
        own = () if self.valid_for is None else (self.valid_for,)
        return (*own, *(period for price in self.product_offering_price for period in price.periods))


UPSTREAM = "tmf620"

OFFERINGS = Collection(
    UPSTREAM,
    "productOffering",
    ProductOffering,
    # who may see and buy it is decided on every read, whatever was selected
    always=frozenset({"name", "lifecycleStatus", "isSellable", "validFor", "channel", "marketSegment"}),
)
PRICES = Collection(
    UPSTREAM,
    "productOfferingPrice",
    ProductOfferingPrice,
    always=frozenset({"name", "lifecycleStatus", "validFor", "priceType"}),
)
SPECIFICATIONS = Collection(UPSTREAM, "productSpecification", ProductSpecification, always=frozenset({"name"}))
CATEGORIES = Collection(UPSTREAM, "category", Category, always=frozenset({"name"}), v5_names={"parentId": "parent"})


def collections() -> Iterator[Collection[Any]]:
    yield from (OFFERINGS, PRICES, SPECIFICATIONS, CATEGORIES)
