"""`scripts/chaos numbers`: many shoppers after few numbers while all of the estate dies, sleeps, forgets and lies.

Gateways, workers that check out, Redis and upstream are killed and stopped all the time, some for longer than a hold
lives; Redis is emptied and comes back older; the inventory answers late, never, or carries a write out when nobody
waits for it any more. Afterwards everything heals, and the whole history is judged. One run is one seed; the seed
decides what is asked for and what breaks, not how the machine schedules it.
"""

import argparse
import asyncio
import contextlib
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import httpx
import redis

from benchmarks.tables import replace_section, table
from chaos.numbers_end import end_of
from chaos.numbers_estate import Conditions, Estate, Process, estate
from chaos.numbers_history import judge
from chaos.numbers_shopping import Shelf, Shop, Shopper
from sandbox.control import SandboxControl
from tests.databases import postgresql
from tests.processes import ROOT

APART = 60.0
_API = "TMF639"


@dataclass(frozen=True)
class Run:
    """What a run did, and what of it cannot be true."""

    counted: Counter[str]
    broken: Counter[str]
    faults: list[str]


@dataclass(frozen=True)
class Storm:
    """How many shoppers for so many seconds, after how many numbers at a time; and how bad their days are.

    Each part of the estate is hurt after `least` to `most` seconds, and again and again; `killing` is the share of
    kills, the rest are stops.
    """

    seconds: float
    shoppers: int = 40
    wanted: int = 90
    least: float = 2.0
    most: float = 7.0
    killing: float = 0.65


async def run(estate: Estate, storm: Storm, *, seed: int) -> Run:
    """Shop for so many seconds while things break, heal everything, and judge."""
    limits = httpx.Limits(max_connections=300, max_keepalive_connections=100)
    async with httpx.AsyncClient(timeout=4.0, limits=limits) as http:
        conditions = estate.conditions
        gateways, workers = ([each.url for each in those] for those in (estate.gateways, estate.workers))
        shop = Shop(gateways, workers, http, Shelf(storm.wanted), conditions.apart, conditions.hold)
        bad_days = Breaking(estate, random.Random(seed), storm)
        until = time.time() + storm.seconds
        shopping = [
            asyncio.create_task(Shopper(shop, random.Random(seed * 1_000 + place)).run(until))
            for place in range(storm.shoppers)
        ]
        await bad_days.until(until)
        await bad_days.heal()
        await asyncio.gather(*shopping)
        end = await end_of(estate, shop.shelf.ever)
        faults = judge(shop.history, end.shown, end.at) + end.faults
    return Run(shop.counted, bad_days.count, faults)


class Breaking:
    """What goes wrong, and how often each thing did. Each part of the estate has its own bad days."""

    def __init__(self, estate: Estate, dice: random.Random, storm: Storm) -> None:
        self._estate, self._storm = estate, storm
        self._seed = dice.randrange(1 << 30)
        self.count: Counter[str] = Counter()

    async def until(self, end: float) -> None:
        made = self._estate
        hold = made.conditions.hold
        async with asyncio.TaskGroup() as group:
            group.create_task(self._processes("gateway", made.gateways, end, longest=2.5 * hold))
            group.create_task(self._processes("worker", made.workers, end, longest=2.5 * hold))
            group.create_task(self._processes("Redis", [made.redis], end, longest=0.6 * hold, killed=self._redis_dies))
            group.create_task(self._processes("upstream", [made.upstream], end, longest=1.2 * hold))
            group.create_task(self._inventory(end))

    async def _processes(
        self,
        name: str,
        processes: Sequence[Process],
        end: float,
        *,
        longest: float,
        killed: Callable[[random.Random], None] | None = None,
    ) -> None:
        """One of these at a time is killed and started again, or stopped for a moment or for `longest` seconds."""
        dice = self._dice(name)
        while time.time() < end:
            await asyncio.sleep(dice.uniform(self._storm.least, self._storm.most))
            process = dice.choice(processes)
            if dice.random() < self._storm.killing:
                self.count[f"{name} killed"] += 1
                await asyncio.to_thread(process.kill)
                if killed is not None:
                    killed(dice)
                await asyncio.to_thread(_start, process)
            else:
                self.count[f"{name} stopped"] += 1
                process.stop()
                await asyncio.sleep(longest if dice.random() < 0.3 else dice.uniform(0.1, 1.0))
                process.go_on()

    def _redis_dies(self, dice: random.Random) -> None:
        """It may come back with less than it had."""
        if dice.random() < 0.4:
            self.count["tails cut"] += 1
            self._estate.redis.cut_tail(dice.uniform(0.0, 0.5))

    async def _inventory(self, end: float) -> None:
        """Writes are answered never, carried out late, refused; and Redis is emptied now and then."""
        dice = self._dice("inventory")
        while time.time() < end:
            await asyncio.sleep(dice.uniform(0.3 * self._storm.least, 0.6 * self._storm.most))
            with contextlib.suppress(OSError, HTTPException, redis.exceptions.RedisError):  # it is dead or asleep
                await asyncio.to_thread(self._one, self._estate.control, dice)

    def _one(self, control: SandboxControl, dice: random.Random) -> None:
        times, longest = dice.randint(1, 3), int(500 * self._estate.conditions.hold)
        match dice.randrange(11):
            case 0 | 1:
                control.habit("late-apply", api=_API, delayMs=dice.choice([0, 700, 2_500]), times=times)
            case 2 | 3:
                control.habit("applied-later", api=_API, delayMs=dice.choice([300, longest]), times=times)
            case 4:
                control.habit("applied-later", api=_API, delayMs=longest, closed=False, times=times)
            case 5:
                control.fault(dice.choice(["status", "reset", "half"]), api=_API, times=times)
            case 6:
                control.fault("delay", api=_API, delayMs=dice.choice([100, 700, 1_200]), times=times)
            case 7:
                control.habit("sparse-write-answers", api=_API, on=dice.random() < 0.5)
            case 8:
                with redis.Redis.from_url(self._estate.redis_url, socket_timeout=1) as client:
                    client.flushall()
                self.count["Redis emptied"] += 1
                return
            case _:
                _well(control)
                return
        self.count["faults of the inventory"] += 1

    async def heal(self) -> None:
        """All is well again: everything was started again."""
        for process in self._estate.everything:
            await asyncio.to_thread(process.wait)
        await asyncio.to_thread(_well, self._estate.control)

    def _dice(self, name: str) -> random.Random:
        return random.Random(f"{self._seed}-{name}")


def _start(process: Process) -> None:
    process.start()
    process.wait()


def _well(control: SandboxControl) -> None:
    """No faults, and only the habits that the inventory was started with."""
    control.clear_faults()
    for habit in ("late-apply", "applied-later", "sparse-write-answers"):
        control.habit(habit, api=_API, on=False)


def in_estate(conditions: Conditions, storm: Storm, *, seed: int) -> Run:
    """A run in an estate of its own; what the processes said and kept stays where there are contradictions."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    try:
        with estate(folder, conditions) as running:
            done = asyncio.run(run(running, storm, seed=seed))
        if done.faults:
            print(f"{folder} is kept", file=sys.stderr)
    except BaseException:
        print((folder / "log").read_text()[-5_000:], file=sys.stderr)
        raise
    if not done.faults:
        shutil.rmtree(folder)
    return done


PARTS = ("gateway", "worker", "Redis", "upstream")
HEAD = (
    "inventory",
    "database",
    "clocks apart",
    "seed",
    "seconds",
    "assigned",
    "reserved",
    "lost races",
    "left unknown",
    *(f"{part}: killed, stopped" for part in PARTS),
    "Redis emptied, cut",
    "faults of the inventory",
    "contradictions",
)


def row(conditions: Conditions, seed: int, seconds: float, done: Run) -> tuple[str, ...]:
    database = "PostgreSQL" if conditions.database else "SQLite"
    said = (f"{done.counted[each]:,}" for each in ("assigned", "reserved", "lost races", "unknown"))
    hurt = (f"{done.broken[f'{part} killed']}, {done.broken[f'{part} stopped']}" for part in PARTS)
    lost = f"{done.broken['Redis emptied']}, {done.broken['tails cut']}"
    faults = (str(done.broken["faults of the inventory"]), str(len(done.faults)))
    apart = f"{conditions.apart:.0f} s"
    return conditions.kind, database, apart, str(seed), f"{seconds:.0f}", *said, *hurt, lost, *faults


def summed(rows: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The last line of the table: every column of numbers added up."""
    columns = list(zip(*rows, strict=True))
    return "all", "", "", "", *(_sum(column) for column in columns[4:])


def _sum(column: Sequence[str]) -> str:
    parts = zip(*([int(part.replace(",", "")) for part in cell.split(", ")] for cell in column), strict=True)
    return ", ".join(f"{sum(part):,}" for part in parts)


def _enough(seconds: float) -> int:
    """Numbers for the inventory: four of five are free, and what is assigned does not come back for the most part."""
    return max(3_000, int(30 * seconds))


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/chaos numbers", description=__doc__)
    parser.add_argument("--seeds", default="1-5", help="one, or from-to; even ones have clocks 60 s apart")
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--kinds", default="conditional,blind")
    parser.add_argument("--postgresql", action="store_true", help="instead of SQLite")
    parser.add_argument("--write", action="store_true", help="write the table into docs/numbers.md")
    given = parser.parse_args()
    os.environ.setdefault("REQUIRE_ALL", "1")
    storm = Storm(given.seconds)
    first, _, last = given.seeds.partition("-")
    rows, faults = [], []
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(postgresql()) if given.postgresql else None
        for kind in given.kinds.split(","):
            for seed in range(int(first), int(last or first) + 1):
                database = server.url(server.create()) if server else ""
                apart = 0.0 if seed % 2 else APART
                conditions = Conditions(
                    conditional=kind == "conditional", apart=apart, database=database, numbers=_enough(given.seconds)
                )
                done = in_estate(conditions, storm, seed=seed)
                rows.append(row(conditions, seed, given.seconds, done))
                faults += [f"{kind}, seed {seed}: {fault}" for fault in done.faults]
                print(" | ".join(rows[-1]), flush=True)
    print(*faults, sep="\n")
    who = f"{storm.shoppers} shoppers after {storm.wanted} numbers at a time, 2 gateways, 2 workers."
    text = f"{who}\n\n{table(HEAD, [*rows, summed(rows)])}"
    if given.write:
        replace_section(ROOT / "docs" / "numbers.md", "chaos-numbers", text)
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()
