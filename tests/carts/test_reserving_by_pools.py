"""Numbers through GraphQL where the operator reserves through TMF685, and what /metrics says of them from outside."""

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

from bff.dev import SANDBOX_TMF685
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.carts.holder import Holder
from tests.carts.test_reserving import another, holders
from tests.figures import Figures

__all__ = ["holders"]


@pytest.fixture(scope="module")
def sandbox_process() -> Iterator[SandboxProcess]:
    """With so few numbers that an index reaches the cards, which come behind them."""
    with SandboxProcess(numbers=400) as process:
        yield process


@pytest.fixture
def pools(holders: Any, sandbox_process: SandboxProcess) -> Callable[..., AbstractAsyncContextManager[Holder]]:
    """Opens such a shop, with a shopper who has a cart."""
    given = {"numbers_backend": "tmf685", "tmf685_url": sandbox_process.base_url + SANDBOX_TMF685}
    return lambda **more: holders(**given, **more)


@pytest.fixture
def states(sandbox_process: SandboxProcess, sandbox: SandboxControl) -> Callable[[], list[str]]:
    """Those of all reservations that the operator has."""
    url = f"{sandbox_process.base_url}{SANDBOX_TMF685}/reservation"

    def read() -> list[str]:
        found = httpx.get(url, headers={"connection": "close"}, trust_env=False).json()
        return sorted(each["reservationState"] for each in found)

    return read


async def test_a_number_is_reserved_in_the_pools(pools: Any, states: Callable[[], list[str]]) -> None:
    async with pools() as ada:
        payload = await ada.reserve((await ada.numbers())[0]["offerToken"])
        assert (payload["errors"], payload["reservation"]["state"]) == ([], "HELD")
        assert states() == ["reserved"]


async def test_nothing_is_written_into_the_inventory(pools: Any, sandbox: SandboxControl) -> None:
    async with pools() as ada:
        offer = (await ada.numbers())[0]["offerToken"]
        sandbox.reset_calls()
        await ada.reserve(offer)
        written = [(call["api"], call["method"]) for call in sandbox.calls()["log"] if call["method"] != "GET"]
        assert written == [("TMF685", "POST")]


async def test_a_number_that_is_given_back_is_cancelled_in_the_pools(
    pools: Any, states: Callable[[], list[str]]
) -> None:
    async with pools() as ada:
        payload = await ada.reserve((await ada.numbers())[0]["offerToken"])
        assert (await ada.release(payload["reservation"]["id"]))["errors"] == []
        assert states() == ["cancelled"]


async def test_a_card_is_reserved_in_the_pools(pools: Any, states: Callable[[], list[str]]) -> None:
    async with pools(numbers_max_resources=1_000) as ada:
        while not (offers := await ada.sims()):
            pass  # pages are drawn until there is an index
        assert (await ada.reserve(offers[0]["offerToken"], sim=True))["errors"] == []
        assert states() == ["reserved"]


async def test_while_the_pools_are_away_nothing_is_reserved_and_the_search_goes_on(
    pools: Any, sandbox: SandboxControl
) -> None:
    async with pools(tmf685_attempts=1) as ada:
        sandbox.fault("status", api="TMF685", status=503)
        payload = await ada.reserve((await ada.numbers())[0]["offerToken"])
        assert (payload["errors"][0]["code"], payload["errors"][0]["retryable"]) == ("UPSTREAM_UNAVAILABLE", True)
        assert await ada.numbers() != []


# ---------------------------------------------------------------- figures


async def test_a_reservation_is_counted_once(holders: Any) -> None:
    async with holders(metrics_enabled=True) as ada:
        offer = (await ada.numbers())[0]["offerToken"]
        before = await Figures.of(ada.shopper.client)
        await ada.reserve(offer)
        moved = (await Figures.of(ada.shopper.client)).since(before, "bff_reservations_held_total")
    assert moved == {("NUMBER",): 1}


async def test_a_race_that_is_lost_is_counted_once(holders: Any) -> None:
    async with holders(metrics_enabled=True) as ada:
        bob = await another(ada)
        offer = (await ada.numbers())[0]["offerToken"]
        await ada.reserve(offer)
        before = await Figures.of(ada.shopper.client)
        await bob.reserve(offer)
        moved = (await Figures.of(ada.shopper.client)).since(before, "bff_reservations_lost_total")
    assert moved == {("redis", "NUMBER"): 1}


async def test_the_calls_of_a_reservation_are_counted(holders: Any) -> None:
    async with holders(metrics_enabled=True) as ada:
        offer = (await ada.numbers())[0]["offerToken"]
        before = await Figures.of(ada.shopper.client)
        await ada.reserve(offer)
        moved = (await Figures.of(ada.shopper.client)).since(before, "bff_upstream_call_seconds_count")
    assert moved[("tmf639.resource", "PATCH", "2xx")] == 1


async def test_no_number_and_no_card_is_in_the_figures(holders: Any) -> None:
    async with holders(metrics_enabled=True) as ada:
        offer = (await ada.numbers())[0]
        await ada.reserve(offer["offerToken"])
        text = (await ada.shopper.client.http.get("/metrics")).text
    assert offer["msisdn"].removeprefix("+") not in text
