"""Asking again for a number that was refused, with what was wrong told anew."""

from dataclasses import dataclass

import structlog

from clients.calls import RefusedError
from clients.porting import ProviderPortIn
from domain.carts.repeated import refusal
from domain.identity.principals import scope_of
from domain.porting import metrics
from domain.porting.asked import Correction
from domain.porting.desk import Desk
from domain.porting.model import FIXABLE, PortInReason, Step, shown
from domain.porting.outcome import (
    CORRECTED_TAKEN,
    NOT_DONE_HERE,
    NOT_FIXABLE,
    NOT_NOW,
    NOTHING_TOLD,
    REFUSED,
    UNKNOWN,
    Done,
    PortInOutcome,
)
from domain.porting.requesting import OutcomeUnknownError
from domain.porting.tags import BlindInventoryError, NumberInUseError
from kernel.context import RequestContext
from kernel.errors import UnknownOutcomeError, UpstreamError
from kernel.outcomes import Rejected, Rejection
from store.idempotency import Claim, Idempotency, InProgress, Mismatch, Replay
from store.port_ins import NumberTakenError, PortInRow

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Corrector:
    """Corrects port-ins. That the caller may is for whoever calls this to know."""

    desk: Desk
    idempotency: Idempotency

    async def correct(self, ctx: RequestContext, row: PortInRow, asked: Correction) -> PortInOutcome:
        """Ask again for a rejected one. The same key asks once."""
        try:
            asked = self._checked(asked)
            claim = await self._claim(ctx, asked)
        except Rejected as rejected:
            return await self._as_known(row, *rejected.reasons)
        return await (self._as_known(row) if claim is None else self._claimed(ctx, row, asked, claim))

    def _checked(self, asked: Correction) -> Correction:
        proof = asked.proof.checked(self.desk.clock.now())
        if proof.is_empty:
            raise Rejected(NOTHING_TOLD)
        return Correction(asked.key, asked.port_in_id, proof)

    async def _claim(self, ctx: RequestContext, asked: Correction) -> Claim | None:
        """The right to carry it out; None when that was done."""
        begun = await self.idempotency.begin(scope_of(ctx.principal), "correctPortIn", asked.key, asked.body())
        if isinstance(begun, Mismatch | InProgress):
            raise Rejected(refusal(begun))
        return None if isinstance(begun, Replay) else begun.claim

    async def _claimed(self, ctx: RequestContext, row: PortInRow, asked: Correction, claim: Claim) -> PortInOutcome:
        try:
            corrected = await self._carry_out(ctx, row, asked, claim)
            await self.idempotency.finish(claim, Done(row.id).encode())
        except OutcomeUnknownError:
            await self.idempotency.release(claim)
            return await self._as_known(row, UNKNOWN)
        except (Rejected, UpstreamError) as error:
            await self.idempotency.abandon(claim)
            if isinstance(error, Rejected):
                return await self._as_known(row, *error.reasons)
            log.warning("port_in.not_corrected", id=row.id, detail=error.detail)
            return await self._as_known(row, NOT_NOW)
        except BaseException:
            await self.idempotency.release(claim)
            raise
        return PortInOutcome(shown(corrected), row.cart_id)

    async def _as_known(self, row: PortInRow, *errors: Rejection) -> PortInOutcome:
        known = await self.desk.rows.by_id(row.id) or row
        return PortInOutcome(shown(known), known.cart_id, errors)

    async def _carry_out(self, ctx: RequestContext, row: PortInRow, asked: Correction, claim: Claim) -> PortInRow:
        if claim.resumed:
            known = await self._after_all(row)
            if known is not None:
                return known
            row = await self.desk.rows.by_id(row.id) or row
        _require_correctable(row)
        await self.desk.quota.ask(ctx, row.msisdn)
        correcting = await self._begun(row)
        told: ProviderPortIn | None = None
        try:
            told = await self.desk.provider.correct(str(row.provider_id), asked.proof.wish())
        except UnknownOutcomeError:
            metrics.UNKNOWN.labels("porting").inc()
        except RefusedError as error:
            told = await self._told(row)
            if told is None or self.desk.words.step_of(told) is Step.REJECTED:
                await self._undo(correcting)
                raise Rejected(NOT_DONE_HERE if error.of_the_caller else REFUSED) from None
        except UpstreamError:
            await self._undo(correcting)
            raise
        if told is None:
            told = await self._told(row)
            if told is None or self.desk.words.step_of(told) is Step.REJECTED:  # refused anew, or not carried out yet
                await self.desk.rows.step(correcting, unknown_at=self.desk.clock.now(), due_at=self._settled)
                raise OutcomeUnknownError
        return await self._heard(correcting, told) or row

    async def _after_all(self, row: PortInRow) -> PortInRow | None:
        """What an earlier, interrupted run of this brought; None where that is not to be seen."""
        told = await self._told(row)
        if told is None or self.desk.words.step_of(told) is Step.REJECTED:
            return None
        return await self._heard(row, told)

    async def _heard(self, row: PortInRow, told: ProviderPortIn) -> PortInRow | None:
        """The row with what the provider says.

        Raises:
            OutcomeUnknownError: it does not tell any more, or the port-in is being cancelled.
        """
        try:
            heard = await self.desk.hear_of(row, told)
        except UpstreamError as error:
            raise OutcomeUnknownError from error
        if heard is not None and heard.cancelling:
            raise OutcomeUnknownError
        return heard

    async def _told(self, row: PortInRow) -> ProviderPortIn | None:
        """The provider's word.

        Raises:
            OutcomeUnknownError: it does not tell.
        """
        try:
            return await self.desk.provider.get(str(row.provider_id))
        except UpstreamError as error:
            log.warning("port_in.not_known", id=row.id, detail=error.detail)
            raise OutcomeUnknownError from error

    async def _begun(self, row: PortInRow) -> PortInRow:
        """The row, with the right to the number again, and the number in TMF639 as on its way.

        Raises:
            Rejected: the number is another's meanwhile.
            UpstreamError: TMF639 does not tell.
        """
        now = self.desk.clock.now()
        try:
            correcting = await self.desk.rows.step(
                row, state=Step.CORRECTING.value, live=True, updated_at=now, due_at=self._settled, mirrored=None
            )
        except NumberTakenError:
            raise Rejected(CORRECTED_TAKEN) from None
        if correcting is None:
            raise OutcomeUnknownError  # it has gone on this very moment: the same key sees how far
        try:
            resource_id = await self.desk.tags.ensure(correcting, self.desk.is_over)
        except (NumberInUseError, BlindInventoryError):
            await self._undo(correcting)
            raise Rejected(CORRECTED_TAKEN) from None
        except UpstreamError:
            await self._undo(correcting)
            raise
        kept = await self.desk.rows.step(correcting, resource_id=resource_id)
        if kept is None:
            raise OutcomeUnknownError
        return kept

    async def _undo(self, correcting: PortInRow) -> None:
        """It was not asked again: it is as rejected as it was."""
        later = self.desk.clock.now() + self.desk.times.look
        await self.desk.rows.step(correcting, state=Step.REJECTED.value, live=False, due_at=later)

    @property
    def _settled(self) -> float:
        return self.desk.clock.now() + self.desk.times.settle


def _require_correctable(row: PortInRow) -> None:
    """Raises Rejected when nothing that is told anew can help."""
    fixable = row.reason is not None and PortInReason(row.reason) in FIXABLE
    again = row.state == Step.CORRECTING.value
    if row.cancelling or not (again or (row.state == Step.REJECTED.value and fixable)):
        raise Rejected(NOT_FIXABLE)
