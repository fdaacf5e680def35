"""Numbers and cards to choose from: drawn at random among all that are free upstream and held by nobody here.

Drawn, and not listed from the first one on: a hundred shoppers who see the same first page fight over it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

import structlog

from domain.reservations.direct import DirectSearch
from domain.reservations.free_index import FreeIndex
from domain.reservations.holds import HoldsUnavailableError
from domain.reservations.model import Candidate, NumberTier, ResourceKind, SimKind
from domain.reservations.query import NumberQuery
from domain.reservations.shelf import Wanted
from kernel.context import RequestContext
from kernel.errors import LimitExceededError

log = structlog.get_logger(__name__)

MOST = 50
_ROUNDS = 4


class Held(Protocol):
    """Who knows what is held here, by anyone."""

    async def held(self, kind: ResourceKind, resources: Sequence[str]) -> frozenset[str]:
        """Those of the resources (numbers without `+`, or ICCIDs) that are held.

        Raises:
            HoldsUnavailableError: it cannot be known just now.
        """


class NothingHeld:
    """Where nothing can be held."""

    async def held(self, kind: ResourceKind, resources: Sequence[str]) -> frozenset[str]:  # noqa: ARG002
        return frozenset()


@dataclass
class NumberSearch:
    """One per process. `direct` is asked while there is no index."""

    index: FreeIndex
    direct: DirectSearch
    held: Held = field(default_factory=NothingHeld)
    rng: Random = field(default_factory=Random)

    async def numbers(self, ctx: RequestContext, count: int, query: NumberQuery) -> list[Candidate]:
        """At most `count` numbers that match, others at each call; fewer where there are no more.

        Raises:
            LimitExceededError: more than 50, or fewer than 1, are asked for.
            UpstreamError: there is no index, and the upstream does not answer.
        """
        labels = frozenset(NumberTier) if query.tier is None else frozenset({query.tier})
        wanted = Wanted(labels, query.prefix, query.contains, query.ends_with, query.excluding)
        return await self._drawn(ctx, count, wanted)

    async def sims(self, ctx: RequestContext, count: int, kind: SimKind) -> list[Candidate]:
        """At most `count` cards of a kind; raises as `numbers` does."""
        return await self._drawn(ctx, count, Wanted(frozenset({kind})))

    async def _drawn(self, ctx: RequestContext, count: int, wanted: Wanted) -> list[Candidate]:
        if not 1 <= count <= MOST:
            raise LimitExceededError(f"From 1 to {MOST} at a time.")
        found: list[Candidate] = []
        for number in range(_ROUNDS):
            asked = (count - len(found)) * 2 ** (number + 1)  # some of them may be held, on a busy day most of them
            drawn = await self._some(ctx, asked, wanted)
            taken = await self._held(drawn)
            found += [each for each in drawn if each.value not in taken]
            if len(found) >= count or len(drawn) < asked:
                break
            wanted = wanted.without(each.value for each in drawn)
        return found[:count]

    async def _some(self, ctx: RequestContext, count: int, wanted: Wanted) -> list[Candidate]:
        shelf = self.index.shelf
        return await self.direct.draw(ctx, wanted, count) if shelf is None else shelf.draw(wanted, count, self.rng)

    async def _held(self, drawn: Sequence[Candidate]) -> frozenset[str]:
        """With Redis away nothing is known to be held; whoever then tries to hold one is refused anyway."""
        if not drawn:
            return frozenset()
        try:
            return await self.held.held(drawn[0].kind, [each.value for each in drawn])
        except HoldsUnavailableError as error:
            log.warning("numbers.held_unknown", detail=str(error))
            return frozenset()
