"""Following a cart: the latest and nothing else, verified each time, through whatever fails in between."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import pytest

from bff.app import create_app
from bff.dev import SANDBOX_TMF620, SANDBOX_TMF663
from domain.carts import carts as module
from domain.carts.carts import Carts
from domain.carts.model import Cart, CartState
from kernel.clock import FixedClock
from kernel.context import Audience, Deadline, Principal, RequestContext
from kernel.errors import NotFoundError, StoreUnavailableError, UnauthenticatedError
from kernel.ids import local_id
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.carts.estate import KEY
from tests.carts.shopper import Shopper, add
from tests.client import Client
from tests.conftest import _with_state, settings_of

DAY = 86_400.0


class Followed:
    """A guest with a cart, and the carts of the process itself."""

    def __init__(self, shopper: Shopper, carts: Carts) -> None:
        self.shopper, self.carts = shopper, carts
        self.asked: asyncio.Queue[None] = asyncio.Queue()
        self.gone: type[Exception] | None = None

    @property
    def cart_id(self) -> str:
        return local_id(self.shopper.cart["id"], "Cart")

    async def asking(self) -> RequestContext:
        self.asked.put_nowait(None)
        if self.gone is UnauthenticatedError:
            raise UnauthenticatedError(detail="expired")
        principal = Principal(cart_token="A" * 43 if self.gone else self.shopper.token)
        return RequestContext(Audience("en", "web"), Deadline.after(10), principal)

    def follow(self) -> AsyncGenerator[Cart, None]:
        return self.carts.follow(self.asking, self.cart_id)

    async def change(self) -> None:
        assert (await self.shopper.update(add("po-mobile-m")))["errors"] == []


class Open(Protocol):
    def __call__(self, **given: Any) -> Any: ...


@pytest.fixture
def followed(sandbox_process: SandboxProcess, sandbox: SandboxControl, sqlite_url: str) -> Open:
    """Opens a shop of one process, without Redis; it never looks unless told to."""

    @asynccontextmanager
    async def open_shop(*, clock: FixedClock | None = None, **given: Any) -> AsyncIterator[Followed]:
        settings = {
            "tmf620_url": sandbox_process.base_url + SANDBOX_TMF620,
            "tmf663_url": sandbox_process.base_url + SANDBOX_TMF663["v4"],
            "keys": KEY,
            "database_url": sqlite_url,
            "cart_sweep": 3_600,
            "sockets_look": 3_600,
            **given,
        }
        app = create_app(settings_of(**settings), clock=clock)
        async with app.router.lifespan_context(app) as state:
            assert state is not None
            async with Client(_with_state(app, dict(state))) as client:
                shopper = Shopper(client)
                await shopper.create()
                yield Followed(shopper, state["services"].carts)

    return open_shop


async def test_who_takes_long_gets_the_latest(followed: Open) -> None:
    """Three changes while nobody asked are one, and the next is waited for."""
    async with followed() as one:
        stream = one.follow()
        assert (await anext(stream)).version == 1
        for _ in range(3):
            await one.change()
        assert (await anext(stream)).version == 4
        waiting = asyncio.ensure_future(anext(stream))
        await one.change()
        assert (await waiting).version == 5
        await stream.aclose()


async def test_what_is_unchanged_is_not_shown_again(followed: Open, sandbox: SandboxControl) -> None:
    """However often it is told of; and the cart system is not asked."""
    async with followed() as one:
        stream = one.follow()
        await anext(stream)
        await one.asked.get()
        sandbox.reset_calls()
        waiting = asyncio.ensure_future(anext(stream))
        for _ in range(3):
            one.carts.news.tell(one.cart_id)
            await one.asked.get()
        assert not waiting.done()
        assert sandbox.calls()["total"] == 0
        await one.change()
        assert (await waiting).version == 2
        await stream.aclose()


async def test_nobody_follows_once_a_stream_is_closed(followed: Open) -> None:
    async with followed() as one:
        stream, waiting = one.follow(), one.follow()
        await anext(stream)
        await anext(waiting)
        task = asyncio.ensure_future(anext(waiting))
        await asyncio.sleep(0)
        assert set(one.carts.news._followers) == {one.cart_id}
        await stream.aclose()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert one.carts.news._followers == {}


async def test_who_follows_is_asked_each_time(followed: Open) -> None:
    """A caller who may ask no more, and one whose token opens the cart no longer, see no more."""
    async with followed() as one:
        for error in (UnauthenticatedError, NotFoundError):
            one.gone = None
            stream = one.follow()
            assert (await anext(stream)).version == 1
            one.gone = error
            one.carts.news.tell(one.cart_id)
            with pytest.raises(error):
                await anext(stream)


async def test_a_database_that_is_away_is_waited_for(followed: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that has begun goes on; one that begins says so."""
    monkeypatch.setattr(module, "_AGAIN", 0.0)
    reach, failing = Carts.reach, 0

    async def unreachable(self: Carts, *given: Any) -> Any:
        nonlocal failing
        if failing:
            failing -= 1
            raise StoreUnavailableError(detail="away")
        return await reach(self, *given)

    monkeypatch.setattr(Carts, "reach", unreachable)
    async with followed() as one:
        stream = one.follow()
        assert (await anext(stream)).version == 1
        await one.change()
        failing = 3
        assert (await anext(stream)).version == 2
        await stream.aclose()
        failing = 1
        with pytest.raises(StoreUnavailableError):
            await anext(one.follow())


async def test_a_cart_that_could_only_be_shown_stale_is_shown_again(followed: Open, sandbox: SandboxControl) -> None:
    async with followed(sockets_look=0.05) as one:
        await one.change()
        sandbox.fault("status", status=500, api="TMF663")
        stream = one.follow()
        seen = [await anext(stream)]
        sandbox.clear_faults()
        seen.append(await anext(stream))
        assert [(cart.version, cart.stale, len(cart.lines)) for cart in seen] == [(2, True, 1), (2, False, 1)]
        await stream.aclose()


async def test_a_cart_whose_time_is_over_is_shown_once_more(followed: Open) -> None:
    clock = FixedClock()
    async with followed(clock=clock, sockets_look=0.05, cart_days=2) as one:
        stream = one.follow()
        assert (await anext(stream)).state is CartState.ACTIVE
        clock.advance(2 * DAY)
        assert (await anext(stream)).state is CartState.EXPIRED
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
        assert one.carts.news._followers == {}


async def test_a_tab_that_is_left_open_does_not_keep_a_cart_alive(followed: Open) -> None:
    """To begin to follow one is a look at it, which does; to wait is none."""
    clock = FixedClock()
    async with followed(clock=clock, sockets_look=0.05, cart_days=2) as one:
        clock.advance(DAY)
        stream = one.follow()
        assert (await anext(stream)).expires_at == one.carts.keeper.holds.clock.now() + 2 * DAY
        waiting = asyncio.ensure_future(anext(stream))
        clock.advance(DAY + 60)
        for _ in range(4):
            await one.asked.get()
        assert not waiting.done()
        clock.advance(DAY)
        assert (await waiting).state is CartState.EXPIRED
