"""The second level: what processes share through Redis, and Redis in trouble."""

import asyncio
import socket
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from bff.dev import embedded_redis
from clients.tmf620 import CharacteristicValue, ProductOfferingPrice
from dataloaders.held import Held
from dataloaders.redis_cache import JsonSerializer
from dataloaders.shared import SharedCache, _model_tag
from kernel.clock import FixedClock


class Fact(msgspec.Struct, frozen=True):
    value: str
    at: int = 0


class OtherFact(msgspec.Struct, frozen=True):
    value: str
    at: str = ""


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


def cache(redis: Redis | None, clock: FixedClock | None = None, **more: float) -> SharedCache[Fact]:
    return SharedCache(redis, Fact, "fact", clock or FixedClock(), **more)


async def test_round_trip(redis: Redis) -> None:
    """What one process keeps another finds, in the order it asks; what is not there is None."""
    await cache(redis).set_many({"a": Fact("A", 1), "b": Fact("B")}, 60)
    assert await cache(redis).get_many(["b", "x", "a"]) == [Fact("B"), None, Fact("A", 1)]


async def test_nothing_to_do(redis: Redis) -> None:
    """For no keys and no values Redis is not asked."""
    before = (await redis.info("commandstats")).keys()
    assert await cache(redis).get_many([]) == []
    await cache(redis).set_many({}, 60)
    after = (await redis.info("commandstats")).keys()
    assert after - before <= {"cmdstat_info"}
    assert not {"cmdstat_mget", "cmdstat_mset"} & (after - before)


@pytest.mark.parametrize(("seconds", "ttl"), [(60, 60), (59.2, 60), (0.2, 1)])
async def test_ttl(redis: Redis, seconds: float, ttl: int) -> None:
    """Every key has a time to live, rounded up to a second: nothing stays for ever."""
    await cache(redis).set_many({"a": Fact("A")}, seconds)
    [key] = await redis.keys("*")
    assert 0 < await redis.pttl(key) <= ttl * 1_000
    assert await redis.ttl(key) >= ttl - 1


async def test_keys(redis: Redis) -> None:
    """A key tells whose it is: ours, the namespace, the model's tag."""
    await cache(redis).set_many({"a:1": Fact("A")}, 60)
    [key] = await redis.keys("*")
    assert key.decode().startswith(f"bff:fact:{_model_tag(Fact)}:")
    assert key.decode().endswith(":a:1")


async def test_other_model(redis: Redis) -> None:
    """A release with another model does not read the values of this one, nor does another namespace."""
    await cache(redis).set_many({"a": Fact("A")}, 60)
    other: SharedCache[OtherFact] = SharedCache(redis, OtherFact, "fact", FixedClock())
    elsewhere: SharedCache[Fact] = SharedCache(redis, Fact, "elsewhere", FixedClock())
    assert await other.get_many(["a"]) == [None]
    assert await elsewhere.get_many(["a"]) == [None]


def test_tag() -> None:
    """The tag of a model changes with its fields, also with those of a model inside it, and is stable otherwise."""
    assert _model_tag(Fact) == _model_tag(Fact)
    assert len({_model_tag(kind) for kind in (Fact, OtherFact, Held[Fact], Held[OtherFact], list[Fact])}) == 5


@pytest.mark.parametrize("junk", [b"", b"\xff\xfe", b"{", b"[]", b'{"value": 7}', b"[" * 5_000, b'{"value": "\xff"}'])
async def test_junk(redis: Redis, junk: bytes) -> None:
    """A value that cannot be read counts as not there; its neighbours are read, and Redis is asked again."""
    shared = cache(redis)
    await shared.set_many({"a": Fact("A"), "b": Fact("B")}, 60)
    keys = {key.decode().rsplit(":", 1)[1]: key for key in await redis.keys("*")}
    await redis.set(keys["a"], junk)
    assert await shared.get_many(["a", "b"]) == [None, Fact("B")]
    assert await shared.get_many(["b"]) == [Fact("B")]


FREE = st.none() | st.booleans() | st.integers(-(2**100), 2**100) | st.text(max_size=5)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False).filter(
    lambda number: "." in str(number) or "E" in str(number)
)


@given(FREE | DECIMALS | st.lists(FREE, max_size=3) | st.dictionaries(st.text(max_size=3), FREE, max_size=3))
def test_values_come_back_as_they_were(value: object) -> None:
    """A free value is the same after Redis: a decimal stays a decimal to the last digit, a long integer an integer."""
    serializer = JsonSerializer(Held[CharacteristicValue])
    held = Held(CharacteristicValue(value=value), frozenset({"value"}), 1.5)
    back = serializer.loads(serializer.dumps(held))
    assert back == held
    assert repr(back.value.value) == repr(value)


@given(st.decimals(-(10**14), 10**14, allow_nan=False).map(str))
def test_money_comes_back_exact(text: str) -> None:
    """An amount is the same decimal after Redis."""
    serializer = JsonSerializer(ProductOfferingPrice)
    body = f'{{"id": "p", "price": {{"unit": "EUR", "value": "{text}"}}}}'.encode()
    price = msgspec.json.decode(body, type=ProductOfferingPrice)
    back = serializer.loads(serializer.dumps(price))
    assert back.price.value == price.price.value == Decimal(text)


# ---------------------------------------------------------------------- Redis in trouble


async def test_without_redis() -> None:
    """Without Redis the cache is always empty."""
    shared = cache(None)
    await shared.set_many({"a": Fact("A")}, 60)
    assert await shared.get_many(["a", "b"]) == [None, None]


async def test_nobody_listens() -> None:
    """With nobody at Redis's port the cache is empty and takes what it is given."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        async with Redis(port=taken.getsockname()[1]) as client:
            for _ in range(2):
                shared = cache(client)
                assert await shared.get_many(["a", "b"]) == [None, None]
                await shared.set_many({"a": Fact("A")}, 60)
            await cache(client).set_many({"a": Fact("A")}, 60)


async def test_redis_hangs() -> None:
    """A Redis that takes the connection and says nothing is given up after the time-out."""

    async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            writer.close()

    tasks: list[asyncio.Task[None]] = []
    server = await asyncio.start_server(lambda r, w: tasks.append(asyncio.ensure_future(hang(r, w))), "127.0.0.1", 0)
    async with Redis(port=server.sockets[0].getsockname()[1]) as client:
        assert await cache(client, timeout=0.05).get_many(["a"]) == [None]
        await cache(client, timeout=0.05).set_many({"a": Fact("A")}, 60)
    server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_answer_given_up_reaches_nobody_else(redis: Redis, redis_url: str) -> None:
    """The late answer to a command that was given up is never taken for the answer to the next."""
    clock = FixedClock()
    await cache(redis, clock, timeout=10).set_many({"a": Fact("A"), "b": Fact("B")}, 60)
    shared = cache(redis, clock, timeout=0.05)
    async with Redis.from_url(redis_url) as admin:
        await admin.execute_command("CLIENT", "PAUSE", "60000", "WRITE")
        await shared.set_many({"a": Fact("late"), "b": Fact("late")}, 60)
        await admin.execute_command("CLIENT", "UNPAUSE")
    clock.advance(1)
    shared = cache(redis, clock, timeout=10)
    found = [await shared.get_many([key]) for key in "bxa"]
    assert found in ([[Fact("B")], [None], [Fact("A")]], [[Fact("late")], [None], [Fact("late")]])


async def test_redis_dies_and_comes_back(tmp_path: Path) -> None:
    """Redis killed in between costs what it held, no error; after a second's rest it is used again."""
    clock = FixedClock()
    with embedded_redis(tmp_path / "redis") as url:
        client = Redis.from_url(url)
        shared = cache(client, clock)
        await shared.set_many({"a": Fact("A")}, 60)
        assert await shared.get_many(["a"]) == [Fact("A")]
    assert await shared.get_many(["a"]) == [None]
    await shared.set_many({"a": Fact("A2")}, 60)
    with embedded_redis(tmp_path / "redis"):
        clock.advance(0.99)
        await shared.set_many({"b": Fact("B")}, 60)
        assert await shared.get_many(["b"]) == [None]
        clock.advance(0.01)
        assert await shared.get_many(["b"]) == [None]
        await shared.set_many({"b": Fact("B")}, 60)
        assert await shared.get_many(["b"]) == [Fact("B")]
    await client.aclose()


async def test_failing_writes_rest_too(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """After any failure Redis is left alone for a second, in both directions."""
    clock = FixedClock()
    shared = cache(redis, clock)
    await redis.config_set("maxmemory", "1")  # every write is refused
    try:
        await shared.set_many({"a": Fact("A")}, 60)
    finally:
        await redis.config_set("maxmemory", "0")
    await shared.set_many({"a": Fact("A")}, 60)
    assert await redis.dbsize() == 0
    clock.advance(1)
    await shared.set_many({"a": Fact("A")}, 60)
    assert await redis.dbsize() == 1
