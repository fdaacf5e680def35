"""`scripts/bench peers`: this gateway beside other GraphQL servers, over one upstream, turn by turn on one core each.

`--seconds` a cell (in two turns), `--groups cold,renewed,cached,whole`, `--dry` writes no page. Needs npm and, the
first time, the network; without them it says so and measures nothing.
"""

import argparse
import datetime as dt
import hashlib
import math
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.request import urlopen

import msgspec
import uvloop

from benchmarks.peers import content, report
from benchmarks.peers.driver import Asking, WrongAnswerError, load
from benchmarks.peers.machine import cores, cpu_seconds, memory_mb, on_core
from benchmarks.peers.replay import PREFIX
from benchmarks.peers.report import Cell, Group
from benchmarks.peers.servers import GATEWAY, NODE, PEERS, UNKEPT, DidNotStartError, Page, Running, gateway, running
from benchmarks.tables import replace_section
from sandbox.process import SandboxProcess
from tests.processes import ROOT, free_ports, wait_for

SIZES = (20, 200, 1_000)
CONNECTIONS = (16, 64)
TURNS = 2
STEP = 20
_REACH = STEP * max(CONNECTIONS) + max(SIZES)
_PAGES = {**dict.fromkeys(UNKEPT, max(CONNECTIONS)), "cached": 4, "whole": 1}
SAYS = {"cold": ("new",)}
_TOO_LONG = 12.0


@contextmanager
def upstream(recorded: Path, *texts: str) -> Iterator[tuple[str, int]]:
    """The replaying upstream; its URL and process id. `texts`: `new`, for something new each time."""
    port = free_ports(1)
    command = [sys.executable, "-m", "benchmarks.peers.replay", str(port), str(recorded), *texts]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_for(f"http://127.0.0.1:{port}/calls")
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait()


def record(path: Path) -> None:
    """Write down what the sandbox says."""
    with SandboxProcess(offerings=_REACH + 200) as sandbox:
        path.write_bytes(msgspec.json.encode(_recorded(sandbox.base_url + PREFIX)))


def _recorded(url: str) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = {}
    for name in ("productOffering", "productOfferingPrice", "productSpecification"):
        items: list[dict[str, object]] = []
        while page := msgspec.json.decode(_get(f"{url}{name}?offset={len(items)}&limit=1000")):
            items.extend(page)
        found[name] = items
    # the large range alone: nothing in it is hidden from anyone, and a peer knows no rules of the shop
    found["productOffering"] = [each for each in found["productOffering"] if str(each["id"]).startswith("po-series-")]
    return found


def _get(url: str) -> bytes:
    with urlopen(url, timeout=60) as reply:
        body: bytes = reply.read()
    return body


def _calls(url: str) -> int:
    return int(_get(f"{url}/calls"))


def pages(group: str, size: int) -> list[Page]:
    """All that is asked: so many pages that each is old when it comes again, or few, which are kept."""
    return [Page(STEP * each, size) for each in range(_PAGES[group])]


def shares(asked: Sequence[Page], connections: int) -> list[Sequence[Page]]:
    """What each connection asks, in turns: its own pages, as long as there are enough for all."""
    return [asked[each % len(asked) :: connections] for each in range(connections)]


class Measurement:
    """One group: its servers side by side, checked, then measured turn by turn."""

    def __init__(self, group: str, servers: list[Running], upstream: tuple[str, int], seconds: float) -> None:
        self.group, self.servers, self.seconds = group, servers, seconds
        self._upstream, self._upstream_pid = upstream
        self.failed: dict[str, str] = {}
        """Peers that gave a wrong answer under load, and which; they are asked no more."""
        self._single: dict[tuple[str, int], float] = {}

    def check(self) -> dict[str, str]:
        """Ask everyone all pages of 20, and the first and last few of the larger ones; who answers otherwise is out.

        Returns:
            Why, by name, for each that was put out.
        """
        out: dict[str, str] = {}
        for size in SIZES:
            asked = pages(self.group, size)
            for page in asked if size == SIZES[0] else (*asked[:4], *asked[-4:]):
                truth = self._asked(self.servers[0], page)
                if len(truth) != page.count:
                    raise RuntimeError(f"{len(truth)} offerings, {page.count} were asked for")
                for server in self.servers[1:]:
                    if found := self._otherwise(server, page, truth):
                        out[server.name] = f"answers {page} otherwise: {found}"
                self.servers = [each for each in self.servers if each.name not in out]
        return out

    def _otherwise(self, server: Running, page: Page, truth: content.Content) -> str:
        try:
            return content.difference(self._asked(server, page), truth)
        except (OSError, RuntimeError, KeyError, TypeError) as error:
            return repr(error)[:300]

    def _asked(self, server: Running, page: Page) -> content.Content:
        began = time.perf_counter()
        answer = server.answer(page)
        key = (server.name, page.count)
        self._single[key] = min(time.perf_counter() - began, self._single.get(key, math.inf))
        return answer

    async def run(self) -> list[Cell]:
        """All cells."""
        cells: list[Cell] = []
        for size in SIZES:
            for server in self.servers:
                if server.name not in self.failed and not self._slow(server, size, CONNECTIONS[0]):
                    await self._turn(server, size, CONNECTIONS[0], self.seconds / TURNS, [])
            for connections in CONNECTIONS:
                cells.extend(await self._cells(size, connections))
        return cells

    async def _cells(self, size: int, connections: int) -> list[Cell]:
        print(f"{self.group}, {size} offerings, {connections} connections", file=sys.stderr, flush=True)
        taking = [each for each in self.servers if self._single[each.name, size] * connections < _TOO_LONG]
        turns: dict[str, list[report.Turn]] = {each.name: [] for each in taking}
        for turn in range(TURNS):
            for server in taking:
                if server.name in self.failed or (turn and self._slow(server, size, connections)):
                    continue
                await self._turn(server, size, connections, self.seconds / TURNS, turns[server.name])
        return [Cell.of(self.group, name, size, connections, each) for name, each in turns.items() if each]

    def _slow(self, server: Running, size: int, connections: int) -> bool:
        """Whether one answer for each connection already takes longer than a cell: then once is enough."""
        return self._single[server.name, size] * connections > self.seconds

    async def _turn(
        self, server: Running, size: int, connections: int, seconds: float, into: list[report.Turn]
    ) -> None:
        least = len(server.body(Page(0, size))) * 9 // 10
        shared = shares(pages(self.group, size), connections)
        asked = [Asking([server.request(page) for page in share], least) for share in shared]
        before = self._spent(server)
        try:
            latencies, taken = await load(server.url, asked, seconds)
        except (WrongAnswerError, OSError) as error:
            if server.name == GATEWAY:
                raise
            self.failed[server.name] = f"under load, {size} offerings, {len(asked)} connections: {error}"[:300]
            return
        used, beside, calls = (after - then for after, then in zip(self._spent(server), before, strict=True))
        into.append(report.Turn(latencies, taken, used, beside, round(calls)))

    def _spent(self, server: Running) -> tuple[float, float, float]:
        """CPU seconds of the server, those of load and upstream together, and GETs so far."""
        beside = cpu_seconds(self._upstream_pid) + time.process_time()
        return cpu_seconds(server.pid), beside, _calls(self._upstream)


def measure(group: str, upstream: tuple[str, int], folder: Path, seconds: float) -> Group:
    """One group of rows."""
    url, _ = upstream
    absent: dict[str, str] = {}
    both = cores()
    with ExitStack() as alive:
        with on_core(both and both[0]):
            servers = [alive.enter_context(gateway(url, group, _REACH))]
            for peer in PEERS:
                if group not in peer.modes:
                    continue
                try:
                    servers.append(alive.enter_context(running(peer, url, group, folder)))
                except DidNotStartError as error:
                    absent[peer.name] = str(error).replace(str(ROOT), ".").replace(str(folder), ".")
        with on_core(both and both[1]):
            measurement = Measurement(group, servers, upstream, seconds)
            absent |= measurement.check()
            cells = uvloop.run(measurement.run())
        memory = {each.name: memory_mb(each.pid) for each in measurement.servers}
    return Group(group, tuple(cells), memory, absent | measurement.failed)


def installed() -> str:
    """Installs what the lock names, unless it is there; what kept it from that, or empty."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return "there is no npm here"
    wanted = hashlib.sha256((NODE / "package-lock.json").read_bytes()).hexdigest()
    stamp = NODE / "node_modules" / ".installed"
    if stamp.exists() and stamp.read_text("ascii") == wanted:
        return ""
    print("installing other servers with npm", file=sys.stderr, flush=True)
    command = ["npm", "ci", "--prefix", str(NODE), "--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"npm could not install them: {done.stderr.strip()[-300:]}"
    stamp.write_text(wanted, "ascii")
    return ""


def told(seconds: float, loads: tuple[float, float]) -> str:
    """On what it was measured."""
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    pinned = "server on one core, load and upstream on another" if cores() else "all on one core"
    return (
        f"Measured {dt.datetime.now(dt.UTC):%Y-%m-%d} on {platform.machine()}, {os.cpu_count()} cores ({pinned}), "
        f"Python {platform.python_version()}, Node {node}; {seconds:g} s a cell in {TURNS} turns; "
        f"load average {loads[0]:.1f} before, {loads[1]:.1f} after."
    )


def main() -> None:
    options = argparse.ArgumentParser(prog="scripts/bench peers")
    options.add_argument("--seconds", type=float, default=6.0)
    options.add_argument("--groups", default="cold,renewed,cached,whole")
    options.add_argument("--dry", action="store_true")
    chosen = options.parse_args()
    if missing := installed():
        print(f"scripts/bench peers: skipped, {missing}", file=sys.stderr)
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no server outlives this
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="peers-") as name, ExitStack() as alive:
        folder, both, asked = Path(name), cores(), chosen.groups.split(",")
        recorded = folder / "tmf620.json"
        record(recorded)
        with on_core(both and both[1]):
            serving = {name: alive.enter_context(upstream(recorded, *SAYS.get(name, ()))) for name in asked}
        groups = [measure(group, serving[group], folder, chosen.seconds) for group in asked]
    section = "\n\n".join((told(chosen.seconds, (before, os.getloadavg()[0])), *report.sections(groups)))
    print(section)
    if not chosen.dry:
        report.draw(groups, ROOT / "docs" / "img")
        replace_section(ROOT / "docs" / "performance.md", "peers", section)


if __name__ == "__main__":
    main()
