"""A gateway of its own process, as production runs it, over a sandbox of its own process."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.processes import free_ports

ROOT = Path(__file__).parents[1]
TMF620 = "/tmf-api/productCatalogManagement/v4"


@contextmanager
def gateway(sandbox_url: str, **settings: object) -> Iterator[tuple[str, int]]:
    """`bff serve`, ready; its base URL and process id. Keyword arguments are settings as in the tests."""
    port = free_ports(1)
    given = {"port": port, "tmf620_url": sandbox_url + TMF620, "log_level": "error", **settings}
    environment = {**os.environ, **{f"BFF_{name.upper()}": str(value) for name, value in given.items()}}
    process = subprocess.Popen([sys.executable, "-m", "bff", "serve"], cwd=ROOT, env=environment)
    try:
        _wait_for(f"http://127.0.0.1:{port}/readyz")
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait(timeout=20)


def memory_mb(pid: int) -> float:
    """The resident memory of a process in megabytes."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1000


def _wait_for(url: str) -> None:
    for _ in range(400):
        try:
            with urlopen(url, timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"{url} did not answer")
