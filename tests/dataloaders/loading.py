"""A loader over a made-up upstream that counts, waits when told to, and fails when told to."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clients.tmf import Entity
from dataloaders.freshness import Freshness
from dataloaders.held import Held
from dataloaders.lru import ByteLRU
from dataloaders.shared import SharedCache
from dataloaders.tiered import Caches, TieredLoader
from kernel.clock import FixedClock
from kernel.context import Audience, Deadline, RequestContext
from kernel.errors import UpstreamError

EN = Audience("en", "web")
FRESHNESS = Freshness(fresh=100, stale_while_revalidate=100, stale_if_error=1_000, missing=10, patience=0.01)
A, B, AB = frozenset({"a"}), frozenset({"b"}), frozenset({"a", "b"})


class Item(Entity, frozen=True):
    """`a` and `b` hold the number of the read that brought them."""

    a: int | None = None
    b: int | None = None


@dataclass
class Upstream:
    """Gives an item for any key that is not in `missing`, with the attributes asked for and no others."""

    reads: list[tuple[str, dict[str, frozenset[str]]]] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    failing: Any = None
    gates: list[asyncio.Event] = field(default_factory=list)
    ended: int = 0

    async def fetch(
        self, audience: Audience, wanted: Mapping[str, frozenset[str]]
    ) -> dict[str, Item | UpstreamError | None]:
        self.reads.append((audience.key, dict(wanted)))
        number = len(self.reads)
        if self.gates:
            await self.gates.pop(0).wait()
        self.ended += 1
        if isinstance(self.failing, UpstreamError):
            return dict.fromkeys(wanted, self.failing)
        if self.failing is not None:
            raise self.failing
        return {
            key: None if key in self.missing else Item(id=key, **dict.fromkeys(fields & AB, number))
            for key, fields in wanted.items()
        }

    @property
    def asked(self) -> list[dict[str, str]]:
        """What each read asked for: the attributes of each key, in one string."""
        return [{key: "".join(sorted(fields)) for key, fields in wanted.items()} for _, wanted in self.reads]


@dataclass
class Setup:
    upstream: Upstream
    clock: FixedClock
    loader: TieredLoader[Item]
    memory: ByteLRU[Held[Item]]

    def load(self, key: str, fields: frozenset[str] = A, audience: Audience = EN, seconds: float = 5) -> Any:
        return self.loader.load(context(audience, seconds), key, fields)

    def load_many(self, *keys: str, fields: frozenset[str] = A, seconds: float = 5) -> Any:
        return self.loader.load_many(context(EN, seconds), keys, fields)


def context(audience: Audience = EN, seconds: float = 5) -> RequestContext:
    return RequestContext(audience, Deadline.after(seconds))


def set_up(
    redis: Any = None,
    clock: FixedClock | None = None,
    upstream: Upstream | None = None,
    memory_bytes: int = 1_000_000,
    freshness: Freshness = FRESHNESS,
) -> Setup:
    clock, upstream = clock or FixedClock(), upstream or Upstream()
    memory: ByteLRU[Held[Item]] = ByteLRU(memory_bytes)
    shared: SharedCache[Held[Item]] = SharedCache(redis, Held[Item], "item", clock)
    loader = TieredLoader("item", upstream.fetch, Caches(memory, shared, freshness, clock))
    return Setup(upstream, clock, loader, memory)


async def settle(loader: TieredLoader[Any]) -> None:
    """Until nothing departs and nothing flies any more."""
    flights = loader._flights
    while flights._tasks or flights._beside or flights._batches:
        await asyncio.sleep(0)
        await asyncio.gather(*flights._tasks, *flights._beside)


async def departed(upstream: Upstream, reads: int = 1) -> None:
    """Until the upstream has been asked so often: a few turns of the loop, as nothing in between waits for time."""
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(upstream.reads) == reads
