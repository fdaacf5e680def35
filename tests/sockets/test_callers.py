"""Whose socket it is: pages of ours with their cookies, other pages without, and how many of one address."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from sandbox.process import SandboxProcess
from tests.carts.shopper import Shopper
from tests.processes import serving
from tests.sockets.conftest import SHOP, Estate, User, settings_over
from tests.sockets.follower import Remote, socket


async def refused(base: str, **options: Any) -> tuple[int, str]:
    """Status and code of a handshake that is not taken."""
    with pytest.raises(InvalidStatus) as caught:
        async with socket(base, **options):
            pass
    response = caught.value.response
    return response.status_code, response.body.decode()


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "https://shop.example.com.evil.example", "http://shop.example.com", "http://["],
)
async def test_pages_of_other_origins_may_not_connect(estate: Estate, origin: str) -> None:
    status, body = await refused(estate.one, origin=origin)
    assert (status, '"code":"FORBIDDEN"' in body) == (403, True)


async def test_pages_that_are_listed_and_pages_of_this_host_may(estate: Estate) -> None:
    for origin in (SHOP, estate.one, estate.one.replace("http", "https")):
        async with socket(estate.one, origin=origin) as follower:
            await follower.begin()


def cookie(name: str, value: str | None) -> dict[str, str]:
    return {"cookie": f"{name}={value}"}


async def test_a_sessions_cookie_counts_from_a_page_of_ours(estate: Estate, ada: User) -> None:
    """Listed, or of this host over HTTPS; no script had to know the token."""
    for origin in (SHOP, estate.one.replace("http", "https")):
        session = cookie("__Host-session", ada.bearer)
        async with socket(estate.one, origin=origin, additional_headers=session) as follower:
            await follower.begin()
            await follower.follow(ada.cart["id"])
            assert (await follower.cart())["version"] == 1


@pytest.mark.parametrize("plain", [True, False])
async def test_it_does_not_from_elsewhere(estate: Estate, ada: User, *, plain: bool) -> None:
    """From a page over plain HTTP, or from what is no page: whoever sends it there is a guest."""
    origin = estate.one if plain else None
    session = {**cookie("__Host-session", ada.bearer), "x-requested-with": "shop"}
    async with socket(estate.one, origin=origin, additional_headers=session) as follower:
        await follower.begin()
        await follower.follow(ada.cart["id"])
        assert await follower.refused() == ["NOT_FOUND"]


async def test_a_token_that_is_none_ends_the_socket(estate: Estate) -> None:
    """As over HTTP: nobody becomes a guest by a bad one."""
    for given in ("Bearer nonsense", "Basic YTpi", "Bearer "):
        async with socket(estate.one) as follower:
            await follower.send("connection_init", payload={"authorization": given})
            assert await follower.closed() == 4401


async def test_the_payload_stands_over_the_handshakes_headers(estate: Estate, guest: Shopper) -> None:
    headers = {"x-cart-token": "A" * 43}
    for told, codes in ((guest.headers, None), ({}, ["NOT_FOUND"])):
        async with socket(estate.one, additional_headers=headers) as follower:
            await follower.begin(told)
            await follower.follow(guest.cart["id"])
            if codes is None:
                assert (await follower.cart())["version"] == 1
            else:
                assert await follower.refused() == codes


# ---------------------------------------------------------------- how many


@pytest.fixture(scope="module")
def narrow(
    sandbox_process: SandboxProcess, migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A gateway that takes three sockets, two of one address, and believes its proxy; guests' tokens are in cookies."""
    database = tmp_path_factory.mktemp("narrow") / "bff.db"
    database.write_bytes(migrated_file.read_bytes())
    settings = settings_over(
        sandbox_process.base_url,
        database,
        sockets_per_process=3,
        sockets_per_address=2,
        sockets_ping=0.5,
        proxies="127.0.0.1",
        metrics_enabled=True,
        cart_cookie=True,
        cors_origins="*",
    )
    with serving(**settings) as (base, _):
        yield base


def behind_proxy(address: str) -> dict[str, Any]:
    return {"additional_headers": {"x-forwarded-for": address}}


async def test_an_address_and_a_process_have_so_many(narrow: str) -> None:
    """Who is over is told so by a status; whoever leaves makes room. IPv6 neighbours count as one."""
    async with AsyncExitStack() as opened:
        first = await opened.enter_async_context(socket(narrow, **behind_proxy("2001:db8::1")))
        await opened.enter_async_context(socket(narrow, **behind_proxy("2001:db8::2")))
        status, body = await refused(narrow, **behind_proxy("2001:db8::3"))
        assert (status, '"code":"RATE_LIMITED"' in body) == (429, True)
        await opened.enter_async_context(socket(narrow, **behind_proxy("192.0.2.1")))
        status, body = await refused(narrow, **behind_proxy("192.0.2.2"))
        assert (status, '"code":"RATE_LIMITED"' in body) == (503, True)
        await first.connection.close()
        third = await opened.enter_async_context(socket(narrow, **behind_proxy("192.0.2.2")))
        await third.begin()
    async with Remote(narrow) as client:
        text = (await client.http.get("/metrics")).text
    counted = [line for line in text.splitlines() if line.startswith("bff_sockets_refused_total")]
    assert counted == ['bff_sockets_refused_total{why="address"} 1.0', 'bff_sockets_refused_total{why="process"} 1.0']


async def test_who_answers_no_ping_is_closed(narrow: str) -> None:
    """A client that went away without a word, or that does not read."""
    host, _, port = narrow.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    )
    async with asyncio.timeout(60):
        heard = await reader.read()
    writer.close()
    assert heard.startswith(b"HTTP/1.1 101 ")
    assert heard.endswith(b"\x88\x18\x03\xf3keepalive ping timeout")


async def test_every_origin_may_connect_where_all_are_listed_and_none_with_cookies(narrow: str) -> None:
    async with Remote(narrow) as client:
        shopper = Shopper(client)
        reply = await client.query(
            'mutation { createCart(input: { idempotencyKey: "7d9f2c1e-0000-4000-8000-000000000011" }) { cart { id } } }'
        )
        shopper.cart = reply.data["createCart"]["cart"]
        token = reply.headers["set-cookie"].partition("=")[2].partition(";")[0]
    for origin, seen in (("https://any.example", False), (narrow.replace("http", "https"), True)):
        async with socket(narrow, origin=origin, additional_headers=cookie("__Host-cart", token)) as follower:
            await follower.begin()
            await follower.follow(shopper.cart["id"])
            if seen:
                assert (await follower.cart())["version"] == 1
            else:
                assert await follower.refused() == ["NOT_FOUND"]


async def test_none_are_served_where_the_setting_says_none(sandbox_process: SandboxProcess, tmp_path: Path) -> None:
    """Then the process has not even loaded what speaks the protocol; the handshake is an ordinary request."""
    settings = settings_over(sandbox_process.base_url, tmp_path / "bff.db", sockets_per_process=0)
    with serving(**settings) as (base, _):
        status, _ = await refused(base)
        assert status in (400, 404, 405)
