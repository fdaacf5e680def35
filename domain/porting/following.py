"""Following numbers on their way: when an event says that something changed, and slowly without one.

An event only says *look*: at which port-in, by the provider's id. Order, repetition and loss do no harm, since what is
written down is what the provider answers. One process of the estate looks at what is due; events are worked off by
whichever process they reach, and a row's version keeps the two apart.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from domain.carts.model import CartState
from domain.carts.record import lines_of
from domain.catalog.events import EVERYTHING
from domain.porting.desk import Desk
from domain.porting.model import OVER, UNHEARD, Step
from kernel.errors import StoreUnavailableError, UpstreamError
from store import carts
from store.leases import Lease, Leases
from store.port_ins import PortInRow

log = structlog.get_logger(__name__)

_LEASE = "port_ins.follow"
_AT_ONCE = 100
EVENT_PATHS = ("portIn",)
_ON_THEIR_WAY = (Step.REQUESTED, Step.VALIDATED, Step.SCHEDULED, Step.REJECTED)


@dataclass(frozen=True)
class Follower:
    """Looks at what is due every `every` seconds."""

    desk: Desk
    leases: Leases
    every: float

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                lease = await self.leases.take(_LEASE, seconds=max(self.every, 60.0))
                while lease is not None and await self.round(lease) == _AT_ONCE:
                    pass
            except StoreUnavailableError as error:
                log.warning("port_ins.not_followed", detail=error.detail)
            except Exception:
                log.exception("port_ins.following_failed")
            await asyncio.sleep(self.every)

    async def round(self, lease: Lease | None = None) -> int:
        """Look at what is due now; how many were looked at."""
        now = self.desk.clock.now()
        due = await self.desk.rows.due(now, limit=_AT_ONCE)
        for row in due:
            if lease is not None and not await self.leases.renew(lease):
                return 0
            await self.look(row)
        await self.desk.rows.forget(now - self.desk.times.keep)
        return len(due)

    async def heard(self, names: Iterable[str]) -> None:
        """Look at what events named: `portIn/1`, or `portIn/*` where one did not say which."""
        for name in names:
            provider_id = name.partition("/")[2]
            if provider_id == EVERYTHING:
                states, limit = (*UNHEARD, *_ON_THEIR_WAY), 10 * _AT_ONCE
                rows = await self.desk.rows.in_states([each.value for each in states], limit=limit)
            else:
                known = await self.desk.rows.by_provider_id(provider_id)
                # one that we do not know may be one whose answer was lost
                unheard = [each.value for each in UNHEARD]
                rows = [known] if known else await self.desk.rows.in_states(unheard, limit=_AT_ONCE)
            for row in rows:
                await self.look(row)

    async def look(self, row: PortInRow) -> None:
        """See where it stands, and bring row and inventory there; what cannot be known now is due again soon."""
        try:
            await self._look(row)
        except UpstreamError as error:
            log.warning("port_in.not_known", id=row.id, detail=error.detail)
            await self._later(row)
        except StoreUnavailableError:
            raise
        except Exception:  # one that nobody was prepared for must not keep the others from their turn
            log.exception("port_in.look_failed", id=row.id)
            await self._later(row)

    async def _later(self, row: PortInRow) -> None:
        await self.desk.rows.step(row, due_at=self.desk.clock.now() + self.desk.times.settle)

    async def _look(self, row: PortInRow) -> None:
        desk, step = self.desk, Step(row.state)
        if step in OVER:
            await self._last_look(row)
        elif step is Step.PORTED:
            await desk.show(row)
        elif row.cancelling or await self._is_unwanted(row):
            await desk.cancel(row)
        elif step is Step.INTENT:
            if row.due_at is not None and row.due_at <= desk.clock.now():
                await desk.end(row, Step.FAILED, unknown=True)
        else:
            await self._ask(row)

    async def _ask(self, row: PortInRow) -> None:
        """The provider's word on it."""
        desk = self.desk
        known = None if row.provider_id is None else await desk.provider.get(row.provider_id)
        told = known or await desk.provider.by_reference(row.token)
        if told is not None:
            heard = await desk.hear(row, told)
            if heard is not None and heard.state == row.state and Step(heard.state) in _ON_THEIR_WAY:
                await desk.show(heard, anew=True)
        elif row.provider_id is None:
            await desk.give_up(row)
        else:
            log.error("port_in.gone_at_the_provider", id=row.id)
            await desk.rows.step(row, due_at=desk.clock.now() + desk.times.look)

    async def _last_look(self, row: PortInRow) -> None:
        """One that came to nothing may have been carried out late: then it is cancelled there, or comes after all."""
        desk = self.desk
        late = row.unknown_at is not None and desk.clock.now() >= row.unknown_at + desk.times.last_look
        if late:
            told = await desk.provider.by_reference(row.token)
            if told is not None and desk.words.step_of(told) not in (Step.REJECTED, Step.CANCELLED):
                log.warning("port_in.carried_out_late", id=row.id)
                revived = await desk.hear(row, told)
                if revived is not None:
                    await desk.cancel(revived)
                return
            cleared = await desk.rows.step(row, unknown_at=None)
            if cleared is None:
                return
            row = cleared
        await desk.clear(row)

    async def _is_unwanted(self, row: PortInRow) -> bool:
        """Whether its line was taken out, its cart is over, or it was rejected too long ago to be mended."""
        desk = self.desk
        if row.state == Step.REJECTED.value and row.updated_at + desk.times.rejected <= desk.clock.now():
            return True
        async with desk.rows.database.reading() as connection:
            cart = await carts.by_id(connection, row.cart_id)
        if cart is None or cart.intent is not None:  # forgotten long after it was ordered; or just being changed
            return False
        active = cart.state == CartState.ACTIVE.value
        if cart.state == CartState.EXPIRED.value or (active and cart.expires_at <= desk.clock.now()):
            return True
        return active and all(line.id != row.line_id for line in lines_of(cart))
