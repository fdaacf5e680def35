"""Changing a cart: all operations of a request or none, once per key, by one caller at a time."""

from dataclasses import dataclass

from domain.carts.access import may_touch, name_of
from domain.carts.attaching import check
from domain.carts.holding import AndWith, Held
from domain.carts.keeper import NOT_NOW, UNKNOWN, CartKeeper, OutcomeUnknownError, conflict
from domain.carts.model import Cart, CartState
from domain.carts.offers import Offers
from domain.carts.operations import Request, SetContact, Shelves, apply, needed, terms_of
from domain.carts.outcome import NO_CART, CartOutcome, Done
from domain.carts.record import Intent, cart_of, lines_of
from domain.carts.repeated import refusal
from domain.identity.principals import scope_of
from kernel.context import RequestContext, Segment
from kernel.errors import UpstreamError
from kernel.outcomes import ErrorCode, Rejected, Rejection
from store import carts as rows
from store.carts import CartRow
from store.database import Connection
from store.idempotency import Claim, Fresh, Idempotency, InProgress, Outcome, Replay

_TRIES = 5
_OVERTAKEN = Rejection(ErrorCode.IN_PROGRESS, "Others keep changing this cart.", retryable=True, retry_after=1)


@dataclass(frozen=True)
class CartUpdater:
    """Changes carts. That the caller may is for whoever calls this to know."""

    keeper: CartKeeper
    idempotency: Idempotency

    async def update(self, ctx: RequestContext, offers: Offers, row: CartRow, request: Request) -> CartOutcome:
        """Carry out all operations or none."""
        intent = await self._foreseen(ctx, offers, row, request)
        begun, held = await self._begin(ctx, row, request, intent)
        if isinstance(begun, Replay):
            try:
                return CartOutcome(await self.keeper.read(ctx.audience, row))
            except Rejected as gone:  # swept between two looks
                return CartOutcome(None, gone.reasons)
        if not isinstance(begun, Fresh):
            return CartOutcome(self._as_known(row), (refusal(begun),))
        try:
            if intent is not None and held is not None:
                and_with = self._remembering(begun.claim, request)
                changed = await self.keeper.carry_out(ctx.audience, held, intent, and_with)
            else:
                async with self.keeper.turn(row.id):
                    changed = await self._carry_out(ctx, offers, begun.claim, request)
        except OutcomeUnknownError:
            await self.idempotency.release(begun.claim)
            return CartOutcome(None, (UNKNOWN,))
        except (Rejected, UpstreamError) as error:
            await self.idempotency.abandon(begun.claim)
            known = await self.keeper.holds.row(row.id)
            unanswered = UNKNOWN if begun.claim.resumed else NOT_NOW  # an earlier try may be in, and must not be denied
            reasons = error.reasons if isinstance(error, Rejected) else (unanswered,)
            theirs = known is not None and may_touch(ctx.principal, known)
            return CartOutcome(self._as_known(known) if known is not None and theirs else None, reasons)
        except BaseException:
            await self.idempotency.release(begun.claim)
            raise
        return CartOutcome(self._as_known(changed))

    async def _carry_out(self, ctx: RequestContext, offers: Offers, claim: Claim, request: Request) -> CartRow:
        async def allowed(connection: Connection) -> bool:
            return await self.idempotency.is_held(claim, connection)  # or another may have refused this very request

        remember = self._remembering(claim, request)
        for _ in range(_TRIES):
            row = await self._ready(ctx, claim, request)
            if claim.resumed and await self._was_done(row, claim, request):
                return row
            self._require(row, request)
            intent = await self._intent(ctx, offers, row, request)
            changed = await self.keeper.change(ctx.audience, row, intent, allowed=allowed, and_with=remember)
            if changed is not None:
                return changed
        raise Rejected(_OVERTAKEN)

    async def _foreseen(self, ctx: RequestContext, offers: Offers, row: CartRow, request: Request) -> Intent | None:
        """What the cart shall be if nobody comes in between, as is usual; None where anything has to be looked into.

        Whatever speaks against the change is found again, and told, once the key is known to be a new one.
        """
        if row.intent is not None or self.keeper.holds.is_live(row):
            return None
        try:
            self._require(row, request)
            return await self._intent(ctx, offers, row, request)
        except (Rejected, UpstreamError):
            return None

    async def _begin(
        self, ctx: RequestContext, row: CartRow, request: Request, intent: Intent | None
    ) -> tuple[Outcome, Held | None]:
        """Claim the key and, in the same transaction, begin the change that is foreseen, if the cart is free for it."""
        used = (scope_of(ctx.principal), "updateCart", request.key, request.body())
        if intent is not None:
            async with self.keeper.holds.database.writing() as connection:
                begun, held = await self.idempotency.begin(*used, connection=connection), None
                if isinstance(begun, Fresh) and not begun.claim.resumed:
                    held = await self.keeper.holds.begin_within(connection, row, intent)
            if not isinstance(begun, InProgress):
                return begun, held
        return await self.idempotency.begin(*used), None

    def _remembering(self, claim: Claim, request: Request) -> AndWith:
        async def remember(connection: Connection, _version: int) -> bool:
            return await self.idempotency.finish(claim, Done(request.cart_id).encode(), connection=connection)

        return remember

    async def _ready(self, ctx: RequestContext, claim: Claim, request: Request) -> CartRow:
        """The cart's row with no change under way; an unsettled one may be an earlier run of this very request."""
        try:
            row = await self.keeper.ready(ctx.audience, request.cart_id)
        except UpstreamError as error:
            if claim.resumed:
                raise OutcomeUnknownError from error
            raise
        if not may_touch(ctx.principal, row):  # a guest's that was claimed meanwhile
            raise Rejected(NO_CART)
        return row

    def _require(self, row: CartRow, request: Request) -> None:
        state = self._as_known(row).state
        if state is not CartState.ACTIVE:
            message = "This cart is in a checkout." if state is CartState.LOCKED else "This cart is over."
            raise Rejected(Rejection(ErrorCode.CART_LOCKED, message, ("input", "cartId")))
        if row.version != request.expected_version:
            raise Rejected(conflict(row.version))

    async def _intent(self, ctx: RequestContext, offers: Offers, row: CartRow, request: Request) -> Intent:
        """What the cart shall be, by what the catalogue says in the carts' language and in the shopper's."""
        lines = lines_of(row)
        writing = offers.written(ctx)
        written = await offers.load_with_bundled(writing, needed(lines, request.operations))
        shown = written if writing == ctx else await offers.load(ctx, written)
        terms = terms_of(ctx, offers, Segment(row.segment), row.currency)
        applied = apply(lines, request.operations, Shelves(written, shown), terms)
        holds = self.keeper.holds
        await check(holds.journal, row.id, applied.lines, applied.attached, holds.clock.now())
        contacts = [each.contact for each in request.operations if isinstance(each, SetContact)]
        return Intent(
            lines=applied.lines,
            who=name_of(ctx.principal),
            what=request.what,
            key=request.key,
            contact=contacts[-1] if contacts else None,
            attached=tuple((each.line, each.reservations) for each in applied.attached),
        )

    async def _was_done(self, row: CartRow, claim: Claim, request: Request) -> bool:
        """Whether an earlier, interrupted run of this request did it after all; then that is remembered now."""
        async with self.keeper.holds.database.writing() as connection:
            done = await rows.change_of(connection, row.id, claim.key, request.what)
            if done is not None:
                await self.idempotency.finish(claim, Done(row.id).encode(), connection=connection)
        return done is not None

    def _as_known(self, row: CartRow) -> Cart:
        return cart_of(row, lines_of(row), self.keeper.holds.clock.now())
