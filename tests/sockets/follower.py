"""A client of graphql-transport-ws, for tests: says what a web app's library would say, and whatever it would not."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.carts.shopper import Shopper
from tests.client import Client

PROTOCOL = "graphql-transport-ws"
CART = """subscription Follow($id: ID!) {
  cartUpdated(id: $id) { id version state stale lines { nodes { quantity offering { name } } } }
}"""
PATIENCE = 60.0


class Remote(Client):
    """A client of a gateway that is a process of its own."""

    def __init__(self, base: str) -> None:
        self.http = httpx.AsyncClient(base_url=base)


class Follower:
    """One socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, kind: str, **message: Any) -> None:
        await self.connection.send(json.dumps({"type": kind, **message}))

    async def next(self) -> dict[str, Any]:
        """The next message that is no answer to a ping."""
        async with asyncio.timeout(PATIENCE):
            found: dict[str, Any] = json.loads(await self.connection.recv())
        return found

    async def begin(self, payload: dict[str, Any] | None = None) -> None:
        await self.send("connection_init", **({} if payload is None else {"payload": payload}))
        assert await self.next() == {"type": "connection_ack"}

    async def follow(self, cart: str, *, name: str = "1", document: str = CART) -> None:
        await self.send("subscribe", id=name, payload={"query": document, "variables": {"id": cart}})

    async def cart(self, name: str = "1") -> dict[str, Any]:
        """The cart in the next message, which must be one of this operation's."""
        message = await self.next()
        assert (message["type"], message["id"]) == ("next", name), message
        assert "errors" not in message["payload"], message
        found: dict[str, Any] = message["payload"]["data"]["cartUpdated"]
        return found

    async def refused(self, name: str = "1") -> list[str]:
        """The codes in the next message, which must end this operation."""
        message = await self.next()
        assert (message["type"], message["id"]) == ("error", name), message
        return [error["extensions"]["code"] for error in message["payload"]]

    async def closed(self) -> int:
        """The code that the socket is closed with."""
        async with asyncio.timeout(PATIENCE):
            with suppress(ConnectionClosed):
                while True:
                    await self.connection.recv()
        assert self.connection.close_code is not None
        return self.connection.close_code


@asynccontextmanager
async def socket(base: str, *, query: str = "", **options: Any) -> AsyncIterator[Follower]:
    """A socket to a gateway, open. `options` are those of `connect`: subprotocols, origin, additional_headers."""
    given = {"subprotocols": [PROTOCOL], "compression": None, "proxy": None, "open_timeout": PATIENCE, **options}
    async with connect(f"{base.replace('http', 'ws', 1)}/graphql{query}", **given) as connection:
        yield Follower(connection)


@asynccontextmanager
async def following(base: str, shopper: Shopper, payload: dict[str, Any] | None = None) -> AsyncIterator[Follower]:
    """A socket on which somebody's cart is followed."""
    told = shopper.headers if payload is None else payload
    async with socket(base) as follower:
        await follower.begin(told)
        await follower.follow(shopper.cart["id"])
        yield follower
