"""How often the porting provider is asked on somebody's behalf.

Whoever may ask without end finds out which numbers there are, and guesses authorisation codes: these have few digits,
and the provider checks them for us. So tries with a code are counted by number, whoever makes them, and all of them by
address. They are counted as tries to sign in are, in Redis and so by all processes together; when that does not answer,
nothing is asked.
"""

from dataclasses import dataclass

from domain.identity.limits import Limit, Limits, Try
from kernel.context import RequestContext


@dataclass(frozen=True)
class Quota:
    """The limits; without `limits` (a shop without Redis) nothing is counted."""

    limits: Limits | None
    tries: Limit
    by_address: Limit

    async def look(self, ctx: RequestContext) -> None:
        """Count a question about a number.

        Raises:
            Rejected: RATE_LIMITED.
        """
        if self.limits is not None:
            await self.limits.take(Try(self.by_address, ctx.address))

    async def ask(self, ctx: RequestContext, msisdn: str) -> None:
        """Count a request for a number, or its correction; `msisdn`: digits only.

        Raises:
            Rejected: RATE_LIMITED.
        """
        if self.limits is not None:
            await self.limits.take(Try(self.tries, msisdn), Try(self.by_address, ctx.address))
