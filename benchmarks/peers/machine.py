"""What the measurement asks of the operating system: cores, CPU time and memory of a process with its children."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cores() -> tuple[int, int] | None:
    """One for the server, one for load and upstream; None where there is one only, or they cannot be chosen."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    first, *others = sorted(os.sched_getaffinity(0))
    return (first, others[0]) if others else None


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """What is started within runs on that core alone; so does this process, until the end."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found, new = [], [pid]
    while new:
        each = new.pop()
        found.append(each)
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            new.extend(map(int, task.read_text().split()))
    return found


def cpu_seconds(pid: int) -> float:
    """CPU time that a process and its children have used."""
    ticks = 0
    for each in family(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS


def memory_mb(pid: int) -> float:
    """Their resident memory."""
    lines = (line for each in family(pid) for line in Path(f"/proc/{each}/status").read_text().splitlines())
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1000
