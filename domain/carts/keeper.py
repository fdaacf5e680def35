"""How a cart is changed and read, so that what was acknowledged is in and what was refused is not.

The cart system has no version and no conditional update, and a PATCH that timed out may still be carried out. So a
change is first written down as an *intent*, in the one SQL statement that also checks the version and takes hold of the
cart; then put into the cart system; then, with the answer compared and where need be read back, made the next version.
Whoever finds an intent that nobody carries on with settles it from what the cart system keeps. docs/carts.md draws it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

import structlog

from clients.calls import RefusedError
from domain.carts.access import is_let_in
from domain.carts.holding import UPSTREAM, AndWith, Held, HoldLostError, Holds
from domain.carts.model import Cart, CartState
from domain.carts.record import Intent, cart_of, intent_of, lines_of, unsettled_of
from domain.carts.system import CartSystem, Kept, matched
from kernel.context import Audience
from kernel.errors import StoreUnavailableError, UnknownOutcomeError, UpstreamError
from kernel.outcomes import ErrorCode, Rejected, Rejection, VersionConflict
from store.carts import CartRow
from store.database import Allowed

log = structlog.get_logger(__name__)

# The cart is gone, or not as it was believed to be, or may only be written with its ETag: a look tells which.
_LOOK_AGAIN = frozenset({404, 410, 412, 428})
_TRIES = 5
_POLL = 0.02

BUSY = Rejection(ErrorCode.IN_PROGRESS, "This cart is just being changed.", retryable=True, retry_after=1)
NOT_NOW = Rejection(
    ErrorCode.UPSTREAM_UNAVAILABLE, "The cart cannot be changed just now; nothing was.", retryable=True, retry_after=2
)
UNKNOWN = Rejection(
    ErrorCode.UPSTREAM_UNAVAILABLE,
    "The change was sent and brought no answer. Ask again with the same key.",
    retryable=True,
    retry_after=2,
)
_REFUSED = Rejection(ErrorCode.UPSTREAM_UNAVAILABLE, "The cart system does not take this change.")
_KEPT_OTHERWISE = Rejection(
    ErrorCode.UPSTREAM_UNAVAILABLE, "The cart system kept something else than was asked; the cart shows what."
)
_GONE = Rejection(ErrorCode.NOT_FOUND, "There is no such cart.")


def conflict(version: int) -> VersionConflict:
    """Somebody else was first."""
    message, path = "The cart was changed meanwhile.", ("input", "expectedVersion")
    return VersionConflict(ErrorCode.VERSION_CONFLICT, message, path, current_version=version)


def _let_in(seen: CartRow, row: CartRow) -> CartRow:
    """The cart as it is now, for who may touch it as it was seen.

    Raises:
        Rejected: it was claimed meanwhile.
    """
    if not is_let_in(seen, row):
        raise Rejected(_GONE)
    return row


class _RefusedUnseenError(Exception):
    """A write that was certainly not carried out, because the cart is not what it was believed to be."""


class OutcomeUnknownError(Exception):
    """The change may be in or not, and nobody can tell just now. Whoever asks next settles it."""


@dataclass
class CartKeeper:
    """Reads and changes carts. `patience`: seconds to wait for a change by another process."""

    holds: Holds
    system: CartSystem
    patience: float = 3.0
    _turns: "WeakValueDictionary[str, asyncio.Lock]" = field(default_factory=WeakValueDictionary)

    @asynccontextmanager
    async def turn(self, cart_id: str) -> AsyncIterator[None]:
        """One change of a cart at a time in this process; across processes the row itself keeps order."""
        lock = self._turns.setdefault(cart_id, asyncio.Lock())
        async with lock:
            yield

    # ---------------------------------------------------------------- reading

    async def read(self, audience: Audience, row: CartRow) -> Cart:
        """The cart as the cart system keeps it; its last known copy, marked stale, when that does not answer.

        Raises:
            Rejected: it is gone meanwhile, or not the caller's any more.
        """
        for _ in range(_TRIES):
            if not self.is_active(row) or self.holds.is_live(row):  # over, or just being changed: as it was
                break
            try:
                if row.intent is not None:
                    row = _let_in(row, await self.settle(audience, row))
                    continue
                kept = await self.system.read(audience, str(row.upstream_id))
                same = None if kept is None else matched(lines_of(row), kept.items)
                if same is not None:
                    return cart_of(row, same, self._now)
                latest = await self.latest(row.id)
                row = _let_in(row, await self._reconcile(audience, row, kept) if latest == row else latest)
            except UpstreamError as error:
                log.warning("cart.stale", cart=row.id, detail=error.detail)
                return cart_of(row, lines_of(row), self._now, stale=True)
        return cart_of(row, lines_of(row), self._now)

    async def latest(self, cart_id: str) -> CartRow:
        """The cart's row.

        Raises:
            Rejected: there is none.
        """
        row = await self.holds.row(cart_id)
        if row is None:
            raise Rejected(_GONE)
        return row

    def is_active(self, row: CartRow) -> bool:
        """Whether a cart has come about and is not over."""
        return row.state == CartState.ACTIVE.value and row.expires_at > self._now and row.upstream_id is not None

    @property
    def _now(self) -> float:
        return self.holds.clock.now()

    # ---------------------------------------------------------------- changing

    async def ready(self, audience: Audience, cart_id: str) -> CartRow:
        """The cart's row with no change under way.

        Raises:
            Rejected: there is none, or someone else is at it for too long.
            UpstreamError: an earlier change has to be settled first, and the cart system does not answer.
        """
        clock = asyncio.get_running_loop()
        until = clock.time() + self.patience
        row = await self.latest(cart_id)
        while row.intent is not None or self.holds.is_live(row):
            if not self.holds.is_live(row):
                row = await self.settle(audience, row)
            elif clock.time() < until:
                await asyncio.sleep(_POLL)
                row = await self.latest(cart_id)
            else:
                raise Rejected(BUSY)
        return row

    async def change(
        self, audience: Audience, row: CartRow, intent: Intent, *, allowed: Allowed, and_with: AndWith
    ) -> CartRow | None:
        """Make the intent the next version of a cart that still is as `row` shows; None when it is not.

        Raises:
            Rejected: nothing was changed, or something else than was asked; the reason tells.
            OutcomeUnknownError: it may have been changed.
        """
        try:
            held = await self.holds.begin(row, intent, allowed)
        except HoldLostError as error:
            raise OutcomeUnknownError from error
        return None if held is None else await self.carry_out(audience, held, intent, and_with)

    async def carry_out(self, audience: Audience, held: Held, intent: Intent, and_with: AndWith) -> CartRow:
        """Make an intent that was begun the next version.

        Raises:
            Rejected, OutcomeUnknownError: as `change`.
        """
        try:
            async with self.holds.letting_go(held):
                return await self._carry_out(audience, held, intent, and_with)
        except (HoldLostError, UpstreamError, StoreUnavailableError) as error:
            log.warning("cart.outcome_unknown", cart=held.row.id, detail=getattr(error, "detail", "the hold was lost"))
            raise OutcomeUnknownError from error

    async def _carry_out(self, audience: Audience, held: Held, intent: Intent, and_with: AndWith) -> CartRow:
        known = lines_of(held.row)
        if intent.lines == known:  # only what the gateway itself knows changes
            return await self.holds.commit(held, intent, (known, held.row.etag), and_with=and_with)
        etag, sent, late = held.row.etag, None, None
        for _ in range(2):  # a write that was not carried out can be repeated, for it says all there is to say
            told = None
            try:
                told = await self._put(audience, held, intent, etag, late)
                sent = intent
            except UnknownOutcomeError as error:  # whatever a read says now, this one may come late, and over others
                log.info("cart.reading_back", cart=held.row.id, detail=error.detail)
                sent = late = intent
            except _RefusedUnseenError:
                log.info("cart.looking_again", cart=held.row.id)
            same = None if told is None else matched(intent.lines, told.items)
            if told is not None and same is not None:
                return await self.holds.commit(held, intent, (same, told.etag), and_with=and_with, late=late)
            kept = await self.system.read(audience, str(held.row.upstream_id))
            if kept is None:
                await self.holds.end(held, UPSTREAM, "gone")
                raise Rejected(_GONE)
            same = matched(intent.lines, kept.items)
            if same is not None:
                return await self.holds.commit(held, intent, (same, kept.etag), and_with=and_with, late=late)
            if matched(known, kept.items) is None and not self._came_late(held.row, kept):
                row = await self.holds.adopt(held, kept, sent)
                raise Rejected(_KEPT_OTHERWISE if sent else conflict(row.version))
            etag = kept.etag
        await self.holds.drop(held, sent)
        raise Rejected(NOT_NOW)

    async def _put(
        self, audience: Audience, held: Held, intent: Intent, etag: str | None, late: Intent | None
    ) -> Kept | None:
        """Send the intent; what the answer tells, None when only a read can tell. `late`: was sent and may come yet.

        Raises:
            Rejected: it was refused, or never sent.
            UnknownOutcomeError: nobody knows.
            _RefusedUnseenError: it was refused, for a reason that a look at the cart clears up.
        """
        try:
            return await self.system.put(audience, str(held.row.upstream_id), intent.lines, etag=etag)
        except UnknownOutcomeError:
            raise
        except RefusedError as error:
            if error.status in _LOOK_AGAIN:
                raise _RefusedUnseenError from error
            log.warning("cart.refused", cart=held.row.id, detail=error.detail)
            await self.holds.drop(held, late)
            raise Rejected(_REFUSED) from error
        except UpstreamError as error:
            log.warning("cart.not_sent", cart=held.row.id, detail=error.detail)
            await self.holds.drop(held, late)
            raise Rejected(NOT_NOW) from error

    # ---------------------------------------------------------------- settling what others began

    async def settle(self, audience: Audience, row: CartRow) -> CartRow:
        """Find out what became of a change that nobody carries on with, and write it down.

        Raises:
            UpstreamError: the cart system does not tell.
            Rejected: the cart is gone.
        """
        held, intent = await self.holds.take_over(row), intent_of(row)
        if held is None or intent is None:
            return await self.latest(row.id)
        try:
            async with self.holds.letting_go(held):
                return await self._settle(audience, held, intent)
        except HoldLostError:
            return await self.latest(row.id)

    async def _settle(self, audience: Audience, held: Held, intent: Intent) -> CartRow:
        log.info("cart.settling", cart=held.row.id, key=intent.key)
        kept = await self.system.read(audience, str(held.row.upstream_id))
        if kept is None:
            return await self.holds.end(held, UPSTREAM, "gone")
        same = matched(intent.lines, kept.items)
        is_lost = intent.merges is not None and not self.is_active(held.row)  # a guest's lines, in a cart that is over
        if same is not None and not is_lost:
            return await self.holds.settled(held, intent, (same, kept.etag))
        if is_lost or matched(lines_of(held.row), kept.items) is not None or self._came_late(held.row, kept):
            return await self.holds.drop(held, intent)
        return await self.holds.adopt(held, kept, intent)

    async def _reconcile(self, audience: Audience, row: CartRow, kept: Kept | None) -> CartRow:
        """The cart system keeps something else than is known, and no change of ours is under way."""
        held = await self.holds.take_over(row)
        if held is None:
            return await self.latest(row.id)
        try:
            async with self.holds.letting_go(held):
                if kept is None:
                    return await self.holds.end(held, UPSTREAM, "gone")
                if self._came_late(row, kept):
                    return await self._put_back(audience, held)
                return await self.holds.adopt(held, kept, None)
        except HoldLostError:
            return await self.latest(row.id)

    def _came_late(self, row: CartRow, kept: Kept) -> bool:
        """Whether what is kept is a write that was given up: it must not pass for somebody's wish."""
        return any(matched(each.lines, kept.items) is not None for each in unsettled_of(row))

    async def _put_back(self, audience: Audience, held: Held) -> CartRow:
        """A write that was given up came late and put itself over what was acknowledged since: undo it.

        Raises:
            UpstreamError: it is not undone yet; whoever looks next tries again.
        """
        lines, upstream_id = lines_of(held.row), str(held.row.upstream_id)
        log.warning("cart.late_write", cart=held.row.id)
        held = await self.holds.expect(held, lines)
        try:
            kept = await self.system.put(audience, upstream_id, lines)
        except UnknownOutcomeError:
            kept = None
        same = None if kept is None else matched(lines, kept.items)
        if kept is None or same is None:
            kept = await self.system.read(audience, upstream_id)
            same = None if kept is None else matched(lines, kept.items)
        if kept is None:
            return await self.holds.end(held, UPSTREAM, "gone")
        if same is not None:
            return await self.holds.restore(held, same, kept.etag)
        if self._came_late(held.row, kept):
            raise UnknownOutcomeError(self.system.client.name, detail="a late write is not undone yet")
        return await self.holds.adopt(held, kept, None)
