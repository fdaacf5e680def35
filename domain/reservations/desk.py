"""What every step of a reservation needs: the journal, the holds, the inventory, and how a row comes to its end."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from domain.reservations import metrics
from domain.reservations.holds import Hold, Holds, HoldsUnavailableError
from domain.reservations.inventory import Backend, Marked
from domain.reservations.model import Candidate
from domain.reservations.reservation import OVER, Step, candidate_of
from kernel.clock import Clock
from store.database import Connection
from store.reservations import Entry, Journal

log = structlog.get_logger(__name__)


class LostRaceError(Exception):
    """The resource has gone to somebody else."""


class OutcomeUnknownError(Exception):
    """It may be reserved or not; the same key settles it."""


@dataclass(frozen=True)
class Times:
    """In seconds.

    `hold`: how long a reservation lives; `longest`: how long with extensions; `settle`: after which a step that is not
    heard of is looked after by others; `ghost`: how long a write without an answer may still be carried out; `rest`:
    how long a resource that was given up is not offered; `last_look`: when a resource is looked at once more after a
    reservation that ended with something unheard of.
    """

    hold: float = 900.0
    longest: float = 3_600.0
    settle: float = 30.0
    ghost: float = 60.0
    rest: float = 90 * 86_400.0
    last_look: float = 600.0


class Heard(Protocol):
    """Who is told, as a hint, that something is free again or is not any more."""

    async def mark(self, candidates: Iterable[Candidate], *, free: bool) -> None:
        """Never raises."""


class Together(Protocol):
    """What belongs into the same transactions as a reservation: the key under which it is asked for."""

    async def begin(self, connection: Connection | None) -> bool:
        """Before anything is written; False: it is not to be."""

    async def finish(self, connection: Connection, reservation_id: str) -> bool:
        """With the step that makes it held; False undoes that step."""


class NotBegunError(Exception):
    """What belongs together with a reservation speaks against it. Nothing was written."""


@dataclass(frozen=True)
class Desk:
    """One process's way to all reservations."""

    journal: Journal
    holds: Holds
    inventory: Backend
    clock: Clock
    times: Times
    heard: Heard | None = None

    async def tell(self, entry: Entry, *, free: bool) -> None:
        """Have the search for numbers know of it."""
        if self.heard is not None:
            await self.heard.mark([candidate_of(entry)], free=free)

    async def begin_release(
        self, entry: Entry, steps: Sequence[Step], reason: str, *, overdue: bool = False, unknown: bool = False
    ) -> Entry | None:
        """Write down that it is to be given back; it stays live until the inventory shows it free.

        `overdue`: only if its time is over; `unknown`: a write may be on its way of which nobody has heard.
        """
        now = self.clock.now()
        unheard: dict[str, Any] = {"unknown_at": now} if unknown else {}  # else as it is: `entry` may be an old copy
        return await self.journal.step(
            entry,
            [step.value for step in steps],
            overdue=now if overdue else None,
            **unheard,
            state=Step.RELEASING.value,
            reason=reason,
            due_at=now + self.times.settle,
            updated_at=now,
        )

    async def finish_release(self, entry: Entry) -> Entry:
        """Take our mark off, then end the row; after a write without an answer, only when that can do no more harm."""
        marked = await self.inventory.release(candidate_of(entry), entry.token)
        now = self.clock.now()
        if marked is Marked.UNKNOWN:
            metrics.UNKNOWN.labels(entry.kind).inc()
            unknown: dict[str, Any] = {"unknown_at": now, "due_at": now + self.times.ghost}
            return await self.journal.step(entry, (Step.RELEASING.value,), **unknown) or entry
        if marked is Marked.NOT_SENT:
            return await self.journal.step(entry, (Step.RELEASING.value,), due_at=now + self.times.settle) or entry
        if entry.unknown_at is not None and now < entry.unknown_at + self.times.ghost:
            waiting: dict[str, Any] = {"due_at": entry.unknown_at + self.times.ghost}
            return await self.journal.step(entry, (Step.RELEASING.value,), **waiting) or entry
        last = Step.EXPIRED if entry.reason == "expired" else Step.RELEASED
        over = ended(last, now, reason=entry.reason)
        if entry.unknown_at is not None:  # who was last heard of before its write may be asleep, and wake, and die
            over["due_at"] = now + self.times.last_look
        done = await self.journal.step(entry, (Step.RELEASING.value,), heard=True, **over)
        if done is None:  # another ended it, or is not heard of; what we wrote may have come after the next one's mark
            await self.journal.hurry(entry.kind, entry.resource, now)
            return entry
        (metrics.EXPIRED if last is Step.EXPIRED else metrics.RELEASED).labels(entry.kind).inc()
        await self.drop_hold(entry)
        await self.tell(entry, free=True)
        return done

    async def look_again(self, entry: Entry) -> None:
        """Its row is over, and a write of its own came through all the same: a sweep takes the mark off."""
        now = self.clock.now()
        await self.journal.step(entry, [step.value for step in OVER], due_at=now, updated_at=now)

    async def announce(self, entry: Entry) -> bool:
        """Have a row say that a write may be on its way, before it is: who ends the row waits for it then, even if this
        process dies now. False when the row has gone on, and nothing may be sent.
        """
        return await self.journal.step(entry, (entry.state,), unknown_at=self.clock.now()) is not None

    async def unheard(self, entry: Entry) -> None:
        """A write of this row was sent, and nobody knows what becomes of it: who ends the row waits for it, and when
        that is done already, a sweep looks for it.
        """
        now = self.clock.now()
        living = [step.value for step in Step if step not in OVER]
        if await self.journal.step(entry, living, unknown_at=now) is None:
            await self.journal.step(entry, [step.value for step in OVER], due_at=now + self.times.ghost)

    async def overslept(self, entry: Entry) -> None:
        """A write of this row came through after the row had gone on: its mark may stand over that of who came after.

        A sweep takes off what does not belong there, and looks at whoever has the resource now.
        """
        await self.look_again(entry)
        await self.journal.hurry(entry.kind, entry.resource, self.clock.now())

    async def take_off(self, entry: Entry) -> Marked:
        """Take off the mark of a row that has gone on without us.

        Where the inventory keeps no marks, what somebody has by the journal looks the same as ours, and is left alone.
        """
        if not self.inventory.marks and await self.journal.live_of(entry.kind, entry.resource) is not None:
            return Marked.DONE
        return await self.inventory.release(candidate_of(entry), entry.token)

    async def forget_mark(self, entry: Entry) -> None:
        """A row that is over has no mark any more; whoever has the resource now is looked at, it may have lost its own.

        Raises:
            OutcomeUnknownError: the inventory does not tell.
        """
        if await self.take_off(entry) is not Marked.DONE:
            raise OutcomeUnknownError
        await self.journal.step(entry, [step.value for step in OVER], unhurried=True, due_at=None)
        await self.journal.hurry(entry.kind, entry.resource, self.clock.now())

    async def mark(self, entry: Entry, write: Callable[[Candidate, str], Awaitable[Marked]]) -> Marked:
        """Reserve or assign upstream, past the mark of a row that is over.

        Raises:
            UpstreamError, OutcomeUnknownError: the inventory does not tell.
        """
        marked = await write(candidate_of(entry), entry.token)
        if marked is Marked.LOST and await self._lost_to_a_ghost(entry):
            marked = await write(candidate_of(entry), entry.token)
        return marked

    async def _lost_to_a_ghost(self, entry: Entry) -> bool:
        """Whether the mark that stands over this one's is that of a row which is over; it is taken off then.

        A blind server carries out a write that its sender was long given up for: the journal knows better.

        Raises:
            UpstreamError, OutcomeUnknownError: the inventory does not tell.
        """
        seen = await self.inventory.look(candidate_of(entry))
        ghost = None if seen is None or seen.mark is None else await self.journal.by_token(seen.mark)
        if ghost is None or ghost.live or (ghost.kind, ghost.resource) != (entry.kind, entry.resource):
            return False
        if await self.inventory.release(candidate_of(ghost), ghost.token) is not Marked.DONE:
            raise OutcomeUnknownError
        log.warning("reservation.ghost_mark", id=entry.id, ghost=ghost.id, kind=entry.kind)
        return True

    # ---------------------------------------------------------------- Redis, which may be gone

    async def keep_hold(self, entry: Entry, seconds: float) -> None:
        try:
            await self.holds.keep(hold_of(entry), seconds=seconds)
        except HoldsUnavailableError as error:
            log.warning("holds.unavailable", detail=str(error))  # the sweeper puts it back; the journal has it

    async def drop_hold(self, entry: Entry) -> None:
        try:
            await self.holds.drop(hold_of(entry))
        except HoldsUnavailableError as error:
            log.warning("holds.unavailable", detail=str(error))  # it ends by itself


def hold_of(entry: Entry) -> Hold:
    return Hold(entry.kind, entry.resource, entry.shopper, entry.token)


def ended(step: Step, now: float, *, reason: str) -> dict[str, Any]:
    """The values of a row that is over."""
    return {
        "state": step.value,
        "live": False,
        "reason": reason,
        "due_at": None,
        "unknown_at": None,
        "updated_at": now,
    }
