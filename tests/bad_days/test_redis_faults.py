"""Redis gone, going, silent, or full of rubbish: slower, never wrong, never down."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis as redis_client
from redis.backoff import NoBackoff
from redis.retry import Retry

from bff.dev import embedded_redis
from sandbox.control import SandboxControl
from tests.conftest import MakeGateway
from tests.upstream import counts

PAGE = "{ productOfferings(first: 20) { nodes { name prices { name gross { amount } } specification { name } } } }"
THREE = {"offerings": 1, "prices": 1, "specifications": 1}


@pytest.fixture
async def right(gateway: MakeGateway, sandbox: SandboxControl) -> object:
    """The right answer, read without any Redis."""
    async with gateway() as client:
        page = await client.data(PAGE)
    sandbox.reset_calls()
    return page


@pytest.mark.parametrize("url", ["unix:///nowhere/valkey.sock", "redis://127.0.0.1:1/0"])
async def test_down_from_the_start(gateway: MakeGateway, sandbox: SandboxControl, right: object, url: str) -> None:
    """Without the Redis that the settings name, the process starts, answers, and keeps to its own memory."""
    async with gateway(redis_url=url) as client:
        assert await client.data(PAGE) == right
        assert await client.data(PAGE) == right
        assert (await client.http.get("/readyz")).status_code == 200
    assert counts(sandbox) == THREE


async def test_going_away_in_the_middle(
    gateway: MakeGateway, sandbox: SandboxControl, right: object, tmp_path: Path
) -> None:
    """A process whose Redis dies answers on from memory, and reads from the upstream what it does not have."""
    more = "{ productOfferings(first: 20) { nodes { description } } }"
    with embedded_redis(tmp_path) as url:
        async with gateway(redis_url=url) as warm:
            await warm.data(PAGE)
        sandbox.reset_calls()
        async with gateway(redis_url=url) as client:
            assert await client.data("{ productOfferings(first: 20) { nodes { name } } }")
            assert counts(sandbox) == {}
            with (
                redis_client.Redis.from_url(url, retry=Retry(NoBackoff(), 0)) as redis,
                pytest.raises(redis_client.ConnectionError),
            ):
                redis.execute_command("SHUTDOWN", "NOSAVE")
            assert await client.data(PAGE) == right
            assert counts(sandbox) == {"prices": 1, "specifications": 1}
            assert len((await client.data(more))["productOfferings"]["nodes"]) == 20
            assert counts(sandbox) == THREE


async def test_coming_back(gateway: MakeGateway, sandbox: SandboxControl, right: object, tmp_path: Path) -> None:
    """A Redis that comes back empty is filled again and used again, by the same process."""
    document = "{ productOfferings(first: 5) { nodes { description } } }"
    with embedded_redis(tmp_path / "one") as url:
        async with gateway(redis_url=url) as client:
            assert await client.data(PAGE) == right
            with redis_client.Redis.from_url(url, retry=Retry(NoBackoff(), 0)) as redis:
                redis.flushall()
            await client.data(document)
        sandbox.reset_calls()
        async with gateway(redis_url=url) as other:
            await other.data(document)
    assert counts(sandbox) == {}


@pytest.mark.parametrize("rubbish", [b"", b"garbage", b"\xff" * 100, b"\x93\xc0\x90\x00", b"\x83" * 50_000])
async def test_full_of_rubbish(
    gateway: MakeGateway, sandbox: SandboxControl, right: object, redis_url: str, rubbish: bytes
) -> None:
    """Values that are not ours count as not there."""
    async with gateway(redis_url=redis_url) as client:
        await client.data(PAGE)
    with redis_client.Redis.from_url(redis_url) as redis:
        keys = list(redis.scan_iter())
        assert len(keys) > 50
        for key in keys:
            redis.set(key, rubbish)
    sandbox.reset_calls()
    async with gateway(redis_url=redis_url) as client:
        assert await client.data(PAGE) == right
    assert counts(sandbox) == THREE


async def test_keys_of_another_kind(
    gateway: MakeGateway, sandbox: SandboxControl, right: object, redis_url: str
) -> None:
    """Lists where values should be are no reason to fail either."""
    async with gateway(redis_url=redis_url) as client:
        await client.data(PAGE)
    with redis_client.Redis.from_url(redis_url) as redis:
        for key in list(redis.scan_iter()):
            redis.delete(key)
            redis.rpush(key, b"x")
    sandbox.reset_calls()
    async with gateway(redis_url=redis_url) as client:
        assert await client.data(PAGE) == right
    assert counts(sandbox) == THREE


@contextmanager
def silent_server() -> Iterator[int]:
    """Takes connections and never says a word."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            try:
                while True:
                    held.append(server.accept()[0])
            except OSError:
                return

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for each in held:
                each.close()


async def test_silent(gateway: MakeGateway, sandbox: SandboxControl, right: object) -> None:
    """A Redis that accepts and never answers costs its time-out once, not once a read."""
    with silent_server() as port:
        async with gateway(redis_url=f"redis://127.0.0.1:{port}/0") as client, asyncio.timeout(20):
            assert await client.data(PAGE) == right
            assert await client.data(PAGE) == right
    assert counts(sandbox) == THREE
