"""`scripts/chaos cart`: many tabs on few carts while gateways die and sleep and the cart system misbehaves.

Afterwards everything heals, late writes come, and the whole history is judged. One run is one seed; the seed decides
what is asked for and what breaks, not how the machine schedules it.
"""

import argparse
import asyncio
import contextlib
import gc
import os
import random
import tempfile
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.tables import replace_section, table
from chaos.estate import HOLD, SERVE, Estate, Gateway, estate
from chaos.history import History, Mark, Said, Seen, judge
from chaos.shopping import CartInUse, Tab, new_cart
from sandbox.control import SandboxControl
from tests.databases import postgresql
from tests.processes import ROOT

TABS, CARTS = 50, 3
_API = "TMF663"


@dataclass(frozen=True)
class Run:
    """What a run did, and what of it cannot be true."""

    history: History
    broken: dict[str, int]
    faults: list[str]


async def run(estate: Estate, *, seed: int, seconds: float, tabs: int = TABS) -> Run:
    """Shop for so many seconds while things break, heal everything, and judge."""
    dice, history = random.Random(seed), History()
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    async with httpx.AsyncClient(timeout=None, limits=limits) as http:
        urls = [gateway.url for gateway in estate.gateways]
        carts = [await new_cart(urls[0], http) for _ in range(CARTS)]
        until = time.monotonic() + seconds
        open_tabs = [
            Tab(carts[place % CARTS], urls, http, history, random.Random(seed * 1_000 + place)) for place in range(tabs)
        ]
        bad_days = Breaking(estate, dice, until)
        breaking = [asyncio.create_task(work) for work in (bad_days.processes(), bad_days.cart_system())]
        await asyncio.gather(*(tab.shop(until) for tab in open_tabs))
        await asyncio.gather(*breaking)
        await bad_days.heal()
        final = await final_reads(carts, urls, http)
        faults = judge(history, final, await upstream_holds(carts, estate.carts_url, http))
    _let_go()
    return Run(history, bad_days.count, faults)


def _let_go() -> None:
    """A connection that was being made when its gateway was killed is left to the collector by httpcore, which would
    complain of it later, during somebody else's test.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


class Breaking:
    """What goes wrong, and how often each thing did."""

    def __init__(self, estate: Estate, dice: random.Random, until: float) -> None:
        self._estate, self._dice, self._until = estate, dice, until
        self.count = {"killed": 0, "stopped": 0, "cart system": 0}

    async def processes(self) -> None:
        """One gateway at a time is killed and started again, or stopped for longer or shorter than a hold."""
        while time.monotonic() < self._until:
            await asyncio.sleep(self._dice.uniform(0.5, 2.5))
            gateway = self._dice.choice(self._estate.gateways)
            if self._dice.random() < 0.5:
                self.count["killed"] += 1
                await asyncio.to_thread(_restart, gateway)
            else:
                self.count["stopped"] += 1
                gateway.stop()
                await asyncio.sleep(self._dice.uniform(0.2, 2 * HOLD))
                gateway.go_on()

    async def cart_system(self) -> None:
        """Writes are answered never, carried out late, refused; servers of other habits take turns."""
        control = self._estate.sandbox.control
        while time.monotonic() < self._until:
            await asyncio.sleep(self._dice.uniform(0.2, 1.0))
            await asyncio.to_thread(self._one, control)
            self.count["cart system"] += 1

    def _one(self, control: SandboxControl) -> None:
        times = self._dice.randint(1, 4)
        match self._dice.randrange(12):
            case 0 | 1:
                control.habit("late-apply", api=_API, delayMs=0, times=times)
            case 2:
                control.habit("applied-later", api=_API, delayMs=self._dice.choice([0, 300, 1_500]), times=times)
            case 3:
                control.habit("applied-later", api=_API, delayMs=800, closed=False, times=times)
            case 4:
                control.apply_ghosts()
            case 5:
                control.fault(self._dice.choice(["status", "reset", "half"]), api=_API, times=times)
            case 6:
                control.fault("delay", api=_API, delayMs=self._dice.choice([100, 900]), times=times)
            case 7:
                control.habit("sparse-write-answers", api=_API, on=self._dice.random() < 0.5)
            case 8:
                control.habit("item-ids-replaced", api=_API, on=self._dice.random() < 0.5)
            case _:
                control.clear_faults()
                control.clear_habits()

    async def heal(self) -> None:
        """All is well again, and whatever was still to come has come; holds have run out and a sweep has been."""
        control = self._estate.sandbox.control
        control.clear_faults()
        control.clear_habits()
        await asyncio.sleep(1.6)  # the longest that a write was put off
        control.apply_ghosts()
        await asyncio.sleep(HOLD + 1.5)


def _restart(gateway: Gateway) -> None:
    gateway.kill()
    gateway.start()
    gateway.wait()


async def final_reads(carts: Sequence[CartInUse], urls: Sequence[str], http: httpx.AsyncClient) -> list[Seen]:
    """Every cart through every gateway, as the cart system says; first looks may find late writes and open circuits."""
    for cart in carts:
        for url in urls:
            await _read(cart, url, http)
    return [each for cart in carts for url in urls for each in await _read(cart, url, http)]


async def _read(cart: CartInUse, url: str, http: httpx.AsyncClient) -> list[Seen]:
    for _ in range(20):
        tab = Tab(cart, [url], http, History(), random.Random(0), losing=0.0)
        if await tab.look():
            return tab.history.seen
        await asyncio.sleep(0.5)
    raise RuntimeError(f"{cart.local} cannot be read, with everything healed")


async def upstream_holds(carts: Sequence[CartInUse], url: str, http: httpx.AsyncClient) -> dict[str, tuple[Mark, ...]]:
    found = {}
    for cart in carts:
        kept = (await http.get(url, params={"relatedParty.id": cart.local})).json()
        items = [item for each in kept for item in each.get("cartItem", ())]
        found[cart.local] = tuple((item["productOffering"]["id"], item["quantity"]) for item in items)
    return found


def in_estate(
    *,
    seed: int,
    seconds: float,
    database: str = "",
    tabs: int = TABS,
    gateways: int = 2,
    program: Sequence[str] = SERVE,
) -> Run:
    """A run in an estate of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="chaos-") as folder,
        estate(Path(folder), database=database, gateways=gateways, program=program) as running,
    ):
        return asyncio.run(run(running, seed=seed, seconds=seconds, tabs=tabs))


def _row(name: str, seed: int, seconds: float, done: Run) -> tuple[str, ...]:
    counted = done.history.count()
    said = tuple(f"{counted[each]:,}" for each in (Said.DONE, Said.REFUSED, Said.UNKNOWN))
    broken = tuple(str(each) for each in done.broken.values())
    return name, str(seed), f"{seconds:.0f}", *said, f"{len(done.history.seen):,}", *broken, str(len(done.faults))


HEAD = (
    "database",
    "seed",
    "seconds",
    "acknowledged",
    "refused",
    "left unknown",
    "carts seen",
    "gateways killed",
    "stopped",
    "faults of the cart system",
    "contradictions",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/chaos cart", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    os.environ.setdefault("REQUIRE_ALL", "1")
    rows, faults = [], []
    seeds = range(given.first, given.first + given.seeds)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(postgresql())
        kinds = [("SQLite", "", seed) for seed in seeds] + [("PostgreSQL", server.url(server.create()), seeds[0])]
        for name, database, seed in kinds:
            done = in_estate(seed=seed, seconds=given.seconds, database=database, gateways=3)
            rows.append(_row(name, seed, given.seconds, done))
            faults += [f"{name}, seed {seed}: {fault}" for fault in done.faults]
            print(" | ".join(rows[-1]), flush=True)
    print(*faults, sep="\n")
    section = f"{TABS} tabs on {CARTS} carts, 3 gateway processes.\n\n{table(HEAD, rows)}"
    replace_section(ROOT / "docs" / "carts.md", "chaos-cart", section)
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()
