"""What every step of a reservation needs: the journal, the holds, the inventory, and how a row comes to its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from domain.reservations import metrics
from domain.reservations.holds import Hold, Holds, HoldsUnavailableError
from domain.reservations.inventory import Inventory, Marked
from domain.reservations.reservation import Step, candidate_of
from kernel.clock import Clock
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
    how long a resource that was given up is not offered.
    """

    hold: float = 900.0
    longest: float = 3_600.0
    settle: float = 30.0
    ghost: float = 60.0
    rest: float = 90 * 86_400.0


@dataclass(frozen=True)
class Desk:
    """One process's way to all reservations."""

    journal: Journal
    holds: Holds
    inventory: Inventory
    clock: Clock
    times: Times

    async def begin_release(
        self, entry: Entry, steps: Sequence[Step], reason: str, *, overdue: bool = False, unknown: bool = False
    ) -> Entry | None:
        """Write down that it is to be given back; it stays live until the inventory shows it free.

        `overdue`: only if its time is over; `unknown`: a write may be on its way of which nobody has heard.
        """
        now = self.clock.now()
        return await self.journal.step(
            entry,
            [step.value for step in steps],
            overdue=now if overdue else None,
            state=Step.RELEASING.value,
            reason=reason,
            unknown_at=now if unknown else entry.unknown_at,
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
        done = await self.journal.step(entry, (Step.RELEASING.value,), **ended(last, now, reason=entry.reason))
        if done is not None:
            (metrics.EXPIRED if last is Step.EXPIRED else metrics.RELEASED).labels(entry.kind).inc()
            await self.drop_hold(entry)
        return done or entry

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
