"""Reads on their way: what is wanted in one tick goes together, and what is in the air already is waited for.

A flight brings everything for all who wait for it at once. It goes on when they have gone: others may have come.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any, Generic, TypeAlias, TypeVar

import structlog

from dataloaders.held import Held
from kernel.clock import Clock
from kernel.context import Audience
from kernel.errors import UpstreamError, UpstreamInvalidError
from kernel.tasks import held, stop

log = structlog.get_logger(__name__)

V = TypeVar("V")

_QUIET_TICKS = 2
_MOST_TICKS = 8

Outcome: TypeAlias = Held[V] | UpstreamError
Landing: TypeAlias = asyncio.Future[Mapping[str, Outcome[V]]]


class Batch(Generic[V]):
    """What is wanted for one audience in one tick: each key with its attributes. All who wait for it wait for
    `landing`, which brings all of it at once, or of what is given up before its time nothing.
    """

    __slots__ = ("audience", "landing", "quiet", "ticks", "wanted")

    def __init__(self, audience: Audience) -> None:
        self.audience = audience
        self.wanted: dict[str, frozenset[str]] = {}
        self.landing: Landing[V] = asyncio.get_running_loop().create_future()
        self.quiet = self.ticks = 0


class Flights(Generic[V]):
    """Flights of one loader. `read` brings a batch; what it raises is the outcome of each of its keys.

    `outdated_at`: up to when what was read of a key is outdated, so that a flight that left before is of no use.
    """

    def __init__(
        self,
        name: str,
        read: Callable[[Batch[V]], Awaitable[Mapping[str, Outcome[V]]]],
        outdated_at: Callable[[str], float],
        clock: Clock,
    ) -> None:
        self._name, self._read, self._outdated_at, self._clock = name, read, outdated_at, clock
        self._batches: dict[str, Batch[V]] = {}
        self._flying: dict[str, dict[str, tuple[frozenset[str], Landing[V], float]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._beside: set[asyncio.Task[None]] = set()

    def request(
        self,
        audience: Audience,
        keys: Iterable[str],
        fields: frozenset[str],
        held: Mapping[str, frozenset[str]],
    ) -> dict[str, Landing[V]]:
        """The flight that brings each key with `fields`: one already in the air, or this tick's batch.

        It brings as well the attributes with which a key is `held`, or they would be lost when it is kept.
        """
        batch, in_the_air = self._batches.get(audience.key), self._flying.get(audience.key, {})
        flights: dict[str, Landing[V]] = {}
        for key in keys:
            flying = in_the_air.get(key)
            if flying is not None and fields <= flying[0] and flying[2] > self._outdated_at(key):
                flights[key] = flying[1]
                continue
            if batch is None:
                batch = self._new_batch(audience)
            wanted, more = batch.wanted.get(key, fields), held.get(key)
            if not fields <= wanted:
                wanted = wanted | fields
            if more is not None and not more <= wanted:
                wanted = wanted | more
            # what flies is forgotten for this one, which must then serve those who ask for less
            if flying is not None:
                wanted = wanted | flying[0]
            batch.wanted[key] = wanted
            batch.quiet = 0
            flights[key] = batch.landing
        return flights

    def beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that ends soon, and that only `aclose` waits for."""
        held(work, self._beside)

    async def aclose(self) -> None:
        """End what still flies or is about to; whoever waits for it is told so."""
        while self._batches:
            self._land(self._batches.popitem()[1], {})
        await stop(self._tasks)
        await asyncio.gather(*self._beside)

    def _new_batch(self, audience: Audience) -> Batch[V]:
        batch = self._batches[audience.key] = Batch(audience)
        asyncio.get_running_loop().call_soon(self._depart, audience.key)
        return batch

    def _depart(self, audience_key: str) -> None:
        """Off once nobody has come for some ticks: GraphQL reaches the items of a list of two a tick after a single.

        But soon, however many keep coming: under load somebody always comes, and all of them wait for this.
        """
        waiting = self._batches.get(audience_key)
        if waiting is not None and waiting.quiet < _QUIET_TICKS and waiting.ticks < _MOST_TICKS:
            waiting.quiet += 1
            waiting.ticks += 1
            asyncio.get_running_loop().call_soon(self._depart, audience_key)
            return
        batch = self._batches.pop(audience_key, None)
        if batch is None:  # closed meanwhile
            return
        now, in_the_air = self._clock.now(), self._flying.setdefault(audience_key, {})
        for key, fields in batch.wanted.items():
            in_the_air[key] = (fields, batch.landing, now)
        flight = held(self._fly(batch), self._tasks)
        flight.add_done_callback(lambda _: self._land(batch, {}))  # ended, maybe before its first step

    async def _fly(self, batch: Batch[V]) -> None:
        landed: Mapping[str, Outcome[V]]
        try:
            landed = await self._read(batch)
        except Exception as error:
            log.exception("loader.failed", loader=self._name)
            landed = dict.fromkeys(batch.wanted, UpstreamInvalidError(self._name, detail=repr(error)))
        self._land(batch, landed)

    def _land(self, batch: Batch[V], landed: Mapping[str, Outcome[V]]) -> None:
        if batch.landing.done():
            return
        in_the_air = self._flying.get(batch.audience.key, {})
        for key in batch.wanted:
            found = in_the_air.get(key)
            if found is not None and found[1] is batch.landing:
                del in_the_air[key]
        if not in_the_air:
            self._flying.pop(batch.audience.key, None)
        batch.landing.set_result(landed)
