"""How numbers and SIMs are reserved."""

from uuid import UUID

import strawberry

_KEY = "Made up anew for each request; sent again, nothing is done twice and the answer is the same."
_CART = "The cart that it is for."
_OFFER = "The `offerToken` that it was offered with."


@strawberry.input(description="Reserves a number for a while.")
class ReserveNumberInput:
    idempotency_key: UUID = strawberry.field(description=_KEY)
    cart_id: strawberry.ID = strawberry.field(description=_CART)
    offer_token: str = strawberry.field(description=_OFFER)


@strawberry.input(description="Reserves a SIM for a while.")
class ReserveSimInput:
    idempotency_key: UUID = strawberry.field(description=_KEY)
    cart_id: strawberry.ID = strawberry.field(description=_CART)
    offer_token: str = strawberry.field(description=_OFFER)


@strawberry.input(description="A reservation to be extended or given back.")
class ReservationInput:
    idempotency_key: UUID = strawberry.field(description=_KEY)
    reservation_id: strawberry.ID = strawberry.field(description="The reservation.")
