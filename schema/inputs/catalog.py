"""How offerings are asked for."""

import strawberry

from domain.catalog.kinds import OfferingSort
from schema.inputs.described import publish_enum
from schema.inputs.segment import Segment

publish_enum(
    OfferingSort,
    "The order of a listing. Without one: the catalogue's own, or by relevance when searching. By price: the lowest "
    "recurring price a month, then what is paid once, then what has no price.",
    name="ProductOfferingSort",
    NAME="By name, in the caller's language.",
    NEWEST="What was offered last comes first.",
    PRICE_ASC="The cheapest first.",
    PRICE_DESC="The dearest first.",
)


@strawberry.input(description="What to look for. Everything given must hold; what is left out or null does not narrow.")
class ProductOfferingFilter:
    segment: Segment | None = strawberry.field(
        default=None, description="Offerings for this segment, those for everyone included."
    )
    category: strawberry.ID | None = strawberry.field(
        default=None, description="Offerings in this category or in one below it."
    )
    search: str | None = strawberry.field(
        default=None,
        description=(
            "Words, at most 100 characters. Each must begin a word of the name, the description or a category's name; "
            "case and accents do not matter."
        ),
    )
    is_bundle: bool | None = strawberry.field(default=None, description="Only bundles, or only what is no bundle.")
    sellable: bool | None = strawberry.field(default=None, description="Only what can be bought now, or only the rest.")
    ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="These offerings, at most 100, in this order. Unknown ones are left out."
    )
