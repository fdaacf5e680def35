"""Carts as the rest of the shop uses them: making, changing, reading and following one. Who may is decided here."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from dataloaders.news import News
from dataloaders.stock import StockLoader
from domain.carts.access import may_touch, token_hash
from domain.carts.attaching import lost
from domain.carts.claiming import CartClaimer
from domain.carts.creating import CartMaker
from domain.carts.keeper import CartKeeper
from domain.carts.model import Cart, CartState, MergeMode
from domain.carts.offers import Offers
from domain.carts.operations import Request, terms_of
from domain.carts.outcome import NO_CART, CartOutcome
from domain.carts.problems import Problem, problems_of
from domain.carts.record import state_of
from domain.carts.updating import CartUpdater
from kernel.context import Principal, RequestContext, Segment
from kernel.errors import NotFoundError, StoreUnavailableError
from kernel.outcomes import ErrorCode, Rejected
from store import carts as rows
from store.carts import CartRow

_TOUCH_SECONDS = 300.0
_AGAIN = 1.0

Asking = Callable[[], Awaitable[RequestContext]]
"""Who follows, as it is now: verified anew, with a new deadline. Raises once that one may ask no more."""


@dataclass(frozen=True)
class Carts:
    """All carts. One per process. `stock` is None where the operator has no TMF687.

    `news` wakes who follows one; `look`: seconds after which they look although nothing woke them.
    """

    keeper: CartKeeper
    maker: CartMaker
    updater: CartUpdater
    stock: StockLoader | None
    claimer: CartClaimer
    news: News
    look: float = 30.0

    async def cart(self, ctx: RequestContext, cart_id: str | None) -> Cart | None:
        """A cart of the caller's; without an id the one in use. None for any other, whether there is one or not."""
        row = await self.reach(ctx.principal, cart_id)
        if row is None:
            return None
        row = await self._touched(row)
        try:
            return await self.keeper.read(ctx.audience, row)
        except Rejected:  # gone between two looks
            return None

    async def follow(self, asking: Asking, cart_id: str) -> AsyncGenerator[Cart, None]:
        """A cart of the caller's as it is now, and again whenever it is another, until it is over.

        Who takes long gets the latest, and nothing of what was in between.

        Raises:
            NotFoundError: it is not the caller's, or is so no longer.
        """
        with self.news.following(cart_id) as woken:
            shown: Cart | None = None
            while shown is None or not shown.is_over:
                woken.clear()
                wait = self.look
                try:
                    cart = await self._changed(await asking(), cart_id, shown)
                except StoreUnavailableError:
                    if shown is None:
                        raise
                    cart, wait = None, _AGAIN  # it may be back at once; the shopper need not ask anew
                if cart is not None:
                    yield (shown := cart)
                if shown is None or not shown.is_over:
                    await _woken(woken, wait)

    async def _changed(self, ctx: RequestContext, cart_id: str, shown: Cart | None) -> Cart | None:
        """The cart; None while it is as it was shown. One that could only be shown stale is tried again."""
        row = await self.reach(ctx.principal, cart_id)
        if row is None:
            raise NotFoundError(NO_CART.message)
        if shown is None:
            row = await self._touched(row)
        elif not shown.stale and (row.version, state_of(row, self.keeper.holds.clock.now())) == _seen(shown):
            return None
        try:
            cart = await self.keeper.read(ctx.audience, row)
        except Rejected:  # gone between two looks
            raise NotFoundError(NO_CART.message) from None
        same = shown is not None and (_seen(cart), cart.stale) == (_seen(shown), shown.stale)
        return None if same else cart

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
                row = await rows.active_of(connection, principal.id, self.keeper.holds.clock.now())
            elif principal.cart_token is not None:
                row = await rows.by_token(connection, token_hash(principal.cart_token))
            else:
                row = None
        return row if row is not None and row.upstream_id is not None and may_touch(principal, row) else None

    async def _touched(self, row: CartRow) -> CartRow:
        """A cart that is looked at lives on. Written down now and then, not at every look."""
        holds = self.keeper.holds
        now = holds.clock.now()
        if row.state != CartState.ACTIVE.value or row.expires_at <= now or now - row.active_at < _TOUCH_SECONDS:
            return row
        async with holds.database.writing() as connection:
            now = holds.clock.now()  # its time may have ended on the way here
            until = now + holds.lifetime
            touched = await rows.touch(connection, row.id, at=now, expires_at=until)
        return replace(row, active_at=now, expires_at=until) if touched else row


def _seen(cart: Cart) -> tuple[int, CartState]:
    return cart.version, cart.state


async def _woken(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
