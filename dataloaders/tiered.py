"""One keyed read, made cheap: batched per tick, flown once, kept in process and in Redis, served stale when it must be.

Everything the gateway reads and may keep goes through here. The one thing a newcomer would get wrong: a cached value
knows *which attributes* it was read with. A value that lacks one that is asked for now is a miss, and the read that
follows asks for both what it held and what it lacked.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec
import structlog

from dataloaders.freshness import Age, Freshness
from dataloaders.lru import ByteLRU
from dataloaders.shared import SharedCache
from kernel.clock import Clock
from kernel.context import Audience, RequestContext
from kernel.errors import UpstreamError, UpstreamInvalidError, UpstreamTimeoutError

log = structlog.get_logger(__name__)

V = TypeVar("V")

# Objects in memory take about this many times the bytes of their MessagePack (measured: docs/performance.md).
MEMORY_FACTOR = 6


class Held(msgspec.Struct, Generic[V], frozen=True):
    """A value as it was read: with which attributes, and when (seconds since the epoch). None: there was none."""

    value: V | None
    fields: frozenset[str]
    read_at: float


Outcome: TypeAlias = Held[V] | UpstreamError
Fetch: TypeAlias = Callable[[Audience, Mapping[str, frozenset[str]]], Awaitable[Mapping[str, V | UpstreamError | None]]]


@dataclass
class Caches(Generic[V]):
    """The two levels and the rules between them."""

    memory: ByteLRU[Held[V]]
    shared: SharedCache[Held[V]]
    freshness: Freshness
    clock: Clock


@dataclass
class _Batch(Generic[V]):
    """What is wanted for one audience in one tick: each key, the attributes, and who waits."""

    audience: Audience
    wanted: dict[str, frozenset[str]] = field(default_factory=dict)
    waiting: dict[str, list[asyncio.Future[Outcome[V]]]] = field(default_factory=dict)


class TieredLoader(Generic[V]):
    """Loads values of one kind by key. `fetch` gets the keys of one audience, each with the attributes it needs."""

    def __init__(self, name: str, fetch: Fetch[V], caches: Caches[V]) -> None:
        self._name, self._fetch = name, fetch
        self._memory, self._shared = caches.memory, caches.shared
        self._freshness, self._clock = caches.freshness, caches.clock
        self._batches: dict[str, _Batch[V]] = {}
        self._flying: dict[str, tuple[frozenset[str], asyncio.Future[Outcome[V]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def load_many(
        self, ctx: RequestContext, keys: Sequence[str], fields: frozenset[str]
    ) -> list[V | UpstreamError | None]:
        """Each key's value with at least `fields`, None where there is none, or what kept it from being known."""
        held = {key: self._held(ctx.audience, key, fields) for key in keys}
        ages = {key: self._age(found) for key, found in held.items()}
        flights = {key: self._request(ctx.audience, key, fields) for key, age in ages.items() if age is not Age.FRESH}
        await self._wait(ctx, {key: flight for key, flight in flights.items() if ages[key] is not Age.STALE}, ages)
        return [self._outcome(held[key], ages[key], flights.get(key)) for key in keys]

    async def load(self, ctx: RequestContext, key: str, fields: frozenset[str]) -> V | None:
        """One key's value, or None.

        Raises:
            UpstreamError: what kept it from being known.
        """
        (found,) = await self.load_many(ctx, [key], fields)
        if isinstance(found, UpstreamError):
            raise found
        return found

    def keep(self, audience: Audience, values: Mapping[str, V | None], fields: frozenset[str]) -> None:
        """Remember values that were read on another way, such as with a list."""
        now = self._clock.now()
        held = {_key(audience, key): Held(value, fields, now) for key, value in values.items()}
        for key, item in held.items():
            self._remember(key, item)
        self._spawn(self._shared.set_many(held, self._freshness.keep))

    async def aclose(self) -> None:
        """End what still flies; nobody waits for it any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # ------------------------------------------------------------------ what is there

    def _held(self, audience: Audience, key: str, fields: frozenset[str]) -> Held[V] | None:
        found = self._memory.get(_key(audience, key))
        return found if found is not None and fields <= found.fields else None

    def _age(self, held: Held[V] | None) -> Age:
        if held is None:
            return Age.DEAD
        return self._freshness.age(self._clock.now() - held.read_at, missing=held.value is None)

    def _remember(self, key: str, held: Held[V]) -> None:
        before = self._memory.get(key)
        if before is not None and self._age(before) is Age.FRESH:
            held = _merged(before, held)
        self._memory.put(key, held, len(key) + len(msgspec.msgpack.encode(held)) * MEMORY_FACTOR)

    @staticmethod
    def _outcome(held: Held[V] | None, age: Age, flight: asyncio.Future[Outcome[V]] | None) -> V | UpstreamError | None:
        if flight is not None and age is not Age.STALE and flight.done():
            outcome = flight.result()
            return outcome.value if isinstance(outcome, Held) else outcome
        assert held is not None  # noqa: S101  (a key with nothing held is waited for until it is done)
        return held.value

    async def _wait(
        self, ctx: RequestContext, flights: Mapping[str, asyncio.Future[Outcome[V]]], ages: Mapping[str, Age]
    ) -> None:
        """Until all have landed; not past the deadline, nor past the patience when something old is held for each.

        Raises:
            UpstreamTimeoutError: the deadline came first.
        """
        if not flights:
            return
        bare = any(ages[key] is Age.DEAD for key in flights)
        seconds = ctx.deadline.require(self._name) if bare else self._freshness.patience
        _, late = await asyncio.wait(flights.values(), timeout=seconds)
        if late and any(not flight.done() and ages[key] is Age.DEAD for key, flight in flights.items()):
            raise UpstreamTimeoutError(self._name, detail="the request's deadline came before the answer")

    # ------------------------------------------------------------------ what must be read

    def _request(self, audience: Audience, key: str, fields: frozenset[str]) -> asyncio.Future[Outcome[V]]:
        """The flight that brings `key` with `fields`: one already in the air, or a seat in this tick's batch."""
        full = _key(audience, key)
        flying = self._flying.get(full)
        if flying is not None and fields <= flying[0]:
            return flying[1]
        loop = asyncio.get_running_loop()
        batch = self._batches.get(audience.key)
        if batch is None:
            batch = self._batches[audience.key] = _Batch(audience)
            loop.call_soon(self._depart, audience.key)
        held = self._memory.get(full)
        batch.wanted[key] = batch.wanted.get(key, frozenset()) | fields | (held.fields if held else frozenset())
        seat: asyncio.Future[Outcome[V]] = loop.create_future()
        batch.waiting.setdefault(key, []).append(seat)
        return seat

    def _depart(self, audience_key: str) -> None:
        batch = self._batches.pop(audience_key)
        for key, fields in batch.wanted.items():
            self._flying[_key(batch.audience, key)] = (fields, batch.waiting[key][0])
        self._spawn(self._fly(batch))

    async def _fly(self, batch: _Batch[V]) -> None:
        landed: dict[str, Outcome[V]] = {}
        try:
            landed = await self._read(batch)
        except Exception as error:
            log.exception("loader.failed", loader=self._name)
            landed = dict.fromkeys(batch.wanted, UpstreamInvalidError(self._name, detail=repr(error)))
        finally:
            self._land(batch, landed)

    def _land(self, batch: _Batch[V], landed: Mapping[str, Outcome[V]]) -> None:
        for key, seats in batch.waiting.items():
            full = _key(batch.audience, key)
            if self._flying.get(full, (None, None))[1] is seats[0]:
                del self._flying[full]
            for seat in seats:
                if not seat.done():
                    seat.set_result(landed.get(key, UpstreamTimeoutError(self._name, detail="the gateway is stopping")))

    async def _read(self, batch: _Batch[V]) -> dict[str, Outcome[V]]:
        """From Redis what is fresh there, the rest from the upstream; what that fails to give, stale from anywhere."""
        landed, fallback = await self._read_shared(batch)
        rest = {key: fields for key, fields in batch.wanted.items() if key not in landed}
        if not rest:
            return landed
        read = await self._fetch(batch.audience, rest)
        now = self._clock.now()
        good: dict[str, Held[V]] = {}
        for key, fields in rest.items():
            outcome = read[key]
            if isinstance(outcome, UpstreamError):
                landed[key] = fallback.get(key, outcome)
                log.warning("upstream.failed", loader=self._name, stale=key in fallback, detail=outcome.detail)
            else:
                landed[key] = good[key] = Held(outcome, fields, now)
        self._keep_all(batch.audience, good)
        return landed

    async def _read_shared(self, batch: _Batch[V]) -> tuple[dict[str, Outcome[V]], dict[str, Held[V]]]:
        fresh: dict[str, Outcome[V]] = {}
        usable: dict[str, Held[V]] = {}
        names = {key: _key(batch.audience, key) for key in batch.wanted}
        shared = await self._shared.get_many(list(names.values()))
        for (key, full), found in zip(names.items(), shared, strict=True):
            for held in (self._memory.get(full), found):
                if held is None or not batch.wanted[key] <= held.fields or self._age(held) is Age.DEAD:
                    continue
                if key not in usable or held.read_at > usable[key].read_at:
                    usable[key] = held
            if key in usable and self._age(usable[key]) is Age.FRESH:
                fresh[key] = usable[key]
                self._remember(full, usable[key])
        return fresh, usable

    def _keep_all(self, audience: Audience, held: Mapping[str, Held[V]]) -> None:
        named = {_key(audience, key): item for key, item in held.items()}
        for key, item in named.items():
            self._remember(key, item)
        self._spawn(self._shared.set_many(named, self._freshness.keep))

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _key(audience: Audience, key: str) -> str:
    return f"{audience.key}:{key}"


def _merged(before: Held[V], after: Held[V]) -> Held[V]:
    """What was just read, with the attributes that only the earlier read had; as old as the older of the two.

    Without this, a list read for its names would throw away the details that a page had just paid for.
    """
    if before.value is None or after.value is None or before.fields <= after.fields:
        return after
    model: Any = type(after.value)
    read = {
        field.name: getattr(after.value, field.name)
        for field in msgspec.structs.fields(model)
        if field.encode_name in after.fields
    }
    value: Any = msgspec.structs.replace(before.value, **read)  # type: ignore[type-var]
    return Held(value, before.fields | after.fields, min(before.read_at, after.read_at))
