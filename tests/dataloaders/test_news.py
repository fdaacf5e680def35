"""What changed is told to all who follow it, in every process, and nothing is missed for good."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import redis as redis_client
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from dataloaders import news as module
from dataloaders.news import News

CHANNEL = "bff:news:test"


@asynccontextmanager
async def process(url: str | None, *, quiet: float = 10.0) -> AsyncIterator[News]:
    """As one process has it."""
    redis = None
    if url is not None:
        redis = Redis.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25, retry=Retry(NoBackoff(), 0))
    news = News(redis, CHANNEL, quiet)
    news.start()
    try:
        yield news
    finally:
        await news.aclose()
        if redis is not None:
            await redis.aclose()


async def woken(event: asyncio.Event) -> None:
    async with asyncio.timeout(30):
        await event.wait()
    event.clear()


async def test_a_name_wakes_those_who_follow_it_in_every_process(redis_url: str) -> None:
    async with process(redis_url) as one, process(redis_url) as other:
        with one.following("a") as here, other.following("a") as there, other.following("b") as else_:
            await woken(there)  # the subscription has begun
            await woken(else_)
            one.tell("a")
            assert here.is_set()
            await woken(there)
            one.tell("b")
            await woken(else_)
            assert not there.is_set()


async def test_what_cannot_be_read_makes_nobody_deaf(redis_url: str) -> None:
    """Anybody may say anything on a channel."""
    async with process(redis_url) as one, process(redis_url) as other:
        with other.following("a") as there:
            await woken(there)  # the subscription has begun
            with redis_client.Redis.from_url(redis_url) as somebody:
                somebody.publish(CHANNEL, b"\xff")
            one.tell("a")
            await woken(there)


async def test_without_redis_a_process_hears_itself() -> None:
    async with process(None) as news:
        with news.following("a") as event:
            news.tell("a")
            assert event.is_set()
        assert news._unsaid == {}


async def test_who_no_longer_follows_is_forgotten(redis_url: str) -> None:
    async with process(redis_url) as news:
        with news.following("a"), news.following("a"):
            pass
        assert news._followers == {}
        news.tell("a")


async def test_nobody_is_connected_before_somebody_follows(redis_url: str) -> None:
    with redis_client.Redis.from_url(redis_url) as server:
        async with process(redis_url) as news:
            assert server.pubsub_numsub(CHANNEL) == [(CHANNEL.encode(), 0)]
            with news.following("a") as event:
                await woken(event)
                assert server.pubsub_numsub(CHANNEL) == [(CHANNEL.encode(), 1)]


async def test_a_connection_that_is_lost_is_made_anew_and_all_look(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was told in between may have been missed."""
    monkeypatch.setattr(module, "_AGAIN", 0.0)
    with redis_client.Redis.from_url(redis_url) as server:
        async with process(redis_url) as news:
            with news.following("a") as first, news.following("b") as second:
                await woken(first)
                await woken(second)
                assert server.execute_command("CLIENT", "KILL", "TYPE", "pubsub") == 1
                await woken(first)
                await woken(second)


async def test_what_cannot_be_told_is_told_later(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each name once, however often it was told; the oldest go when there are too many."""
    monkeypatch.setattr(module, "_MOST_UNSAID", 3)
    monkeypatch.setattr(module, "_AGAIN", 0.0)
    async with process(redis_url) as hearing, process(redis_url) as telling:
        with hearing.following("d") as event, hearing.following("a") as dropped:
            await woken(event)
            await woken(dropped)
            redis, telling.redis = telling.redis, None
            telling.redis = Redis.from_url("unix:///nowhere/valkey.sock", retry=Retry(NoBackoff(), 0))
            for name in "abcdd":
                telling.tell(name)
            assert not await telling._say_once(telling.redis)
            assert list(telling._unsaid) == ["b", "c", "d"]
            telling.redis = redis
            telling._to_say.set()
            await woken(event)
            assert not dropped.is_set()


async def test_what_is_left_to_say_is_said_at_the_end(redis_url: str) -> None:
    async with process(redis_url) as hearing:
        with hearing.following("a") as event:
            await woken(event)
            async with process(redis_url) as stopping:
                stopping.tell("a")
            await woken(event)


async def test_a_redis_that_says_nothing_is_asked_whether_it_is_there(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that answers is kept; one that does not is left for a new connection, which wakes all."""
    monkeypatch.setattr(module, "_AGAIN", 0.0)
    asked: asyncio.Queue[None] = asyncio.Queue()

    async def ping(self: PubSub) -> None:
        asked.put_nowait(None)
        await self.execute_command("PING")

    monkeypatch.setattr(PubSub, "ping", ping)
    with redis_client.Redis.from_url(redis_url) as server:
        async with process(redis_url, quiet=0.05) as news:
            with news.following("a") as event:
                await woken(event)
                before = {each["id"] for each in server.client_list(_type="pubsub")}
                for _ in range(3):
                    await asked.get()
                assert {each["id"] for each in server.client_list(_type="pubsub")} == before
                assert not event.is_set()
                server.execute_command("CLIENT", "PAUSE", 1_000, "ALL")
                await woken(event)
                assert {each["id"] for each in server.client_list(_type="pubsub")} != before
