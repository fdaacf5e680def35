"""Numbers and SIMs for a cart, through GraphQL: kept for one shopper, told to nobody else, given back."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest
from redis.asyncio import Redis

from bff.dev import SANDBOX_TMF639
from domain.carts.system import CartSystem
from domain.reservations import holds
from domain.reservations.inventory import Inventory
from kernel.clock import FixedClock
from kernel.errors import StoreUnavailableError
from kernel.ids import GlobalId
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from store.idempotency import Idempotency
from tests.carts.conftest import MakeShop, new_key
from tests.carts.holder import Holder, asleep_in, at_once
from tests.carts.shopper import add
from tests.carts.test_sweeping import in_sql
from tests.numbers.quiet import until_quiet

NOWHERE = "unix:///nowhere/valkey.sock"


@pytest.fixture
def holders(shop: MakeShop, sandbox_process: SandboxProcess, sandbox: SandboxControl, redis_url: str) -> Any:
    """Opens shops whose index of free numbers is there, each with a shopper who has a cart."""

    @asynccontextmanager
    async def opened(**given: Any) -> AsyncIterator[Holder]:
        version = given.pop("tmf639_version", "v4")
        numbers = {"tmf639_url": sandbox_process.base_url + SANDBOX_TMF639[version], "tmf639_version": version}
        given = {"redis_url": redis_url, "tmf639_page_size": 200, "numbers_max_resources": 400, **numbers, **given}
        async with shop(**{"numbers_sweep": 3600, **given}) as shopper:
            await shopper.create()
            holder = Holder(shopper)
            if given["redis_url"] != NOWHERE:
                await _ready(holder, sandbox, redis_url)
            yield holder

    return opened


async def _ready(holder: Holder, sandbox: SandboxControl, redis_url: str) -> None:
    """The first sweep has allowed holds, and the index is built: a search costs no call any more."""
    async with Redis.from_url(redis_url) as redis:
        while not await redis.exists(holds.EPOCH):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await until_quiet(holder.numbers, lambda: sandbox.calls()["byResource"].get("TMF639.resource", 0))


async def another(holder: Holder) -> Holder:
    shopper = holder.shopper.another()
    await shopper.create()
    return Holder(shopper)


async def problems(holder: Holder) -> list[str]:
    """What the cart's lines lack, by code."""
    found = await holder.shopper.read(problems=True) or {}
    return [each["code"] for each in found["problems"]]


def upstream(sandbox: SandboxControl) -> list[str]:
    """The calls to the inventory since the last look, without listings."""
    log = sandbox.calls()["log"]
    return [call["method"] for call in log if call["api"] == "TMF639" and call["item"]]


async def test_a_number_that_was_offered_is_held(holders: Any) -> None:
    async with holders() as ada:
        offer = (await ada.numbers())[0]
        payload = await ada.reserve(offer["offerToken"])
        assert payload["errors"] == []
        assert payload["reservation"]["resource"] == offer["msisdn"]
        assert payload["reservation"]["state"] == "HELD"
        assert await ada.reserved() == [
            {"id": payload["reservation"]["id"], "state": "HELD", "resource": offer["msisdn"], "lineId": None}
        ]


async def test_holding_asks_the_inventory_three_times(holders: Any, sandbox: SandboxControl) -> None:
    """And the cart system not at all, when the cart is not asked for."""
    async with holders() as ada:
        offer = (await ada.numbers())[0]
        sandbox.reset_calls()
        await ada.reserve(offer["offerToken"])
        assert upstream(sandbox) == ["GET", "PATCH", "GET"]
        assert not [call for call in sandbox.calls()["log"] if call["api"] == "TMF663"]


@pytest.mark.parametrize("version", ["v4", "v5"])
@pytest.mark.parametrize("kind", ["ESIM", "PHYSICAL"])
async def test_of_a_card_only_the_last_digits_are_told(holders: Any, version: str, kind: str) -> None:
    cards = "resourceSpecification.id=" + {"ESIM": "esim-profile-spec", "PHYSICAL": "sim-card-spec"}[kind]
    async with holders(tmf639_version=version, numbers_sim_filters=cards) as ada:
        offer = (await ada.sims(kind))[0]
        payload = await ada.reserve(offer["offerToken"], sim=True)
        assert payload["errors"] == []
        assert payload["reservation"]["resource"] == offer["maskedIccid"]


async def test_who_comes_second_is_offered_others(holders: Any) -> None:
    async with holders() as ada:
        bob = await another(ada)
        offer = (await ada.numbers(tier="STANDARD"))[0]
        await ada.reserve(offer["offerToken"])
        payload = await bob.reserve(offer["offerToken"])
        assert payload["reservation"] is None
        (error,) = payload["errors"]
        assert (error["__typename"], error["code"]) == ("NumberUnavailableError", "NUMBER_UNAVAILABLE")
        others = error["alternatives"]
        assert others
        assert {each["tier"] for each in others} == {offer["tier"]}
        assert offer["msisdn"] not in {each["msisdn"] for each in others}
        assert (await bob.reserve(others[0]["offerToken"]))["errors"] == []


async def test_twenty_at_once_and_one_has_it(holders: Any) -> None:
    async with holders() as ada:
        offer = (await ada.numbers())[0]
        crowd = [await another(ada) for _ in range(20)]
        payloads = await at_once(20, lambda place: crowd[place].reserve(offer["offerToken"]))
        codes = Counter("held" if not each["errors"] else each["errors"][0]["code"] for each in payloads)
        assert codes == {"held": 1, "NUMBER_UNAVAILABLE": 19}


async def test_what_is_held_is_offered_to_nobody(holders: Any) -> None:
    async with holders() as ada:
        offer = (await ada.numbers())[0]
        await ada.reserve(offer["offerToken"])
        assert await ada.numbers(prefix=offer["msisdn"]) == []


async def test_the_same_key_brings_the_same_reservation(holders: Any, sandbox: SandboxControl) -> None:
    async with holders() as ada:
        offer, key = (await ada.numbers())[0]["offerToken"], new_key()
        first = await ada.reserve(offer, key=key)
        sandbox.reset_calls()
        assert await ada.reserve(offer, key=key) == first
        assert upstream(sandbox) == []


async def test_the_same_key_at_once_makes_one_reservation(holders: Any) -> None:
    async with holders() as ada:
        offer, key = (await ada.numbers())[0]["offerToken"], new_key()
        payloads = await at_once(5, lambda _: ada.reserve(offer, key=key))
        held = {each["reservation"]["id"] for each in payloads if each["reservation"]}
        others = {each["errors"][0]["code"] for each in payloads if each["errors"]}
        assert len(held) == 1
        assert others <= {"IN_PROGRESS", "NUMBER_UNAVAILABLE"}
        assert len(await ada.reserved()) == 1


async def test_a_key_is_for_one_offer(holders: Any) -> None:
    async with holders() as ada:
        first, second = (each["offerToken"] for each in await ada.numbers(2))
        key = new_key()
        await ada.reserve(first, key=key)
        payload = await ada.reserve(second, key=key)
        assert [each["code"] for each in payload["errors"]] == ["IDEMPOTENCY_MISMATCH"]
        assert len(await ada.reserved()) == 1


async def test_of_one_key_a_number_and_a_card_are_two(holders: Any) -> None:
    async with holders(numbers_sim_filters="resourceSpecification.id=esim-profile-spec") as ada:
        number, card, key = (await ada.numbers())[0], (await ada.sims("ESIM"))[0], new_key()
        first = await ada.reserve(number["offerToken"], key=key)
        second = await ada.reserve(card["offerToken"], sim=True, key=key)
        assert [first["errors"], second["errors"]] == [[], []]
        assert second["reservation"]["resource"] == card["maskedIccid"]
        assert len(await ada.reserved()) == 2


async def test_a_replay_is_answered_when_the_offer_is_long_over(holders: Any, clock: FixedClock) -> None:
    async with holders(clock=clock) as ada:
        offer, key = (await ada.numbers())[0]["offerToken"], new_key()
        first = await ada.reserve(offer, key=key)
        clock.advance(1_000)
        again = await ada.reserve(offer, key=key)
        assert again["errors"] == []
        assert again["reservation"] == {**first["reservation"], "state": "EXPIRED"}


async def test_an_offer_whose_time_is_over_is_refused(holders: Any, clock: FixedClock, sandbox: SandboxControl) -> None:
    async with holders(clock=clock) as ada:
        offer = (await ada.numbers())[0]["offerToken"]
        clock.advance(1_000)
        sandbox.reset_calls()
        payload = await ada.reserve(offer)
        assert [(each["code"], each["path"]) for each in payload["errors"]] == [
            ("RESERVATION_EXPIRED", ["input", "offerToken"])
        ]
        assert upstream(sandbox) == []


@pytest.mark.parametrize("offer", ["", "x", "a" * 2_000, "🎉", "../../admin", "AAAA" * 20])
async def test_what_was_never_offered_cannot_be_held(holders: Any, sandbox: SandboxControl, offer: str) -> None:
    async with holders() as ada:
        sandbox.reset_calls()
        payload = await ada.reserve(offer)
        assert [(each["code"], each["path"]) for each in payload["errors"]] == [("INVALID", ["input", "offerToken"])]
        assert upstream(sandbox) == []


async def test_a_number_is_no_card(holders: Any) -> None:
    async with holders() as ada:
        payload = await ada.reserve((await ada.numbers())[0]["offerToken"], sim=True)
        assert [each["code"] for each in payload["errors"]] == ["INVALID"]


@pytest.mark.parametrize("cart", ["mine", "none", "garbage"])
async def test_a_cart_that_is_not_yours_holds_nothing(holders: Any, cart: str) -> None:
    """It looks as one that does not exist."""
    async with holders() as ada:
        bob = await another(ada)
        ids = {"mine": ada.cart_id, "none": str(GlobalId("Cart", "c0")), "garbage": "x"}
        payload = await bob.reserve((await bob.numbers())[0]["offerToken"], cartId=ids[cart])
        (error,) = payload["errors"]
        assert error["code"] == ("INVALID" if cart == "garbage" else "NOT_FOUND")
        assert error["path"] == ["input", "cartId"]
        assert await ada.reserved() == []


async def test_one_shopper_cannot_hold_them_all(holders: Any) -> None:
    async with holders(numbers_per_shopper=3) as ada:
        offers = [each["offerToken"] for each in await ada.numbers(10)]
        payloads = await at_once(10, lambda place: ada.reserve(offers[place]))
        codes = Counter("held" if not each["errors"] else each["errors"][0]["code"] for each in payloads)
        assert codes == {"held": 3, "RESERVATION_LIMIT": 7}
        assert len(await ada.reserved()) == 3


async def test_new_carts_are_no_way_around_the_limit_of_an_address(holders: Any) -> None:
    async with holders(numbers_per_shopper=3, numbers_per_address=4) as ada:
        offers = [each["offerToken"] for each in await ada.numbers(10)]
        crowd = [await another(ada) for _ in range(8)]
        payloads = await at_once(8, lambda place: crowd[place].reserve(offers[place]))
        codes = Counter("held" if not each["errors"] else each["errors"][0]["code"] for each in payloads)
        assert codes == {"held": 4, "RESERVATION_LIMIT": 4}


async def test_what_is_released_is_free_for_others(holders: Any) -> None:
    async with holders() as ada:
        bob = await another(ada)
        offer = (await ada.numbers())[0]
        held = (await ada.reserve(offer["offerToken"]))["reservation"]["id"]
        payload = await ada.release(held)
        assert payload["errors"] == []
        assert payload["reservation"]["state"] == "RELEASED"
        assert await ada.reserved() == []
        assert (await bob.reserve(offer["offerToken"]))["errors"] == []


async def test_releasing_twice_changes_nothing(holders: Any) -> None:
    async with holders() as ada:
        held = (await ada.reserve((await ada.numbers())[0]["offerToken"]))["reservation"]["id"]
        key = new_key()
        first = await ada.release(held, key=key)
        assert await ada.release(held, key=key) == first
        assert (await ada.release(held))["reservation"] == first["reservation"]


async def test_extending_keeps_it_longer_up_to_a_limit(holders: Any, clock: FixedClock) -> None:
    async with holders(clock=clock, numbers_hold=900, numbers_longest=1_500) as ada:
        first = (await ada.reserve((await ada.numbers())[0]["offerToken"]))["reservation"]
        clock.advance(500)
        second = (await ada.extend(first["id"]))["reservation"]
        clock.advance(300)
        third = (await ada.extend(first["id"]))["reservation"]
        clock.advance(10)
        last = await ada.extend(first["id"])
        assert first["expiresAt"] < second["expiresAt"] < third["expiresAt"] == last["reservation"]["expiresAt"]
        assert [each["code"] for each in last["errors"]] == ["RESERVATION_LIMIT"]


async def test_an_extension_is_kept_together_with_its_key(
    holders: Any, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks again with it is not told that it cannot be."""
    async with holders(clock=clock, numbers_hold=900, numbers_longest=1_500) as ada:
        held, key = (await ada.reserve((await ada.numbers())[0]["offerToken"]))["reservation"], new_key()
        clock.advance(700)
        with monkeypatch.context() as patched:
            patched.setattr(Idempotency, "finish", AsyncMock(side_effect=StoreUnavailableError))
            sent = {"idempotencyKey": key, "reservationId": held["id"]}
            assert (await ada.ask("extendReservation", "ReservationInput", "reservation { id }", sent)).codes
        again = await ada.extend(held["id"], key=key)
        assert again["errors"] == []
        assert again["reservation"]["expiresAt"] > held["expiresAt"]


async def test_an_expired_reservation_cannot_be_extended(holders: Any, clock: FixedClock) -> None:
    async with holders(clock=clock) as ada:
        held = (await ada.reserve((await ada.numbers())[0]["offerToken"]))["reservation"]["id"]
        clock.advance(901)
        payload = await ada.extend(held)
        assert [each["code"] for each in payload["errors"]] == ["RESERVATION_EXPIRED"]
        assert payload["reservation"]["state"] == "EXPIRED"


@pytest.mark.parametrize("change", ["extend", "release"])
async def test_somebody_else_s_reservation_is_as_one_that_does_not_exist(holders: Any, change: str) -> None:
    async with holders() as ada:
        bob = await another(ada)
        held = (await ada.reserve((await ada.numbers())[0]["offerToken"]))["reservation"]["id"]
        theirs = await getattr(bob, change)(held)
        nobody_s = await getattr(bob, change)(str(GlobalId("Reservation", "r" + "0" * 30)))
        assert theirs == nobody_s
        assert [each["code"] for each in theirs["errors"]] == ["NOT_FOUND"]
        assert [each["state"] for each in await ada.reserved()] == ["HELD"]


async def test_a_reservation_is_found_by_its_owner_only(holders: Any) -> None:
    async with holders() as ada:
        bob = await another(ada)
        held = (await ada.reserve((await ada.numbers())[0]["offerToken"]))["reservation"]
        assert await ada.node(held["id"]) == {"id": held["id"], "state": "HELD", "resource": held["resource"]}
        assert await bob.node(held["id"]) is None


async def test_without_redis_nothing_new_is_held_and_the_search_goes_on(holders: Any, sandbox: SandboxControl) -> None:
    async with holders(redis_url=NOWHERE) as ada:
        offers = await ada.numbers()
        sandbox.reset_calls()
        payload = await ada.reserve(offers[0]["offerToken"])
        assert [(each["code"], each["retryable"]) for each in payload["errors"]] == [("UPSTREAM_UNAVAILABLE", True)]
        assert upstream(sandbox) == []


async def test_with_a_dead_inventory_nothing_is_held_and_nothing_leaks(holders: Any, sandbox: SandboxControl) -> None:
    async with holders(tmf639_attempts=1) as ada:
        offer, key = (await ada.numbers())[0]["offerToken"], new_key()
        sandbox.fault("status", api="TMF639", status=503)
        payload = await ada.reserve(offer, key=key)
        assert [(each["code"], each["retryable"]) for each in payload["errors"]] == [("UPSTREAM_UNAVAILABLE", True)]
        assert await ada.reserved() == []
        sandbox.clear_faults()
        assert (await ada.reserve(offer, key=key))["errors"] == []


@pytest.mark.usefixtures("hurry")
async def test_an_answer_that_is_lost_is_settled_by_the_same_key(holders: Any, sandbox: SandboxControl) -> None:
    async with holders(tmf639_attempts=1, tmf639_breaker_threshold=1000) as ada:
        offer, key = (await ada.numbers())[0]["offerToken"], new_key()
        sandbox.habit("late-apply", api="TMF639", times=1)
        payloads = [await ada.reserve(offer, key=key)]
        while payloads[-1]["errors"]:
            assert payloads[-1]["errors"][0]["retryable"], payloads
            assert len(payloads) < 10
            payloads.append(await ada.reserve(offer, key=key))
        assert [each["id"] for each in await ada.reserved()] == [payloads[-1]["reservation"]["id"]]


# ---------------------------------------------------------------- on lines


async def test_a_line_is_added_with_its_number(holders: Any) -> None:
    async with holders() as ada:
        held = (await ada.reserve((await ada.numbers())[0]["offerToken"]))["reservation"]["id"]
        payload = await ada.shopper.update(add("po-mobile-m", reservationIds=[held]))
        assert payload["errors"] == []
        assert [each["lineId"] for each in await ada.reserved()] == [ada.shopper.lines[0]["id"]]


async def test_a_number_moves_to_the_line_that_names_it(holders: Any) -> None:
    async with holders() as ada:
        held = (await ada.reserve((await ada.numbers())[0]["offerToken"]))["reservation"]["id"]
        await ada.shopper.update(add("po-mobile-m", reservationIds=[held]), add("po-mobile-l"))
        first, second = (line["id"] for line in ada.shopper.lines)
        payload = await ada.shopper.update(
            {"updateLine": {"lineId": first, "reservationIds": []}},
            {"updateLine": {"lineId": second, "reservationIds": [held]}},
        )
        assert payload["errors"] == []
        assert [each["lineId"] for each in await ada.reserved()] == [second]


async def test_a_number_moves_away_from_a_line_that_is_removed(holders: Any) -> None:
    async with holders(numbers_sweep=0.1) as ada:
        held = (await ada.reserve((await ada.numbers())[0]["offerToken"]))["reservation"]["id"]
        await ada.shopper.update(add("po-mobile-m", reservationIds=[held]))
        payload = await ada.shopper.update(
            {"removeLine": ada.shopper.lines[0]["id"]}, add("po-mobile-l", reservationIds=[held])
        )
        assert payload["errors"] == []
        line = ada.shopper.lines[0]["id"]
        assert [(each["id"], each["state"], each["lineId"]) for each in await ada.reserved()] == [(held, "HELD", line)]


async def test_removing_a_line_gives_its_number_back(holders: Any) -> None:
    """With the next sweep; what stands on no line stays."""
    async with holders(numbers_sweep=0.1) as ada:
        bob = await another(ada)
        offers = await ada.numbers(2)
        held = [(await ada.reserve(each["offerToken"]))["reservation"]["id"] for each in offers]
        await ada.shopper.update(add("po-mobile-m", reservationIds=held[:1]))
        await ada.shopper.update({"removeLine": ada.shopper.lines[0]["id"]})
        assert [each["id"] for each in await ada.reserved()] == held[1:]
        while (await bob.reserve(offers[0]["offerToken"]))["errors"]:
            pass
        assert [each["id"] for each in await ada.reserved()] == held[1:]


async def test_what_is_on_one_line_is_not_on_another(holders: Any) -> None:
    async with holders() as ada:
        held = (await ada.reserve((await ada.numbers())[0]["offerToken"]))["reservation"]["id"]
        await ada.shopper.update(add("po-mobile-m", reservationIds=[held]))
        payload = await ada.shopper.update(add("po-mobile-l", reservationIds=[held]))
        assert [(each["code"], each["path"]) for each in payload["errors"]] == [
            ("INVALID", ["input", "operations", "0", "addLine", "reservationIds", "0"])
        ]
        assert len(ada.shopper.lines) == 1


async def test_one_plan_has_use_for_one_number(holders: Any) -> None:
    async with holders() as ada:
        held = [(await ada.reserve(each["offerToken"]))["reservation"]["id"] for each in await ada.numbers(2)]
        payload = await ada.shopper.update(add("po-mobile-m", reservationIds=held))
        assert [each["code"] for each in payload["errors"]] == ["INVALID"]
        assert (await ada.shopper.update(add("po-mobile-m", quantity=2, reservationIds=held)))["errors"] == []


async def test_somebody_else_s_number_stands_on_no_line_of_mine(holders: Any) -> None:
    async with holders() as ada:
        bob = await another(ada)
        held = (await bob.reserve((await bob.numbers())[0]["offerToken"]))["reservation"]["id"]
        payload = await ada.shopper.update(add("po-mobile-m", reservationIds=[held]))
        assert [(each["code"], each["path"]) for each in payload["errors"]] == [
            ("NOT_FOUND", ["input", "operations", "0", "addLine", "reservationIds", "0"])
        ]
        assert [each["lineId"] for each in await bob.reserved()] == [None]


async def test_an_expired_number_stands_on_no_line(holders: Any, clock: FixedClock) -> None:
    async with holders(clock=clock) as ada:
        held = (await ada.reserve((await ada.numbers())[0]["offerToken"]))["reservation"]["id"]
        clock.advance(901)
        payload = await ada.shopper.update(add("po-mobile-m", reservationIds=[held]))
        assert [each["code"] for each in payload["errors"]] == ["RESERVATION_EXPIRED"]


async def test_a_number_that_expires_on_a_line_is_told(holders: Any, clock: FixedClock) -> None:
    """Until another takes its place."""
    async with holders(clock=clock) as ada:
        held = (await ada.reserve((await ada.numbers())[0]["offerToken"]))["reservation"]["id"]
        await ada.shopper.update(add("po-mobile-m", reservationIds=[held]))
        line = ada.shopper.lines[0]["id"]
        clock.advance(901)
        found = await ada.shopper.read(problems=True)
        assert found is not None
        assert [(each["code"], each["lineId"], each["blocking"]) for each in found["problems"]] == [
            ("RESERVATION_EXPIRED", line, True)
        ]
        other = (await ada.reserve((await ada.numbers())[0]["offerToken"]))["reservation"]["id"]
        await ada.shopper.update({"updateLine": {"lineId": line, "reservationIds": [other]}})
        found = await ada.shopper.read(problems=True)
        assert found is not None
        assert found["problems"] == []


async def test_a_number_that_was_reserved_earlier_may_take_the_place_of_one_that_expired(
    holders: Any, clock: FixedClock, tmp_path: Path
) -> None:
    async with holders(clock=clock, numbers_sweep=0.1) as ada:
        offers = await ada.numbers(2)
        earlier = (await ada.reserve(offers[0]["offerToken"]))["reservation"]["id"]
        clock.advance(1)
        held = (await ada.reserve(offers[1]["offerToken"]))["reservation"]["id"]
        await ada.shopper.update(add("po-mobile-m", reservationIds=[held]))
        line = ada.shopper.lines[0]["id"]
        clock.advance(600)
        await ada.extend(earlier)
        clock.advance(301)
        while ("EXPIRED",) not in in_sql(tmp_path, "SELECT state FROM reservations"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await ada.shopper.update({"updateLine": {"lineId": line, "reservationIds": [earlier]}})
        assert await problems(ada) == []


async def test_of_two_numbers_on_a_line_each_that_expires_is_told(holders: Any, clock: FixedClock) -> None:
    async with holders(clock=clock) as ada:
        offers = await ada.numbers(2)
        first = (await ada.reserve(offers[0]["offerToken"]))["reservation"]["id"]
        clock.advance(600)
        second = (await ada.reserve(offers[1]["offerToken"]))["reservation"]["id"]
        await ada.shopper.update(add("po-mobile-m", quantity=2, reservationIds=[first, second]))
        clock.advance(301)
        assert await problems(ada) == ["RESERVATION_EXPIRED"]


async def test_a_number_whose_time_runs_out_while_it_comes_to_a_line_is_told(
    holders: Any, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with holders(clock=clock, numbers_sweep=0.1) as ada:
        held = (await ada.reserve((await ada.numbers())[0]["offerToken"]))["reservation"]["id"]
        async with asleep_in(monkeypatch, CartSystem, "put") as asleep:
            updating = asyncio.create_task(ada.shopper.update(add("po-mobile-m", reservationIds=[held])))
            await asleep.wait()
            clock.advance(901)
            while in_sql(tmp_path, "SELECT state FROM reservations") != [("EXPIRED",)]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert (await updating)["errors"] == []
        assert await problems(ada) == ["RESERVATION_EXPIRED"]


async def test_a_cart_that_ends_gives_all_back(holders: Any, clock: FixedClock) -> None:
    long = {"cart_days": 0.005, "numbers_hold": 86_400, "numbers_longest": 90_000, "numbers_offer_seconds": 9_000}
    async with holders(clock=clock, cart_sweep=0.1, numbers_sweep=0.1, **long) as ada:
        offer = (await ada.numbers())[0]
        await ada.reserve(offer["offerToken"])
        clock.advance(500)
        bob = await another(ada)
        while (await bob.reserve(offer["offerToken"]))["errors"]:
            pass


async def test_a_cart_that_ends_gives_back_what_is_just_being_reserved(
    holders: Any, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is told any more that it is reserved."""
    long = {"cart_days": 0.005, "numbers_hold": 86_400, "numbers_longest": 90_000, "numbers_offer_seconds": 9_000}
    async with holders(clock=clock, cart_sweep=0.1, **long) as ada:
        offer = (await ada.numbers())[0]["offerToken"]
        async with asleep_in(monkeypatch, Inventory, "reserve") as asleep:
            reserving = asyncio.create_task(ada.reserve(offer))
            await asleep.wait()
            clock.advance(500)
            while in_sql(tmp_path, "SELECT state FROM carts") != [("EXPIRED",)]:  # noqa: ASYNC110  (a sweep does it)
                await asyncio.sleep(0.02)
        payload = await reserving
        assert (payload["reservation"], [each["code"] for each in payload["errors"]]) == (None, ["NUMBER_UNAVAILABLE"])
        assert await ada.reserved() == []
