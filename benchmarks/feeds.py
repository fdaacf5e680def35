"""`scripts/bench feeds`: what 100,000 offerings cost to load, to hold and to search, and how soon an event shows.

The dump is written here, in both languages, with prices and specifications; loading runs as a process of its own, as an
operator's job would. Times are good against each other within one run.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.catalog import PAGE, body
from benchmarks.feed_dump import write_feed
from benchmarks.load import fetch, post
from benchmarks.processes import ROOT, TMF620, memory_mb
from benchmarks.tables import replace_section, table
from bff.dev import embedded_redis
from domain.catalog.catalog import Catalog
from domain.catalog.dumps.file import DumpFile
from domain.catalog.dumps.generations import Generations
from domain.catalog.dumps.source import DumpSource
from domain.catalog.kinds import OfferingSort
from domain.catalog.questions import OfferingQuery
from domain.catalog.rules import ShopRules
from kernel.clock import SystemClock
from kernel.context import Audience, Deadline, RequestContext, Segment
from sandbox.process import SandboxProcess
from tests.events.test_events import NEW_PRICE, PRICE, TOKEN, monthly, patch, subscribed
from tests.processes import free_ports, serving

OFFERINGS = 100_000
WORDS = (None, "mobile", "series", "cobalt", "model 77", "family", "jade model 5", "data", "s 1234")
FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"segment": Segment.B2B},
    {"is_bundle": True},
    {"sellable": True},
    {"sellable": False},
    {"category": "cat-plans-postpaid"},
    {"category": "cat-mobile"},
)
MEGABYTES = 48_000_000


def _load(dump: Path, folder: Path) -> tuple[float, float]:
    """Seconds and peak megabytes of `bff catalog load`."""
    environment = {**os.environ, "BFF_DUMP_FOLDER": str(folder)}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "bff", "catalog", "load", str(dump)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"the load failed: {process.returncode}")
    return time.perf_counter() - began, usage.ru_maxrss / 1000


async def _searches(folder: Path, *, count: bool) -> list[float]:
    """Milliseconds of each combination of words, filter and order, first and second page, as the domain answers it."""
    current = Generations(folder).current()
    if current is None:
        raise RuntimeError("nothing was loaded")
    source, rules = DumpSource(DumpFile(current, MEGABYTES)), ShopRules()
    source.prepare(rules)  # as a process does before it goes over to a dump
    catalog = Catalog(source, rules, SystemClock())
    ctx = RequestContext(Audience("en", "web"), Deadline.after(3_600))
    taken: list[float] = []
    for words, wanted, sort in product(WORDS, FILTERS, (None, *OfferingSort)):
        query = OfferingQuery(search=words, sort=sort, **wanted)
        after = None
        for _ in range(2):
            began = time.perf_counter()
            page = await catalog.find(
                catalog.question(ctx, query, first=20, after=after, fields=frozenset(), count=count)
            )
            taken.append((time.perf_counter() - began) * 1000)
            after = page.end_cursor
            if not page.has_next_page:
                break
    return taken


def _row(name: str, taken: list[float]) -> tuple[str, ...]:
    ordered = sorted(taken)
    p99 = ordered[int(len(ordered) * 0.99)]
    return name, str(len(taken)), f"{statistics.median(taken):.1f}", f"{p99:.1f}", f"{ordered[-1]:.1f}"


async def _served(dump: Path, folder: Path) -> tuple[list[float], list[tuple[str, ...]]]:
    """Milliseconds of pages over HTTP, and the memory of the process before, while and after another dump is loaded."""
    settings = {"catalog_source": "dump", "dump_folder": folder, "tmf620_url": "http://127.0.0.1:9/none"}
    settings["answers_memory_mb"] = 0  # what the dump costs, and not what is kept of it
    with serving(**settings) as (url, pid):
        request = post(f"{url}/graphql", body(PAGE, first=20))
        taken = [(await fetch(f"{url}/graphql", request))[2] for _ in range(200)]
        before, most = memory_mb(pid), 0.0
        loading = asyncio.create_task(asyncio.to_thread(_load, dump, folder))
        while not loading.done():
            await fetch(f"{url}/graphql", request)
            most = max(most, memory_mb(pid))
        await loading
        for _ in range(100):
            await fetch(f"{url}/graphql", request)
            most = max(most, memory_mb(pid))
            await asyncio.sleep(0.02)
        rows = [("before a switch", before), ("most, while another dump is loaded and switched to", most)]
        return taken, [(name, f"{value:.0f}") for name, value in [*rows, ("after it", memory_mb(pid))]]


@contextmanager
def _two(sandbox: SandboxProcess, redis_url: str) -> Iterator[tuple[str, str]]:
    port = free_ports(2)
    common = {
        "tmf620_url": sandbox.base_url + TMF620,
        "redis_url": redis_url,
        "events_token": TOKEN,
        "events_callback": f"http://127.0.0.1:{port}",
    }
    with serving(port=port, **common) as (first, _), serving(port=port + 1, **common) as (second, _):
        while not subscribed(sandbox.control, first):
            time.sleep(0.05)
        yield first, second


def _event() -> list[float]:
    """Seconds from a price's change upstream until the second of two processes answers with it, some times over."""
    taken = []
    with (
        SandboxProcess() as sandbox,
        embedded_redis(sandbox.data / "redis") as redis_url,
        _two(sandbox, redis_url) as urls,
    ):
        for cents in range(5):
            wanted = f"{10 + cents}.50"
            for url in urls:
                monthly(url)
            began = time.perf_counter()
            change = {"price": {**NEW_PRICE["price"], "value": float(wanted)}}
            patch(sandbox.base_url, "productOfferingPrice", PRICE, change)
            while any(monthly(url) != wanted for url in urls):
                if time.perf_counter() - began > 30:
                    raise RuntimeError("the event was never seen")
            taken.append(time.perf_counter() - began)
    return taken


async def run() -> str:
    """Everything; the section for docs/performance.md."""
    with tempfile.TemporaryDirectory(prefix="bff-feeds-") as name:
        folder, dump = Path(name) / "dumps", Path(name) / "catalog.ndjson.gz"
        records = write_feed(dump, OFFERINGS)
        seconds, megabytes = _load(dump, folder)
        current = Generations(folder).current()
        size = current.stat().st_size / 1e6 if current else 0
        plain = await _searches(folder, count=False)
        counted = await _searches(folder, count=True)
        over_http, memory = await _served(dump, folder)
    events = _event()
    head = ("pages of 20, one at a time", "asked", "p50 ms", "p99 ms", "most")
    searches = [
        _row("words × filters × orders, in the domain", plain),
        _row("the same with totalCount", counted),
        _row("the page above, over HTTP", over_http),
    ]
    return "\n\n".join(
        (
            table(
                ("load", ""),
                [
                    ("offerings, records in two languages", f"{OFFERINGS:,}, {records:,}"),
                    ("seconds", f"{seconds:.1f}"),
                    ("peak memory, MB", f"{megabytes:.0f}"),
                    ("size of the file, MB", f"{size:.0f}"),
                ],
            ),
            table(("memory of a serving process", "MB"), memory),
            table(head, searches),
            table(
                ("event", "seconds"),
                [
                    (
                        "a changed price in two processes, median and most of 5",
                        f"{statistics.median(events):.2f}, {max(events):.2f}",
                    )
                ],
            ),
        )
    )


def main() -> None:
    section = asyncio.run(run())
    print(section)
    replace_section(ROOT / "docs" / "performance.md", "feeds", section)


if __name__ == "__main__":
    main()
