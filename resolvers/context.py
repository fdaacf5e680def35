"""What a resolver finds in `info.context`: the request, and the way into each domain. Keep it that small."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import strawberry

from domain.carts.carts import Carts
from domain.carts.offers import Offers
from domain.carts.reserving import CartReservations
from domain.catalog.catalog import Catalog
from domain.identity.desk import CustomerDesk
from domain.pipelines.customers import Customers
from domain.reservations.numbers import Numbers
from domain.reservations.reservation import Reservation
from kernel.context import RequestContext
from kernel.errors import UpstreamUnavailableError


@dataclass
class Reserved:
    """The reservations of the carts in one answer: each cart's are looked up once, however many lines it has."""

    _known: "dict[str, asyncio.Future[list[Reservation]]]" = field(default_factory=dict)

    async def of(self, context: "Context", cart_id: str) -> list[Reservation]:
        """A cart's; none where nothing can be reserved."""
        if context.reservations is None:
            return []
        if cart_id not in self._known:
            self._known[cart_id] = asyncio.ensure_future(context.reservations.of_cart(cart_id))
        return await asyncio.shield(self._known[cart_id])


@dataclass
class Context:
    """One per request. `projections` is the engine's memory for this request and no one else's business.

    `carts` is None where the operator has no TMF663, `numbers` where there is no TMF639, `reservations` where there is
    not both, and Redis, `customers` where there is no TMF629. `keep_cart_token`, where
    cookies are wanted, puts a guest's token into one (`cookies`, as they are sent); the answer then does not show it.
    """

    request: RequestContext
    catalog: Catalog
    offers: Offers
    carts: Carts | None = None
    numbers: Numbers | None = None
    reservations: CartReservations | None = None
    customers: Customers | None = None
    keep_cart_token: Callable[[str], None] | None = None
    cookies: list[str] = field(default_factory=list)
    reserved: Reserved = field(default_factory=Reserved)
    projections: dict[Any, frozenset[str]] = field(default_factory=dict)
    _desk: CustomerDesk | None = None

    def require_carts(self) -> Carts:
        """The carts.

        Raises:
            UpstreamUnavailableError: this shop has none.
        """
        if self.carts is None:
            raise UpstreamUnavailableError("tmf663", detail="BFF_TMF663_URL is not set")
        return self.carts

    def require_numbers(self) -> Numbers:
        """Numbers and cards.

        Raises:
            UpstreamUnavailableError: this shop has none.
        """
        if self.numbers is None:
            raise UpstreamUnavailableError("tmf639", detail="BFF_TMF639_URL is not set")
        return self.numbers

    def require_reservations(self) -> CartReservations:
        """Numbers and cards for carts.

        Raises:
            UpstreamUnavailableError: this shop has none.
        """
        if self.reservations is None:
            raise UpstreamUnavailableError("tmf639", detail="this needs TMF639, TMF663 and Redis")
        return self.reservations

    def require_customers(self) -> Customers:
        """Customers.

        Raises:
            UpstreamUnavailableError: this shop keeps none.
        """
        if self.customers is None:
            raise UpstreamUnavailableError("tmf629", detail="BFF_TMF629_URL is not set")
        return self.customers

    def require_desk(self) -> CustomerDesk:
        """What this request may see of customers; raises as `require_customers`."""
        if self._desk is None:
            self._desk = self.require_customers().desk(self.request)
        return self._desk


Info = strawberry.Info[Context, None]
