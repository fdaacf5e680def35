"""What pipelines do with reservations: keep them through a checkout, make them the customer's, or give them back."""

from dataclasses import dataclass
from typing import Any

import structlog

from domain.reservations import metrics
from domain.reservations.desk import Desk, LostRaceError, OutcomeUnknownError
from domain.reservations.inventory import Marked
from domain.reservations.reservation import Step
from store.reservations import Entry

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Assignments:
    """Every step can be repeated: the second time it changes nothing."""

    desk: Desk

    async def freeze(self, entry: Entry, *, until: float) -> Entry | None:
        """Keep it through a checkout, whose end is not later than `until`; None when its time is over.

        Freezing what is frozen already only moves the end.
        """
        now = self.desk.clock.now()
        steps: dict[str, Any] = {
            "state": Step.IN_CHECKOUT.value,
            "expires_at": until,
            "due_at": until,
            "updated_at": now,
        }
        taken = await self.desk.journal.step(entry, (Step.HELD.value,), before=now, **steps)
        taken = taken or await self.desk.journal.step(entry, (Step.IN_CHECKOUT.value,), **steps)
        if taken is not None:
            await self.desk.keep_hold(taken, until - now)
            return taken
        # Who is told that it is over must be right: another may be asleep who found that it was not.
        over = await self.desk.begin_release(entry, (Step.HELD,), "expired", overdue=True)
        if over is not None:
            await self.desk.finish_release(over)
        return None

    async def assign(self, entry: Entry) -> Entry | None:
        """Make it the customer's for good; None when it is not in a checkout. Assigning again changes nothing.

        Raises:
            OutcomeUnknownError, UpstreamError: the inventory does not tell; ask again, or leave it to the sweeper.
            LostRaceError: the inventory shows another's mark.
        """
        now = self.desk.clock.now()
        taken = await self.desk.journal.step(
            entry,
            (Step.IN_CHECKOUT.value, Step.ASSIGNING.value),
            state=Step.ASSIGNING.value,
            due_at=now + self.desk.times.settle,
            updated_at=now,
        )
        if taken is None:
            return await self._assigned_before(entry)
        marked = await self.desk.mark(taken, self.desk.inventory.assign)
        if marked is Marked.LOST:
            log.error("reservation.lost_in_checkout", id=taken.id, kind=taken.kind)
            raise LostRaceError
        if marked is not Marked.DONE:
            metrics.UNKNOWN.labels(taken.kind).inc()
            await self.desk.unheard(taken)
            raise OutcomeUnknownError
        return await self.assigned(taken)

    async def assigned(self, entry: Entry) -> Entry | None:
        """Write down that the inventory shows it as the customer's. It is looked at once more later.

        None when the row has gone on meanwhile, unless it was another who assigned it: two may be at it, for who is not
        heard of may be asleep.
        """
        now = self.desk.clock.now()
        done = await self.desk.journal.step(
            entry,
            (Step.ASSIGNING.value,),
            state=Step.ASSIGNED.value,
            due_at=now + self.desk.times.ghost,
            updated_at=now,
        )
        if done is None:
            before = await self._assigned_before(entry)
            if before is None:
                await self.desk.overslept(entry)
            return before
        metrics.ASSIGNED.labels(done.kind).inc()
        await self.desk.drop_hold(done)
        return done

    async def _assigned_before(self, entry: Entry) -> Entry | None:
        """The row, if this very reservation is assigned already."""
        latest = await self.desk.journal.by_id(entry.id)
        done = latest is not None and latest.token == entry.token and latest.state == Step.ASSIGNED.value
        return latest if done else None

    async def give_back(self, entry: Entry) -> Entry | None:
        """Undo: from a checkout it becomes free again; what was assigned rests first."""
        taken = await self.desk.begin_release(entry, (Step.HELD, Step.IN_CHECKOUT), "given back")
        taken = taken or await self.desk.begin_release(entry, (Step.ASSIGNING,), "given back", unknown=True)
        if taken is not None:
            return await self.desk.finish_release(taken)
        now = self.desk.clock.now()
        return await self.desk.journal.step(
            entry, (Step.ASSIGNED.value,), state=Step.RESTING.value, due_at=now, reason="given up", updated_at=now
        )
