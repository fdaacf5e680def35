"""Making a cart: in SQL first, then upstream, then both are tied together with the key under which it was asked for.

A process that dies in between leaves a row without an upstream id; the sweeper removes it on both sides.
"""

import dataclasses
import secrets
from dataclasses import dataclass

import msgspec
import structlog

from domain.carts.access import GuestTokens, name_of, token_hash
from domain.carts.keeper import NOT_NOW, CartKeeper
from domain.carts.model import CartState
from domain.carts.outcome import NO_CART, CartOutcome, Done
from domain.carts.record import cart_of
from domain.carts.repeated import refusal
from domain.identity.principals import scope_of
from kernel.context import Principal, RequestContext, Segment
from kernel.errors import UpstreamError
from kernel.outcomes import ErrorCode, Rejected, Rejection
from store import carts as rows
from store.carts import CartRow, Change
from store.idempotency import Claim, Fresh, Idempotency, Replay

log = structlog.get_logger(__name__)


class _TooLateError(Exception):
    """This process slept so long that the row was swept or the key taken over: nothing of this is kept."""


@dataclass(frozen=True)
class CartMaker:
    """Makes carts. `currency`: of a cart for which none is asked."""

    keeper: CartKeeper
    idempotency: Idempotency
    tokens: GuestTokens
    currency: str

    async def create(self, ctx: RequestContext, key: str, segment: Segment, currency: str | None) -> CartOutcome:
        """A new cart; for a guest with the token that opens it. The same key brings the same cart and token."""
        if segment not in ctx.principal.segments:
            refused = Rejection(ErrorCode.FORBIDDEN, "This segment is not yours.", ("input", "segment"))
            return CartOutcome(None, (refused,))
        body = msgspec.json.encode([segment.value, currency])
        begun = await self.idempotency.begin(scope_of(ctx.principal), "createCart", key, body)
        if isinstance(begun, Replay):
            return await self._again(ctx, key, Done.decode(begun.result).cart)
        if not isinstance(begun, Fresh):
            return CartOutcome(None, (refusal(begun),))
        row = self._row(ctx.principal, key, segment, currency or self.currency)
        try:
            made = await self._make(ctx, row, begun.claim)
        except UpstreamError as error:
            log.warning("cart.not_created", cart=row.id, detail=error.detail)
            made = False
        except BaseException:
            await self.idempotency.release(begun.claim)
            raise
        if not made:
            await self.idempotency.abandon(begun.claim)
            return CartOutcome(None, (NOT_NOW,))
        return CartOutcome(cart_of(row, (), row.created_at), token=self._token(row, key))

    async def _again(self, ctx: RequestContext, key: str, cart_id: str) -> CartOutcome:
        row = await self.keeper.holds.row(cart_id)
        if row is None or not _is_still_for(ctx.principal, row):
            return CartOutcome(None, (NO_CART,))
        try:
            cart = await self.keeper.read(ctx.audience, row)
        except Rejected as gone:  # swept between two looks
            return CartOutcome(None, gone.reasons)
        return CartOutcome(cart, token=self._token(row, key))

    async def _make(self, ctx: RequestContext, row: CartRow, claim: Claim) -> bool:
        async with self.keeper.holds.database.writing() as connection:
            await rows.add(connection, row)
        upstream_id, etag = await self.keeper.system.create(ctx.audience, row.id)
        change = Change(row.version, row.created_at, name_of(ctx.principal), claim.key, "created")
        try:
            await self._tie(row, change, upstream_id, etag, claim)
        except _TooLateError:
            log.warning("cart.too_late", cart=row.id)
            await self.keeper.system.remove(ctx.audience, upstream_id, row.id)  # nobody else may know of it any more
            return False
        return True

    async def _tie(self, row: CartRow, change: Change, upstream_id: str, etag: str | None, claim: Claim) -> None:
        async with self.keeper.holds.database.writing() as connection:
            born = await rows.born(connection, row.id, change, upstream_id=upstream_id, etag=etag)
            if not born or not await self.idempotency.finish(claim, Done(row.id).encode(), connection=connection):
                raise _TooLateError

    def _row(self, principal: Principal, key: str, segment: Segment, currency: str) -> CartRow:
        now = self.keeper.holds.clock.now()
        row = CartRow(
            id="c" + secrets.token_hex(15),  # never digits only: some servers read those as a number
            upstream_id=None,
            token_hash=None,
            token_key=None,
            owner=principal.id,
            segment=segment.value,
            currency=currency,
            state=CartState.ACTIVE.value,
            version=1,
            lines="[]",
            etag=None,
            contact=None,
            created_at=now,
            updated_at=now,
            active_at=now,
            expires_at=now + self.keeper.holds.lifetime,
            intent=None,
            holder=None,
            held_until=None,
            unsettled="[]",
        )
        if principal.id is not None:
            return row
        row = dataclasses.replace(row, token_key=self.tokens.newest)
        return dataclasses.replace(row, token_hash=token_hash(self._token(row, key) or ""))

    def _token(self, row: CartRow, key: str) -> str | None:
        return None if row.token_key is None else self.tokens.token(row.id, key, row.token_key)


def _is_still_for(principal: Principal, row: CartRow) -> bool:
    """Whether a cart is its maker's: a guest's may have been claimed, or have ended for another."""
    return row.owner == principal.id and (row.owner is not None or row.token_hash is not None)
