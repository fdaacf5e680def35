"""What time and crashes leave behind: ends what is over, finishes what was begun, puts back what others lost.

One process of the estate sweeps at a time, and two would do no harm: every step it takes is fenced like any other.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from domain.reservations import metrics
from domain.reservations.assigning import Assignments
from domain.reservations.desk import Desk, LostRaceError, OutcomeUnknownError, hold_of
from domain.reservations.holds import HoldsUnavailableError
from domain.reservations.inventory import Marked
from domain.reservations.model import Candidate, ResourceState
from domain.reservations.reservation import OVER, Step, candidate_of
from kernel.errors import StoreUnavailableError, UpstreamError
from kernel.tasks import side_by_side
from store.leases import Lease, Leases
from store.reservations import Entry

log = structlog.get_logger(__name__)

_LEASE = "reservations.sweep"
_AT_ONCE = 200
_SIDE_BY_SIDE = 8
_HOLDING = (Step.INTENT.value, Step.HELD.value, Step.IN_CHECKOUT.value, Step.ASSIGNING.value, Step.RELEASING.value)
_AUDITS = (600.0, 3_600.0)


@dataclass
class _Server:
    """The run of Redis that is known to hold nothing that is over."""

    known: str | None = ""


@dataclass(frozen=True)
class ReservationSweeper:
    """Sweeps every `every` seconds. `keep`: seconds for which an ended reservation is remembered."""

    desk: Desk
    leases: Leases
    every: float
    keep: float
    _server: _Server = field(default_factory=_Server)

    async def run(self) -> None:
        """Sweep again and again, until cancelled."""
        await self.leases.work(_LEASE, self._counted, every=self.every, seconds=3 * self.every)

    async def _counted(self, lease: Lease) -> None:
        try:
            await self.sweep(lease)
        except Exception:
            metrics.SWEEPS.labels("failed").inc()
            raise

    async def sweep(self, lease: Lease | None = None) -> int:
        """Look at everything that is due; how many rows that were."""
        await self.keep_holds()
        now = self.desk.clock.now()
        due = await self.desk.journal.due(now, limit=_AT_ONCE)
        # Side by side, or a call that hangs would keep all the others back, and after an outage many hang.
        await side_by_side(due, self.attempt, most=_SIDE_BY_SIDE, goes_on=lambda: self.leases.still(lease))
        await self.desk.journal.forget(now - self.keep)
        metrics.show_live(await self.desk.journal.count())
        metrics.SWEEPS.labels("done").inc()
        return len(due)

    async def keep_holds(self) -> None:
        """Put back the holds that Redis has lost; a Redis without an epoch takes no new ones until that is done."""
        desk = self.desk
        now = desk.clock.now()
        try:
            began = await desk.holds.epoch()
            await self._drop_what_is_over(now)
            live = await desk.journal.holding(_HOLDING)
            holds = [(hold_of(entry), max(entry.expires_at - now, 1.0)) for entry in live]
            if began is None:
                began = now
                await desk.holds.begin_epoch(holds, f"{now:.3f}")
                metrics.REBUILDS.inc()
            else:
                await desk.holds.keep_all(holds)
            # What ended in between was let go before it was put back, and would be kept until its time is over.
            still = {entry.id for entry in await desk.journal.holding(_HOLDING)}
            await desk.holds.drop_all([hold_of(entry) for entry in live if entry.id not in still])
            metrics.EPOCH.set(began)
        except HoldsUnavailableError as error:
            metrics.EPOCH.set(0)
            log.warning("holds.unavailable", detail=str(error))

    async def _drop_what_is_over(self, now: float) -> None:
        """Let go of what a Redis that came back older holds again: nobody else would, and it blocks its number."""
        desk = self.desk
        server = await desk.holds.server()
        if server != self._server.known:
            await desk.holds.drop_all([hold_of(entry) for entry in await desk.journal.ended_early(now)])
            self._server.known = server

    async def attempt(self, entry: Entry) -> Exception | None:
        """Settle one row, or put it off; what kept it from being settled.

        Raises:
            StoreUnavailableError: the database is away.
        """
        try:
            await self.settle(entry)
        except StoreUnavailableError:
            raise
        except (UpstreamError, LostRaceError, OutcomeUnknownError) as error:
            log.info("reservation.not_settled", id=entry.id, state=entry.state, detail=repr(error))
            await self._later(entry)
            return error
        except Exception as error:
            log.exception("reservation.cannot_be_settled", id=entry.id, state=entry.state)
            await self._later(entry)
            return error
        return None

    async def settle(self, entry: Entry) -> None:
        """Take one row on, whatever it waits for.

        Raises:
            UpstreamError, LostRaceError, OutcomeUnknownError: not now.
        """
        desk, step = self.desk, Step(entry.state)
        if step is Step.HELD:
            await self._held(entry)
        elif step is Step.INTENT:
            await self._intent(entry)
        elif step is Step.RELEASING:
            await desk.finish_release(entry)
        elif step is Step.ASSIGNING:
            await Assignments(desk).assign(entry)
        elif step is Step.ASSIGNED:
            await self._audit(entry)
        elif step is Step.RESTING:
            await self._rest(entry)
        elif step is Step.IN_CHECKOUT:
            await self._in_checkout(entry)
        elif step in OVER:
            await desk.forget_mark(entry)

    async def _held(self, entry: Entry) -> None:
        """Its time is over, or someone wants to know whether its mark still stands."""
        desk = self.desk
        taken = await desk.begin_release(entry, (Step.HELD,), "expired", overdue=True)
        if taken is not None:
            await desk.finish_release(taken)
            return
        # Only what still is held: another sweep may have ended it, and a mark put back then would stay for ever.
        still = await desk.journal.step(
            entry, (Step.HELD.value,), before=desk.clock.now(), due_at=desk.clock.now() + desk.times.settle
        )
        if still is not None:
            await self._mark_again(still)
            await self._next_look(still, still.expires_at)

    async def _in_checkout(self, entry: Entry) -> None:
        """Whoever checks out has to say how that ended; until then its mark stands."""
        await self._mark_again(entry)
        if entry.expires_at > self.desk.clock.now():
            await self._next_look(entry, entry.expires_at)
            return
        log.error("reservation.checkout_overdue", id=entry.id, kind=entry.kind)
        await self._next_look(entry, self.desk.clock.now() + self.desk.times.settle)

    async def _mark_again(self, entry: Entry) -> None:
        """A mark that was lost is put back.

        Raises:
            UpstreamError, OutcomeUnknownError: the inventory does not tell.
        """
        seen = await self.desk.inventory.look(candidate_of(entry))
        if seen is not None and seen.mark == entry.token and seen.state is not ResourceState.FREE:
            return
        if await self._put_back(entry, self.desk.inventory.reserve) is Marked.LOST:
            log.error("reservation.mark_of_another", id=entry.id, kind=entry.kind)

    async def _put_back(self, entry: Entry, write: Callable[[Candidate, str], Awaitable[Marked]]) -> Marked | None:
        """Send what a row's state says; None where the row has gone on, and nothing was sent.

        Raises:
            UpstreamError, OutcomeUnknownError: the inventory does not tell.
        """
        if not await self.desk.announce(entry):
            return None
        marked = await self.desk.mark(entry, write)
        if marked is Marked.UNKNOWN:
            await self.desk.unheard(entry)
        if marked in (Marked.UNKNOWN, Marked.NOT_SENT):
            raise OutcomeUnknownError
        return marked

    async def _intent(self, entry: Entry) -> None:
        """Nobody was told that it is reserved: whatever became of the write, or may yet become of it, is undone."""
        taken = await self.desk.begin_release(entry, (Step.INTENT,), "never acknowledged", unknown=True)
        if taken is not None:
            await self.desk.finish_release(taken)

    async def _audit(self, entry: Entry) -> None:
        """What was assigned is there for good: an inventory that lost our mark gets it again."""
        desk = self.desk
        kept, now = await desk.inventory.keeps(candidate_of(entry), entry.token), desk.clock.now()
        if not kept:
            log.warning("reservation.mark_was_lost", id=entry.id, kind=entry.kind)
            if await self._put_back(entry, desk.inventory.assign) is Marked.DONE:
                metrics.REPAIRED.labels(entry.kind).inc()
        age = now - entry.updated_at
        later = next((entry.updated_at + after for after in _AUDITS if after > age), None)
        await self._next_look(entry, later)

    async def _rest(self, entry: Entry) -> None:
        """Given up: aside for a while, then free."""
        desk, candidate = self.desk, candidate_of(entry)
        now = desk.clock.now()
        rested = entry.updated_at + desk.times.rest
        if now < rested:
            if not await desk.announce(entry):
                return
            marked = await desk.inventory.rest(candidate, entry.token)
            due = rested if marked is Marked.DONE else now + desk.times.settle
            await self._next_look(entry, due)
            return
        taken = await desk.begin_release(entry, (Step.RESTING,), entry.reason)
        if taken is not None:
            await desk.finish_release(taken)

    async def _next_look(self, entry: Entry, due: float | None) -> None:
        """It is well for now; unless it has gone on meanwhile, and a mark was put where it does not belong any more, or
        somebody wants it looked at again.
        """
        if await self.desk.journal.step(entry, (entry.state,), unhurried=True, due_at=due) is None:
            await self.desk.overslept(entry)

    async def _later(self, entry: Entry) -> None:
        due = self.desk.clock.now() + self.desk.times.settle
        await self.desk.journal.step(entry, (entry.state,), due_at=due)
