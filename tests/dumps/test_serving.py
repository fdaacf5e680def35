"""Loads while the shop is open: with bad records, killed, on a full disk, two at once; and going back."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.catalog.dumps.errors import DumpError
from domain.catalog.dumps.generations import Generations
from tests.dumps.making import Document, Loader, ndjson, offering, price
from tests.processes import PATIENCE, ROOT, serving

QUERY = """{ productOfferings(first: 20, filter: {search: "plan"}) {
  totalCount nodes { name prices { name net { amount } } } } }"""


def catalogue(generation: int, count: int = 30) -> list[Document]:
    """Offerings and prices whose names and amounts all tell the generation they belong to."""
    documents: list[Document] = []
    for number in range(count):
        name = f"Plan {number} of {generation}"
        refs = [{"id": f"pop-{number}"}]
        documents.append(offering(f"po-{number}", name=name, productOfferingPrice=refs))
        documents.append(price(f"pop-{number}", amount=float(generation), name=f"Price of {generation}"))
    return documents


def bff(folder: Path, *arguments: str, **settings: Any) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "BFF_DUMP_FOLDER": str(folder), "COLUMNS": "200"}
    environment |= {f"BFF_{name.upper()}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-m", "bff", "catalog", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


class Asking:
    """A client that keeps asking; every answer must be wholly of one generation."""

    def __init__(self, url: str) -> None:
        self.url, self.stop = url, threading.Event()
        self.seen: list[int] = []
        self.faults: list[str] = []
        self.thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        with httpx.Client(timeout=PATIENCE) as client:
            while not self.stop.is_set():
                try:
                    self.check(client.post(f"{self.url}/graphql", json={"query": QUERY}).json())
                except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
                    self.faults.append(repr(error))
                    return

    def check(self, answer: dict[str, Any]) -> None:
        page = answer["data"]["productOfferings"]
        told = {int(node["name"].rpartition(" ")[2]) for node in page["nodes"]}
        told |= {int(each["name"].rpartition(" ")[2]) for node in page["nodes"] for each in node["prices"]}
        told |= {int(float(each["net"]["amount"])) for node in page["nodes"] for each in node["prices"]}
        if "errors" in answer or page["totalCount"] != 30 or len(page["nodes"]) != 20 or len(told) != 1:
            self.faults.append(json.dumps(answer)[:500])
        self.seen.append(told.pop())


@contextmanager
def asked(*urls: str) -> Iterator[list[Asking]]:
    clients = [Asking(url) for url in urls]
    for client in clients:
        client.thread.start()
    try:
        yield clients
    finally:
        for client in clients:
            client.stop.set()
            client.thread.join()


def until(client: Asking, generation: int) -> None:
    """Wait until the client is answered from that generation, or has found a fault."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if client.faults or (client.seen and client.seen[-1] == generation):
            return
        client.stop.wait(0.01)
    pytest.fail(f"generation {generation} was never served")


def test_the_shop_stays_open_through_loads_and_a_rollback(tmp_path: Path) -> None:
    """Two processes answer without one wrong or failed answer while dumps with bad records come and one goes."""
    folder, file = tmp_path / "dumps", tmp_path / "catalog.ndjson"
    file.write_bytes(ndjson(catalogue(1)))
    assert bff(folder, "load", str(file)).returncode == 0
    settings = {"catalog_source": "dump", "dump_folder": folder}
    with serving(**settings) as (first, _), serving(**settings) as (second, _), asked(first, second) as clients:
        for client in clients:
            until(client, 1)
        for generation in (2, 3):
            bad = b'{"@type": "ProductOffering", "id": 5, "name": \n{"@type": "ProductOffering"}\nnot json\n'
            file.write_bytes(bad + ndjson(catalogue(generation)))
            loaded = bff(folder, "load", str(file), dump_max_rejects=0.2)
            assert loaded.returncode == 0, loaded.stderr
            assert "3 records were rejected" in loaded.stdout
            assert "catalog.ndjson:3" in loaded.stdout
            for client in clients:
                until(client, generation)
        assert bff(folder, "rollback").returncode == 0
        for client in clients:
            until(client, 2)
    assert [client.faults for client in clients] == [[], []]
    assert all(sorted(set(client.seen)) == [1, 2, 3] for client in clients)


def test_a_load_killed_in_the_middle(dumps: Loader) -> None:
    """SIGKILL leaves the old catalogue serving; the next load works and clears what was left."""
    dumps.load(catalogue(1))
    before = dumps.current
    file = dumps.write("catalog.ndjson", ndjson(catalogue(2, count=20_000)))
    environment = {**os.environ, "BFF_DUMP_FOLDER": str(dumps.folder)}
    command = [sys.executable, "-m", "bff", "catalog", "load", str(file)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    while not list(dumps.folder.glob("building-*")):
        assert process.poll() is None, "it ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert dumps.current == before
    assert list(dumps.folder.glob("building-*")) != []
    dumps.load(catalogue(3))
    assert dumps.current != before
    assert list(dumps.folder.glob("building-*")) == []


def test_a_full_disk(dumps: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's own "database or disk is full", in the middle of a load: a clear error, the old one serving."""
    dumps.load(catalogue(1))
    before, names = dumps.current, dumps.names()
    connect = sqlite3.connect

    def small(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.execute("PRAGMA max_page_count = 40")
        return connection

    monkeypatch.setattr(sqlite3, "connect", small)
    with pytest.raises(DumpError, match="full"):
        dumps.load(catalogue(2, count=400))
    monkeypatch.undo()
    assert dumps.current == before
    assert dumps.names() == names


def test_two_loads_at_once(dumps: Loader) -> None:
    """The second is told that another is running, and changes nothing."""
    dumps.load(catalogue(1))
    before = dumps.current
    with dumps.generations.building(), pytest.raises(DumpError, match="Another load is running"):
        dumps.load(catalogue(2))
    with dumps.generations.building(), pytest.raises(DumpError, match="Another load is running"):
        Generations(dumps.folder).rollback()
    assert dumps.current == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no offerings"),
        (b"[]", "no offerings"),
        (b"<html>503</html>", "neither"),
        (json.dumps(catalogue(2)).encode()[:-40], "cut off|not readable"),
        (ndjson(catalogue(2))[:-30], "cut off"),
        (ndjson([{"@type": "CatalogDump"}, *catalogue(2)]), "end is missing"),
        (ndjson(catalogue(2, count=10)), "10 offerings where 30 serve"),
        (ndjson(catalogue(2)) + b"{bad}\n" * 30, "30 of 90"),
    ],
)
def test_what_cannot_be_right_does_not_serve(dumps: Loader, content: bytes, reason: str) -> None:
    """Empty, HTML, cut off, too small, too much of it unusable: refused with the reason, the old one serving."""
    dumps.load(catalogue(1))
    before = dumps.current
    with pytest.raises(DumpError, match=reason):
        dumps.load({"catalog.ndjson": content})
    assert dumps.current == before


def test_what_is_wrong_is_told_and_does_not_stop_the_rest(dumps: Loader) -> None:
    """Duplicates, cycles of bundles, references that lead nowhere, ten megabytes in a name: told; the rest is there."""
    documents = [
        *catalogue(1),
        offering("po-0", name="again"),
        offering("po-huge", name="x" * 10_000_000),
        offering("b1", isBundle=True, bundledProductOffering=[{"id": "b2"}]),
        offering("b2", isBundle=True, bundledProductOffering=[{"id": "b1"}, {"id": "nowhere"}]),
        offering("po-odd", name=["no", "text"], category={"id": "not a list"}),
    ]
    report = dumps.load(documents, max_rejects=1.0)
    assert report.counts["productOffering"] == 33
    assert [reject.place for reject in report.rejects] == ["catalog.ndjson:61", "catalog.ndjson:62"]
    assert len(report.cycles) == 1
    assert {kind: each.count for kind, each in report.dangling.items()} == {"bundled offering": 1}
    assert report.odd == 2


def test_sources_that_are_not_allowed(tmp_path: Path) -> None:
    """A path outside the folders and a URL outside the list are refused by name, and nothing is opened."""
    folder, file = tmp_path / "dumps", tmp_path / "catalog.ndjson"
    file.write_bytes(ndjson(catalogue(1)))
    inside = tmp_path / "allowed"
    inside.mkdir()
    refused = bff(folder, "load", str(inside / ".." / "catalog.ndjson"), dump_paths=inside)
    assert (refused.returncode, "BFF_DUMP_PATHS" in refused.stderr) == (2, True)
    fetched = bff(folder, "load", "http://127.0.0.1:9/catalog.ndjson")
    assert (fetched.returncode, "BFF_DUMP_URLS" in fetched.stderr) == (2, True)
    assert not (folder / "current.json").exists()
