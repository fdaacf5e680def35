"""Numbers in bad company, for a short time: real processes that die, sleep, forget and lie, and shoppers in a race.

The same checker convicts two protocols that are known to be wrong: a worker is put to sleep between its look at a
number and its write, for longer than the hold lives, and somebody else buys the number meanwhile.
"""

import asyncio
import itertools
import random
import sqlite3
import time
from pathlib import Path

import httpx
import pytest

from chaos.numbers import Storm, in_estate
from chaos.numbers_end import end_of
from chaos.numbers_estate import Conditions, Estate, Process, estate
from chaos.numbers_history import judge
from chaos.numbers_shopping import Shelf, Shop, Shopper

HOLD = 2.0
PLANTED = "tests.chaos.broken_reservations"


@pytest.mark.parametrize("conditional", [False, True], ids=["blind", "conditional"])
def test_no_number_is_sold_twice_and_nothing_is_left_behind(conditional: bool) -> None:
    storm = Storm(seconds=12, shoppers=12, wanted=18, least=0.8, most=4.0)
    done = in_estate(Conditions(conditional=conditional, hold=HOLD, numbers=500), storm, seed=1)
    assert done.faults == []
    assert done.counted["assigned"] > 0


@pytest.mark.parametrize("protocol", ["set_and_delete", "token_without_fencing"])
async def test_a_protocol_that_is_known_to_be_wrong_is_convicted(protocol: str, tmp_path: Path) -> None:
    found = await asleep_in_a_checkout(tmp_path, plant=f"{PLANTED}:{protocol}")
    assert "both had it" in found[0]


async def test_ours_is_acquitted_of_the_same(tmp_path: Path) -> None:
    assert await asleep_in_a_checkout(tmp_path) == []


async def asleep_in_a_checkout(folder: Path, *, plant: str = "") -> list[str]:
    """What the checker says when a worker sleeps in the middle of an assignment, and another wants the number."""
    conditions = Conditions(hold=2 * HOLD, numbers=100, timeouts=(60.0,), plant=plant)
    with estate(folder, conditions) as running:
        async with httpx.AsyncClient(timeout=60) as http:
            return await _asleep_in_a_checkout(running, http)


async def _asleep_in_a_checkout(running: Estate, http: httpx.AsyncClient) -> list[str]:
    urls, sleeper = [each.url for each in running.gateways], running.workers[0]
    shop, shops = (
        Shop(urls, [each.url], http, Shelf(1), ahead=0.0, hold=2 * HOLD, patient=True) for each in running.workers
    )
    shops.history = shop.history
    ada, bob = Shopper(shop, random.Random(1)), Shopper(shops, random.Random(2))
    number, offer = await ada.offered()
    hers = None
    while hers is None or await ada.step("freeze", hers) != 200:  # nothing can be held before the first sweep
        hers = await ada.reserve(offer)
    running.control.reset_calls()
    running.control.fault("delay", api="TMF639", delayMs=4_000)
    assigning = asyncio.create_task(ada.step("assign", hers))
    await _is_looking(running, number)
    _put_to_sleep(sleeper, running.folder / "bff.db")
    running.control.clear_faults()
    await asyncio.sleep(hers.until + 0.5 - time.time())
    await bob.new_cart()
    tries = itertools.count() if running.conditions.plant else range(10)  # the wrong ones let him have it in the end
    for _ in tries:
        his = await bob.reserve(offer)
        if his is not None and [await bob.step(each, his) for each in ("freeze", "assign")] == [200, 200]:
            his.assigned_at = time.time()
            break
    sleeper.go_on()
    assert await assigning == 200
    hers.assigned_at = time.time()
    end = await end_of(running, [number], patience=2.0)
    return judge(shop.history, end.shown, end.at)


async def _is_looking(running: Estate, number: str) -> None:
    """Until the inventory is asked for this number."""
    while number not in str(running.control.calls()["log"]):  # noqa: ASYNC110  (it is another process)
        await asyncio.sleep(0.02)


def _put_to_sleep(process: Process, database: Path) -> None:
    """Stop it at a moment at which it does not keep everybody else from writing."""
    while True:
        process.stop()
        with sqlite3.connect(database, timeout=1, isolation_level=None) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                process.go_on()
                time.sleep(0.01)
            else:
                connection.execute("ROLLBACK")
                return
