"""What comes of the mutations of port-ins. It shows a cart, whose lines show port-ins: hence two modules."""

import strawberry

from clients.tmf663 import CARTS
from engine import computed
from resolvers import port_ins as resolve
from schema.types.carts import Cart
from schema.types.catalog import SELECTED
from schema.types.errors import UserError
from schema.types.port_ins import PortIn


@strawberry.type(description="What came of asking for a number.")
class PortInPayload:
    port_in: PortIn | None = strawberry.field(description="The port-in as it is now; null when there is none.")
    cart: Cart | None = computed(
        resolve.payload_cart, description="The cart, if it is the caller's.", loads={CARTS: SELECTED}
    )
    errors: list[UserError] = strawberry.field(description="Why nothing was asked for; empty when it was.")
