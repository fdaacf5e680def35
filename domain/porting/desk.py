"""What every step of a port-in needs: its row, the provider, the inventory, and what is done with what those tell.

The provider's word is asked for and never taken out of an event. What it says is written into the row first and into
TMF639 then; a process that dies in between leaves a row that is due, and whoever follows it makes that good.
"""

from dataclasses import dataclass
from typing import Any

import structlog

from clients.calls import RefusedError
from clients.porting import PortingProvider, ProviderPortIn
from domain.porting import metrics
from domain.porting.model import OVER, UNHEARD, PortingWords, Step, goes_on, seconds
from domain.porting.quota import Quota
from domain.porting.tags import BlindInventoryError, NumberInUseError, Tags, is_over
from kernel.clock import Clock
from kernel.errors import UnknownOutcomeError, UpstreamError
from store.port_ins import NumberTakenError, PortInRow, PortInRows

log = structlog.get_logger(__name__)

_TRIES = 5


@dataclass(frozen=True)
class Times:
    """In seconds.

    `settle`: after which a step that is not heard of is looked after by others, and what failed is tried again;
    `ghost`: how long a write without an answer may still be carried out; `last_look`: when one that came to nothing
    with something unheard of is looked at once more; `look`: after which one is read again though no event came;
    `rejected`: how long a rejected one can be corrected; `keep`: how long one that is over is remembered.
    """

    settle: float = 60.0
    ghost: float = 60.0
    last_look: float = 600.0
    look: float = 3_600.0
    rejected: float = 30 * 86_400.0
    keep: float = 90 * 86_400.0


@dataclass(frozen=True)
class Desk:
    """One process's way to all port-ins."""

    rows: PortInRows
    provider: PortingProvider
    tags: Tags
    words: PortingWords
    clock: Clock
    times: Times
    quota: Quota

    async def is_over(self, token: str) -> bool:
        return is_over(await self.rows.by_token(token))

    # ---------------------------------------------------------------- what the provider says

    async def hear(self, row: PortInRow, told: ProviderPortIn, *, looked: bool = True) -> PortInRow | None:
        """Write down what the provider says of it, and tell TMF639; None when the row has gone on.

        `told` was asked for after `row` was read, or it may be older. `looked`: whether line and cart were looked at
        too; if not, a row that is due remains so.
        """
        before, now = Step(row.state), self.clock.now()
        if before is Step.PORTED:
            return row
        after = self.words.step_of(told)
        if after is None:
            log.warning("port_in.unknown_state", id=row.id)
            after = Step.REQUESTED if before in UNHEARD else before
        values: dict[str, Any] = {"provider_id": told.id, "due_at": now + self.times.look, "unknown_at": None}
        if not looked and row.due_at is not None and row.due_at <= now:
            values["due_at"] = row.due_at
        date = seconds(told.scheduled_at)
        if date is not None:
            values["scheduled_at"] = date
        if goes_on(before, after):
            rejected = after is Step.REJECTED
            values |= {"state": after.value, "live": after not in (*OVER, Step.REJECTED), "updated_at": now}
            values["reason"] = self.words.reason_of(told.reason).value if rejected else None
            if after is Step.CANCELLED:
                values |= {"cancelling": False, "due_at": now}
            elif before in OVER:  # it was given up, and is carried out all the same
                values |= {"cancelling": True, "due_at": now}
        changed = await self._stepped(row, values)
        if changed is not None and changed.state != row.state:
            metrics.MOVED.labels(changed.state).inc()
            log.info("port_in.moved", id=row.id, before=row.state, after=changed.state)
        return None if changed is None else await self.show(changed)

    async def _stepped(self, row: PortInRow, values: dict[str, Any]) -> PortInRow | None:
        try:
            return await self.rows.step(row, **values)
        except NumberTakenError:  # a rejected one goes on, and another came to have the right meanwhile
            log.error("port_in.two_at_the_provider", id=row.id)  # noqa: TRY400  (what was broken says nothing more)
            return await self.rows.step(row, provider_id=values["provider_id"], due_at=values["due_at"])

    async def hear_of(self, row: PortInRow, told: ProviderPortIn) -> PortInRow | None:
        """As `hear`, however often others take the row on meanwhile; None when it is not there any more.

        Raises:
            UpstreamError: others did, and the provider does not tell anew.
        """
        for _ in range(_TRIES):
            heard = await self.hear(row, told, looked=False)
            if heard is not None:
                return heard
            latest = await self.rows.by_id(row.id)
            again = None if latest is None else await self.provider.get(told.id)  # what was told may be older than it
            if latest is None or again is None:
                return latest
            row, told = latest, again
        return await self.rows.by_id(row.id)

    async def show(self, row: PortInRow, *, anew: bool = False) -> PortInRow:
        """Have TMF639 show where it stands, if it does not yet, or `anew`; what cannot be done now is due soon."""
        if Step(row.state) in OVER:
            return await self.clear(row)
        if row.mirrored == row.state and not anew:
            return row
        now = self.clock.now()
        try:
            resource_id = await self.tags.mirror(row, self.is_over)
        except (UpstreamError, NumberInUseError, BlindInventoryError) as error:
            log.warning("port_in.not_shown", id=row.id, detail=getattr(error, "detail", type(error).__name__))
            return await self.rows.step(row, due_at=now + self.times.settle) or row
        values: dict[str, Any] = {"resource_id": resource_id, "mirrored": row.state}
        if row.state == Step.PORTED.value:  # the inventory has it for good; the right to bring it in is used up
            values |= {"live": False, "due_at": None, "cancelling": False}
        return await self.rows.step(row, **values) or row

    # ---------------------------------------------------------------- its end

    async def end(self, row: PortInRow, step: Step, *, unknown: bool = False) -> PortInRow | None:
        """Nothing comes of it; None when the row has gone on. `unknown`: a write may be on its way nobody heard of."""
        now = self.clock.now()
        values: dict[str, Any] = {"unknown_at": now} if unknown else {}
        values |= {"state": step.value, "live": False, "cancelling": False, "due_at": now, "updated_at": now}
        ended = await self.rows.step(row, **values)
        if ended is None:
            return None
        metrics.MOVED.labels(step.value).inc()
        return await self.clear(ended)

    async def clear(self, row: PortInRow) -> PortInRow:
        """Take the number of one that is over out of TMF639; what cannot be done now is due soon."""
        now = self.clock.now()
        try:
            await self.tags.remove(row)
        except UpstreamError as error:
            log.warning("port_in.not_cleared", id=row.id, detail=error.detail)
            return await self.rows.step(row, due_at=now + self.times.settle) or row
        last = None if row.unknown_at is None else row.unknown_at + self.times.last_look
        return await self.rows.step(row, due_at=last, resource_id=None) or row

    async def cancel(self, row: PortInRow) -> PortInRow | None:
        """Have it end where the provider still allows; where not, it goes on, and is tried again at the next look.

        That it shall end is written down before the provider is told: what has gone on since `row` was read may be
        wanted again. None when it has.

        Raises:
            UpstreamError: the provider does not tell.
        """
        if row.state == Step.INTENT.value:
            return await self.end(row, Step.CANCELLED, unknown=True)  # whoever began it may be making the number
        if row.state == Step.PORTED.value:
            return await self.rows.step(row, cancelling=False)
        later = self.clock.now() + self.times.settle
        begun = row if row.cancelling else await self.rows.step(row, cancelling=True, due_at=later)
        return None if begun is None else await self._cancel(begun)

    async def _cancel(self, row: PortInRow) -> PortInRow | None:
        """The same with one of which it is written down."""
        if row.provider_id is None:
            told = await self.provider.by_reference(row.token)
            if told is None:
                return await self.give_up(row)
            heard = await self.hear(row, told)
            return None if heard is None else await self.cancel(heard)
        try:
            told = await self.provider.cancel(row.provider_id, self.words.cancelled[0])
        except RefusedError as error:
            if error.of_the_caller:
                raise
            told = None
        except UnknownOutcomeError:
            metrics.UNKNOWN.labels("porting").inc()
            told = None
        told = told or await self.provider.get(row.provider_id)
        if told is None or self.words.step_of(told) is Step.REJECTED:
            # what was refused does not come, cancelled or not; but a correction of it may be on its way
            return await self.end(row, Step.CANCELLED, unknown=True)
        return await self.hear(row, told)

    async def give_up(self, row: PortInRow) -> PortInRow | None:
        """The provider knows nothing of what it was asked. Once it cannot come any more, nothing comes of it.

        Only who asked has the authorisation code: nobody else can ask again.
        """
        over = max(row.updated_at, row.unknown_at or 0.0) + self.times.ghost
        if self.clock.now() < over:
            return await self.rows.step(row, due_at=over)
        return await self.end(row, Step.CANCELLED if row.cancelling else Step.FAILED, unknown=True)
