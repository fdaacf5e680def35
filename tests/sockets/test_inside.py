"""What cannot be brought about from outside: faults of ours, and a client that takes nothing for a while."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog

from bff.app import create_app
from bff.edge.socket import Socket
from domain.carts.carts import Carts
from kernel.errors import UpstreamTimeoutError
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.carts.estate import KEY
from tests.carts.shopper import Shopper, add
from tests.client import Client
from tests.conftest import _with_state, settings_of
from tests.sockets.conftest import settings_over
from tests.sockets.follower import CART

SECRET = "canary-of-a-fault"


class Wire:
    """The server's side of a socket. While `takes` is not set, nothing that is sent goes through."""

    def __init__(self) -> None:
        self.coming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.going: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.takes = asyncio.Event()
        self.takes.set()
        self.coming.put_nowait({"type": "websocket.connect"})

    async def send(self, message: Any) -> None:
        await self.takes.wait()
        self.going.put_nowait(dict(message))

    def say(self, kind: str, **more: Any) -> None:
        self.coming.put_nowait({"type": "websocket.receive", "text": json.dumps({"type": kind, **more})})

    async def next(self) -> Any:
        async with asyncio.timeout(30):
            message = await self.going.get()
        return json.loads(message["text"]) if "text" in message else message


@pytest.fixture
async def wired(
    sandbox_process: SandboxProcess, sandbox: SandboxControl, sqlite_url: str
) -> AsyncIterator[tuple[Wire, Shopper]]:
    """A socket of a guest with a cart, begun."""
    settings = settings_over(sandbox_process.base_url, sqlite_url.removeprefix("sqlite:///"), keys=KEY)
    app = create_app(settings_of(**settings))
    async with app.router.lifespan_context(app) as state:
        served = _with_state(app, dict(state or {}))
        async with Client(served) as client, on_wire(served) as wire:
            shopper = Shopper(client)
            await shopper.create()
            wire.say("connection_init", payload=shopper.headers)
            assert (await wire.next())["type"] == "websocket.accept"
            assert await wire.next() == {"type": "connection_ack"}
            yield wire, shopper


@asynccontextmanager
async def on_wire(app: Any) -> AsyncIterator[Wire]:
    wire = Wire()
    scope = {
        "type": "websocket",
        "path": "/graphql",
        "headers": [],
        "query_string": b"",
        "client": ("192.0.2.1", 1),
        "subprotocols": ["graphql-transport-ws"],
        "extensions": {"websocket.http.response": {}},
    }
    running = asyncio.create_task(app(scope, wire.coming.get, wire.send))
    yield wire
    wire.takes.set()
    wire.coming.put_nowait({"type": "websocket.disconnect", "code": 1005})
    await running


def follow(wire: Wire, shopper: Shopper) -> None:
    wire.say("subscribe", id="1", payload={"query": CART, "variables": {"id": shopper.cart["id"]}})


async def test_a_client_that_takes_nothing_gets_the_latest_in_the_end(wired: tuple[Wire, Shopper]) -> None:
    """What was under way when it stopped reading, then the newest; nothing in between was kept for it."""
    wire, shopper = wired
    follow(wire, shopper)
    assert (await wire.next())["payload"]["data"]["cartUpdated"]["version"] == 1
    wire.takes.clear()
    for _ in range(5):
        await shopper.update(add("po-mobile-m"))
    wire.takes.set()
    seen = [(await wire.next())["payload"]["data"]["cartUpdated"]["version"]]
    while seen[-1] < 6:
        seen.append((await wire.next())["payload"]["data"]["cartUpdated"]["version"])
    assert len(seen) <= 2
    assert wire.going.empty()


@pytest.mark.parametrize(
    ("error", "code"),
    [(RuntimeError(SECRET), "INTERNAL"), (UpstreamTimeoutError("x", detail=SECRET), "UPSTREAM_TIMEOUT")],
)
@pytest.mark.parametrize("at_once", [True, False])
async def test_what_fails_in_the_stream_itself_is_masked(
    wired: tuple[Wire, Shopper], monkeypatch: pytest.MonkeyPatch, error: Exception, code: str, *, at_once: bool
) -> None:
    """The operation ends with an id that finds the rest in the log; the socket goes on."""
    wire, shopper = wired

    def broken(*_: Any) -> Any:
        if at_once:
            raise error
        return failing()

    async def failing() -> Any:
        raise error
        yield

    with monkeypatch.context() as patch, structlog.testing.capture_logs() as logged:
        patch.setattr(Carts, "follow", broken)
        follow(wire, shopper)
        message = await wire.next()
    assert (message["type"], message["id"], message["payload"][0]["extensions"]["code"]) == ("error", "1", code)
    assert SECRET not in json.dumps(message)
    assert [each["error_id"] for each in logged] == [message["payload"][0]["extensions"]["errorId"]]
    follow(wire, shopper)
    assert (await wire.next())["type"] == "next"


async def test_a_fault_in_reading_closes_the_socket_and_tells_nothing(
    wired: tuple[Wire, Shopper], monkeypatch: pytest.MonkeyPatch
) -> None:
    wire, shopper = wired
    follow(wire, shopper)
    assert (await wire.next())["type"] == "next"

    async def broken(*_: Any) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(Socket, "_subscribe", broken)
    follow(wire, shopper)
    assert await wire.next() == {"type": "websocket.close", "code": 1011, "reason": "Something went wrong here"}
