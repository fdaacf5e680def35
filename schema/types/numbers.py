"""Numbers and SIM cards that are free."""

import strawberry

from clients.tmf620 import OFFERINGS, PRICES
from domain.reservations.numbers import OFFERING_FIELDS, PRICE_FIELDS
from engine import computed
from resolvers import numbers as resolve
from schema.inputs.numbers import NumberTier, SimKind
from schema.inputs.scalars import E164
from schema.types.common import Money

_OFFER = "Pass it on to hold this one; good for some minutes, for anyone."


@strawberry.type(description="A number that is free. Nobody has it until it is held.")
class AvailableNumber:
    msisdn: E164 = computed(resolve.number_msisdn, description="The number.")
    tier: NumberTier = computed(resolve.number_tier, description="How dear it is.")
    price: Money | None = computed(
        resolve.number_price,
        description="What a number of this tier costs once; null: nothing is told of it.",
        loads={OFFERINGS: OFFERING_FIELDS, PRICES: PRICE_FIELDS},
    )
    offer_token: str = computed(resolve.offer_token, description=_OFFER)


@strawberry.type(description="A SIM that is free. Nobody has it until it is held.")
class AvailableSim:
    masked_iccid: str = computed(resolve.sim_iccid, description="The last four digits of its ICCID.")
    kind: SimKind = computed(resolve.sim_kind, description="A card of plastic, or an eSIM.")
    offer_token: str = computed(resolve.offer_token, description=_OFFER)
