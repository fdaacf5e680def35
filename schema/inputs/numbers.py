"""How numbers are asked for."""

import strawberry

from domain.reservations.model import NumberTier, SimKind
from schema.inputs.described import publish_enum
from schema.inputs.scalars import E164

publish_enum(
    NumberTier,
    "How dear a number is.",
    STANDARD="An ordinary number.",
    SILVER="One that is a little easier to remember.",
    GOLD="One that is easy to remember.",
    PLATINUM="One of the best.",
)
publish_enum(
    SimKind,
    "The two kinds of SIM.",
    PHYSICAL="A card of plastic.",
    ESIM="A profile that is loaded onto the device.",
)

__all__ = ["NumberSearch", "NumberTier", "SimKind"]


@strawberry.input(description="Which numbers. Everything given must hold; what is left out or null does not narrow.")
class NumberSearch:
    tier: NumberTier | None = strawberry.field(default=None, description="Only numbers of this tier.")
    prefix: str | None = strawberry.field(
        default=None, description="What it begins with, country code first: 1 to 15 digits, with or without `+`."
    )
    contains: str | None = strawberry.field(default=None, description="What stands in it: 1 to 15 digits.")
    ends_with: str | None = strawberry.field(default=None, description="What it ends with: 1 to 15 digits.")
    excluding: list[E164] | None = strawberry.field(
        default=None, description="Numbers that are not wanted, at most 200: those seen already."
    )
