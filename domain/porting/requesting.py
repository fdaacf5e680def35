"""Asking for a number: first in SQL, where nobody else can then, next in TMF639, and last of the provider.

A process that dies in between leaves a row. The same key carries on with it, and has what the row does not have: the
authorisation code. Without the key, the row is given up in time, and what it left in TMF639 is taken out again.
"""

import secrets
from dataclasses import dataclass

import structlog

from clients.calls import RefusedError
from clients.porting import ProviderPortIn
from domain.carts.access import may_touch
from domain.carts.carts import Carts
from domain.carts.model import CartState
from domain.carts.outcome import NO_CART
from domain.carts.record import lines_of
from domain.carts.repeated import refusal
from domain.identity.principals import scope_of
from domain.porting import metrics
from domain.porting.asked import PortInRequest, checked_number, require_portable
from domain.porting.desk import Desk
from domain.porting.model import OVER, Step, shown
from domain.porting.outcome import (
    NO_LINE,
    NOT_DONE_HERE,
    NOT_FREE,
    NOT_NOW,
    ONE_ALREADY,
    REFUSED,
    UNKNOWN,
    Done,
    PortInOutcome,
)
from domain.porting.tags import BlindInventoryError, NumberInUseError
from domain.reservations.model import ResourceKind
from kernel.context import RequestContext
from kernel.errors import UnknownOutcomeError, UpstreamError
from kernel.outcomes import ErrorCode, Rejected, Rejection
from store import carts as cart_rows
from store.database import Connection
from store.idempotency import Claim, Fresh, Idempotency, Replay
from store.port_ins import NumberTakenError, PortInRow
from store.reservations import Journal

log = structlog.get_logger(__name__)

_CONFLICT = 409


class OutcomeUnknownError(Exception):
    """The provider may have it or not, and nobody can tell just now. The same key settles it."""


@dataclass(frozen=True)
class Requester:
    """Asks for numbers. That the caller may touch the cart is for whoever calls this to know."""

    desk: Desk
    carts: Carts
    journal: Journal
    idempotency: Idempotency

    async def request(self, ctx: RequestContext, asked: PortInRequest) -> PortInOutcome:
        """Ask for a number to come to a line. The same key brings the same port-in."""
        try:
            digits, proof = checked_number(asked.msisdn), asked.proof.checked(self.desk.clock.now())
        except Rejected as rejected:
            return PortInOutcome(None, asked.cart_id, rejected.reasons)
        asked = PortInRequest(asked.key, asked.cart_id, asked.line_id, digits, proof)
        begun = await self.idempotency.begin(scope_of(ctx.principal), "requestPortIn", asked.key, asked.body())
        if isinstance(begun, Replay):
            row = await self.desk.rows.by_id(Done.decode(begun.result).port_in)
            return PortInOutcome(None if row is None else shown(row), asked.cart_id)
        if not isinstance(begun, Fresh):
            return PortInOutcome(None, asked.cart_id, (refusal(begun),))
        claim = begun.claim
        try:
            row = await self._carry_out(ctx, asked, claim)
            await self.idempotency.finish(claim, Done(row.id).encode())
        except OutcomeUnknownError:
            await self.idempotency.release(claim)
            return PortInOutcome(None, asked.cart_id, (UNKNOWN,))
        except (Rejected, UpstreamError) as error:
            await self.idempotency.abandon(claim)
            unanswered = UNKNOWN if claim.resumed else NOT_NOW  # what an earlier run sent must not be denied
            reasons = error.reasons if isinstance(error, Rejected) else (unanswered,)
            metrics.REFUSED.labels(reasons[0].code.value).inc()
            if isinstance(error, UpstreamError):
                log.warning("port_in.not_asked", detail=error.detail)
            return PortInOutcome(None, asked.cart_id, reasons)
        except BaseException:
            await self.idempotency.release(claim)
            raise
        return PortInOutcome(shown(row), asked.cart_id)

    async def _carry_out(self, ctx: RequestContext, asked: PortInRequest, claim: Claim) -> PortInRow:
        """The row once the provider has it, whether it took it now or in an earlier, interrupted run."""
        row = await self.desk.rows.by_key(claim.scope, claim.key) if claim.resumed else None
        if row is None or Step(row.state) in OVER:
            row = await self._begun(ctx, asked, claim)
        elif row.cancelling:
            raise OutcomeUnknownError  # the same key asks anew once that has come to its end
        elif row.state in (Step.INTENT.value, Step.ASKING.value):
            row = await self._taken_up(ctx, asked, row)
        if row.state == Step.INTENT.value:
            row = await self._tagged(row)
        elif row.state == Step.ASKING.value:
            known = await self._at_the_provider(row)
            if known is not None:
                return await self._heard(row, known)
        else:
            return row
        return await self._asked(row, asked)

    # ---------------------------------------------------------------- in SQL

    async def _taken_up(self, ctx: RequestContext, asked: PortInRequest, row: PortInRow) -> PortInRow:
        """The row of an interrupted run, kept from those who look at what is due, if its line is there still.

        What that run sent may be carried out yet, whatever becomes of this one.
        """
        async with self.desk.rows.database.reading() as connection:
            if not await self._is_wanted(connection, ctx, asked):
                raise OutcomeUnknownError
        return self._mine(await self.desk.rows.step(row, due_at=self._settled, unknown_at=self.desk.clock.now()))

    async def _begun(self, ctx: RequestContext, asked: PortInRequest, claim: Claim) -> PortInRow:
        """The row of a number that can come and that nobody else has.

        Raises:
            Rejected: it cannot, or somebody has.
            UpstreamError: it cannot be known.
        """
        await self._require_line(ctx, asked)
        await self._require_free(asked)
        await self.desk.quota.ask(ctx, asked.msisdn)
        told = await self.desk.provider.portability(asked.msisdn)
        require_portable(told, asked.proof, self.desk.words)
        now = self.desk.clock.now()
        row = PortInRow(
            id="p" + secrets.token_hex(15),
            token="t" + secrets.token_hex(15),  # never digits only: some servers read those as a number
            msisdn=asked.msisdn,
            cart_id=asked.cart_id,
            line_id=asked.line_id,
            owner=ctx.principal.id,
            scope=claim.scope,
            key=claim.key,
            donor=(asked.proof.donor or told.donor or "")[:100],
            wanted_at=asked.proof.wanted_at,
            state=Step.INTENT.value,
            live=True,
            cancelling=False,
            reason=None,
            provider_id=None,
            resource_id=None,
            mirrored=None,
            scheduled_at=None,
            unknown_at=None,
            version=1,
            created_at=now,
            updated_at=now,
            due_at=self._settled,
        )

        async def allowed(connection: Connection) -> bool:  # whoever slept since has not seen what became of them
            if not await self.idempotency.is_held(claim, connection):
                return False
            return await self._is_wanted(connection, ctx, asked)

        try:
            added = await self.desk.rows.add(row, allowed)
        except NumberTakenError:
            await self._require_free(asked)
            raise Rejected(NOT_FREE) from None  # it was taken and is free again: a moment ago it was not
        if not added:
            await self._require_line(ctx, asked)
            raise OutcomeUnknownError
        return row

    async def _is_wanted(self, connection: Connection, ctx: RequestContext, asked: PortInRequest) -> bool:
        """Whether the cart can be changed, is the caller's, and has the line."""
        cart = await cart_rows.alive(connection, asked.cart_id, self.desk.clock.now())
        if cart is None or not may_touch(ctx.principal, cart):
            return False
        return any(line.id == asked.line_id for line in lines_of(cart))

    async def _require_line(self, ctx: RequestContext, asked: PortInRequest) -> None:
        """Refuse what has no line to come to.

        Raises:
            Rejected: there is no such cart or line, or it cannot be changed.
        """
        cart = await self.carts.cart(ctx, asked.cart_id)
        if cart is None:
            raise Rejected(NO_CART)
        if cart.state is not CartState.ACTIVE:
            message = "This cart is in a checkout." if cart.state is CartState.LOCKED else "This cart is over."
            raise Rejected(Rejection(ErrorCode.CART_LOCKED, message, ("input", "cartId")))
        if cart.line(asked.line_id) is None:
            raise Rejected(NO_LINE)

    async def _require_free(self, asked: PortInRequest) -> None:
        """Refuse what our own records know.

        Raises:
            Rejected: somebody has the number, or the line has another.
        """
        live = await self.desk.rows.of_lines([(asked.cart_id, asked.line_id)], [each.value for each in Step])
        if any(row.live for row in live):
            raise Rejected(ONE_ALREADY)
        held = await self.journal.live_of(ResourceKind.NUMBER.value, asked.msisdn)
        if held is not None or await self.desk.rows.live_of(asked.msisdn) is not None:
            raise Rejected(NOT_FREE)

    # ---------------------------------------------------------------- in TMF639

    async def _tagged(self, row: PortInRow) -> PortInRow:
        """The row once the number stands in TMF639 as on its way to us, and the provider may be asked.

        Raises:
            Rejected, UpstreamError: it does not, and nothing is left of it, or will be soon.
        """
        try:
            resource_id = await self.desk.tags.ensure(row, self.desk.is_over)
        except NumberInUseError:
            await self.desk.end(row, Step.FAILED)
            raise Rejected(NOT_FREE) from None
        except BlindInventoryError:
            await self.desk.end(row, Step.FAILED)
            raise Rejected(NOT_DONE_HERE) from None
        except UpstreamError as error:
            if isinstance(error, UnknownOutcomeError):
                metrics.UNKNOWN.labels("tmf639").inc()
            await self.desk.end(row, Step.FAILED, unknown=True)
            raise
        asking = {"state": Step.ASKING.value, "updated_at": self.desk.clock.now(), "due_at": self._settled}
        return self._mine(
            await self.desk.rows.step(row, resource_id=resource_id, mirrored=Step.REQUESTED.value, **asking)
        )

    # ---------------------------------------------------------------- at the provider

    async def _asked(self, row: PortInRow, asked: PortInRequest) -> PortInRow:
        """The row once the provider has it.

        Raises:
            Rejected, UpstreamError: it does not, and never will.
            OutcomeUnknownError: nobody knows.
        """
        told: ProviderPortIn | None = None
        try:
            told = await self.desk.provider.ask(row.token, row.msisdn, asked.proof.wish(donor=row.donor))
        except UnknownOutcomeError:
            metrics.UNKNOWN.labels("porting").inc()
        except RefusedError as error:
            told = await self._at_the_provider(row)  # a second try of what it has already is refused as well
            if told is None:
                await self.desk.end(row, Step.FAILED)
                reason = NOT_DONE_HERE if error.of_the_caller else NOT_FREE if error.status == _CONFLICT else REFUSED
                raise Rejected(reason) from None
        except UpstreamError:
            await self.desk.end(row, Step.FAILED)
            raise
        told = told or await self._at_the_provider(row)
        if told is None:
            await self.desk.rows.step(row, unknown_at=self.desk.clock.now(), due_at=self._settled)
            raise OutcomeUnknownError
        return await self._heard(row, told)

    async def _at_the_provider(self, row: PortInRow) -> ProviderPortIn | None:
        """What it has under our reference.

        Raises:
            OutcomeUnknownError: it does not tell.
        """
        try:
            return await self.desk.provider.by_reference(row.token)
        except UpstreamError as error:
            log.warning("port_in.not_known", id=row.id, detail=error.detail)
            raise OutcomeUnknownError from error

    async def _heard(self, row: PortInRow, told: ProviderPortIn) -> PortInRow:
        try:
            heard = await self.desk.hear_of(row, told)
        except UpstreamError as error:
            raise OutcomeUnknownError from error
        if heard is None or heard.cancelling or Step(heard.state) in OVER:
            raise OutcomeUnknownError  # it was given up meanwhile; who looks at it next cancels it
        return heard

    @property
    def _settled(self) -> float:
        return self.desk.clock.now() + self.desk.times.settle

    def _mine(self, row: PortInRow | None) -> PortInRow:
        """Raises OutcomeUnknownError when the row was taken on by another."""
        if row is None:
            raise OutcomeUnknownError
        return row
