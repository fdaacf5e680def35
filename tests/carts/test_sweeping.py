"""What becomes of carts nobody comes back to, and of what a dead process left behind."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

import bff.carts
from bff.carts import open_carts
from bff.dev import SANDBOX_TMF663
from bff.foundation import open_foundation
from bff.upstream_clients import Transports
from domain.carts import sweeping
from domain.carts.carts import Carts
from domain.carts.sweeping import CartSweeper, Swept
from kernel.clock import FixedClock
from kernel.context import Audience
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from store.carts import CartRow
from store.leases import Leases
from tests.carts.conftest import MakeShop, new_key
from tests.carts.estate import KEY
from tests.carts.operator import Operator
from tests.carts.shopper import add
from tests.conftest import settings_of
from tests.processes import PATIENCE

DAY = 86_400.0
Sweep = Callable[[], Awaitable[Swept]]


@asynccontextmanager
async def process(
    base_url: str, folder: Path, clock: FixedClock, transports: Transports | None = None
) -> AsyncIterator[Carts]:
    """The carts of another process of the estate."""
    given = {"tmf663_url": base_url + SANDBOX_TMF663["v4"], "keys": KEY, "tmf620_url": base_url, "tmf663_attempts": 1}
    settings = settings_of(**given, tmf663_timeout=PATIENCE, database_url=f"sqlite:///{folder}/bff.db", cart_sweep=3600)
    async with open_foundation(settings, clock, transports or {}) as base, open_carts(base) as carts:
        assert carts is not None
        yield carts


@pytest.fixture(autouse=True)
def nobody_else_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the shop's own process may have been first, which it is soon after its start."""

    class Idle(CartSweeper):
        async def run(self) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr(bff.carts, "CartSweeper", Idle)


@pytest.fixture
async def sweeper(sandbox_process: SandboxProcess, tmp_path: Path, clock: FixedClock) -> AsyncIterator[CartSweeper]:
    """The sweeper of another process of the estate."""
    async with process(sandbox_process.base_url, tmp_path, clock) as carts:
        yield sweeper_of(carts, clock)


def sweeper_of(carts: Carts, clock: FixedClock) -> CartSweeper:
    leases = Leases(carts.keeper.holds.database, clock)
    return CartSweeper(carts.keeper, carts.updater.idempotency, leases, Audience("en", "web"), every=60, keep=7 * DAY)


@pytest.fixture
def sweep(sweeper: CartSweeper) -> Sweep:
    return sweeper.sweep


def in_sql(folder: Path, statement: str) -> list[Any]:
    with sqlite3.connect(folder / "bff.db") as connection:
        return connection.execute(statement).fetchall()


async def test_a_cart_nobody_touched_expires_and_is_removed_upstream(
    shop: MakeShop, operator: Operator, clock: FixedClock, sweep: Sweep
) -> None:
    async with shop(clock=clock) as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-m"))
        clock.advance(14 * DAY - 1)
        assert await sweep() == Swept()
        clock.advance(2)
        assert await sweep() == Swept(expired=1)
        assert operator.carts() == []
        cart = await shopper.read() or {}
        assert (cart["state"], len(shopper.lines)) == ("EXPIRED", 1)
        (error,) = (await shopper.update(add("po-mobile-m")))["errors"]
        assert (error["code"], error["path"]) == ("CART_LOCKED", ["input", "cartId"])


async def test_an_expired_cart_shows_as_such_before_it_is_swept(shop: MakeShop, clock: FixedClock) -> None:
    async with shop(clock=clock) as shopper:
        await shopper.create()
        clock.advance(14 * DAY)
        assert (await shopper.read() or {})["state"] == "EXPIRED"


async def test_a_cart_that_is_looked_at_lives_on(
    shop: MakeShop, operator: Operator, clock: FixedClock, sweep: Sweep
) -> None:
    async with shop(clock=clock) as shopper:
        await shopper.create()
        clock.advance(10 * DAY)
        await shopper.read()
        clock.advance(10 * DAY)
        assert await sweep() == Swept()
        assert ((await shopper.read() or {})["state"], len(operator.carts())) == ("ACTIVE", 1)


async def test_an_expired_cart_is_forgotten_in_the_end_with_its_history(
    shop: MakeShop, clock: FixedClock, sweep: Sweep, tmp_path: Path
) -> None:
    async with shop(clock=clock) as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-m"))
        clock.advance(15 * DAY)
        await sweep()
        clock.advance(7 * DAY + 1)
        assert await sweep() == Swept(forgotten=1)
        assert await shopper.read() is None
        assert in_sql(tmp_path, "SELECT count(*) FROM carts") == [(0,)]
        assert in_sql(tmp_path, "SELECT count(*) FROM cart_changes") == [(0,)]
        assert in_sql(tmp_path, "SELECT count(*) FROM idempotency") == [(0,)]


async def test_how_a_shopper_could_be_reached_is_forgotten_at_the_end(
    shop: MakeShop, clock: FixedClock, sweep: Sweep, tmp_path: Path
) -> None:
    async with shop(clock=clock) as shopper:
        await shopper.create()
        await shopper.update({"setContact": {"email": "ada@shop.example", "reminderConsent": True}})
        clock.advance(15 * DAY)
        await sweep()
        assert in_sql(tmp_path, "SELECT state, contact FROM carts") == [("EXPIRED", None)]


async def test_a_cart_whose_removal_fails_is_removed_at_the_next_sweep(
    shop: MakeShop, sandbox: SandboxControl, operator: Operator, clock: FixedClock, sweep: Sweep
) -> None:
    async with shop(clock=clock) as shopper:
        await shopper.create()
        clock.advance(15 * DAY)
        sandbox.fault("status", api="TMF663", status=503)
        assert await sweep() == Swept()
        sandbox.clear_faults()
        clock.advance(60)
        assert await sweep() == Swept(expired=1)
        assert operator.carts() == []


async def test_a_cart_that_is_gone_upstream_already_expires_all_the_same(
    shop: MakeShop, operator: Operator, clock: FixedClock, sweep: Sweep
) -> None:
    async with shop(clock=clock) as shopper:
        await shopper.create()
        operator.delete()
        clock.advance(15 * DAY)
        assert await sweep() == Swept(expired=1)


async def test_what_never_became_a_cart_is_removed_on_both_sides(
    shop: MakeShop, sandbox: SandboxControl, operator: Operator, clock: FixedClock, sweep: Sweep, tmp_path: Path
) -> None:
    """The POST is carried out and never answered, nor is the search for what it made: an orphan, for now."""
    async with shop(clock=clock, tmf663_attempts=1) as shopper:
        key = new_key()
        sandbox.fault("half", api="TMF663")
        assert (await shopper.create(key=key))["cart"] is None
        sandbox.clear_faults()
        orphans = len(operator.carts())
        assert orphans >= 1
        assert await sweep() == Swept()  # it may still be on its way
        clock.advance(121)
        assert await sweep() == Swept(unborn=1)
        assert (operator.carts(), in_sql(tmp_path, "SELECT * FROM carts")) == ([], [])
        assert (await shopper.create(key=key))["errors"] == []
        assert len(operator.carts()) == 1


class Slow(httpx.AsyncHTTPTransport):
    """What is sent by this way gets there when it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.reached.set()
        await self.go_on.wait()
        return await super().handle_async_request(request)


async def test_a_cart_that_comes_about_after_it_was_swept_is_removed_too(
    shop: MakeShop, operator: Operator, clock: FixedClock, sweep: Sweep, tmp_path: Path
) -> None:
    """A process that slept between the POST and its answer: nobody else would ever look for that cart."""
    slow = Slow()
    async with shop(clock=clock, transports={"tmf663": slow}) as shopper:
        making = asyncio.create_task(shopper.create())
        await slow.reached.wait()
        clock.advance(121)
        assert await sweep() == Swept(unborn=1)
        slow.go_on.set()
        (error,) = (await making)["errors"]
        assert (error["code"], error["retryable"]) == ("UPSTREAM_UNAVAILABLE", True)
        assert (operator.carts(), in_sql(tmp_path, "SELECT * FROM carts")) == ([], [])


async def test_a_sweep_goes_on_until_nothing_is_left(
    shop: MakeShop, operator: Operator, clock: FixedClock, sweeper: CartSweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "_AT_ONCE", 2)
    async with shop(clock=clock) as shopper:
        for _ in range(5):
            await shopper.another().create()
        clock.advance(15 * DAY)
        running = asyncio.create_task(sweeper.run())
        async with asyncio.timeout(PATIENCE):
            while operator.carts():  # noqa: ASYNC110  (the sandbox is another process)
                await asyncio.sleep(0.02)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class FirstHangs(Slow):
    """The first call does not get there until it may go on; all others do."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.reached.is_set():
            return await httpx.AsyncHTTPTransport.handle_async_request(self, request)
        return await super().handle_async_request(request)


async def test_a_call_that_hangs_keeps_no_other_cart_back(
    shop: MakeShop, operator: Operator, clock: FixedClock, sandbox_process: SandboxProcess, tmp_path: Path
) -> None:
    hanging = FirstHangs()
    async with shop(clock=clock) as shopper:
        for _ in range(12):
            await shopper.another().create()
        clock.advance(15 * DAY)
        async with process(sandbox_process.base_url, tmp_path, clock, {"tmf663": hanging}) as carts:
            running = asyncio.create_task(sweeper_of(carts, clock).sweep())
            async with asyncio.timeout(PATIENCE):
                while len(operator.carts()) > 1:  # noqa: ASYNC110  (the sandbox is another process)
                    await asyncio.sleep(0.02)
            hanging.go_on.set()
            assert await running == Swept(expired=12)
        assert operator.carts() == []


async def test_a_fault_of_ours_in_one_cart_is_no_other_carts(
    shop: MakeShop, operator: Operator, clock: FixedClock, sweeper: CartSweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    expire, failed = CartSweeper._expire, list[str]()

    async def faulty(self: CartSweeper, row: CartRow) -> bool:
        if not failed:
            failed.append(row.id)
            raise RuntimeError("a fault of ours")
        return await expire(self, row)

    monkeypatch.setattr(CartSweeper, "_expire", faulty)
    async with shop(clock=clock) as shopper:
        for _ in range(3):
            await shopper.another().create()
        clock.advance(15 * DAY)
        assert await sweeper.sweep() == Swept(expired=2)
        assert len(operator.carts()) == 1
        assert await sweeper.sweep() == Swept(expired=1)


async def test_carts_of_others_are_left_alone_where_filters_are_ignored(
    shop: MakeShop, sandbox: SandboxControl, operator: Operator, clock: FixedClock, sweep: Sweep
) -> None:
    sandbox.habit("filter-ignored", api="TMF663")
    async with shop(clock=clock) as shopper:
        await shopper.create()
        clock.advance(10 * DAY)
        other = shopper.another()
        await other.create()
        clock.advance(5 * DAY)
        assert await sweep() == Swept(expired=1)
        assert ((await other.read() or {})["state"], len(operator.carts())) == ("ACTIVE", 1)


async def test_an_unknown_outcome_is_settled_by_the_sweep(
    shop: MakeShop, sandbox: SandboxControl, clock: FixedClock, sweep: Sweep, tmp_path: Path
) -> None:
    async with shop(clock=clock, tmf663_attempts=1) as shopper:
        await shopper.create()
        sandbox.fault("half", api="TMF663")
        (error,) = (await shopper.update(add("po-mobile-m")))["errors"]
        assert error["retryable"] is True
        sandbox.clear_faults()
        assert await sweep() == Swept(settled=1)
        assert in_sql(tmp_path, "SELECT version, intent FROM carts") == [(2, None)]
        assert (await shopper.read() or {})["version"] == 2
