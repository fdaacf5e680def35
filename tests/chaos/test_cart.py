"""Carts in bad company, for a short time: real gateways that die and sleep, a cart system that misbehaves, 50 tabs."""

import asyncio
import random
from collections.abc import Iterator

import httpx
import pytest

from chaos.cart import final_reads, in_estate, run, upstream_holds
from chaos.estate import Estate, estate
from chaos.history import History, Said, judge
from chaos.shopping import Tab, new_cart


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    with estate(tmp_path_factory.mktemp("estate")) as running:
        yield running


async def test_what_was_acknowledged_is_in_and_what_was_refused_is_not(running: Estate) -> None:
    done = await run(running, seed=1, seconds=6)
    assert done.faults == []
    assert done.history.count()[Said.DONE] > 0


def test_a_protocol_without_versions_is_convicted() -> None:
    done = in_estate(seed=2, seconds=2, tabs=20, program=("-m", "tests.chaos.broken", "versions", "serve"))
    assert done.faults


async def test_fifty_tabs_change_one_cart_at_once_and_none_is_lost(running: Estate) -> None:
    async with httpx.AsyncClient(timeout=None) as http:
        urls, history = [gateway.url for gateway in running.gateways], History()
        cart = await new_cart(urls[0], http)
        dice = [random.Random(seed) for seed in range(50)]
        tabs = [Tab(cart, urls, http, history, each, losing=0.0, removing=0.0) for each in dice]
        await asyncio.gather(*(tab.look() for tab in tabs))
        await asyncio.gather(*(_until_done(tab) for tab in tabs))
        final = await final_reads([cart], urls, http)
        assert judge(history, final, await upstream_holds([cart], running.carts_url, http)) == []
    assert {change.base for change in history.changes[:50]} == {1}
    assert history.count()[Said.DONE] == 50
    assert {(seen.version, len(seen.marks)) for seen in final} == {(51, 50)}


async def _until_done(tab: Tab) -> None:
    while await tab.change() is not Said.DONE:
        pass
