"""What of the catalogue a user may see: that of their customers' segments. Every request asks, so it is remembered.

What a newcomer would get wrong: this shapes answers and guards nothing. A guest may see both segments, so that a memory
which is half a minute behind another process, or a database that is away, costs a look at the other segment's shelf.
"""

from collections import OrderedDict
from collections.abc import Iterable

import structlog

from domain.identity.model import Membership
from domain.identity.permissions import segments_of
from kernel.clock import Clock
from kernel.context import Principal, Segment
from kernel.errors import StoreUnavailableError
from store import customers as rows
from store.database import Database

log = structlog.get_logger(__name__)

_SECONDS = 30.0
_MOST_USERS = 20_000
_BOTH = frozenset(Segment)


class SegmentsSeen:
    """The segments of users, at most 20,000 in a process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._known: OrderedDict[str, tuple[frozenset[Segment], float]] = OrderedDict()

    async def of(self, principal: Principal) -> frozenset[Segment]:
        """What a caller may see; both segments for a guest, and for who is no customer yet."""
        if principal.id is None:
            return _BOTH
        known = self._known.get(principal.id)
        if known is not None and self._clock.now() < known[1]:
            return known[0]
        try:
            async with self._database.reading() as connection:
                found = await rows.memberships(connection, principal.id)
        except StoreUnavailableError as error:
            log.warning("segments.unknown", detail=error.detail)
            return _BOTH if known is None else known[0]
        return self.learn(principal.id, (Membership.of(each) for each in found))

    def learn(self, user: str, memberships: Iterable[Membership]) -> frozenset[Segment]:
        """Take note of whom a user acts for now."""
        segments = segments_of(memberships)
        self._known[user] = (segments, self._clock.now() + _SECONDS)
        self._known.move_to_end(user)
        while len(self._known) > _MOST_USERS:
            self._known.popitem(last=False)
        return segments
