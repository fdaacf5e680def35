"""Holding a cart's row while it is changed, and writing down what came of it.

A hold has a name, not only a time: time decides when others may look after the cart, the name decides whose last step
counts. A process that slept through its hold finds another name in the row, and nothing it writes takes effect.
"""

import asyncio
import dataclasses
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from domain.carts.attaching import attach, detach, give_back
from domain.carts.model import Line, new_line_id
from domain.carts.record import Intent, Unsettled, bare, lines_of, merges_of, text, unsettled_of
from domain.carts.system import Kept, adopted
from kernel.clock import Clock
from kernel.errors import StoreUnavailableError
from store import carts as rows
from store import port_ins
from store.carts import CartRow, Change
from store.database import Allowed, Connection, Database
from store.reservations import Journal

log = structlog.get_logger(__name__)

UPSTREAM = "upstream"
"""Who made a version that nobody asked us for."""
_REMEMBERED = 20

AndWith = Callable[[Connection, int], Awaitable[bool]]
"""What else belongs into the transaction that makes a new version: given the connection and that version.

False undoes the whole of it.
"""


Changed = Callable[[str], None]
"""Hears the id of each cart that has another version, or has come to its end, once that is written."""

Reserved = Callable[[Journal, Connection], Awaitable[None]]
"""What a new version means for the numbers and SIMs of the cart, within the same transaction."""


@dataclass(frozen=True)
class Held:
    """A cart as it was when it was taken hold of, and the name of the hold."""

    row: CartRow
    holder: str


class _GuestChangedError(Exception):
    """The guest's cart that was to be merged is not as it was."""


class HoldLostError(Exception):
    """Someone else took over and decided; what came of it stands in the row and its history."""


@dataclass(frozen=True)
class Holds:
    """Takes hold of carts. `seconds`: after which others may take over; `lifetime`: how long an idle cart lives.

    `journal` is None where nothing can be reserved. `changed` hears of each cart that is another afterwards.
    """

    database: Database
    clock: Clock
    seconds: float
    lifetime: float
    journal: Journal | None = None
    changed: Changed = lambda _: None

    async def row(self, cart_id: str) -> CartRow | None:
        async with self.database.reading() as connection:
            return await rows.by_id(connection, cart_id)

    def is_live(self, row: CartRow) -> bool:
        """Whether someone is at this cart who should be waited for."""
        return row.holder is not None and row.held_until is not None and row.held_until >= self.clock.now()

    async def begin(self, row: CartRow, intent: Intent, allowed: Allowed) -> Held | None:
        """Write the intent down and take hold, in one step; None when the cart is no longer as `row` shows, or is over.

        Raises:
            HoldLostError: it is not for us any more to change the cart.
        """
        try:
            async with self.database.writing() as connection:
                if not await allowed(connection):
                    raise HoldLostError
                return await self.begin_within(connection, row, intent)
        except _GuestChangedError:
            return None

    async def begin_within(self, connection: Connection, row: CartRow, intent: Intent) -> Held | None:
        """As `begin`, within a transaction of the caller's."""
        holder, now, written = secrets.token_hex(16), self.clock.now(), text(intent)
        mine = await rows.claim(connection, row, holder=holder, until=now + self.seconds, now=now, intent=written)
        if mine and intent.merges is not None and not await self._lock_guest(connection, intent, intent.merges, now):
            raise _GuestChangedError  # what was written is undone with it
        return Held(dataclasses.replace(row, intent=written), holder) if mine else None

    async def _lock_guest(self, connection: Connection, intent: Intent, merges: tuple[str, int], now: float) -> bool:
        """Lock the guest's cart; False when it is not as it was, or a line is summed up that a number comes to now."""
        if not await rows.lock(connection, *merges, now):
            return False
        guest, ported = await rows.by_id(connection, merges[0]), await port_ins.lines_of_cart(connection, merges[0])
        return guest is not None and _ids(lines_of(guest)) & set(ported) <= _ids(intent.lines)

    async def take_over(self, row: CartRow) -> Held | None:
        """Take hold of a cart as it is, to settle it; None when it is held or has changed."""
        holder, now = secrets.token_hex(16), self.clock.now()
        async with self.database.writing() as connection:
            mine = await rows.take_over(connection, row, holder=holder, until=now + self.seconds, now=now)
        return Held(row, holder) if mine else None

    @asynccontextmanager
    async def letting_go(self, held: Held) -> AsyncIterator[None]:
        """Whatever interrupts what is done in here, the hold does not outlive it; an intent stays to be settled."""
        try:
            yield
        except BaseException:
            with suppress(StoreUnavailableError):
                await asyncio.shield(self._let_go(held))
            raise

    async def _let_go(self, held: Held) -> None:
        async with self.database.writing() as connection:
            await rows.let_go(connection, held.row.id, held.holder)

    # ---------------------------------------------------------------- ends of a hold; each raises HoldLostError

    async def commit(
        self,
        held: Held,
        intent: Intent,
        kept: tuple[tuple[Line, ...], str | None],
        *,
        and_with: AndWith,
        late: Intent | None = None,
    ) -> CartRow:
        """The intent is in: it becomes the next version, with its entry in the history and what else belongs to it.

        `kept`: its lines as the cart system calls them, and the ETag. `late`: what may come late nevertheless.
        """
        now = self.clock.now()
        lives_on: dict[str, float] = {"active_at": now, "expires_at": now + self.lifetime}
        return await self._committed(held, intent, kept, late, and_with, alive=True, **lives_on)

    async def settled(self, held: Held, intent: Intent, kept: tuple[tuple[Line, ...], str | None]) -> CartRow:
        """The intent of somebody who is not heard of is in. That one may sleep and send it again, once awake.

        The shopper is not here: the cart lives no longer for it.
        """
        return await self._committed(held, intent, kept, intent, None, alive=intent.merges is not None)

    async def _committed(
        self,
        held: Held,
        intent: Intent,
        kept: tuple[tuple[Line, ...], str | None],
        late: Intent | None,
        and_with: AndWith | None,
        *,
        alive: bool,
        **lives_on: float,
    ) -> CartRow:
        now, (lines, etag) = self.clock.now(), kept
        return await self._finish(
            held,
            Change(held.row.version + 1, now, intent.who, intent.key, intent.what),
            and_with,
            lines=text(lines),
            contact=held.row.contact if intent.contact is None else text(intent.contact),
            etag=etag,
            unsettled=self._remembering(held.row, None if late is None else late.lines),
            updated_at=now,
            reserved=partial(self._hand_on, held.row, intent),
            merged=True,
            alive=alive,
            **lives_on,
        )

    async def _hand_on(self, row: CartRow, intent: Intent, journal: Journal, connection: Connection) -> None:
        await attach(journal, connection, row.id, intent.attached)  # first: what moves to another line stays
        gone = _ids(lines_of(row)) - _ids(intent.lines)
        if gone:
            await give_back(journal, connection, row.id, self.clock.now(), reason="line removed", lines=gone)

    async def adopt(self, held: Held, kept: Kept, given_up: Intent | None) -> CartRow:
        """What the cart system keeps is the truth: it becomes the next version."""
        known = [*lines_of(held.row), *(given_up.lines if given_up else ())]
        lines = adopted(known, kept.items, new_line_id)
        log.warning("cart.changed_upstream", cart=held.row.id, lines=len(lines))
        return await self._finish(
            held,
            self._upstream_change(held, "changed"),
            lines=text(lines),
            etag=kept.etag,
            unsettled=self._remembering(held.row, None if given_up is None else given_up.lines),
            updated_at=self.clock.now(),
            reserved=partial(self._leave, held.row.id, _ids(lines_of(held.row)) - _ids(lines)),
        )

    async def _leave(self, cart_id: str, gone: set[str], journal: Journal, connection: Connection) -> None:
        await detach(journal, connection, cart_id, gone)

    async def drop(self, held: Held, given_up: Intent | None) -> CartRow:
        """Nothing changes. A write that was sent is remembered, for it may be carried out yet."""
        return await self._finish(
            held, None, unsettled=self._remembering(held.row, None if given_up is None else given_up.lines)
        )

    async def expect(self, held: Held, lines: tuple[Line, ...]) -> Held:
        """Before lines are sent of which no intent tells: should nobody hear what becomes of them, they are known."""
        unsettled = self._remembering(held.row, lines)
        async with self.database.writing() as connection:
            if not await rows.remember(connection, held.row.id, held.holder, unsettled):
                raise HoldLostError
        return Held(dataclasses.replace(held.row, unsettled=unsettled), held.holder)

    async def restore(self, held: Held, lines: tuple[Line, ...], etag: str | None) -> CartRow:
        """The cart system keeps again what is known."""
        return await self._finish(held, None, lines=text(lines), etag=etag)

    async def end(self, held: Held, who: str, what: str) -> CartRow:
        """The cart is over. How its shopper can be reached is forgotten, and what is reserved for it given back."""
        now = self.clock.now()
        change = Change(held.row.version + 1, now, who, None, what)
        over = partial(self._give_all_back, held.row.id)
        return await self._finish(held, change, state="EXPIRED", contact=None, updated_at=now, reserved=over)

    async def _give_all_back(self, cart_id: str, journal: Journal, connection: Connection) -> None:
        await give_back(journal, connection, cart_id, self.clock.now(), reason="cart over", lines=None)

    async def _finish(
        self,
        held: Held,
        change: Change | None,
        and_with: AndWith | None = None,
        *,
        reserved: Reserved | None = None,
        merged: bool = False,
        alive: bool = False,
        **values: str | float | None,
    ) -> CartRow:
        """`alive`: it must not be over by then."""
        version = held.row.version if change is None else change.version
        async with self.database.writing() as connection:
            over: dict[str, Any] = {**values, "version": version, "alive_at": self.clock.now() if alive else None}
            if not await rows.finish(connection, held.row.id, held.holder, change, **over):
                raise HoldLostError
            await self._end_guest(connection, held.row, merged=merged)
            if reserved is not None and self.journal is not None:
                await reserved(self.journal, connection)
            if and_with is not None and not await and_with(connection, version):
                raise HoldLostError
        if change is not None:
            self._tell(held.row, merged=merged)
        ended = {**values, "version": version, "intent": None, "holder": None, "held_until": None}
        return dataclasses.replace(held.row, **ended)  # type: ignore[arg-type]

    def _tell(self, row: CartRow, *, merged: bool) -> None:
        self.changed(row.id)
        guest = merges_of(row) if merged else None
        if guest is not None:
            self.changed(guest)

    async def _end_guest(self, connection: Connection, row: CartRow, *, merged: bool) -> None:
        """The guest's cart that was to be merged into this one ends with that; else it is as before."""
        guest = merges_of(row)
        if guest is None:
            return
        if not merged:
            await rows.unlock(connection, guest)
            return
        await rows.merged(connection, guest, self.clock.now())
        await port_ins.move(connection, guest, row.id, row.owner)
        if self.journal is not None:
            await self.journal.move(connection, guest, row.id)

    def _upstream_change(self, held: Held, what: str) -> Change:
        return Change(held.row.version + 1, self.clock.now(), UPSTREAM, None, what)

    def _remembering(self, row: CartRow, lines: tuple[Line, ...] | None) -> str:
        known = unsettled_of(row)
        if lines is None:
            return text(known)
        one = Unsettled(lines=tuple(map(bare, lines)), at=self.clock.now())
        return text((*(each for each in known if each.lines != one.lines), one)[-_REMEMBERED:])


def _ids(lines: Sequence[Line]) -> set[str]:
    return {line.id for line in lines}
