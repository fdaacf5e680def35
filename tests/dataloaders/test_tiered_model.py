"""Two loaders that share a second level, against what must hold after any history."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from clients.tmf import Entity
from dataloaders.held import ENTRY_BYTES, Held
from dataloaders.lru import ByteLRU
from dataloaders.tiered import Caches, TieredLoader
from kernel.clock import FixedClock
from kernel.context import Audience
from kernel.errors import UpstreamError, UpstreamUnavailableError
from tests.dataloaders.loading import AB, FRESHNESS, A, B, context, settle
from tests.processes import PATIENCE

AUDIENCES = [Audience("en", "web"), Audience("de", "web")]
STEPS = st.one_of(
    st.tuples(
        st.just("load"),
        st.integers(0, 1),
        st.sampled_from("xyz"),
        st.sampled_from([A, B, AB]),
        st.sampled_from(AUDIENCES),
    ),
    st.tuples(
        st.just("keep"), st.integers(0, 1), st.sampled_from("xyz"), st.sampled_from([A, B]), st.just(AUDIENCES[0])
    ),
    st.tuples(st.just("turns"), st.integers(1, 6)),
    st.tuples(st.just("advance"), st.sampled_from([1, 50, 101, 150, 1_000])),
    st.tuples(st.just("forget"), st.integers(0, 1)),
    st.tuples(st.just("upstream"), st.sampled_from(["well", "down", "empty"])),
)


class Mark(Entity, frozen=True):
    """Each attribute says for whom and when it was read."""

    a: tuple[str, float] | None = None
    b: tuple[str, float] | None = None


class World:
    """An upstream with moods, a clock, and a second level that takes a turn of the loop."""

    usable = True

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.mood = "well"
        self.flying: list[dict[tuple[str, str], frozenset[str]]] = [{}, {}]
        self.shared: dict[str, Held[Mark]] = {}
        self.memories = [ByteLRU[Held[Mark]](ENTRY_BYTES * 4) for _ in range(2)]
        self.loaders = [self._loader(which) for which in range(2)]
        self.served = 0

    def _loader(self, which: int) -> TieredLoader[Mark]:
        async def fetch(
            audience: Audience, wanted: Mapping[str, frozenset[str]]
        ) -> dict[str, Mark | UpstreamError | None]:
            return await self.fetch(which, audience, wanted)

        caches: Any = Caches(self.memories[which], self, FRESHNESS, self.clock)  # type: ignore[arg-type]
        return TieredLoader("mark", fetch, caches)

    async def fetch(
        self, which: int, audience: Audience, wanted: Mapping[str, frozenset[str]]
    ) -> dict[str, Mark | UpstreamError | None]:
        for key, fields in wanted.items():
            flying = self.flying[which].get((audience.key, key), frozenset())
            assert not fields <= flying, "a second flight for what is in the air"
            self.flying[which][audience.key, key] = fields | flying
        mood, now = self.mood, self.clock.now()
        for _ in range(3):
            await asyncio.sleep(0)
        for key in wanted:
            self.flying[which].pop((audience.key, key), None)
        if mood == "down":
            return dict.fromkeys(wanted, UpstreamUnavailableError("mark"))
        if mood == "empty":
            return dict.fromkeys(wanted)
        return {key: Mark(id=key, **dict.fromkeys(fields & AB, (audience.key, now))) for key, fields in wanted.items()}

    async def get_many(self, keys: Sequence[str]) -> list[Held[Mark] | None]:
        await asyncio.sleep(0)
        return [self.shared.get(key) for key in keys]

    async def set_many(self, values: Mapping[str, Held[Mark]], seconds: float) -> None:
        await asyncio.sleep(0)
        self.shared.update(values)

    async def load(self, which: int, key: str, fields: frozenset[str], audience: Audience) -> None:
        """What a shopper asks, and what may never be answered."""
        try:
            found = await self.loaders[which].load(context(audience), key, fields)
        except UpstreamUnavailableError:
            return
        if found is None:
            return
        self.served += 1
        assert found.id == key
        for name in fields:
            mark = getattr(found, name)
            assert mark is not None, "an attribute that was asked for is lacking"
            assert mark[0] == audience.key, "another audience's value"
            assert self.clock.now() - mark[1] <= FRESHNESS.keep, "a dead value"


@given(st.lists(STEPS, max_size=40))
async def test_any_history(steps: list[Any]) -> None:
    """After any history no value lacks what was asked for, is another's or dead; nothing flies twice, all waits end."""
    world = World()
    waiting: list[asyncio.Task[None]] = []
    for step, *details in steps:
        if step == "load":
            waiting.append(asyncio.create_task(world.load(*details)))
        elif step == "keep":
            which, key, fields, audience = details
            read = Mark(id=key, **dict.fromkeys(fields, (audience.key, world.clock.now())))
            world.loaders[which].keep(audience, {key: read}, fields)
        elif step == "turns":
            for _ in range(details[0]):
                await asyncio.sleep(0)
        elif step == "advance":
            await asyncio.gather(*waiting)  # so that what is served has the age that was looked at
            world.clock.advance(details[0])
        elif step == "forget":
            world.memories[details[0]].clear()
        else:
            world.mood = details[0]
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*waiting)
    for which, loader in enumerate(world.loaders):
        await settle(loader)
        flights = loader._flights
        assert (flights._flying, flights._batches, flights._tasks) == ({}, {}, set())
        assert world.memories[which].bytes <= world.memories[which].max_bytes
        await loader.aclose()
