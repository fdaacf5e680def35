"""Events over real HTTP: the sandbox posts them to gateways of their own processes, which share a Redis or a dump."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import httpx
import pytest

from bff.dev import SANDBOX_TMF620
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.processes import PATIENCE, free_ports, serving

TOKEN = "a-secret-word"
NEW_PRICE = {"price": {"unit": "EUR", "value": 17.5}}
PRICE = "pop-mobile-m-monthly"
QUERY = """{ productOfferings(first: 1) { nodes { name prices { name net { amount } } } } }"""


def patch(base_url: str, resource: str, local_id: str, change: dict[str, Any]) -> None:
    url = f"{base_url}{SANDBOX_TMF620}/{resource}/{local_id}"
    request = Request(
        url, json.dumps(change).encode(), {"content-type": "application/merge-patch+json"}, method="PATCH"
    )
    with urlopen(request) as answer:
        assert answer.status == 200


def first_offering(url: str) -> dict[str, Any]:
    answer = httpx.post(f"{url}/graphql", json={"query": QUERY}, timeout=PATIENCE).json()
    assert "errors" not in answer, answer
    node: dict[str, Any] = answer["data"]["productOfferings"]["nodes"][0]
    return node


def monthly(url: str) -> str:
    prices = first_offering(url)["prices"]
    return str(next(each["net"]["amount"] for each in prices if "monthly" in each["name"]))


def subscribed(sandbox: SandboxControl, url: str) -> bool:
    return any(hub["callback"].startswith(url) for hub in sandbox.hubs())


def eventually(seen: Callable[[], bool], what: str) -> None:
    """Until it is seen; bounded far above the second that is promised, so that only a miss fails, no slow machine."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if seen():
            return
        time.sleep(0.05)
    pytest.fail(f"never seen: {what}")


@pytest.fixture
def two(sandbox_process: SandboxProcess, sandbox: SandboxControl, redis_url: str) -> Iterator[tuple[str, str]]:
    """Two gateways over one Redis, the first of which the sandbox's events reach."""
    ports = free_ports(2)
    common = {
        "tmf620_url": sandbox_process.base_url + SANDBOX_TMF620,
        "tmf620_page_size": 500,
        "redis_url": redis_url,
        "events_token": TOKEN,
        "events_callback": f"http://127.0.0.1:{ports}",
    }
    with ExitStack() as stack:
        first, _ = stack.enter_context(serving(port=ports, **common))
        second, _ = stack.enter_context(serving(port=ports + 1, **common))
        eventually(lambda: subscribed(sandbox, first), "a subscription")
        yield first, second


def test_a_changed_price_shows_in_every_process(
    two: tuple[str, str], sandbox_process: SandboxProcess, sandbox: SandboxControl
) -> None:
    """A price changed upstream is announced once, to one process, and both answer with it."""
    assert [monthly(url) for url in two] == ["21.00", "21.00"]
    assert [hub["callback"] for hub in sandbox.hubs()] == [f"{two[0]}/events/tmf620/{TOKEN}"]
    patch(sandbox_process.base_url, "productOfferingPrice", PRICE, NEW_PRICE)
    for url in two:
        eventually(lambda url=url: monthly(url) == "17.50", "the new price")  # type: ignore[misc]


def test_a_new_name_shows_in_lists(two: tuple[str, str], sandbox_process: SandboxProcess) -> None:
    """An offering renamed upstream shows its new name in a list that was read before, in both processes."""
    assert [first_offering(url)["name"] for url in two] == ["Mobile M"] * 2
    patch(sandbox_process.base_url, "productOffering", "po-mobile-m", {"name": "Mobile Medium"})
    for url in two:
        eventually(lambda url=url: first_offering(url)["name"] == "Mobile Medium", "the new name")  # type: ignore[misc]


def test_a_dump_is_brought_up_to_date(sandbox_process: SandboxProcess, sandbox: SandboxControl, tmp_path: Path) -> None:
    """Where a dump serves, a changed price is read again into its file, and the other process answers with it too."""
    port = free_ports(2)
    common = {
        "tmf620_url": sandbox_process.base_url + SANDBOX_TMF620,
        "tmf620_page_size": 500,
        "catalog_source": "dump",
        "dump_folder": tmp_path / "dumps",
        "events_token": TOKEN,
    }
    environment = {f"BFF_{name.upper()}": str(value) for name, value in common.items()}
    for arguments in (["dump", str(tmp_path / "all.ndjson.gz")], ["load", str(tmp_path / "all.ndjson.gz")]):
        command = [sys.executable, "-m", "bff", "catalog", *arguments]
        subprocess.run(command, env=environment, check=True, capture_output=True)
    with (
        serving(port=port, events_callback=f"http://127.0.0.1:{port}", **common) as (first, _),
        serving(port=port + 1, **common) as (second, _),
    ):
        eventually(lambda: subscribed(sandbox, first), "a subscription")
        assert [monthly(url) for url in (first, second)] == ["21.00", "21.00"]
        patch(sandbox_process.base_url, "productOfferingPrice", PRICE, NEW_PRICE)
        for url in (first, second):
            eventually(lambda url=url: monthly(url) == "17.50", "the new price")  # type: ignore[misc]
