"""What a resolver finds in `info.context`: the request, and the way into each domain. Keep it that small."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import strawberry

from domain.carts.offers import Offers
from domain.catalog.catalog import Catalog
from domain.identity.outcomes import Session
from domain.reservations.reservation import Reservation
from kernel.context import Principal, RequestContext
from kernel.errors import ForbiddenError, UpstreamUnavailableError

if TYPE_CHECKING:  # a process has those that its settings ask for, and their libraries
    from domain.carts.carts import Carts
    from domain.carts.reserving import CartReservations
    from domain.identity.desk import CustomerDesk
    from domain.identity.identity import Identity
    from domain.identity.linking import Linking
    from domain.pipelines.customers import Customers
    from domain.porting.porting import Porting, PortIns
    from domain.reservations.numbers import Numbers


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
    not both, and Redis, `porting` where there is no porting provider, `customers` where there is no TMF629.
    `keep_cart_token`, where
    cookies are wanted, puts a guest's token into one (`cookies`, as they are sent); the answer then does not show it.
    `keep_session` does the same with a session's, None ends them; `refresh_token` is the cookie's. `cross_site`:
    cookies are in use, and nothing shows that the request comes from a page of ours. `ask_again`, for what outlives a
    request: who asks, as it is by then.
    """

    request: RequestContext
    catalog: Catalog
    offers: Offers
    carts: "Carts | None" = None
    numbers: "Numbers | None" = None
    reservations: "CartReservations | None" = None
    customers: "Customers | None" = None
    porting: "Porting | None" = None
    identity: "Identity | None" = None
    keep_cart_token: Callable[[str | None], None] | None = None
    keep_session: Callable[[Session | None], None] | None = None
    refresh_token: str | None = None
    cross_site: bool = False
    ask_again: Callable[[], Awaitable[RequestContext]] | None = None
    cookies: list[str] = field(default_factory=list)
    reserved: Reserved = field(default_factory=Reserved)
    projections: dict[Any, frozenset[str]] = field(default_factory=dict)
    _desk: "CustomerDesk | None" = None

    def require_carts(self) -> "Carts":
        """The carts.

        Raises:
            UpstreamUnavailableError: this shop has none.
        """
        if self.carts is None:
            raise UpstreamUnavailableError("tmf663", detail="BFF_TMF663_URL is not set")
        return self.carts

    def require_numbers(self) -> "Numbers":
        """Numbers and cards.

        Raises:
            UpstreamUnavailableError: this shop has none.
        """
        if self.numbers is None:
            raise UpstreamUnavailableError("tmf639", detail="BFF_TMF639_URL is not set")
        return self.numbers

    def require_reservations(self) -> "CartReservations":
        """Numbers and cards for carts.

        Raises:
            UpstreamUnavailableError: this shop has none.
        """
        if self.reservations is None:
            raise UpstreamUnavailableError("tmf639", detail="this needs TMF639, TMF663 and Redis")
        return self.reservations

    def require_customers(self) -> "Customers":
        """Customers.

        Raises:
            UpstreamUnavailableError: this shop keeps none.
        """
        if self.customers is None:
            raise UpstreamUnavailableError("tmf629", detail="BFF_TMF629_URL is not set")
        return self.customers

    def require_desk(self) -> "CustomerDesk":
        """What this request may see of customers; raises as `require_customers`."""
        if self._desk is None:
            self._desk = self.require_customers().desk(self.request)
        return self._desk

    def require_linking(self) -> "Linking":
        """Linking of lines.

        Raises:
            UpstreamUnavailableError: this shop cannot send codes to lines, or does not know them.
        """
        linking = self.require_customers().linking
        if linking is None:
            raise UpstreamUnavailableError("tmf681", detail="this needs TMF637, TMF681 and Redis")
        return linking

    def require_porting(self) -> "Porting":
        """The porting provider.

        Raises:
            UpstreamUnavailableError: this shop has none.
        """
        if self.porting is None:
            raise UpstreamUnavailableError("porting", detail="BFF_PORTING_URL is not set")
        return self.porting

    def require_port_ins(self) -> "PortIns":
        """Numbers on their way.

        Raises:
            UpstreamUnavailableError: this shop has none.
        """
        port_ins = self.require_porting().port_ins
        if port_ins is None:
            raise UpstreamUnavailableError("porting", detail="BFF_TMF663_URL or BFF_TMF639_URL is not set")
        return port_ins

    def require_identity(self) -> "Identity":
        """Signing up and in.

        Raises:
            UpstreamUnavailableError: this shop has none.
            ForbiddenError: another site's page may have made this request.
        """
        if self.cross_site:
            raise ForbiddenError("Send the header X-Requested-With: sessions are kept in cookies here.")
        if self.identity is None:
            raise UpstreamUnavailableError("cognito", detail="BFF_COGNITO_POOL is not set")
        return self.identity

    async def asking(self) -> RequestContext:
        """Who asks, as it is by now.

        Raises:
            UnauthenticatedError: nobody who may ask any more.
        """
        return self.request if self.ask_again is None else await self.ask_again()

    def become(self, principal: Principal) -> None:
        """Go on as whoever has just signed in: what the answer shows is theirs."""
        asking = principal.with_cart_token(self.request.principal.cart_token)
        self.request = msgspec.structs.replace(self.request, principal=asking)
        self._desk = None


Info = strawberry.Info[Context, None]
