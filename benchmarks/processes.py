"""A gateway of its own process, as production runs it, over a sandbox of its own process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import ROOT, serving

__all__ = ["ROOT", "gateway", "memory_mb"]

TMF620 = "/tmf-api/productCatalogManagement/v4"


@contextmanager
def gateway(sandbox_url: str, **settings: object) -> Iterator[tuple[str, int]]:
    """`bff serve` over a sandbox; its base URL and process id. Keyword arguments are settings as in the tests."""
    with serving(tmf620_url=sandbox_url + TMF620, **settings) as started:
        yield started


def memory_mb(pid: int) -> float:
    """The resident memory of a process in megabytes."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1000
