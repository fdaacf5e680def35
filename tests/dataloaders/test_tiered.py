"""The loader of everything: batched, flown once, kept on two levels, served stale when it must be."""

import asyncio
import dataclasses
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec import structs
from redis.asyncio import Redis

from dataloaders.held import ENTRY_BYTES
from kernel.context import Audience, Segment
from kernel.errors import UpstreamInvalidError, UpstreamTimeoutError, UpstreamUnavailableError
from kernel.lasting import NEVER
from tests.dataloaders.loading import AB, EN, FRESHNESS, A, B, Item, Upstream, context, departed, set_up, settle
from tests.processes import PATIENCE

DOWN = UpstreamUnavailableError("test")


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


# ---------------------------------------------------------------------- one read for many


async def test_burst() -> None:
    """A thousand equal loads at once are one read of one key."""
    setup = set_up()
    found = await asyncio.gather(*(setup.load("x") for _ in range(1_000)))
    assert found == [Item(id="x", a=1)] * 1_000
    assert setup.upstream.asked == [{"x": "a"}]


async def test_one_batch_a_tick() -> None:
    """Loads of different keys and attributes in one tick are one read, each key with all that is wanted of it."""
    setup = set_up()
    found = await asyncio.gather(setup.load("x", A), setup.load("y", A), setup.load("x", B), setup.load_many("z", "x"))
    assert setup.upstream.asked == [{"x": "ab", "y": "a", "z": "a"}]
    x = Item(id="x", a=1, b=1)
    assert found == [x, Item(id="y", a=1), x, [Item(id="z", a=1), x]]


async def test_joins_what_flies() -> None:
    """A load that comes while its key is being read waits for that read, if it brings enough; else a read of its own
    asks for both, and serves those who come after it."""
    setup = set_up()
    gate = asyncio.Event()
    setup.upstream.gates = [gate, gate]
    first = [asyncio.create_task(setup.load("x", A))]
    await departed(setup.upstream)
    first.append(asyncio.create_task(setup.load("x", A)))
    wider = asyncio.create_task(setup.load("x", B))
    await departed(setup.upstream, 2)
    late = [asyncio.create_task(setup.load("x", fields)) for fields in (A, B, AB)]
    await departed(setup.upstream, 2)
    gate.set()
    assert await asyncio.gather(*first) == [Item(id="x", a=1)] * 2
    assert await asyncio.gather(wider, *late) == [Item(id="x", a=2, b=2)] * 4
    assert setup.upstream.asked == [{"x": "a"}, {"x": "ab"}]


async def test_duplicates() -> None:
    """A key asked for twice in one call is read once and given twice."""
    setup = set_up()
    assert await setup.load_many("x", "y", "x") == [Item(id="x", a=1), Item(id="y", a=1), Item(id="x", a=1)]
    assert setup.upstream.asked == [{"x": "a", "y": "a"}]


async def test_nothing() -> None:
    """For no keys nothing is read."""
    setup = set_up()
    assert await setup.load_many() == []
    await settle(setup.loader)
    assert setup.upstream.reads == []


# ---------------------------------------------------------------------- until when it is fresh


async def test_what_was_loaded_is_fresh_until_the_first_of_it_is_not() -> None:
    """100 s here, 10 s for what is missing; of what is past that, a moment; an error says nothing about it."""
    setup = set_up()
    start = setup.clock.now()
    setup.upstream.missing = {"none"}
    await setup.load("x")
    setup.clock.advance(40)
    assert (await setup.load_many("y")).fresh_until == start + 140
    assert (await setup.load_many("y", "x")).fresh_until == start + 100
    assert (await setup.load_many("y", "none")).fresh_until == start + 50
    setup.upstream.failing = DOWN
    assert (await setup.load_many("y", "z")).fresh_until == start + 140
    setup.clock.advance(70)
    assert (await setup.load_many("y", "x")).fresh_until == start + 111
    await settle(setup.loader)


async def test_what_has_changed_and_could_not_be_renewed_is_good_for_a_moment() -> None:
    """Once the upstream is back it is asked again, and not when the old would have ceased to be fresh."""
    setup = set_up()
    start = setup.clock.now()
    await setup.load_many("x", "y")
    setup.clock.advance(10)
    setup.loader.outdate("x", setup.clock.now())
    setup.upstream.failing = DOWN
    found = await setup.load_many("x", "y")
    assert (found, found.fresh_until) == ([Item(id="x", a=1), Item(id="y", a=1)], start + 11)
    assert (await setup.load_many("y")).fresh_until == start + 100
    setup.clock.advance(5)
    setup.loader.outdate(None, setup.clock.now())
    assert (await setup.load_many("y")).fresh_until == start + 16
    setup.upstream.failing = None
    setup.clock.advance(1)
    found = await setup.load_many("x", "y")
    assert (found[0].a > 1, found.fresh_until) == (True, start + 116)


async def test_what_is_never_fresh_is_so_until_it_was_read() -> None:
    setup = set_up(freshness=dataclasses.replace(FRESHNESS, fresh=0, stale_while_revalidate=0))
    assert (await setup.load_many("x")).fresh_until == setup.clock.now()


async def test_without_memory_nothing_is_kept_and_nothing_promised() -> None:
    """Each load is a read; what flies is still shared."""
    setup = set_up(memory_bytes=0)
    setup.upstream.missing = {"none"}
    for number in (1, 2):
        found = await setup.load_many("x", "none")
        assert (found, found.fresh_until) == ([Item(id="x", a=number), None], NEVER)
    both = await asyncio.gather(setup.load_many("x", "y"), setup.load("y"))
    assert both == [[Item(id="x", a=3), Item(id="y", a=3)], Item(id="y", a=3)]
    assert await setup.load_many() == []
    setup.upstream.failing = DOWN
    assert await setup.load_many("x") == [DOWN]
    assert (len(setup.memory), setup.loader.generation) == (0, 0)


async def test_without_memory_redis_still_keeps(redis: Redis) -> None:
    setup = set_up(redis, memory_bytes=0)
    await setup.load("x")
    await settle(setup.loader)
    assert await setup.load("x") == Item(id="x", a=1)
    assert len(setup.upstream.reads) == 1


# ---------------------------------------------------------------------- fresh for whom it was read


async def test_what_was_read_since_a_request_began_is_fresh_for_it() -> None:
    """Where nothing is to be kept, a request still asks for nothing twice, however long its calls take; the next one
    asks anew."""
    setup = set_up(freshness=dataclasses.replace(FRESHNESS, fresh=0, stale_while_revalidate=0, missing=0))
    setup.upstream.missing = {"none"}
    asking = structs.replace(context(), began=setup.clock.now())
    for _ in range(3):
        assert await setup.loader.load_many(asking, ["x", "none"], A) == [Item(id="x", a=1), None]
        setup.clock.advance(7)
    later = structs.replace(context(), began=setup.clock.now())
    assert await setup.loader.load_many(later, ["x", "none"], A) == [Item(id="x", a=2), None]
    assert len(setup.upstream.reads) == 2


async def test_what_changed_since_it_was_read_is_not() -> None:
    """An event ends that, as it ends everything."""
    setup = set_up(freshness=dataclasses.replace(FRESHNESS, fresh=0, stale_while_revalidate=0))
    asking = structs.replace(context(), began=setup.clock.now())
    await setup.loader.load_many(asking, ["x", "y"], A)
    setup.clock.advance(1)
    setup.loader.outdate("x", setup.clock.now())
    assert await setup.loader.load_many(asking, ["x", "y"], A) == [Item(id="x", a=2), Item(id="y", a=1)]
    setup.clock.advance(1)
    setup.loader.outdate(None, setup.clock.now())
    assert await setup.loader.load_many(asking, ["x", "y"], A) == [Item(id="x", a=3), Item(id="y", a=3)]


async def test_what_came_with_something_is_as_good_as_that() -> None:
    """Of what was read beside something nothing is read again, unless it is older than that."""
    setup = set_up(freshness=dataclasses.replace(FRESHNESS, fresh=0, stale_while_revalidate=0))
    read_at = setup.clock.now()
    setup.loader.keep(EN, {"x": Item(id="x", a=50)}, A, read_at=read_at)
    setup.loader.keep(EN, {"old": Item(id="old", a=50)}, A, read_at=read_at - 1)
    setup.clock.advance(5)
    asking = structs.replace(context(), began=setup.clock.now())
    found = await setup.loader.load_many(asking, ["x", "old"], A, beside=read_at)
    assert found == [Item(id="x", a=50), Item(id="old", a=1)]


async def test_reading_the_same_again_changes_nothing() -> None:
    """`generation` stays where a renewal gives the very objects that were there, and moves where it does not."""
    setup = set_up()
    same, other = Item(id="x", a=50), Item(id="x", a=50)
    generations = []
    for value, fields in ((same, A), (same, A), (other, A), (other, AB), (None, AB), (None, AB)):
        setup.loader.keep(EN, {"x": value}, fields)
        generations.append(setup.loader.generation)
        setup.clock.advance(101)
    assert [after - before for before, after in itertools.pairwise(generations)] == [0, 1, 1, 1, 0]


# ---------------------------------------------------------------------- audiences


@pytest.mark.parametrize(
    "other", [Audience("de", "web"), Audience("en", "app"), Audience("en", "web", frozenset({Segment.B2C}))]
)
async def test_audiences_are_apart(redis: Redis, other: Audience) -> None:
    """What was read for one audience is never given to another: not in flight, in memory, or from Redis."""
    upstream = Upstream()
    setup = set_up(redis, upstream=upstream)
    ours, theirs = await asyncio.gather(setup.load("x", A, EN), setup.load("x", A, other))
    assert [upstream.reads[found.a - 1][0] for found in (ours, theirs)] == [EN.key, other.key]
    await settle(setup.loader)
    elsewhere = set_up(redis, setup.clock, upstream)
    assert await elsewhere.load("x", A, other) == theirs
    assert await elsewhere.load("x", A, EN) == ours
    assert len(upstream.reads) == 2


# ---------------------------------------------------------------------- attributes


async def test_what_it_lacks() -> None:
    """A kept value that lacks an attribute is read again, with what it held as well; then it serves all."""
    setup = set_up()
    assert await setup.load("x", A) == Item(id="x", a=1)
    assert await setup.load("x", B) == Item(id="x", a=2, b=2)
    assert await setup.load("x", A) == Item(id="x", a=2, b=2)
    assert setup.upstream.asked == [{"x": "a"}, {"x": "ab"}]


async def test_kept_on_another_way() -> None:
    """A narrower value kept from a list renews what it brings, keeps the rest, and makes none of it seem younger."""
    setup = set_up()
    await setup.load("x", AB)
    setup.clock.advance(60)
    setup.loader.keep(EN, {"x": Item(id="x", a=50)}, A)
    assert await setup.load("x", AB) == Item(id="x", a=50, b=1)
    setup.clock.advance(41)  # `b` is 101 s old now
    assert await setup.load("x", AB) == Item(id="x", a=50, b=1)
    await settle(setup.loader)
    assert setup.upstream.asked == [{"x": "ab"}, {"x": "ab"}]
    assert await setup.load("x", AB) == Item(id="x", a=2, b=2)


async def test_kept_beside_something_stale() -> None:
    """What is no longer fresh is not patched with newer parts: it is replaced."""
    setup = set_up()
    await setup.load("x", AB)
    setup.clock.advance(101)
    setup.loader.keep(EN, {"x": Item(id="x", a=50)}, A)
    assert await setup.load("x", A) == Item(id="x", a=50)
    assert await setup.load("x", B) == Item(id="x", a=2, b=2)


async def test_a_late_read_takes_nothing_newer_away() -> None:
    """One that began before another and ends after it, when neither is fresh any more: the newer stands in for errors.
    What the clock puts into the future, since it was set back, is not newer."""
    setup = set_up()
    gate = asyncio.Event()
    setup.upstream.gates.append(gate)
    late = asyncio.create_task(setup.load("x"))
    await departed(setup.upstream)
    for _ in range(2):
        setup.clock.advance(1)
        setup.loader.outdate("x", setup.clock.at)
        setup.clock.advance(1)
        if setup.upstream.ended == 0:
            assert (await setup.load("x")).a == 2
    gate.set()
    await late
    setup.upstream.failing = UpstreamUnavailableError("item")
    assert (await setup.load("x")).a == 2
    setup.upstream.failing = None
    setup.clock.advance(-60)
    assert (await setup.load("x")).a == 4
    setup.upstream.failing = UpstreamUnavailableError("item")
    assert (await setup.load("x")).a == 4
    await setup.loader.aclose()


@pytest.mark.parametrize(("before", "after"), [(None, Item(id="x", a=9)), (Item(id="x", a=9), None)])
async def test_came_and_gone(before: Item | None, after: Item | None) -> None:
    """Something that was created, or is gone, is as it was read last, whatever was known of it."""
    setup = set_up()
    setup.loader.keep(EN, {"x": before}, AB)
    setup.loader.keep(EN, {"x": after}, A)
    assert await setup.load("x", A) == after
    assert setup.upstream.reads == []


# ---------------------------------------------------------------------- ages


async def test_fresh() -> None:
    """What is fresh is given without asking anybody."""
    setup = set_up()
    await setup.load("x")
    setup.clock.advance(100)
    assert await setup.load("x") == Item(id="x", a=1)
    await settle(setup.loader)
    assert len(setup.upstream.reads) == 1


async def test_stale() -> None:
    """What is stale is given at once and renewed behind, once."""
    setup = set_up()
    await setup.load("x")
    setup.clock.advance(101)
    gate = asyncio.Event()
    setup.upstream.gates = [gate]
    assert [await setup.load("x") for _ in range(5)] == [Item(id="x", a=1)] * 5
    await departed(setup.upstream, 2)
    gate.set()
    await settle(setup.loader)
    assert await setup.load("x") == Item(id="x", a=2)
    assert len(setup.upstream.reads) == 2


async def test_stale_and_failing() -> None:
    """A renewal that fails behind a stale answer is felt by nobody."""
    setup = set_up()
    await setup.load("x")
    setup.clock.advance(101)
    setup.upstream.failing = DOWN
    for _ in range(3):
        assert await setup.load("x") == Item(id="x", a=1)
        await settle(setup.loader)
    assert len(setup.upstream.reads) == 4


async def test_old_is_renewed_first() -> None:
    """What is old is renewed before it is given."""
    setup = set_up()
    await setup.load("x")
    setup.clock.advance(201)
    assert await setup.load("x") == Item(id="x", a=2)


async def test_old_when_the_upstream_fails() -> None:
    """What is old is better than an error."""
    setup = set_up()
    await setup.load("x")
    setup.clock.advance(1_100)
    setup.upstream.failing = DOWN
    assert await setup.load("x") == Item(id="x", a=1)
    assert len(setup.upstream.reads) == 2


async def test_old_when_more_is_wanted() -> None:
    """What is old is given to whoever it suffices, also when a wider read in the same tick fails; the other fails."""
    setup = set_up()
    await setup.load("x", A)
    setup.clock.advance(201)
    setup.upstream.failing = DOWN
    found = await asyncio.gather(setup.load("x", A), setup.load("x", B), return_exceptions=True)
    assert found == [Item(id="x", a=1), DOWN]
    assert setup.upstream.asked[1:] == [{"x": "ab"}]


async def test_old_when_the_upstream_drags() -> None:
    """What is old is given when the patience is over; the renewal goes on and serves the next."""
    setup = set_up()
    await setup.load("x")
    setup.clock.advance(201)
    gate = asyncio.Event()
    setup.upstream.gates = [gate]
    assert await setup.load("x") == Item(id="x", a=1)
    assert setup.upstream.ended == 1
    gate.set()
    await settle(setup.loader)
    assert await setup.load("x") == Item(id="x", a=2)


async def test_patience_ends_with_the_deadline() -> None:
    """With less time than patience the old is given when the time is up: a patience without end never matters."""
    setup = set_up(freshness=dataclasses.replace(FRESHNESS, patience=3_600))
    await setup.load("x")
    setup.clock.advance(201)
    setup.upstream.gates = [asyncio.Event()]
    async with asyncio.timeout(PATIENCE):
        assert await setup.load("x", seconds=0.01) == Item(id="x", a=1)
    await setup.loader.aclose()


async def test_old_does_not_wait_for_what_is_missing() -> None:
    """Beside something that must be waited for, each key still gets what it can: the read, the old, or an error."""
    setup = set_up()
    await setup.load_many("old", "both")
    setup.clock.advance(201)
    hang = asyncio.Event()
    setup.upstream.gates = [hang]
    assert await setup.load("old") == Item(id="old", a=1)  # its renewal hangs from here on
    found = await setup.load_many("old", "new", "both")
    assert found == [Item(id="old", a=1), Item(id="new", a=3), Item(id="both", a=3)]
    hang.set()
    await settle(setup.loader)


async def test_dead() -> None:
    """What is dead is never given, not even instead of an error."""
    setup = set_up()
    await setup.load("x")
    setup.clock.advance(1_101)
    setup.upstream.failing = DOWN
    with pytest.raises(UpstreamUnavailableError):
        await setup.load("x")


async def test_missing() -> None:
    """That there is no such thing is believed for a short time, and never instead of an error."""
    setup = set_up()
    setup.upstream.missing = {"x"}
    assert [await setup.load("x") for _ in range(3)] == [None] * 3
    assert len(setup.upstream.reads) == 1
    setup.clock.advance(11)
    setup.upstream.failing = DOWN
    with pytest.raises(UpstreamUnavailableError):
        await setup.load("x")
    setup.upstream.failing, setup.upstream.missing = None, set()
    assert await setup.load("x") == Item(id="x", a=3)


# ---------------------------------------------------------------------- failures


async def test_errors_are_the_keys_own() -> None:
    """Among many keys each has its own outcome, and an error is not kept."""
    setup = set_up()
    setup.upstream.failing = DOWN
    assert await setup.load_many("x", "y") == [DOWN, DOWN]
    setup.upstream.failing = None
    setup.upstream.missing = {"y"}
    assert await setup.load_many("x", "y") == [Item(id="x", a=2), None]


@pytest.mark.parametrize("failing", [RuntimeError("bug"), AssertionError("ids"), KeyError("x")])
async def test_a_crash(failing: Exception) -> None:
    """A fetch that crashes is an upstream's unusable answer, not a waiter without end, and is not kept."""
    setup = set_up()
    setup.upstream.failing = failing
    with pytest.raises(UpstreamInvalidError) as caught:
        await setup.load("x")
    assert repr(failing) in caught.value.detail
    setup.upstream.failing = None
    assert await setup.load("x") == Item(id="x", a=2)


async def test_deadline() -> None:
    """At the deadline a waiter gets a time-out; the read goes on and is kept."""
    setup = set_up()
    gate = asyncio.Event()
    setup.upstream.gates = [gate]
    with pytest.raises(UpstreamTimeoutError):
        await setup.load("x", seconds=0.01)
    gate.set()
    await settle(setup.loader)
    assert await setup.load("x") == Item(id="x", a=1)
    assert len(setup.upstream.reads) == 1


async def test_deadline_of_one_key() -> None:
    """A key that comes too late costs only itself."""
    setup = set_up()
    await setup.load("kept")
    setup.upstream.gates = [asyncio.Event()]
    kept, late = await setup.load_many("kept", "late", seconds=0.01)
    assert kept == Item(id="kept", a=1)
    assert isinstance(late, UpstreamTimeoutError)
    await setup.loader.aclose()


async def test_deadline_passed() -> None:
    """After the deadline nothing is read any more; what is kept is still given, stale or old."""
    setup = set_up()
    await setup.load_many("x", "old")
    setup.clock.advance(101)
    setup.loader.keep(EN, {"new": Item(id="new", a=7)}, A)
    *kept, missed = await setup.load_many("x", "new", "missed", seconds=-1)
    assert kept == [Item(id="x", a=1), Item(id="new", a=7)]
    assert isinstance(missed, UpstreamTimeoutError)
    setup.clock.advance(100)
    assert await setup.load("old", seconds=0) == Item(id="old", a=1)
    await settle(setup.loader)
    assert len(setup.upstream.reads) == 1


async def test_cancelled_waiter() -> None:
    """A waiter that goes away ends neither the read nor the others' waiting."""
    setup = set_up()
    gate = asyncio.Event()
    setup.upstream.gates = [gate]
    leaving, staying = (asyncio.create_task(setup.load("x")) for _ in range(2))
    await departed(setup.upstream)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    gate.set()
    assert await staying == Item(id="x", a=1)
    assert await setup.load("x") == Item(id="x", a=1)
    assert len(setup.upstream.reads) == 1


@pytest.mark.parametrize("turns", range(6))
async def test_close(turns: int) -> None:
    """Closing lands all waiters, whether their read has not yet departed, just has, or flies; nothing goes on."""
    setup = set_up()
    setup.upstream.gates = [asyncio.Event()]
    waiting = [asyncio.create_task(setup.load(key, seconds=60)) for key in ("x", "x", "y")]
    for _ in range(turns):
        await asyncio.sleep(0)
    await setup.loader.aclose()
    if turns == 0:  # not even begun: they ask a loader that was closed, and are no waiters yet
        for task in waiting:
            task.cancel()
        return
    async with asyncio.timeout(PATIENCE):
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [UpstreamTimeoutError] * 3
    flights = setup.loader._flights
    assert (setup.upstream.ended, flights._tasks, flights._flying) == (0, set(), {})


async def test_close_twice() -> None:
    """Closing what is closed, or never used, is fine."""
    setup = set_up()
    await setup.loader.aclose()
    await setup.loader.aclose()


# ---------------------------------------------------------------------- two levels


async def test_shared_between_two(redis: Redis) -> None:
    """What one process read the other gives without reading, with its age: it is stale for both at once."""
    upstream = Upstream()
    one = set_up(redis, upstream=upstream)
    other = set_up(redis, one.clock, upstream)
    await one.load("x", AB)
    await settle(one.loader)
    one.clock.advance(60)
    assert await other.load("x", A) == Item(id="x", a=1, b=1)
    assert len(upstream.reads) == 1
    one.clock.advance(41)
    await other.load("x", A)
    await settle(other.loader)
    assert len(upstream.reads) == 2


async def test_what_was_read_before_the_end_is_shared(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ends writes down first what it has just read, however long that takes: the next one finds it."""
    upstream = Upstream()
    one = set_up(redis, upstream=upstream)
    written = one.loader._shared.set_many

    async def slowly(*given: Any) -> None:
        for _ in range(20):
            await asyncio.sleep(0)
        await written(*given)

    monkeypatch.setattr(one.loader._shared, "set_many", slowly)
    await one.load("x", A)
    await one.loader.aclose()
    assert await set_up(redis, one.clock, upstream).load("x", A) == Item(id="x", a=1)
    assert len(upstream.reads) == 1


async def test_shared_lacks_an_attribute(redis: Redis) -> None:
    """A value in Redis that lacks an attribute is a miss."""
    upstream = Upstream()
    one = set_up(redis, upstream=upstream)
    await one.load("x", A)
    await settle(one.loader)
    assert await set_up(redis, one.clock, upstream).load("x", B) == Item(id="x", b=2)


async def test_shared_older_value(redis: Redis) -> None:
    """An older and wider value from Redis fills in what memory lacks, and does not turn back what it holds."""
    upstream = Upstream()
    one = set_up(redis, upstream=upstream)
    await one.load("x", AB)
    await settle(one.loader)
    one.clock.advance(10)
    other = set_up(redis, one.clock, upstream)
    other.loader._shared = set_up().loader._shared  # what is kept here does not reach Redis
    other.loader.keep(EN, {"x": Item(id="x", a=50)}, A)
    other.loader._shared = one.loader._shared
    assert await other.load("x", B) == Item(id="x", a=1, b=1)
    assert await other.load("x", AB) == Item(id="x", a=50, b=1)
    assert len(upstream.reads) == 1


async def test_shared_when_the_upstream_fails(redis: Redis) -> None:
    """A process that holds nothing gives what is old in Redis rather than an error, but nothing dead."""
    upstream = Upstream()
    one = set_up(redis, upstream=upstream)
    await one.load("x")
    await settle(one.loader)
    upstream.failing = DOWN
    one.clock.advance(1_100)
    assert await set_up(redis, one.clock, upstream).load("x") == Item(id="x", a=1)
    one.clock.advance(1)
    with pytest.raises(UpstreamUnavailableError):
        await set_up(redis, one.clock, upstream).load("x")


async def test_missing_is_shared_shortly(redis: Redis) -> None:
    """That there is none is shared too, and Redis forgets it as soon as it is not believed any more."""
    upstream = Upstream(missing={"x"})
    one = set_up(redis, upstream=upstream)
    await one.load_many("x", "y")
    await settle(one.loader)
    lives = {key.decode().rsplit(":", 1)[1]: await redis.ttl(key) for key in await redis.keys("*")}
    assert 0 < lives["x"] <= 10
    assert 1_000 < lives["y"] <= 1_100
    assert await set_up(redis, one.clock, upstream).load("x") is None
    assert len(upstream.reads) == 1


async def test_without_redis() -> None:
    """With Redis out of reach all works from memory and the upstream."""
    async with Redis(port=1) as nowhere:
        setup = set_up(nowhere)
        assert await setup.load("x") == Item(id="x", a=1)
        assert await setup.load("x") == Item(id="x", a=1)
        await settle(setup.loader)
    assert len(setup.upstream.reads) == 1


async def test_memory_is_bounded(redis: Redis) -> None:
    """A memory that holds one entry holds the last; the others come from Redis again, not from the upstream."""
    setup = set_up(redis, memory_bytes=ENTRY_BYTES * 4)
    for key in "xyzx":
        assert (await setup.load(key)).id == key
        await settle(setup.loader)
    assert (len(setup.memory), len(setup.upstream.reads)) == (1, 3)
