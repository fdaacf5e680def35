"""The same change sent again: done once, answered each time, and a key is good for one request."""

import asyncio
from contextlib import suppress

import pytest

from kernel.clock import FixedClock
from sandbox.control import SandboxControl
from tests.carts.conftest import MakeShop, new_key
from tests.carts.fate import Killed, Life, live, mortal
from tests.carts.operator import Operator
from tests.carts.shopper import add


async def test_a_change_that_is_sent_again_is_done_once(
    shop: MakeShop, sandbox: SandboxControl, operator: Operator
) -> None:
    async with shop() as shopper:
        await shopper.create()
        key = new_key()
        first = await shopper.update(add("po-mobile-m"), key=key, version=1)
        sandbox.reset_calls()
        assert await shopper.update(add("po-mobile-m"), key=key, version=1) == first
        assert [call["method"] for call in sandbox.calls()["log"]] == ["GET"]
        assert len(operator.items()) == 1


async def test_a_replay_shows_the_cart_as_it_is_now(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        key = new_key()
        await shopper.update(add("po-mobile-m"), key=key, version=1)
        await shopper.update(add("po-mobile-s"))
        now = shopper.cart
        payload = await shopper.update(add("po-mobile-m"), key=key, version=1)
        assert (payload["errors"], payload["cart"]) == ([], now)


async def test_the_same_key_for_another_change_is_refused(shop: MakeShop, operator: Operator) -> None:
    async with shop() as shopper:
        await shopper.create()
        key = new_key()
        await shopper.update(add("po-mobile-m"), key=key, version=1)
        now = shopper.cart
        for operations, version in (
            ([add("po-mobile-m", quantity=2)], 1),
            ([add("po-mobile-m")], 2),
            ([add("po-mobile-m"), add("po-mobile-m")], 1),
            ([{"setContact": {"reminderConsent": True}}], 1),
        ):
            payload = await shopper.update(*operations, key=key, version=version)
            (error,) = payload["errors"]
            assert (error["code"], error["path"]) == ("IDEMPOTENCY_MISMATCH", ["input", "idempotencyKey"])
            assert payload["cart"] == now
        assert len(operator.items()) == 1


async def test_a_refused_change_may_be_corrected_under_its_key(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        key = new_key()
        assert (await shopper.update(add("po-nothing"), key=key))["errors"] != []
        assert (await shopper.update(add("po-mobile-m"), key=key))["errors"] == []


async def test_a_version_conflict_shows_the_cart_as_it_is_and_its_version(
    shop: MakeShop, sandbox: SandboxControl
) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-m"))
        now = shopper.cart
        sandbox.reset_calls()
        for version in (1, 3, 0, -1, 2**31 - 1):
            payload = await shopper.update(add("po-mobile-s"), version=version)
            (error,) = payload["errors"]
            assert (error["__typename"], error["currentVersion"]) == ("VersionConflictError", 2)
            assert (error["path"], error["retryable"]) == (["input", "expectedVersion"], False)
            assert payload["cart"] == now
        assert sandbox.calls()["total"] == 0


async def test_the_same_change_five_times_at_once_is_done_once(
    shop: MakeShop, sandbox: SandboxControl, operator: Operator
) -> None:
    async with shop() as shopper:
        await shopper.create()
        sandbox.fault("delay", api="TMF663", delayMs=100)
        key = new_key()
        payloads = await asyncio.gather(*(shopper.update(add("po-mobile-m"), key=key, version=1) for _ in range(5)))
        assert [payload["errors"] for payload in payloads] == [[]] * 5
        assert {payload["cart"]["version"] for payload in payloads} == {2}
        assert [call["method"] for call in sandbox.calls()["log"]].count("PATCH") == 1
        assert len(operator.items()) == 1


async def test_the_same_key_serves_two_mutations(shop: MakeShop) -> None:
    """A key counts within its mutation."""
    async with shop() as shopper:
        key = new_key()
        await shopper.create(key=key)
        assert (await shopper.update(add("po-mobile-m"), key=key))["errors"] == []


async def test_another_process_of_the_estate_knows_what_was_done(shop: MakeShop, operator: Operator) -> None:
    async with shop() as shopper, shop() as elsewhere:
        await shopper.create()
        key = new_key()
        first = await shopper.update(add("po-mobile-m"), key=key, version=1)
        assert await shopper.at(elsewhere).update(add("po-mobile-m"), key=key, version=1) == first
        assert len(operator.items()) == 1


async def test_the_key_that_a_cart_was_made_with_does_not_pass_for_a_change_of_it(
    shop: MakeShop, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys count within a mutation. The gateway dies before it sends anything."""
    async with shop(clock=clock) as shopper:
        key = new_key()
        await shopper.create(key=key)
        mortal(monkeypatch)
        with suppress(Killed):
            await (await live(Life(dies_at=2), shopper.update(add("po-mobile-m"), key=key)))
        monkeypatch.undo()
        clock.advance(61)
        assert (await shopper.update(add("po-mobile-m"), key=key))["errors"] == []
        assert [line["offering"]["name"] for line in shopper.lines] == ["Mobile M"]
