"""One keyed read, made cheap: batched per tick, flown once, kept in process and in Redis, served stale when it must be.

Everything the gateway reads and may keep goes through here. The one thing a newcomer would get wrong: a cached value
knows *which attributes* it was read with. A value that lacks one that is asked for now is a miss, and the read that
follows asks for both what it held and what it lacked.
"""

import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

import structlog

from dataloaders.flights import Batch, Flights, Landing, Outcome
from dataloaders.freshness import Age, Freshness
from dataloaders.held import Held, merged, weight
from dataloaders.lru import ByteLRU
from dataloaders.metrics import Counted
from dataloaders.shared import SharedCache, encode
from kernel.clock import Clock
from kernel.context import Audience, RequestContext
from kernel.errors import UpstreamError, UpstreamTimeoutError
from kernel.lasting import NEVER, Loaded
from kernel.reads import Reads
from kernel.tasks import until_done

log = structlog.get_logger(__name__)

V = TypeVar("V")

_OUTDATED_KEPT = 10_000
_MOMENT = 1.0
_WEIGHED = 8
_NOTHING: tuple[None, Age] = (None, Age.DEAD)
_USED_AT_ONCE = (Age.FRESH, Age.STALE)

Fetch: TypeAlias = Callable[[Audience, Mapping[str, frozenset[str]]], Awaitable[Mapping[str, V | UpstreamError | None]]]


@dataclass
class Caches(Generic[V]):
    """The two levels and the rules between them."""

    memory: ByteLRU[Held[V]]
    shared: SharedCache[Held[V]]
    freshness: Freshness
    clock: Clock


Seen: TypeAlias = dict[str, tuple[Held[V], Age]]


class TieredLoader(Generic[V]):
    """Loads values of one kind by key. `fetch` gets the keys of one audience, each with the attributes it needs.

    `generation` grows with whatever changes what a load can give, but for the mere passing of time.
    """

    def __init__(self, name: str, fetch: Fetch[V], caches: Caches[V]) -> None:
        self._name, self._fetch = name, fetch
        self._memory, self._shared = caches.memory, caches.shared
        self._freshness, self._clock = caches.freshness, caches.clock
        self._flights: Flights[V] = Flights(name, self._read, self._outdated_at, caches.clock)
        self._outdated: OrderedDict[str, float] = OrderedDict()
        self._all_outdated = self._last_outdated = 0.0
        self._weighed = 0
        self._counted = Counted.of(name)
        self.generation = 0

    async def load_many(
        self, ctx: RequestContext, keys: Sequence[str], fields: frozenset[str], *, beside: float = math.inf
    ) -> Loaded[V | UpstreamError | None]:
        """Each key's value with at least `fields`, None where there is none, or what kept it from being known.

        `beside`: when something was read that these came with; as old as that, they are good enough.
        """
        found = await self._outcomes(ctx, keys, fields, min(beside, ctx.began))
        return Loaded([each.value if isinstance(each, Held) else each for each in found], self.fresh_until(keys, found))

    async def load_held(self, ctx: RequestContext, key: str, fields: frozenset[str]) -> Held[V]:
        """One key's value, or None, and when it was read.

        Raises:
            UpstreamError: what kept it from being known.
        """
        (found,) = await self._outcomes(ctx, [key], fields, ctx.began)
        if isinstance(found, UpstreamError):
            raise found
        return found

    async def _outcomes(
        self, ctx: RequestContext, keys: Sequence[str], fields: frozenset[str], since: float
    ) -> Sequence[Outcome[V]]:
        """Of each key. What was read `since` then is fresh, whatever its age."""
        resident = self._resident(ctx, keys, fields, since)
        if resident is not None:
            self._counted.asked(len(resident), 0)
            return resident
        different = dict.fromkeys(keys)
        seen = self._seen(ctx.audience, different, fields, since)
        fresh = {key for key, (_, age) in seen.items() if age is Age.FRESH}
        not_fresh = [key for key in different if key not in fresh] if fresh else different
        self._counted.asked(len(different), len(not_fresh))
        seconds = ctx.deadline.remaining()
        flights: Mapping[str, Landing[V]] = {}
        if seconds > 0:  # past it nothing is asked any more, and what is held must do
            held = {key: held.fields for key, (held, _) in seen.items()}
            flights = self._flights.request(ctx.audience, not_fresh, fields, held)
            await self._wait(flights, seen, seconds)
        chosen = self._landed(keys, seen, flights)
        if chosen is None:
            chosen = [self._chosen(key, seen.get(key, _NOTHING), flights.get(key)) for key in keys]
        if ctx.reads is not None:
            for key, each in zip(keys, chosen, strict=True):
                self._note(ctx.reads, key, each)
        return chosen

    async def load(self, ctx: RequestContext, key: str, fields: frozenset[str]) -> V | None:
        """One key's value, or None.

        Raises:
            UpstreamError: what kept it from being known.
        """
        return (await self.load_held(ctx, key, fields)).value

    def keep(
        self,
        audience: Audience,
        values: Mapping[str, V | None],
        fields: frozenset[str],
        *,
        read_at: float | None = None,
    ) -> None:
        """Remember values that were read on another way, such as with a list, by a call begun at `read_at`, or now."""
        began = self._clock.now() if read_at is None else read_at
        self._keep_all(audience, {key: Held(value, fields, began) for key, value in values.items()})

    def outdate(self, key: str | None, at: float) -> None:
        """What was read of `key` (None: of anything) up to the moment `at` is only good when its renewal fails.

        That holds for every audience, and for what comes later from Redis or from a call that began before `at`.
        """
        self.generation += 1
        if key is None:
            self._all_outdated = max(self._all_outdated, at)
            return
        self._last_outdated = max(self._last_outdated, at)
        self._outdated[key] = max(self._outdated.get(key, 0.0), at)
        self._outdated.move_to_end(key)
        if len(self._outdated) > _OUTDATED_KEPT:
            self._all_outdated = max(self._all_outdated, self._outdated.popitem(last=False)[1])

    async def aclose(self) -> None:
        """End what still flies or is about to; whoever waits for it is told so. What was read is in Redis then."""
        await self._flights.aclose()

    # ------------------------------------------------------------------ what is there

    def fresh_until(self, keys: Sequence[str], found: Sequence[Outcome[V]]) -> float:
        """Until when another load would give these again, if `generation` is still the same then.

        What is past that, or known to have changed and could not be renewed, gets a moment, lest it be looked at for
        every request until it is.
        """
        if not self._memory.max_bytes:
            return NEVER
        fresh, missing, until = self._freshness.fresh, self._freshness.missing, math.inf
        told = max(self._last_outdated, self._all_outdated)
        for key, each in zip(keys, found, strict=True):
            if isinstance(each, Held):
                read_at = each.read_at
                if read_at <= told and read_at <= self._outdated_at(key):
                    until = 0.0
                    break
                ends = read_at + (missing if each.value is None else fresh)
                until = min(until, ends)
        moment, now = min(_MOMENT, fresh / 100), self._clock.now()
        return max(until, now + moment if moment else 0.0)

    def is_outdated(self, read_at: float) -> bool:
        """Whether anything that was read then may have been told to be outdated since."""
        return read_at <= max(self._last_outdated, self._all_outdated)

    def _resident(
        self, ctx: RequestContext, keys: Sequence[str], fields: frozenset[str], since: float
    ) -> list[Held[V]] | None:
        """What memory holds, where it holds every one of them fresh: nearly always, so it costs a look for each and no
        more. None: one is not there so.
        """
        if not self._memory.max_bytes and keys:
            return None
        get, prefix = self._memory.get, _key(ctx.audience, "")
        since = min(since, self._clock.now() - self._freshness.fresh)
        doubted = max(self._last_outdated, self._all_outdated)
        found: list[Held[V]] = []
        for key in keys:
            held = get(prefix + key)
            if held is None or held.value is None or held.read_at < since or not held.fields >= fields:
                return None
            if held.read_at <= doubted and held.read_at <= self._outdated_at(key):
                return None
            if ctx.reads is not None:
                self._note(ctx.reads, key, held)
            found.append(held)
        return found

    def _note(self, reads: Reads, key: str, chosen: Outcome[V]) -> None:
        """Note what is used of `key`, and how long it is good."""
        if isinstance(chosen, UpstreamError):
            reads.doubtful = True
            return
        reads.names.update(self._names_of(key))
        reads.note(*self._freshness.moments(chosen.read_at, missing=chosen.value is None))
        reads.doubtful |= self._age(key, chosen, self._clock.now()) in (Age.OLD, Age.DEAD)

    def _names_of(self, key: str) -> Sequence[str]:
        """Under which names changes of it are told."""
        return (f"{self._name}/{key}",)

    def _seen(self, audience: Audience, keys: Iterable[str], fields: frozenset[str], since: float) -> Seen[V]:
        """What memory holds of each key with these attributes, and how old that is for who asks `since` then; a key of
        which it holds nothing is left out.
        """
        if not self._memory.max_bytes:
            return {}
        keys, prefix, now = [*keys], _key(audience, ""), self._clock.now()
        told, ages = max(self._all_outdated, self._last_outdated), self._freshness.ages(now)
        seen: Seen[V] = {}
        for key, held in zip(keys, self._memory.get_all([prefix + key for key in keys]), strict=True):
            if held is None:
                continue
            if not fields <= held.fields:
                seen[key] = held, Age.DEAD
                continue
            read_at = held.read_at
            if read_at >= since and (read_at > told or read_at > self._outdated_at(key)):
                seen[key] = held, Age.FRESH
                continue
            if read_at <= told or held.value is None:
                seen[key] = held, self._age(key, held, now)
                continue
            for begins, age in ages:
                if read_at >= begins:
                    seen[key] = held, age
                    break
        return seen

    def _age(self, key: str, held: Held[V], now: float) -> Age:
        read_at, missing = held.read_at, held.value is None
        age = self._freshness.age(now - read_at, missing=missing)
        if age is Age.DEAD or read_at > self._outdated_at(key):
            return age
        return Age.DEAD if missing else Age.OLD

    def _fresh_since(self, now: float) -> float:
        """What was read before cannot be fresh any more."""
        return now - max(self._freshness.fresh, self._freshness.missing)

    def _outdated_at(self, key: str) -> float:
        return max(self._outdated.get(key, 0.0), self._all_outdated)

    def _remember(self, audience: Audience, held: Mapping[str, Held[V]]) -> None:
        """Keep all of these, each beside what is fresh of it or was read later; each taken for as large as some are."""
        if not self._memory.max_bytes:
            return
        prefix, now = _key(audience, ""), self._clock.now()
        since, items, changed = self._fresh_since(now), dict[str, Held[V]](), False
        names = [prefix + key for key in held]
        for (key, item), full, before in zip(held.items(), names, self._memory.peek_all(names), strict=True):
            if before is None:
                changed = True
            else:
                late = item.read_at < before.read_at <= now  # it took longer than another that began after it
                if late or (before.read_at >= since and self._age(key, before, now) is Age.FRESH):
                    item = merged(before, item)  # noqa: PLW2901
                if before.fields != item.fields or not self._is_same(before.value, item.value):
                    changed = True
            items[full] = item
        self.generation += changed
        self._memory.put_all(items, self._size([*items.values()]))

    def _is_same(self, before: V | None, after: V | None) -> bool:
        """Whether it makes no difference which of the two is given."""
        return before is after

    def _size(self, items: Sequence[Held[V]]) -> int:
        """What one of these takes, as some of them do; not always the same some, so that in the long run it is true."""
        step = -(-len(items) // _WEIGHED)
        self._weighed += 1
        some = items[self._weighed % step :: step]
        return weight([item.value for item in some], len(encode(some))) // len(some)

    def _landed(self, keys: Sequence[str], seen: Seen[V], flights: Mapping[str, Landing[V]]) -> list[Outcome[V]] | None:
        """What one flight brought, where all were on it and nothing that is held comes first: a page that is new."""
        (flight, *others) = {*flights.values()} or (None,)
        if flight is None or others or not flight.done() or any(age in _USED_AT_ONCE for _, age in seen.values()):
            return None
        landed = flight.result()
        if not landed.keys() >= flights.keys():
            return None
        found = [landed[key] for key in keys]
        return found if {*map(type, found)} == {Held} else None

    def _chosen(self, key: str, seen: tuple[Held[V] | None, Age], flight: Landing[V] | None) -> Outcome[V]:
        landed: Outcome[V] | None = None
        held, age = seen
        if flight is not None and flight.done():
            landed = flight.result().get(key) or UpstreamTimeoutError(self._name, detail="the gateway is stopping")
        if isinstance(landed, Held) and age is not Age.STALE:
            return landed
        if held is not None and age is not Age.DEAD:
            return held
        late = UpstreamTimeoutError(self._name, detail="the request's deadline came before the answer")
        return landed if isinstance(landed, UpstreamError) else late

    async def _wait(self, flights: Mapping[str, Landing[V]], seen: Seen[V], seconds: float) -> None:
        """Until all have landed: `seconds` for what nothing is held of, the patience for what is old."""
        old = {flights[key] for key, (_, age) in seen.items() if age is Age.OLD}
        usable = {key for key, (_, age) in seen.items() if age is not Age.DEAD}
        bare = {flight for key, flight in flights.items() if key not in usable} if usable else {*flights.values()}
        if old:
            await until_done(old | bare, min(seconds, self._freshness.patience))
            seconds -= self._freshness.patience
        if bare and seconds > 0:
            await until_done(bare, seconds)

    # ------------------------------------------------------------------ what must be read

    async def _read(self, batch: Batch[V]) -> dict[str, Outcome[V]]:
        """From Redis what is fresh there, the rest from the upstream; what that fails to give, stale from anywhere."""
        landed, shared = dict[str, Outcome[V]](), dict[str, Held[V]]()
        if self._shared.usable or self._memory.max_bytes:
            landed, shared = await self._read_shared(batch)
        rest = {key: fields for key, fields in batch.wanted.items() if key not in landed} if landed else batch.wanted
        if landed:
            self._counted.redis.inc(len(landed))
        if not rest:
            return landed
        began = self._clock.now()  # what changes while the answer is on its way is not in it
        read = await self._fetch(batch.audience, rest)
        good: dict[str, Held[V]] = {}
        for key, fields in rest.items():
            outcome = read[key]
            if isinstance(outcome, UpstreamError):
                old = self._better_than_nothing(batch, key, shared.get(key))
                landed[key] = outcome if old is None else old
                log.warning("upstream.failed", loader=self._name, stale=old is not None, detail=outcome.detail)
            else:
                landed[key] = good[key] = Held(outcome, fields, began)
        self._counted.upstream.inc(len(good))
        self._counted.failed.inc(len(rest) - len(good))
        self._keep_all(batch.audience, good)
        return landed

    async def _read_shared(self, batch: Batch[V]) -> tuple[dict[str, Outcome[V]], dict[str, Held[V]]]:
        """What is fresh in Redis or, by now, in memory; and what there is in Redis."""
        prefix = _key(batch.audience, "")
        names = [prefix + key for key in batch.wanted]
        found = await self._shared.get_many(names)
        now = self._clock.now()
        since = self._fresh_since(now)
        fresh: dict[str, Held[V]] = {}
        shared: dict[str, Held[V]] = {}
        for (key, fields), here, there in zip(batch.wanted.items(), self._memory.peek_all(names), found, strict=True):
            if there is not None:
                shared[key] = there
            for held in (here, there):
                if held is None or held.read_at < since or not fields <= held.fields:
                    continue
                if self._age(key, held, now) is Age.FRESH and (key not in fresh or held.read_at > fresh[key].read_at):
                    fresh[key] = held
        if fresh:
            self._remember(batch.audience, fresh)
        return {**fresh}, shared

    def _better_than_nothing(self, batch: Batch[V], key: str, shared: Held[V] | None) -> Held[V] | None:
        """What was read last of what memory and Redis have, if it may stand in for an error."""
        now, fields = self._clock.now(), batch.wanted[key]
        known = (self._memory.peek(_key(batch.audience, key)), shared)
        usable = [
            held
            for held in known
            if held is not None and fields <= held.fields and self._age(key, held, now) is not Age.DEAD
        ]
        return max(usable, key=lambda held: held.read_at, default=None)

    def _keep_all(self, audience: Audience, held: Mapping[str, Held[V]]) -> None:
        if not held:
            return
        self._remember(audience, held)
        if not self._shared.usable:
            return
        named = {_key(audience, key): item for key, item in held.items()}
        there = {key: item for key, item in named.items() if item.value is not None}
        missing = {key: item for key, item in named.items() if item.value is None}
        # what is missing no longer than that is believed, or asking for random ids would fill Redis for a day
        for items, seconds in ((there, self._freshness.keep), (missing, self._freshness.missing)):
            if items:
                self._flights.beside(self._shared.set_many(items, seconds))


def _key(audience: Audience, key: str) -> str:
    return f"{audience.key}:{key}"
