"""Drawing straight from the upstream, while there is no index: a few pages from random places, looked at here.

It is bounded, so it may find fewer than there are; a rare pattern may be missed. The pages of one draw are spread over
the whole listing, since numbers and cards may stand one after the other there. Totals are hints: a page that turns out
empty tells where the listing ends.
"""

from dataclasses import dataclass, field
from random import Random

from domain.reservations.model import Candidate, ResourceKind, SimKind
from domain.reservations.reader import InventoryReader, Walk
from domain.reservations.shelf import Entry, Wanted
from kernel.context import RequestContext


@dataclass
class DirectSearch:
    """One per process. `pages`: how many are read for one draw at most."""

    reader: InventoryReader
    pages: int = 6
    rng: Random = field(default_factory=Random)
    _reach: dict[Walk, int] = field(default_factory=dict)
    _unfiltered: set[Walk] = field(default_factory=set)

    async def draw(self, ctx: RequestContext, wanted: Wanted, count: int) -> list[Candidate]:
        """At most `count` that fit, others at each call.

        Raises:
            UpstreamError: the upstream does not answer.
        """
        found: dict[str, Candidate] = {}
        walks, start = self.reader.walks({_kind(wanted)}), self.rng.random()
        for number in range(self.pages):
            ctx.deadline.require(self.reader.client.name)
            page = await self._page(walks[number % len(walks)], number // len(walks), start)
            found |= {each.value: each for each in page if wanted.takes(Entry.of(each))}
            if len(found) >= count:
                break
        return self.rng.sample(list(found.values()), min(count, len(found)))

    async def _page(self, walk: Walk, number: int, start: float) -> list[Candidate]:
        """What is free on one of the pages spread from a random start on; on the first one, while no end is known."""
        limit = self.reader.client.options.page_size
        reach = self._reach.get(walk)
        offset = 0 if not reach else int(start * reach + number * max(limit, reach // self.pages)) % reach
        filtered = bool(walk.filters) and walk not in self._unfiltered
        found, received, total = await self.reader.page(walk, offset, limit, filtered=filtered)
        if received == 0 and offset == 0 and filtered and reach is None:  # a filter that is not known finds nothing
            self._unfiltered.add(walk)
            return await self._page(walk, number, start)
        self._reach[walk] = _reach(offset, received, limit, total, reach or 0)
        return found


def _kind(wanted: Wanted) -> ResourceKind:
    cards = any(isinstance(label, SimKind) for label in wanted.labels)
    return ResourceKind.SIM if cards else ResourceKind.NUMBER


def _reach(offset: int, received: int, limit: int, total: int | None, before: int) -> int:
    """How many there may be, as far as a page tells; without a total twice as many as are known, until one is empty."""
    if received == 0:
        return offset
    if total is not None and (total > offset + received or received < limit):  # some count only the page
        return max(total, offset + received)
    return max(before, 2 * (offset + received))
