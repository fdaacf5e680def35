"""Bringing numbers along as the rest of the shop uses it. Who may is decided in here."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from clients.porting import PortingProvider, ProviderPortability
from domain.carts.access import may_touch
from domain.carts.carts import Carts
from domain.carts.outcome import NO_CART
from domain.porting.asked import Correction, PortInRequest, requirements
from domain.porting.correcting import Corrector
from domain.porting.desk import Desk
from domain.porting.model import SHOWN, Portability, PortIn, PortingWords, PortInReason, seconds, shown
from domain.porting.numbers import mobile_digits
from domain.porting.outcome import NO_PORT_IN, PortInOutcome
from domain.porting.quota import Quota
from domain.porting.requesting import Requester
from kernel.context import Principal, RequestContext
from kernel.errors import BadRequestError, RateLimitedError
from kernel.outcomes import Rejected
from store import carts as cart_rows
from store.port_ins import PortInRow

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PortIns:
    """All port-ins. One per process."""

    desk: Desk
    requester: Requester
    corrector: Corrector
    carts: Carts

    async def request(self, ctx: RequestContext, asked: PortInRequest) -> PortInOutcome:
        """Ask for a number to come to a line of a cart of the caller's."""
        if not await self._may_touch(ctx.principal, asked.cart_id):
            return PortInOutcome(None, None, (NO_CART,))
        return await self.requester.request(ctx, asked)

    async def correct(self, ctx: RequestContext, asked: Correction) -> PortInOutcome:
        """Ask again for a rejected one of the caller's."""
        row = await self._own(ctx.principal, asked.port_in_id)
        if row is None or shown(row) is None:
            return PortInOutcome(None, None, (NO_PORT_IN,))
        return await self.corrector.correct(ctx, row, asked)

    async def port_in(self, ctx: RequestContext, port_in_id: str) -> PortIn | None:
        """A port-in of the caller's; None for any other, whether there is one or not."""
        row = await self._own(ctx.principal, port_in_id)
        return None if row is None else shown(row)

    async def of_lines(self, lines: Sequence[tuple[str, str]]) -> list[PortIn | None]:
        """The last port-in of each line, given as cart and line. That the caller may see the carts is known."""
        rows = sorted(await self.desk.rows.of_lines(lines, SHOWN), key=lambda row: row.live)  # a live one counts
        found = {(row.cart_id, row.line_id): row for row in rows}
        return [shown(found[each]) if each in found else None for each in lines]

    async def _own(self, principal: Principal, port_in_id: str) -> PortInRow | None:
        row = await self.desk.rows.by_id(port_in_id)
        return row if row is not None and await self._may_touch(principal, row.cart_id, row.owner) else None

    async def _may_touch(self, principal: Principal, cart_id: str, owner: str | None = None) -> bool:
        """Whether the caller may touch a cart, and so its port-ins; once that is forgotten, whether it was theirs."""
        async with self.desk.rows.database.reading() as connection:
            cart = await cart_rows.by_id(connection, cart_id)
        if cart is None:
            return owner is not None and principal.id == owner
        return cart.upstream_id is not None and may_touch(principal, cart)


@dataclass(frozen=True)
class Porting:
    """What a shop with a porting provider has. `port_ins` is None where it lacks carts or an inventory."""

    provider: PortingProvider
    words: PortingWords
    quota: Quota
    port_ins: PortIns | None = None

    async def portability(self, ctx: RequestContext, msisdn: str) -> Portability:
        """Whether a number can come to us.

        Raises:
            BadRequestError: it is no mobile number.
            RateLimitedError: asked too often.
            UpstreamError: nobody can tell just now.
        """
        digits = mobile_digits(msisdn)
        if digits is None:
            raise BadRequestError("This is no mobile number.")
        try:
            await self.quota.look(ctx)
        except Rejected as rejected:
            (reason,) = rejected.reasons
            raise RateLimitedError(reason.message) from None
        return _told(digits, await self.provider.portability(digits), self.words)


def _told(digits: str, told: ProviderPortability, words: PortingWords) -> Portability:
    known = Portability(f"+{digits}", told.portable, told.donor, seconds(told.earliest), requirements(told), None)
    if told.portable:
        return known
    own = words.reason_of(told.reason) is PortInReason.OWN_NUMBER
    return dataclasses.replace(known, reason=PortInReason.OWN_NUMBER if own else PortInReason.NOT_PORTABLE)
