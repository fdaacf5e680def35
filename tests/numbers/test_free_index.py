"""The index of an estate: built once, shared through a real Redis, kept true by what is told, gone when Redis is."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from structlog.testing import capture_logs

from domain.reservations.free_index import FreeIndex
from domain.reservations.generations import GenerationStore
from domain.reservations.model import Candidate, NumberTier, ResourceKind
from domain.reservations.shelf import Entry
from kernel.clock import FixedClock
from tests.numbers.inventory import SECRETS, Answers, FakeInventory, card, free_values, index_of, number, reader_of

FREE = {f"4915770{place:05}" for place in range(30)}


def candidate(place: int) -> Candidate:
    return Candidate(ResourceKind.NUMBER, f"msisdn-{place}", f"4915770{place:05}", NumberTier.GOLD)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def server() -> FakeInventory:
    return FakeInventory([number(place) for place in range(30)])


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


async def built(server: Answers, redis: Redis | None, clock: FixedClock) -> FreeIndex:
    index = index_of(reader_of(server), redis, clock)
    await index.look()
    await index.build_if_due()
    await index.look()
    return index


async def test_one_process_builds_and_all_have_it(server: FakeInventory, redis: Redis, clock: FixedClock) -> None:
    """Three processes at once: the upstream is walked once."""
    indexes = [index_of(reader_of(server), redis, clock) for _ in range(3)]
    await asyncio.gather(*(each.build_if_due() for each in indexes))
    for each in indexes:
        await each.look()
    assert [free_values(each) for each in indexes] == [FREE] * 3
    assert len(server.asked) == 1


async def test_it_is_built_anew_when_it_is_old(server: FakeInventory, redis: Redis, clock: FixedClock) -> None:
    """Not before, and then by one process only."""
    index = await built(server, redis, clock)
    other = await built(server, redis, clock)
    clock.advance(900)
    await index.build_if_due()
    assert len(server.asked) == 1
    server.documents = [number(77)]
    clock.advance(1)
    await index.build_if_due()
    await other.build_if_due()
    for each in (index, other):
        await each.look()
    assert len(server.asked) == 2
    assert free_values(index) == free_values(other) == {"491577000077"}


async def test_what_one_process_marks_all_know(server: FakeInventory, redis: Redis, clock: FixedClock) -> None:
    """The one that says so at once, the others when they look; a process that starts later knows it too."""
    index, other = await built(server, redis, clock), await built(server, redis, clock)
    await index.mark([candidate(1), candidate(2)], free=False)
    await index.mark([candidate(2), candidate(99)], free=True)
    expected = (FREE - {"491577000001"}) | {"491577000099"}
    assert free_values(index) == expected
    assert free_values(other) == FREE
    await other.look()
    assert free_values(other) == expected
    assert free_values(await built(server, redis, clock)) == expected
    assert len(server.asked) == 1


async def test_what_is_told_while_it_is_built_is_not_lost(
    server: FakeInventory, redis: Redis, clock: FixedClock
) -> None:
    """A number that goes after its page was read and before the index is there is not in it."""
    index, other = index_of(reader_of(server), redis, clock), index_of(reader_of(server), redis, clock)
    store = index.store
    assert store is not None
    place = await store.place()
    pages = [page async for page in index.reader.all_free()]
    await other.mark([candidate(3)], free=False)
    assert await store.begin("a", 60)
    entries = [Entry.of(each) for page in pages for each in page]
    assert await store.publish("a", entries, at=clock.now(), place=place) is not None
    await index.look()
    assert free_values(index) == FREE - {"491577000003"}


async def test_a_hint_has_it_read_again(server: FakeInventory, redis: Redis, clock: FixedClock) -> None:
    """Gone, taken, changed and new ones, in one list; every process knows."""
    index, other = await built(server, redis, clock), await built(server, redis, clock)
    server.documents[0] = number(0, status="reserved")
    server.documents[1] = {**number(1), "value": "491577099991"}
    server.documents[2] = number(500)
    server.asked.clear()
    index.hint(["resource/msisdn-0", "logicalResource/msisdn-1", "resource/msisdn-2", "resource/msisdn-500"])
    await index.read_hinted()
    await other.look()
    changed = (FREE - {f"4915770{place:05}" for place in range(3)}) | {"491577099991", "491577000500"}
    assert free_values(index) == free_values(other) == changed
    assert [each["id"] for each in server.asked if "id" in each] == ["msisdn-0,msisdn-1,msisdn-2,msisdn-500"]


async def test_what_cannot_be_read_again_stays(server: FakeInventory, redis: Redis, clock: FixedClock) -> None:
    """A hint is no proof."""
    index = await built(server, redis, clock)
    server.down = True
    index.hint(["resource/msisdn-0", "resource/msisdn-1"])
    await index.read_hinted()
    assert free_values(index) == FREE


@pytest.mark.parametrize("names", [["resource/*"], [f"resource/msisdn-{place}" for place in range(501)]])
async def test_too_much_is_built_anew(names: list[str], server: FakeInventory, redis: Redis, clock: FixedClock) -> None:
    """When it is not said what changed, or that is more than is worth asking for; not twice within half a minute."""
    index = await built(server, redis, clock)
    server.documents = [number(77)]
    clock.advance(1)
    index.hint(names)
    await index.read_hinted()
    await index.build_if_due()
    assert len(server.asked) == 1
    clock.advance(30)
    await index.build_if_due()
    await index.look()
    assert (len(server.asked), free_values(index)) == (2, {"491577000077"})


async def test_a_failing_upstream_leaves_the_old_index(server: FakeInventory, redis: Redis, clock: FixedClock) -> None:
    """It is said, and the next one may try at once."""
    index = await built(server, redis, clock)
    clock.advance(901)
    server.down = True
    with capture_logs() as logs:
        await index.build_if_due()
    await index.look()
    assert free_values(index) == FREE
    assert [each["event"] for each in logs] == ["numbers.index_not_built"]
    server.down = False
    await index.build_if_due()
    assert server.asked[-1]["offset"] == "0"


async def test_without_redis_each_builds_its_own(server: FakeInventory, clock: FixedClock) -> None:
    """And hears of its own holds."""
    index = await built(server, None, clock)
    assert free_values(index) == FREE
    await index.mark([candidate(1)], free=False)
    assert free_values(index) == FREE - {"491577000001"}


async def test_a_shelf_worn_while_another_is_built(
    server: FakeInventory, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without Redis: what was told since the building began counts, and what is worn is arranged anew afterwards."""
    index = await built(server, None, clock)
    read, go_on, all_free = asyncio.Event(), asyncio.Event(), index.reader.all_free

    async def slow() -> AsyncIterator[list[Candidate]]:
        async for page in all_free():
            yield page
        read.set()
        await go_on.wait()

    monkeypatch.setattr(index.reader, "all_free", slow)
    clock.advance(901)
    building = asyncio.create_task(index.build_if_due())
    await read.wait()
    await index.mark([candidate(1)], free=False)
    await index.mark([candidate(place) for place in range(1_000, 1_600)], free=True)
    await index.look()
    await index.mark([candidate(2)], free=False)
    go_on.set()
    await building
    expected = (FREE | {f"4915770{place:05}" for place in range(1_000, 1_600)}) - {"491577000001", "491577000002"}
    assert free_values(index) == expected
    server.down = True
    clock.advance(901)
    await index.build_if_due()
    await index.look()
    assert index.shelf is not None
    assert (free_values(index), index.shelf.is_worn) == (expected, False)


async def test_a_redis_that_is_emptied_empties_the_index(
    server: FakeInventory, redis: Redis, clock: FixedClock
) -> None:
    """What others took is not known any more; it is built anew."""
    index = await built(server, redis, clock)
    await redis.flushall()
    await index.look()
    assert index.shelf is None
    await index.build_if_due()
    await index.look()
    assert free_values(index) == FREE


async def test_a_redis_that_is_away_is_believed_for_half_a_minute(
    server: FakeInventory, redis: Redis, clock: FixedClock
) -> None:
    """Then the index is not drawn from any more, since what others take is not heard of; a mark does not fail."""
    index = await built(server, redis, clock)
    async with Redis(unix_socket_path="/nowhere/valkey.sock", retry=Retry(NoBackoff(), 0)) as away:
        index.store = GenerationStore(away)
        with pytest.raises(RedisError):
            await index.look()
        await index.mark([candidate(1)], free=False)
    clock.advance(30)
    assert free_values(index) == FREE - {"491577000001"}
    clock.advance(1)
    assert index.shelf is None


async def test_one_that_is_worn_is_arranged_anew(server: FakeInventory, redis: Redis, clock: FixedClock) -> None:
    """After many changes, and what changes meanwhile counts."""
    index = await built(server, redis, clock)
    await index.mark([candidate(place) for place in range(1_000, 1_600)], free=True)
    worn = index.shelf
    assert worn is not None
    assert worn.is_worn
    looking = asyncio.create_task(index.look())
    while index._late is None and not looking.done():  # noqa: ASYNC110  (the moment it is being arranged)
        await asyncio.sleep(0)
    await index.mark([candidate(1)], free=False)
    await looking
    assert index.shelf is not worn
    assert free_values(index) == (FREE | {f"4915770{place:05}" for place in range(1_000, 1_600)}) - {"491577000001"}


async def test_a_generation_that_lost_a_piece_is_none(server: FakeInventory, redis: Redis, clock: FixedClock) -> None:
    """A Redis that is full throws out what it likes."""
    await built(server, redis, clock)
    keys: list[Any] = await redis.keys("*chunk*")
    await redis.delete(*keys)
    late = index_of(reader_of(server), redis, clock)
    await late.look()
    assert late.shelf is None
    await late.build_if_due()
    await late.look()
    assert free_values(late) == FREE


async def test_old_generations_go(server: FakeInventory, redis: Redis, clock: FixedClock) -> None:
    """The one before stays for two minutes, for whoever reads it just now; told changes are not kept for ever."""
    index = await built(server, redis, clock)
    for place in (1, 2, 3):
        await index.mark([candidate(place)], free=False)
    first: list[Any] = await redis.keys("*chunk*")
    for _ in range(2):
        clock.advance(901)
        await index.build_if_due()
        await index.look()
    lives = [await redis.ttl(key) for key in first]
    assert all(0 < each <= 120 for each in lives)
    assert await redis.xlen("{bff:free}:changes") == 1


async def test_what_is_secret_of_a_card_is_not_in_redis(redis: Redis, clock: FixedClock) -> None:
    """Though the server sends it unasked; not in a piece, not in a change."""
    server = FakeInventory([card(place) for place in range(5)], selects=False)
    index = await built(server, redis, clock)
    index.hint(["resource/sim-1", "resource/sim-2"])
    await index.read_hinted()
    assert len(free_values(index)) == 5
    store = index.store
    assert store is not None
    current = await store.current()
    assert current is not None
    kept = [*(await store.load(current) or []), *(await store.changes("0-0"))[0], *free_values(index)]
    assert not any(secret in repr(kept) for secret in SECRETS)
    raw = b"".join([await redis.dump(key) for key in await redis.keys("*")])
    assert not any(secret.encode() in raw for secret in SECRETS)


async def test_whoever_lost_the_lock_stops_building(
    server: FakeInventory, redis: Redis, redis_url: str, clock: FixedClock
) -> None:
    """One that slept past its time: another builds by now, and what is half read here is not published."""

    def slow(request: httpx.Request) -> httpx.Response:
        with SyncRedis.from_url(redis_url) as other:
            other.set("{bff:free}:building", "another's")
        return server(request)

    index = await built(slow, redis, clock)
    assert index.shelf is None
    assert await redis.get("{bff:free}:building") == b"another's"


async def test_whoever_slept_before_publishing_publishes_nothing(
    server: FakeInventory, redis: Redis, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another's newer index stays: what was told before it was begun is in no stream any more."""
    late, other = index_of(reader_of(server), redis, clock), index_of(reader_of(server), redis, clock)
    store = late.store
    assert store is not None
    still = store.still

    async def sleep_past_the_lock(token: str, seconds: float) -> bool:
        held = await still(token, seconds)
        await redis.delete("{bff:free}:building")
        for place in (3, 4):
            server.documents[place] = number(place, status="reserved")
            await other.mark([candidate(place)], free=False)
        await other.build_if_due()
        return held

    monkeypatch.setattr(store, "still", sleep_past_the_lock)
    await late.build_if_due()
    for each in (late, other):
        await each.look()
    assert free_values(late) == free_values(other) == FREE - {"491577000003", "491577000004"}
    lives = [await redis.ttl(key) for key in await redis.keys("*chunk*")]
    assert len([each for each in lives if each > 120]) == 1


async def test_a_lock_is_kept_and_ended_only_by_its_holder(redis: Redis) -> None:
    """Whoever slept through its time finds out."""
    store = GenerationStore(redis)
    assert await store.begin("a", 60)
    assert not await store.begin("b", 60)
    assert await store.still("a", 60)
    await store.end("b")
    assert not await store.still("b", 60)
    await store.end("a")
    assert await store.begin("b", 60)
