"""Redis gone and back, a process that stops, and secrets that are typed once: what becomes of sockets."""

import asyncio
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import redis as redis_client
from redis.backoff import NoBackoff
from redis.retry import Retry
from websockets.exceptions import InvalidStatus

from bff.dev import embedded_redis
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.carts.shopper import Shopper, add
from tests.processes import free_ports, serving
from tests.sockets.conftest import Estate, User, settings_over, token_of
from tests.sockets.follower import Remote, following, socket


async def test_a_change_while_redis_is_away_is_seen_once_it_is_back(
    sandbox_process: SandboxProcess, sandbox: SandboxControl, migrated_file: Path, tmp_path: Path
) -> None:
    """Nobody can tell of it then. The connection is made anew, and who follows looks again.

    The two processes never look by themselves in this test, so it is the connection that brings it.
    """
    shutil.copy(migrated_file, tmp_path / "bff.db")
    given = settings_over(sandbox_process.base_url, tmp_path / "bff.db")
    port = free_ports(2)
    with (
        embedded_redis(tmp_path / "redis") as url,
        serving(redis_url=url, port=port, **given) as (one, _),
        serving(redis_url=url, port=port + 1, **given) as (other, _),
    ):
        async with Remote(one) as client:
            guest = Shopper(client)
            await guest.create()
            async with following(other, guest) as follower:
                assert (await follower.cart())["version"] == 1
                await guest.update(add("po-mobile-m"))
                assert (await follower.cart())["version"] == 2
                with (
                    redis_client.Redis.from_url(url, retry=Retry(NoBackoff(), 0)) as redis,
                    pytest.raises(redis_client.ConnectionError),
                ):
                    redis.execute_command("SHUTDOWN", "NOSAVE")
                await guest.update(add("po-mobile-m"))
                assert guest.cart["version"] == 3
                with embedded_redis(tmp_path / "redis"):
                    assert (await follower.cart())["version"] == 3
                    await guest.update(add("po-mobile-m"))
                    assert (await follower.cart())["version"] == 4


async def test_without_redis_a_process_tells_itself_and_others_look(
    sandbox_process: SandboxProcess, sandbox: SandboxControl, migrated_file: Path, tmp_path: Path
) -> None:
    shutil.copy(migrated_file, tmp_path / "bff.db")
    given = settings_over(sandbox_process.base_url, tmp_path / "bff.db")
    port = free_ports(2)
    looking = {**given, "sockets_look": 0.2}
    with serving(port=port, **given) as (one, _), serving(port=port + 1, **looking) as (other, _):
        async with Remote(one) as client:
            guest = Shopper(client)
            await guest.create()
            async with following(one, guest) as near, following(other, guest) as far:
                assert [(await each.cart())["version"] for each in (near, far)] == [1, 1]
                await guest.update(add("po-mobile-m"))
                assert [(await each.cart())["version"] for each in (near, far)] == [2, 2]


async def test_a_cart_system_that_is_down_shows_the_last_known_cart(
    estate: Estate, guest: Shopper, sandbox: SandboxControl
) -> None:
    await guest.update(add("po-mobile-m"))
    sandbox.fault("status", status=500, api="TMF663")
    async with following(estate.one, guest) as follower:
        shown = await follower.cart()
        assert (shown["version"], shown["stale"], len(shown["lines"]["nodes"])) == (2, True, 1)


async def test_what_fails_in_a_stream_is_masked_as_over_http(
    estate: Estate, guest: Shopper, sandbox: SandboxControl
) -> None:
    """A field that fails is null with a typed code, and the stream goes on."""
    await guest.update(add("po-kaiyo-k1"))
    sandbox.fault("status", status=500, api="TMF620", resource="productSpecification")
    document = """subscription($id: ID!) { cartUpdated(id: $id) {
      version lines { nodes { offering { specification { brand } } } } } }"""
    async with socket(estate.other) as follower:
        await follower.begin(guest.headers)
        await follower.follow(guest.cart["id"], document=document)
        message = await follower.next()
        assert message["type"] == "next"
        (error,) = message["payload"]["errors"]
        assert (error["extensions"]["code"], set(error["extensions"])) == ("UPSTREAM_UNAVAILABLE", {"code", "errorId"})
        assert error["message"] == "A system behind the shop is not available."
        sandbox.clear_faults()


async def test_a_process_that_stops_says_so(
    sandbox_process: SandboxProcess, sandbox: SandboxControl, migrated_file: Path, tmp_path: Path
) -> None:
    """Each socket is closed as going away, whatever it was about; no new one is taken; and nothing goes wrong."""
    shutil.copy(migrated_file, tmp_path / "bff.db")
    log = tmp_path / "log"
    settings = settings_over(sandbox_process.base_url, tmp_path / "bff.db", log_level="info")
    with serving(log=log, **settings) as (base, process):
        async with Remote(base) as client:
            guest = Shopper(client)
            await guest.create()
            async with following(base, guest) as follower, socket(base) as idle, socket(base) as begun:
                await follower.cart()
                await begun.begin()
                os.kill(process, signal.SIGTERM)
                assert [await each.closed() for each in (follower, idle, begun)] == [1001, 1001, 1001]
            with pytest.raises((OSError, InvalidStatus, EOFError)):
                async with asyncio.timeout(60), socket(base):
                    pass
    said = log.read_text()
    assert "Shutting down" in said
    assert [word for word in ("error", "Traceback", "exceeded") if word in said] == []


async def test_no_secret_is_logged_at_any_level(
    estate: Estate, guest: Shopper, ada: User, sandbox: SandboxControl, sandbox_process: SandboxProcess
) -> None:
    """Tokens in the payload, in headers, in cookies, in the URL and in broken messages, with the log at debug."""
    secrets = {
        "guest's token": guest.token or "",
        "access token": ada.bearer,
        "broken token": "canary-broken-token-9",
        "expired token": token_of(sandbox, sandbox_process.base_url, seconds=-60),
        "in the URL": "canary-in-the-url-7",
        "in a document": "canary-in-a-document-5",
        "in variables": "canary-in-variables-3",
    }
    for payload in (guest.headers, ada.headers):
        async with following(estate.one, ada, payload) as follower:
            await follower.next()
            await follower.connection.send('{"type": "canary-in-a-document-5"}')
            assert await follower.closed() == 4400
    for bad in ("broken token", "expired token"):
        async with socket(estate.one) as follower:
            await follower.send("connection_init", payload={"Authorization": f"Bearer {secrets[bad]}"})
            assert await follower.closed() == 4401
    session: dict[str, Any] = {"additional_headers": {"cookie": f"__Host-session={ada.bearer}"}}
    async with socket(estate.one, **session) as follower:
        await follower.begin()
        await follower.follow(secrets["in variables"])
        assert await follower.refused() == ["BAD_REQUEST"]
    async with socket(estate.one, query=f"?token={secrets['in the URL']}") as follower:
        await follower.begin()
    with pytest.raises(InvalidStatus):
        async with socket(estate.one, query=f"?token={secrets['in the URL']}", origin="https://evil.example"):
            pass
    said = "".join(log.read_text(errors="replace") for log in estate.logs)
    assert "debug" in said
    assert [name for name, secret in secrets.items() if secret in said] == []
