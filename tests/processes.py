"""Ports and processes for tests and measurements that start real ones."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]


def free_ports(count: int, *, first: int = 20_000) -> int:
    """The first of `count` ports (at most 10) in a row, from `first` on, that were free just now.

    Of tests that run side by side each takes every so-many-th ten, so that none is given what another was just given.
    """
    worker, workers = _worker()
    for start in range(first - first % 10, 30_000, 10):
        if start // 10 % workers == worker and all(_is_free(port) for port in range(start, start + count)):
            return start
    raise RuntimeError("no free ports")


def _worker() -> tuple[int, int]:
    """Which of how many pytest-xdist runs us; processes that a test starts inherit the answer."""
    name = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    return int(name.removeprefix("gw")), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextmanager
def serving(*, log: Path | None = None, **settings: object) -> Iterator[tuple[str, int]]:
    """`bff serve` as production runs it, ready; its base URL and process id. `log`: the file that has what it says.

    Keyword arguments are settings by variable, without `BFF_`, in lower case; without `port` a free one is taken.
    """
    given = {"port": free_ports(1), "log_level": "error", **settings}
    environment = {**os.environ, **{f"BFF_{name.upper()}": str(value) for name, value in given.items()}}
    command = [sys.executable, "-m", "bff", "serve"]
    with nullcontext() if log is None else log.open("wb") as said:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=said)
    try:
        base = f"http://127.0.0.1:{given['port']}"
        wait_for(f"{base}/readyz")
        yield base, process.pid
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_for(url: str) -> None:
    for _ in range(400):
        try:
            with urlopen(url, timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"{url} did not answer")
