"""What a resolver finds in `info.context`: the request, and the way into each domain. Keep it that small."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import strawberry

from domain.carts.carts import Carts
from domain.carts.offers import Offers
from domain.catalog.catalog import Catalog
from domain.reservations.numbers import Numbers
from kernel.context import RequestContext
from kernel.errors import UpstreamUnavailableError


@dataclass
class Context:
    """One per request. `projections` is the engine's memory for this request and no one else's business.

    `carts` is None where the operator has no TMF663, `numbers` where there is no TMF639. `keep_cart_token`, where
    cookies are wanted, puts a guest's token into one (`cookies`, as they are sent); the answer then does not show it.
    """

    request: RequestContext
    catalog: Catalog
    offers: Offers
    carts: Carts | None = None
    numbers: Numbers | None = None
    keep_cart_token: Callable[[str], None] | None = None
    cookies: list[str] = field(default_factory=list)
    projections: dict[Any, frozenset[str]] = field(default_factory=dict)

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


Info = strawberry.Info[Context, None]
