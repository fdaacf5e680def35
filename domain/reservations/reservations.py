"""Reserving, extending, releasing. docs/numbers.md draws it.

Three things agree before a shopper is told that a number is theirs: a hold in Redis (keeps shoppers apart), a live row
in the journal (the right itself), our mark in the inventory (every other channel). Redis may lie or be gone; the
journal decides. What a newcomer would get wrong: between two steps this process may sleep for longer than the hold
lives. So each step names the state it takes the row from, and a step that finds it gone on has no effect and says so.
"""

import secrets
from dataclasses import dataclass
from typing import Any, NoReturn

import structlog

from domain.reservations import metrics
from domain.reservations.desk import (
    Desk,
    LostRaceError,
    NotBegunError,
    OutcomeUnknownError,
    Together,
    ended,
    hold_of,
)
from domain.reservations.holds import HoldsUnavailableError, Taken
from domain.reservations.inventory import Marked
from domain.reservations.model import Candidate
from domain.reservations.reservation import Reservation, Step, candidate_of, detail_of, shown
from kernel.outcomes import ErrorCode, Rejected, Rejection
from store.reservations import Entry, TakenError

log = structlog.get_logger(__name__)

_LIMIT = Rejection(ErrorCode.RESERVATION_LIMIT, "No more can be reserved at the same time. Release one first.")
_NOT_NOW = Rejection(ErrorCode.UPSTREAM_UNAVAILABLE, "Nothing can be reserved just now.", retryable=True, retry_after=2)
_EXPIRED = Rejection(ErrorCode.RESERVATION_EXPIRED, "This reservation's time is over.", ("input", "reservationId"))
_NO_MORE = Rejection(ErrorCode.RESERVATION_LIMIT, "This reservation cannot be extended any further.")


@dataclass(frozen=True)
class Ask:
    """Who wants to reserve, for which cart, under which key, from which address."""

    shopper: str
    cart_id: str
    key: str
    address: str


@dataclass(frozen=True)
class Reservations:
    """What shoppers do with numbers and cards."""

    desk: Desk

    async def reserve(self, ask: Ask, candidate: Candidate, together: Together | None = None) -> Reservation:
        """Reserve a resource for a cart. The same key brings the same reservation.

        Raises:
            LostRaceError: somebody else has it.
            Rejected: too many are held already, or nothing can be reserved just now.
            OutcomeUnknownError: it may be reserved; the same key settles it.
            NotBegunError: `together` speaks against it.
        """
        entry = await self.desk.journal.by_key(ask.shopper, candidate.kind.value, ask.key)
        if entry is None or entry.state == Step.LOST.value:
            return await self._mark(await self._open(ask, candidate, together), together, resumed=False)
        if together is not None and not await together.begin(None):
            raise NotBegunError
        if entry.state != Step.INTENT.value:
            return self._holding(entry)
        return await self._mark(entry, together, resumed=True)

    async def extend(self, entry: Entry, together: Together | None = None) -> Reservation:
        """Let it live for another while, from now on.

        Raises:
            Rejected: its time is over, or it has been extended as far as it goes.
            OutcomeUnknownError: another with the same key has taken over.
        """
        async with self.desk.journal.database.writing() as connection:
            now = self.desk.clock.now()  # in here: who slept before must not move back an end that was set meanwhile
            until = min(now + self.desk.times.hold, entry.created_at + self.desk.times.longest)
            if until <= entry.expires_at:
                raise Rejected(_NO_MORE)
            steps: dict[str, Any] = {"expires_at": until, "due_at": until, "updated_at": now}
            taken = await self.desk.journal.step(
                entry, (Step.HELD.value,), connection=connection, before=now, overdue=until, **steps
            )
            if taken is not None and together is not None and not await together.finish(connection, taken.id):
                raise OutcomeUnknownError
        if taken is None:
            raise Rejected(_EXPIRED)
        await self.desk.keep_hold(taken, until - now)
        return self._must(taken)

    async def release(self, entry: Entry, *, reason: str = "released") -> Reservation | None:
        """Give it back. What the inventory does not take now, the sweeper does. Releasing again changes nothing."""
        taken = await self.desk.begin_release(entry, (Step.HELD,), reason)
        taken = taken or await self.desk.begin_release(entry, (Step.INTENT,), reason, unknown=True)
        if taken is None:
            latest = await self.desk.journal.by_id(entry.id)
            return None if latest is None else shown(latest, self.desk.clock.now())
        return shown(await self.desk.finish_release(taken), self.desk.clock.now())

    async def find(self, reservation_id: str) -> Entry | None:
        return await self.desk.journal.by_id(reservation_id)

    def shown(self, entry: Entry) -> Reservation | None:
        """A row as its shopper sees it now."""
        return shown(entry, self.desk.clock.now())

    async def of_cart(self, cart_id: str) -> list[Reservation]:
        """What a cart holds now, in the order in which it was reserved."""
        now = self.desk.clock.now()
        found = [shown(entry, now) for entry in await self.desk.journal.of_cart(cart_id)]
        return [each for each in found if each is not None and each.state.value in _HOLDING]

    # ---------------------------------------------------------------- reserving, step by step

    async def _open(self, ask: Ask, candidate: Candidate, together: Together | None) -> Entry:
        """Hold it in Redis, then write the intent down: no row, no PATCH."""
        now, token = self.desk.clock.now(), "t" + secrets.token_hex(15)  # some servers read digits alone as a number
        entry = Entry(
            id="r" + secrets.token_hex(15),
            kind=candidate.kind.value,
            resource=candidate.value,
            upstream_id=candidate.upstream_id,
            detail=detail_of(candidate),
            shopper=ask.shopper,
            cart_id=ask.cart_id,
            line_id=None,
            key=ask.key,
            token=token,
            state=Step.INTENT.value,
            live=True,
            reason="",
            created_at=now,
            updated_at=now,
            expires_at=now + self.desk.times.hold,
            unknown_at=None,
            due_at=now + self.desk.times.settle,
        )
        await self._take_hold(entry, ask.address)
        try:
            await self._write_down(entry, together)
        except TakenError:
            await self.desk.drop_hold(entry)
            metrics.LOST.labels(entry.kind, "journal").inc()
            raise LostRaceError from None
        except BaseException:
            await self.desk.drop_hold(entry)
            raise
        return entry

    async def _write_down(self, entry: Entry, together: Together | None) -> None:
        async with self.desk.journal.database.writing() as connection:
            if together is not None and not await together.begin(connection):
                raise NotBegunError
            await self.desk.journal.open(entry, connection=connection)

    async def _take_hold(self, entry: Entry, address: str) -> None:
        try:
            taken = await self.desk.holds.take(hold_of(entry), seconds=self.desk.times.hold, address=address)
        except HoldsUnavailableError as error:
            log.warning("holds.unavailable", detail=str(error))
            raise Rejected(_NOT_NOW) from error
        if taken is Taken.TAKEN:
            metrics.LOST.labels(entry.kind, "redis").inc()
            raise LostRaceError
        if taken is Taken.REBUILDING:
            raise Rejected(_NOT_NOW)
        if taken is not Taken.HELD:
            raise Rejected(_LIMIT)

    async def _mark(self, entry: Entry, together: Together | None, *, resumed: bool) -> Reservation:
        """Put our mark on it, and only then call it held: if the row is still ours.

        `resumed`: somebody was at it before, and what they sent may have had its effect or may yet have it. They may
        still be at it: that another is now stands in the row before anything is sent, so that they do not end it.
        """
        if resumed and not await self.desk.announce(entry):
            living = await self._living(entry)
            if living is None:
                raise LostRaceError
            return self._holding(living)
        marked = await self.desk.inventory.reserve(candidate_of(entry), entry.token)
        now = self.desk.clock.now()
        if marked is Marked.DONE:
            held = await self._hold(entry, together, now, resumed=resumed)
            if held is None:
                return await self._overslept(entry)
            metrics.HELD.labels(entry.kind).inc()
            await self.desk.tell(held, free=False)
            return self._must(held)
        if marked is Marked.UNKNOWN or (resumed and marked is Marked.NOT_SENT):
            await self._unknown(entry, now)
        over = ended(Step.LOST, now, reason=marked.value)
        gone = None if resumed else await self.desk.journal.step(entry, (Step.INTENT.value,), heard=True, **over)
        gone = gone or await self.desk.begin_release(entry, (Step.INTENT,), "lost", unknown=True)
        if gone is not None:
            await self.desk.drop_hold(entry)
        if marked is Marked.NOT_SENT:
            raise Rejected(_NOT_NOW)
        metrics.LOST.labels(entry.kind, "inventory").inc()
        raise LostRaceError

    async def _living(self, entry: Entry) -> Entry | None:
        """The row as it is now, if it is alive: somebody with the same key made it."""
        latest = await self.desk.journal.by_id(entry.id)
        return latest if latest is not None and latest.live and latest.state != Step.RELEASING.value else None

    async def _hold(self, entry: Entry, together: Together | None, now: float, *, resumed: bool) -> Entry | None:
        steps: dict[str, Any] = {"state": Step.HELD.value, "due_at": entry.expires_at, "updated_at": now}
        if resumed:  # whoever was at it before may be asleep with a write of its own, and wake when all is over
            steps["unknown_at"] = now
        async with self.desk.journal.database.writing() as connection:
            held = await self.desk.journal.step(entry, (Step.INTENT.value,), connection=connection, before=now, **steps)
            if held is not None and together is not None and not await together.finish(connection, held.id):
                raise OutcomeUnknownError  # another with the same key has taken over, and settles it
            return held

    async def _unknown(self, entry: Entry, now: float) -> NoReturn:
        """The hold and the row stay until a read decides it."""
        metrics.UNKNOWN.labels(entry.kind).inc()
        unknown: dict[str, Any] = {"unknown_at": now, "due_at": now + self.desk.times.settle}
        if await self.desk.journal.step(entry, (Step.INTENT.value,), **unknown) is None:
            await self.desk.unheard(entry)
        raise OutcomeUnknownError

    async def _overslept(self, entry: Entry) -> Reservation:
        """The row has gone on without us: somebody with the same key made it, or it was ended while we slept.

        In the latter case our mark may stand over that of whoever came after: it is taken off, and theirs looked at.
        """
        living = await self._living(entry)
        await self.desk.journal.hurry(entry.kind, entry.resource, self.desk.clock.now())
        if living is not None:
            return self._holding(living)
        await self.desk.look_again(entry)
        await self.desk.take_off(entry)
        await self.desk.journal.hurry(entry.kind, entry.resource, self.desk.clock.now())
        raise LostRaceError

    def _must(self, entry: Entry) -> Reservation:
        found = shown(entry, self.desk.clock.now())
        if found is None:
            raise LostRaceError
        return found

    def _holding(self, entry: Entry) -> Reservation:
        found = self._must(entry)
        if found.state.value not in _HOLDING:
            raise LostRaceError
        return found


_HOLDING = ("HELD", "IN_CHECKOUT", "ASSIGNED")
