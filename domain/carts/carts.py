"""Carts as the rest of the shop uses them: making one, changing it, reading it. Who may is decided in here."""

from dataclasses import dataclass

from dataloaders.stock import StockLoader
from domain.carts.access import may_touch, token_hash
from domain.carts.attaching import lost
from domain.carts.claiming import CartClaimer, MergeMode
from domain.carts.creating import CartMaker
from domain.carts.keeper import CartKeeper
from domain.carts.model import Cart, CartState
from domain.carts.offers import Offers
from domain.carts.operations import terms_of
from domain.carts.outcome import NO_CART, CartOutcome
from domain.carts.problems import Problem, problems_of
from domain.carts.updating import CartUpdater, Request
from kernel.context import Principal, RequestContext, Segment
from kernel.outcomes import ErrorCode, Rejected
from store import carts as rows
from store.carts import CartRow

_TOUCH_SECONDS = 300.0


@dataclass(frozen=True)
class Carts:
    """All carts. One per process. `stock` is None where the operator has no TMF687."""

    keeper: CartKeeper
    maker: CartMaker
    updater: CartUpdater
    stock: StockLoader | None
    claimer: CartClaimer

    async def cart(self, ctx: RequestContext, cart_id: str | None) -> Cart | None:
        """A cart of the caller's; without an id the one in use. None for any other, whether there is one or not."""
        row = await self.reach(ctx.principal, cart_id)
        if row is None:
            return None
        await self._touch(row)
        try:
            return await self.keeper.read(ctx.audience, row)
        except Rejected:  # gone between two looks
            return None

    async def create(self, ctx: RequestContext, key: str, segment: Segment, currency: str | None) -> CartOutcome:
        """A new cart; for a guest with the token that opens it. The same key brings the same cart and token."""
        return await self.maker.create(ctx, key, segment, currency)

    async def update(self, ctx: RequestContext, offers: Offers, request: Request) -> CartOutcome:
        """Carry out all operations or none."""
        row = await self.reach(ctx.principal, request.cart_id)
        if row is None:
            return CartOutcome(None, (NO_CART,))
        return await self.updater.update(ctx, offers, row, request)

    async def claim(self, ctx: RequestContext, key: str, token: str, mode: MergeMode) -> CartOutcome:
        """A guest's cart becomes that of who signed in. The same key brings the same cart."""
        return await self.claimer.claim(ctx, key, token, mode)

    async def problems(self, ctx: RequestContext, offers: Offers, cart: Cart) -> tuple[Problem, ...]:
        """What stands between the cart and a checkout.

        Raises:
            UpstreamError: the catalogue cannot be known.
        """
        terms = terms_of(ctx, offers, cart.segment, cart.currency)
        return (*await problems_of(ctx, cart, offers, self.stock, terms), *await self._lost(cart))

    async def _lost(self, cart: Cart) -> list[Problem]:
        holds = self.keeper.holds
        if holds.journal is None:
            return []
        gone = await lost(holds.journal, cart.id, cart.lines, holds.clock.now())
        message = "The time of a number or SIM of this line is over. Choose another."
        return [Problem(ErrorCode.RESERVATION_EXPIRED, message, line) for line in gone]

    async def reach(self, principal: Principal, cart_id: str | None) -> CartRow | None:
        """The row of a cart of the caller's, as `cart` finds it."""
        async with self.keeper.holds.database.reading() as connection:
            if cart_id is not None:
                row = await rows.by_id(connection, cart_id)
            elif principal.id is not None:
                row = await rows.active_of(connection, principal.id)
            elif principal.cart_token is not None:
                row = await rows.by_token(connection, token_hash(principal.cart_token))
            else:
                row = None
        return row if row is not None and row.upstream_id is not None and may_touch(principal, row) else None

    async def _touch(self, row: CartRow) -> None:
        """A cart that is looked at lives on. Written down now and then, not at every look."""
        holds = self.keeper.holds
        now = holds.clock.now()
        if row.state != CartState.ACTIVE.value or row.expires_at <= now or now - row.active_at < _TOUCH_SECONDS:
            return
        async with holds.database.writing() as connection:
            await rows.touch(connection, row.id, at=now, expires_at=now + holds.lifetime)
