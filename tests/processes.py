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
PATIENCE = 120.0
"""Seconds that a test waits for another process: only one that hangs takes so long, however busy the machine is."""

_TEN = 10
_claims: list[socket.socket] = []


def free_ports(count: int, *, first: int = 20_000) -> int:
    """The first of `count` ports (at most 9) in a row, from `first` on, that nobody else is given while we live.

    Asking whether a port is free tells nothing about the moment after. So whoever takes a ten of ports binds the last
    of them and keeps it: of all that look for ports at once, in whichever process, one can.
    """
    if count > _TEN - 1:
        raise ValueError("at most 9 ports")
    for start in range(first - first % _TEN, 30_000, _TEN):
        claim = _bound(start + _TEN - 1)
        if claim is None:
            continue
        if all(_is_free(port) for port in range(start, start + count)):
            _claims.append(claim)
            return start
        claim.close()
    raise RuntimeError("no free ports")


def _is_free(port: int) -> bool:
    probe = _bound(port)
    if probe is not None:
        probe.close()
    return probe is not None


def _bound(port: int) -> socket.socket | None:
    bound = socket.socket()
    try:
        bound.bind(("127.0.0.1", port))
    except OSError:
        bound.close()
        return None
    return bound


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
        wait_for(f"{base}/readyz", process)
        yield base, process.pid
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def wait_for(url: str, process: "subprocess.Popen[bytes] | None" = None) -> None:
    """Until it answers well. The `process` that is to answer must not end before."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"{url}: its process has ended with {process.returncode}")
        try:
            with urlopen(url, timeout=PATIENCE):
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"{url} did not answer")
