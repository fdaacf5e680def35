"""Numbers and SIMs for a cart: who may reserve, under which key, and what of it is told.

The protocol itself is in `domain.reservations`; a reservation is its cart's, and whoever may touch that may touch it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import msgspec
import structlog

from domain.carts.access import may_touch
from domain.carts.carts import Carts
from domain.carts.outcome import NO_CART, NumberUnavailable, ReservationOutcome
from domain.carts.repeated import refusal
from domain.identity.principals import scope_of
from domain.reservations.desk import LostRaceError, NotBegunError, OutcomeUnknownError
from domain.reservations.model import Candidate, NumberTier, ResourceKind
from domain.reservations.offer_tokens import OfferTokenError, OfferTokens
from domain.reservations.query import NumberQuery
from domain.reservations.reservation import Reservation, ReservationState
from domain.reservations.reservations import Ask, Reservations
from domain.reservations.search import NumberSearch
from kernel.context import Principal, RequestContext
from kernel.errors import UpstreamError
from kernel.outcomes import ErrorCode, Rejected, Rejection
from store import carts as rows
from store.carts import CartRow
from store.database import Allowed, Connection
from store.idempotency import Claim, Fresh, Idempotency, Outcome, Replay
from store.reservations import Entry

log = structlog.get_logger(__name__)

_ALTERNATIVES = 5
_OFFER = ("input", "offerToken")
_RESERVATION = ("input", "reservationId")
_MUTATIONS = {ResourceKind.NUMBER: "reserveNumber", ResourceKind.SIM: "reserveSim"}
_NO_OFFER = Rejection(ErrorCode.INVALID, "This is no offer of this kind.", _OFFER)
_OFFER_OVER = Rejection(ErrorCode.RESERVATION_EXPIRED, "The time of this offer is over. Look for others.", _OFFER)
_CART_OVER = Rejection(ErrorCode.CART_LOCKED, "This cart is in a checkout, or over.", ("input", "cartId"))
_NO_RESERVATION = Rejection(ErrorCode.NOT_FOUND, "There is no such reservation.", _RESERVATION)
_IN_CHECKOUT = Rejection(ErrorCode.CART_LOCKED, "This reservation is in a checkout, or assigned.", _RESERVATION)
_UNKNOWN = Rejection(
    ErrorCode.UPSTREAM_UNAVAILABLE,
    "Nobody knows yet whether it is reserved. Ask again with the same key.",
    retryable=True,
    retry_after=2,
)


@dataclass(frozen=True)
class CartReservations:
    """All of them. One per process. Nothing here raises for what a shopper did; the outcome says it."""

    carts: Carts
    reservations: Reservations
    idempotency: Idempotency
    tokens: OfferTokens
    search: NumberSearch

    async def reserve(
        self, ctx: RequestContext, kind: ResourceKind, key: str, cart_id: str, offer_token: str
    ) -> ReservationOutcome:
        """Reserve what was offered for a cart of the caller's. The same key brings the same reservation."""
        row = await self.carts.reach(ctx.principal, cart_id)
        if row is None:
            return ReservationOutcome(None, None, (NO_CART,))
        body = msgspec.json.encode([cart_id, offer_token])

        async def allowed(connection: Connection) -> bool:
            """Or nobody could find what is reserved for it."""
            cart = await rows.alive(connection, cart_id, self.reservations.desk.clock.now())
            return cart is not None and may_touch(ctx.principal, cart)

        once = _Once(self.idempotency, scope_of(ctx.principal), _MUTATIONS[kind], key, body, allowed)
        try:
            return await self._reserve(ctx, kind, row, offer_token, once)
        except NotBegunError:
            return await self._known(once.begun, cart_id)
        except Rejected as rejected:
            await once.abandon()
            return ReservationOutcome(None, cart_id, rejected.reasons)
        except OutcomeUnknownError:
            await once.release()
            return ReservationOutcome(None, cart_id, (_UNKNOWN,))
        except BaseException:
            await once.release()
            raise

    async def extend(self, ctx: RequestContext, key: str, reservation_id: str) -> ReservationOutcome:
        """Let a reservation of the caller's live for another while."""
        return await self._change(ctx, "extendReservation", key, reservation_id, self.reservations.extend)

    async def release(self, ctx: RequestContext, key: str, reservation_id: str) -> ReservationOutcome:
        """Give one back. Giving it back again changes nothing."""
        return await self._change(ctx, "releaseReservation", key, reservation_id, self._given_back)

    async def find(self, principal: Principal, reservation_id: str) -> Reservation | None:
        """One of the caller's; None for any other, whether there is one or not."""
        entry = await self._entry(principal, reservation_id)
        return None if entry is None else self.reservations.shown(entry)

    async def of_cart(self, cart_id: str) -> list[Reservation]:
        """What a cart has now, in the order in which it was reserved. That the caller may see it is known already."""
        return await self.reservations.of_cart(cart_id)

    # ---------------------------------------------------------------- reserving

    async def _reserve(
        self, ctx: RequestContext, kind: ResourceKind, row: CartRow, offer_token: str, once: "_Once"
    ) -> ReservationOutcome:
        try:
            candidate = self.tokens.read(offer_token)
        except OfferTokenError as error:
            await self._refuse(once, _OFFER_OVER if error.expired else _NO_OFFER)
        if candidate.kind is not kind:
            await self._refuse(once, _NO_OFFER)
        if not self.carts.keeper.is_active(row):
            await self._refuse(once, _CART_OVER)
        ask = Ask(_shopper(ctx.principal, row.id), row.id, once.key, ctx.address)
        try:
            return ReservationOutcome(await self.reservations.reserve(ask, candidate, once), row.id)
        except LostRaceError:
            if await once.is_known():  # it was lost to the very same request
                raise NotBegunError from None
            await once.abandon()
            return ReservationOutcome(None, row.id, (await self._unavailable(ctx, candidate),))

    async def _refuse(self, once: "_Once", why: Rejection) -> NoReturn:
        """Refuse a request, unless it is one that was carried out once, before there was a reason to refuse it."""
        if not await once.begin(None):
            raise NotBegunError
        raise Rejected(why)

    async def _unavailable(self, ctx: RequestContext, candidate: Candidate) -> NumberUnavailable:
        others: Sequence[Candidate] = ()
        if candidate.kind is ResourceKind.NUMBER:
            others = await self._others(ctx, candidate.value, candidate.tier)
        message = "It has gone to somebody else."
        return NumberUnavailable(ErrorCode.NUMBER_UNAVAILABLE, message, _OFFER, alternatives=others)

    async def _others(self, ctx: RequestContext, value: str, tier: NumberTier) -> Sequence[Candidate]:
        query = NumberQuery(tier=tier, excluding=frozenset({value}))
        try:
            return await self.search.numbers(ctx, _ALTERNATIVES, query)
        except UpstreamError as error:
            log.warning("reservation.no_alternatives", detail=error.detail)
            return ()

    async def _known(self, begun: Outcome | None, cart_id: str | None) -> ReservationOutcome:
        """What came of a request under this key when it was made before."""
        if isinstance(begun, Replay):
            entry = await self.reservations.find(begun.result.decode())
            return ReservationOutcome(None if entry is None else self.reservations.shown(entry), cart_id)
        if begun is None or isinstance(begun, Fresh):
            raise AssertionError("a key that was never refused was not begun either")
        return ReservationOutcome(None, cart_id, (refusal(begun),))

    # ---------------------------------------------------------------- changing

    async def _given_back(self, entry: Entry, once: "_Once") -> Reservation | None:
        changed = await self.reservations.release(entry)
        if changed is not None and changed.state in (ReservationState.IN_CHECKOUT, ReservationState.ASSIGNED):
            raise Rejected(_IN_CHECKOUT)
        await once.finish(None, entry.id)
        return changed

    async def _change(
        self,
        ctx: RequestContext,
        mutation: str,
        key: str,
        reservation_id: str,
        change: Callable[[Entry, "_Once"], Awaitable[Reservation | None]],
    ) -> ReservationOutcome:
        entry = await self._entry(ctx.principal, reservation_id)
        if entry is None:
            return ReservationOutcome(None, None, (_NO_RESERVATION,))
        once = _Once(self.idempotency, scope_of(ctx.principal), mutation, key, reservation_id.encode())
        if not await once.begin(None):
            return await self._known(once.begun, entry.cart_id)
        try:
            return ReservationOutcome(await change(entry, once), entry.cart_id)
        except OutcomeUnknownError:
            return ReservationOutcome(None, entry.cart_id, (_UNKNOWN,))
        except Rejected as rejected:
            await once.abandon()
            known = await self.reservations.find(entry.id)
            shown = None if known is None else self.reservations.shown(known)
            return ReservationOutcome(shown, entry.cart_id, rejected.reasons)
        except BaseException:
            await once.release()
            raise

    async def _entry(self, principal: Principal, reservation_id: str) -> Entry | None:
        entry = await self.reservations.find(reservation_id)
        return entry if entry is not None and await self.carts.reach(principal, entry.cart_id) is not None else None


def _shopper(principal: Principal, cart_id: str) -> str:
    """By whom reservations are counted: a guest is known by the cart alone."""
    return f"cart:{cart_id}" if principal.id is None else scope_of(principal)


@dataclass
class _Once:
    """A request's idempotency key, claimed and finished in the transactions of what it asks for.

    `allowed`: whether what a new key asks for may still begin, asked within the transaction that begins it.
    """

    idempotency: Idempotency
    scope: str
    mutation: str
    key: str
    body: bytes
    allowed: Allowed | None = None
    begun: Outcome | None = None

    @property
    def claim(self) -> Claim | None:
        return self.begun.claim if isinstance(self.begun, Fresh) else None

    async def begin(self, connection: Connection | None) -> bool:
        """Claim the key.

        Raises:
            Rejected: it is new, and within this transaction nothing may be reserved for the cart any more.
        """
        used = (self.scope, self.mutation, self.key, self.body)
        self.begun = await self.idempotency.begin(*used, connection=connection)
        if connection is not None and self.claim and self.allowed is not None and not await self.allowed(connection):
            raise Rejected(_CART_OVER)
        return self.claim is not None

    async def is_known(self) -> bool:
        """Whether the key, of which nothing was heard before, is another's meanwhile."""
        if self.begun is None:
            self.begun = await self.idempotency.look(self.scope, self.mutation, self.key, self.body)
        return self.begun is not None and self.claim is None

    async def finish(self, connection: Connection | None, reservation_id: str) -> bool:
        if self.claim is None:
            return True
        return await self.idempotency.finish(self.claim, reservation_id.encode(), connection=connection)

    async def abandon(self) -> None:
        if self.claim is not None:
            await self.idempotency.abandon(self.claim)

    async def release(self) -> None:
        if self.claim is not None:
            await self.idempotency.release(self.claim)
