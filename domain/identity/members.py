"""Who acts for which customer, and as what. An invitation becomes a membership when its login signs in.

A login is proved by signing in with it: what `logins` answers must be verified by the user pool. Only its keyed hash is
kept until then.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from domain.identity.duplicates import Fingerprints
from domain.identity.model import Membership
from domain.identity.seen import SegmentsSeen
from kernel.clock import Clock
from kernel.context import Principal
from kernel.errors import GatewayError, StoreUnavailableError, UnauthenticatedError
from store import customers as rows
from store.database import Database

log = structlog.get_logger(__name__)

_LOOK_AGAIN = 5.0
_MOST_LOOKED = 20_000

VerifiedLogin = Callable[[Principal], Awaitable[str | None]]


async def nobody_knows(_: Principal) -> str | None:
    """Where users do not sign in."""
    return None


@dataclass(frozen=True)
class Members:
    """`invitation` in seconds: how long one can be claimed. `looked`: until when nothing new is looked for, by user."""

    database: Database
    clock: Clock
    fingerprints: Fingerprints
    login_of: VerifiedLogin
    invitation: float
    seen: SegmentsSeen
    looked: dict[str, float] = field(default_factory=dict)

    async def of(self, principal: Principal) -> Sequence[Membership]:
        """A user's memberships, oldest first, with those that waited for this login; none for a guest."""
        if principal.id is None:
            return ()
        await self._claim(principal.id, principal)
        async with self.database.reading() as connection:
            found = await rows.memberships(connection, principal.id)
        memberships = [Membership.of(each) for each in found]
        self.seen.learn(principal.id, memberships)
        return memberships

    def expect(self) -> None:
        """Somebody has been invited: whoever looks next may find that waiting. Other processes find out in seconds."""
        self.looked.clear()

    async def _claim(self, user: str, principal: Principal) -> None:
        """Take up what this login was invited to. A user pool that is away keeps nobody from what is theirs."""
        try:
            login = await self.login_of(principal)
        except (StoreUnavailableError, UnauthenticatedError):
            raise
        except GatewayError as error:
            log.warning("members.login_unknown", code=error.code, detail=error.detail)
            return
        if login is None:
            return
        now = self.clock.now()
        if now < self.looked.get(user, 0.0):
            return
        hashed = self.fingerprints.of_login(login)
        async with self.database.reading() as connection:
            waiting = await rows.invited(connection, hashed, now)
        if len(self.looked) >= _MOST_LOOKED:
            self.looked.clear()
        self.looked[user] = now + _LOOK_AGAIN
        for each in waiting:
            async with self.database.writing() as connection:
                now = self.clock.now()
                if not await rows.take_up(connection, each, now):
                    continue  # taken up, replaced or over meanwhile
                await rows.add_member(connection, each.customer_id, user, each.role, by=each.invited_by, now=now)
            log.info("members.joined", customer=each.customer_id, role=each.role)
