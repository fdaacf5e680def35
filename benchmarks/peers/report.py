"""What was measured as tables, ratios and charts, for docs/performance.md."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from benchmarks.peers.charts import bars
from benchmarks.peers.servers import GATEWAY
from benchmarks.tables import table

TITLES: Final = {
    "cold": "Cold: nothing is kept, every answer asks the upstream and hears something new",
    "renewed": "Renewed: nothing is kept either, and the upstream says the same again",
    "cached": "Data kept in the process, the query executed",
    "whole": "Whole answers, for anonymous callers",
}
RIVALS: Final = {"cold": "", "renewed": "", "cached": "GraphQL Yoga, graphql-jit", "whole": "Apollo Server"}
"""Who a group's goal is against; empty: the best of all."""
GOALS: Final = {"cold": (3.0, 2.0), "renewed": (3.0, 2.0), "cached": (3.0, 2.0), "whole": (5.0, 4.0)}
"""How many times as many requests as the rival: the goal, and the floor."""
MEMORY_MB: Final = 120
TAIL: Final = 3.0


@dataclass(frozen=True)
class Turn:
    """One stretch of load: latencies in ms; seconds of clock, of the server's CPU, of CPU beside it; upstream GETs."""

    latencies: Sequence[float]
    seconds: float
    cpu: float
    beside: float
    calls: int


@dataclass(frozen=True)
class Cell:
    """One server in one group at one size under so many connections; times in milliseconds a request."""

    group: str
    server: str
    size: int
    connections: int
    per_second: float
    median: float
    p99: float
    cpu: float
    calls: float
    busy: float
    """How much of its core load generator and upstream took, 0 to 1: near 1 they are what is measured."""

    @classmethod
    def of(cls, group: str, server: str, size: int, connections: int, turns: Sequence[Turn]) -> Self:
        latencies = sorted(each for turn in turns for each in turn.latencies)
        count, seconds = len(latencies), sum(turn.seconds for turn in turns)
        return cls(
            *(group, server, size, connections),
            per_second=count / seconds,
            median=statistics.median(latencies),
            p99=latencies[min(int(count * 0.99), count - 1)],
            cpu=sum(turn.cpu for turn in turns) * 1000 / count,
            calls=sum(turn.calls for turn in turns) / count,
            busy=sum(turn.beside for turn in turns) / seconds,
        )


@dataclass(frozen=True)
class Group:
    """One group of rows: its cells, each server's megabytes after the load, and why a peer is not there."""

    name: str
    cells: tuple[Cell, ...]
    memory: Mapping[str, float]
    absent: Mapping[str, str]

    def cell(self, server: str, size: int, connections: int) -> Cell | None:
        wanted = (server, size, connections)
        return next((each for each in self.cells if (each.server, each.size, each.connections) == wanted), None)

    @property
    def sizes(self) -> list[int]:
        return sorted({each.size for each in self.cells})

    @property
    def connections(self) -> list[int]:
        return sorted({each.connections for each in self.cells})

    def ratio(self, size: int, connections: int) -> tuple[float, str] | None:
        """How many times the rival's requests this gateway answers, and who that is; None without one of them."""
        own = self.cell(GATEWAY, size, connections)
        here = [each for each in self.cells if (each.size, each.connections) == (size, connections)]
        named = RIVALS[self.name]
        rivals = [each for each in here if each.server != GATEWAY and named in ("", each.server)]
        if own is None or not rivals:
            return None
        best = max(rivals, key=lambda each: each.per_second)
        return own.per_second / best.per_second, best.server


def sections(groups: Sequence[Group]) -> Iterator[str]:
    """The ratios, then each group's chart and tables."""
    yield table(("against the goals", "goal", "floor", "measured", ""), goals(groups))
    for group in groups:
        yield f"### {TITLES[group.name]}"
        yield f"![Requests per second](img/peers-{group.name}.svg)"
        yield measured(group)
        if group.absent:
            yield "Not there: " + "; ".join(f"{name} ({why})" for name, why in group.absent.items()) + "."


def measured(group: Group) -> str:
    """One row for each server, size and number of connections."""
    head = ("offerings", "connections", "server", "per second", "p50 ms", "p99 ms", "CPU ms", "GETs", "MB")
    rows = [
        (
            *(f"{size:,}", str(connections), server),
            *(_figures(group.cell(server, size, connections)) or ("too slow", *("" for _ in range(4)))),
            f"{group.memory[server]:.0f}",
        )
        for size in group.sizes
        for connections in group.connections
        for server in group.memory
    ]
    return table(head, rows)


def _figures(cell: Cell | None) -> tuple[str, ...]:
    if cell is None:
        return ()
    mark = "*" if cell.busy > 0.9 else ""
    rate = f"{cell.per_second:,.0f}{mark}" if cell.per_second >= 10 else f"{cell.per_second:.1f}{mark}"
    return rate, f"{cell.median:,.1f}", f"{cell.p99:,.1f}", f"{cell.cpu:.2f}", f"{cell.calls:.1f}"


def goals(groups: Sequence[Group]) -> list[tuple[str, ...]]:
    """The figures that were wished for, the floors, and what came out."""
    rows: list[tuple[str, ...]] = []
    for group in groups:
        goal, floor = GOALS[group.name]
        for size in group.sizes:
            for connections in group.connections:
                found = group.ratio(size, connections)
                if found is not None:
                    times, rival = found
                    what = f"{group.name}, {size:,} offerings, {connections} connections, against {rival}"
                    rows.append((what, f"{goal:g} ×", f"{floor:g} ×", f"{times:.1f} ×", verdict(times, goal, floor)))
    rows.extend(_growths(groups))
    rows.extend(_tails(groups))
    rows.extend(_memories(groups))
    return rows


def verdict(value: float, goal: float, floor: float) -> str:
    """How a figure that should be high did."""
    if value >= goal:
        return "met"
    return "floor met" if value >= floor else "**missed**"


def _growths(groups: Sequence[Group]) -> Iterator[tuple[str, ...]]:
    for group in groups:
        for connections in group.connections:
            small, large = (group.ratio(size, connections) for size in (group.sizes[0], group.sizes[-1]))
            if small and large and len(group.sizes) > 1:
                what = f"{group.name}, lead at {group.sizes[-1]:,} offerings over that at {group.sizes[0]:,}"
                times = large[0] / small[0]
                yield f"{what}, {connections} connections", "1 ×", "", f"{times:.1f} ×", verdict(times, 1.0, 1.0)


def _tails(groups: Sequence[Group]) -> Iterator[tuple[str, ...]]:
    for group in groups:
        own = [each for each in group.cells if each.server == GATEWAY]
        if own:
            worst = max(own, key=lambda each: each.p99 / each.median)
            times = worst.p99 / worst.median
            what = f"{group.name}, p99 over p50 at worst ({worst.size:,} offerings, {worst.connections} connections)"
            yield what, f"{TAIL:g} ×", "", f"{times:.1f} ×", "met" if times <= TAIL else "**missed**"


def _memories(groups: Sequence[Group]) -> Iterator[tuple[str, ...]]:
    for group in groups:
        used = group.memory.get(GATEWAY)
        if used is not None:
            what = f"{group.name}, memory after the load"
            yield what, f"{MEMORY_MB} MB", "", f"{used:.0f} MB", "met" if used <= MEMORY_MB else "**missed**"


def draw(groups: Sequence[Group], folder: Path) -> None:
    """A chart for each group, at the fewest connections: `peers-<group>.svg`."""
    folder.mkdir(parents=True, exist_ok=True)
    for group in groups:
        connections = group.connections[0]
        panels = []
        for size in group.sizes:
            found = [(name, group.cell(name, size, connections)) for name in group.memory]
            panels.append((f"{size:,} offerings", [(name, cell.per_second) for name, cell in found if cell]))
        title = f"{TITLES[group.name]}: requests per second, {connections} connections"
        (folder / f"peers-{group.name}.svg").write_text(bars(title, panels, GATEWAY), "utf-8")
