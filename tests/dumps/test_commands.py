"""`bff catalog load`, `dump`, `rollback` and `status`, as the one who runs the job meets them."""

import asyncio
import gzip
import json
import os
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bff import catalog_commands
from bff.cli import app
from bff.dev import SANDBOX_TMF620
from clients.everything import every_entity
from domain.catalog.dumps.generations import Generations
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.conftest import settings_of
from tests.dumps.making import category, ndjson, offering, offerings, own, price, write_sandbox_dump

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "dumps"


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `bff catalog …` with settings; its exit status and all that it said."""
    for name in [name for name in os.environ if name.startswith("BFF_")]:
        monkeypatch.delenv(name)

    def command(*arguments: str, **settings: Any) -> tuple[int, str]:
        given = {"dump_folder": folder, **settings}
        environment = {f"BFF_{name.upper()}": str(value) for name, value in given.items()}
        result = CliRunner().invoke(app, ["catalog", *arguments], env={**environment, "COLUMNS": "300"})
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    return command


def file_of(folder: Path, content: bytes, name: str = "catalog.ndjson") -> str:
    path = folder / name
    path.write_bytes(content)
    return str(path)


# ---------------------------------------------------------------- load, status, rollback


def test_from_the_first_load_to_a_rollback(run: Run, tmp_path: Path, folder: Path) -> None:
    """What serves is told after each step; there is no going back before the first, and no leftovers."""
    assert run("status") == (0, "Catalogue source: on_demand (BFF_CATALOG_SOURCE)\nNo dump has been loaded.\n")
    assert run("rollback") == (2, "There is no earlier dump to go back to.\n")
    for count in (3, 4):
        status, said = run("load", file_of(tmp_path, ndjson(offerings(count))))
        assert status == 0
        assert re.search(rf"productOffering +│ {count} ", said)
        assert f"Serving {Generations(folder).all()[0].file}." in said
    first, second = reversed(Generations(folder).all())
    status, said = run("status", catalog_source="dump")
    assert status == 0
    assert re.search(rf"serves +│ {re.escape(second.file)} .*│ 4 +│ 0 ", said)
    assert re.search(rf"earlier +│ {re.escape(first.file)} .*│ 3 +│ 0 ", said)
    status, said = run("rollback")
    assert (status, said.startswith(f"Serving {first.file} again, loaded ")) == (0, True)
    assert run("rollback")[0] == 2
    assert Generations(folder).all() == (first,)


def test_the_report(run: Run, tmp_path: Path) -> None:
    """Counts, rejects with place and reason, odd attributes, references that lead nowhere, cycles, what was ignored."""
    bad = [
        *offerings(2),
        offering("po-0"),
        offering("po-odd", name=5, category=[{"id": "cat-gone"}]),
        offering("po-loop", isBundle=True, bundledProductOffering=[{"id": "po-loop"}]),
        {"@type": "Catalog", "id": "c"},
    ]
    status, said = run("load", file_of(tmp_path, ndjson(bad)), dump_max_rejects=0.5)
    assert status == 0
    assert "1 records of other resources or languages were left alone." in said
    assert "1 attributes could not be read and count as absent:\n  catalog.ndjson:4: .name: Expected" in said
    assert "1 records were rejected:\n  catalog.ndjson:3: productOffering po-0 (en) is there already\n" in said
    assert "1 missing as category: cat-gone (in po-odd)" in said
    assert "A bundle that contains itself: po-loop → po-loop" in said


def test_a_refused_dump_is_reported_as_fully(run: Run, tmp_path: Path, folder: Path) -> None:
    """Whoever must mend an export sees every kind of fault, and the reason last."""
    bad = ndjson([*offerings(2), *[{"@type": "Category"}] * 4])
    status, said = run("load", file_of(tmp_path, bad))
    assert status == 2
    assert [f"  catalog.ndjson:{line}: element: no id\n" in said for line in (3, 4, 5, 6)] == [True] * 4
    assert said.splitlines()[-1].startswith("4 of 6 records cannot be used, more than 1.00%; --force takes")
    assert Generations(folder).all() == ()
    assert run("load", "--force", file_of(tmp_path, bad))[0] == 0


def test_nothing_in_a_dump_is_obeyed_by_the_terminal(run: Run, tmp_path: Path) -> None:
    """Markup, escape sequences and line breaks in ids and file names are text."""
    evil = "[/bold][link=x]\x1b]0;gotcha\x07\r\nall fine"
    records = [offering("po-1", category=[{"id": evil}]), offering(evil)]
    status, said = run("load", file_of(tmp_path, ndjson(records), "[red]a.ndjson"), dump_max_rejects=0.9)
    assert status == 0
    assert "[/bold][link=x]\N{REPLACEMENT CHARACTER}]0;gotcha\N{REPLACEMENT CHARACTER}" in said
    assert "[red]a.ndjson:2: an id that cannot go into a URL" in said
    assert not re.search(r"\x1b\]|\x07|\r", said)


@pytest.mark.parametrize("command", [["load", "FILE"], ["rollback"]])
def test_a_folder_that_cannot_be_written(run: Run, tmp_path: Path, command: list[str]) -> None:
    """A clear word and exit status 2 instead of a traceback."""
    file = file_of(tmp_path, ndjson(offerings(1)))
    (tmp_path / "file").write_text("in the way")
    status, said = run(*[file if each == "FILE" else each for each in command], dump_folder=tmp_path / "file" / "dumps")
    assert (status, said.strip().startswith("The folder of the dumps cannot be written: ")) == (2, True)


def test_a_pointer_that_cannot_be_read(run: Run, tmp_path: Path, folder: Path) -> None:
    """Told by every command; nothing is guessed, until a forced load begins anew."""
    file = file_of(tmp_path, ndjson(offerings(1)))
    run("load", file)
    (folder / "current.json").write_bytes(b"{")
    for command in (["status"], ["rollback"], ["load", file]):
        status, said = run(*command)
        assert (status, "current.json cannot be read" in said) == (2, True)
    assert run("load", "--force", file)[0] == 0
    assert len(Generations(folder).all()) == 1
    assert len(list(folder.glob("catalog-*.sqlite"))) == 1


def test_a_rollback_to_a_file_that_is_gone(run: Run, tmp_path: Path, folder: Path) -> None:
    """It is refused, and the current one stays."""
    file = file_of(tmp_path, ndjson(offerings(1)))
    for _ in range(2):
        run("load", file)
    now, before = Generations(folder).all()
    (folder / before.file).unlink()
    status, said = run("rollback")
    assert (status, said) == (2, f"The earlier dump {before.file} is gone; nothing was changed.\n")
    assert Generations(folder).all()[0] == now


# ---------------------------------------------------------------- paths


@pytest.mark.parametrize("name", ["nowhere.json", ".", "ftp://127.0.0.1/x.json", "file:///etc/passwd"])
def test_what_is_no_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A name of nothing, a folder, or a scheme that is not spoken."""
    monkeypatch.chdir(tmp_path)
    assert run("load", name) == (2, f"{name} is no file.\n")


def test_paths_that_are_allowed(run: Run, tmp_path: Path, folder: Path) -> None:
    """Only below the folders of the setting, also through `..` and links; and not in one whose name begins so."""
    allowed, beside = tmp_path / "in", tmp_path / "in-other"
    allowed.mkdir()
    beside.mkdir()
    outside = file_of(beside, ndjson(offerings(1)))
    (allowed / "link.ndjson").symlink_to(outside)
    for name in (outside, str(allowed / "link.ndjson"), f"{allowed}/../in-other/catalog.ndjson"):
        status, said = run("load", name, dump_paths=f"/nowhere,{allowed}")
        assert (status, "is not allowed; BFF_DUMP_PATHS lists" in said) == (2, True)
    assert not folder.exists()
    assert run("load", file_of(allowed, ndjson(offerings(1))), dump_paths=f"/nowhere,{allowed}")[0] == 0


# ---------------------------------------------------------------- URLs


class Files(BaseHTTPRequestHandler):
    """A file server with habits: it can send elsewhere, promise more than it gives, or compress on the way."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        content = own(offerings(3))
        if self.path.endswith("/moved.ndjson"):
            self.send_response(302)
            self.send_header("location", "/files/catalog.ndjson")
            content = b""
        elif self.path.endswith("/missing.ndjson"):
            self.send_response(404)
        else:
            self.send_response(200)
        if self.path.endswith(".gz"):
            content = gzip.compress(content)
        elif self.path.endswith("/encoded.ndjson"):
            content = gzip.compress(content)
            self.send_header("content-encoding", "gzip")
        elif "price" in self.path.casefold():
            content = json.dumps([price("pop-1", **{"@type": None})]).encode()
        self.send_header("content-length", str(len(content) + 100 * self.path.endswith("/short.ndjson")))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Silence."""


@pytest.fixture
def files() -> Iterator[tuple[str, list[str]]]:
    """The base URL of a file server, and the paths it was asked for."""
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Asked", (Files,), {"asked": asked}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/files", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    "name", ["catalog.ndjson", "catalog.ndjson.gz", "encoded.ndjson", "catalog.ndjson?signature=x"]
)
def test_a_url(run: Run, files: tuple[str, list[str]], folder: Path, name: str) -> None:
    """Fetched and loaded: plain, compressed as a file, compressed by the server, with a signature behind it."""
    base, asked = files
    assert run("load", f"{base}/{name}", dump_urls=base)[0] == 0
    assert (asked, Generations(folder).offerings_now()) == ([f"/files/{name}"], 3)


def test_urls_with_one_name(run: Run, files: tuple[str, list[str]], folder: Path) -> None:
    """Files of one name in different folders do not overwrite each other; a name still tells the resource."""
    base, _ = files
    urls = [f"{base}/a/ProductOfferingPrice.json", f"{base}/catalog.ndjson", f"{base}/b/catalog.ndjson"]
    status, said = run("load", *urls, dump_urls=base, dump_max_rejects=0.9)
    assert status == 0
    assert "3 records were rejected" in said
    assert Generations(folder).all()[0].counts == {"productOffering": 3, "productOfferingPrice": 1}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("moved.ndjson", "302"),
        ("missing.ndjson", "404"),
        ("short.ndjson", "without sending complete message body"),
    ],
)
def test_a_url_that_fails(run: Run, files: tuple[str, list[str]], folder: Path, name: str, said: str) -> None:
    """Redirects are not followed, and half a file is no file; nothing is loaded."""
    base, asked = files
    status, told = run("load", f"{base}/{name}", dump_urls=base)
    assert (status, f"{base}/{name} could not be fetched: " in told, said in told) == (2, True, True)
    assert asked == [f"/files/{name}"]
    assert not folder.exists()


def test_a_url_that_is_too_large(
    run: Run, files: tuple[str, list[str]], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than the setting allows is not read on."""
    monkeypatch.setattr(catalog_commands, "_MEGABYTE", 100)
    status, told = run("load", f"{files[0]}/catalog.ndjson", dump_urls=files[0], dump_max_download_mb=1)
    assert (status, "more than 100 bytes" in told) == (2, True)
    assert not folder.exists()


def test_urls_that_are_not_allowed(run: Run, files: tuple[str, list[str]]) -> None:
    """Another scheme, host, port or folder, tricks with user names, dots and escapes: nothing is asked of anybody."""
    base, asked = files
    port = base.rpartition(":")[2].partition("/")[0]
    evil = [
        base.replace("http", "https"),
        base.replace("127.0.0.1", "localhost") + "/catalog.ndjson",
        f"http://127.0.0.1:{port}@evil.example/files/catalog.ndjson",
        f"http://user@127.0.0.1:{port}/files/catalog.ndjson",
        f"http://127.0.0.1:{port}.evil.example/files/catalog.ndjson",
        f"http://127.0.0.1:{port}0/files/catalog.ndjson",
        f"{base}-other/catalog.ndjson",
        f"{base}/../secret.ndjson",
        f"{base}/%2e%2e/secret.ndjson",
        f"{base}/%2E./secret.ndjson",
        f"{base}/..\\secret.ndjson",
    ]
    for url in evil:
        for allowed in (base, base + "/"):
            status, said = run("load", url, dump_urls=allowed)
            assert (status, said) == (2, f"{url} is not allowed; BFF_DUMP_URLS lists where dumps may come from.\n")
    assert run("load", f"{base}/catalog.ndjson")[0] == 2
    assert asked == []


# ---------------------------------------------------------------- dump


def test_a_dump_of_the_sandbox(
    run: Run, sandbox: SandboxControl, sandbox_process: SandboxProcess, tmp_path: Path
) -> None:
    """All that the shop uses, in both languages, and its own end; it loads without a word of complaint."""
    file = tmp_path / "catalog.ndjson.gz"
    status, said = run("dump", str(file), tmf620_url=sandbox_process.base_url + SANDBOX_TMF620)
    with gzip.open(file) as lines:
        records = [json.loads(line) for line in lines]
    assert (status, f"{len(records) - 2:,} records written to {file}" in said) == (0, True)
    assert (records[0], records[-1]) == (
        {"@type": "CatalogDump"},
        {"@type": "CatalogDumpEnd", "records": len(records) - 2},
    )
    offers = [(each["id"], each["@language"]) for each in records if each["@type"] == "ProductOffering"]
    assert len(offers) == len(set(offers)) == 306
    status, said = run("load", str(file))
    assert status == 0
    assert not re.search("rejected|missing|itself|left alone|could not", said)


@pytest.mark.parametrize("existing", [False, True])
def test_a_dump_that_fails(
    run: Run, sandbox: SandboxControl, sandbox_process: SandboxProcess, tmp_path: Path, existing: bool
) -> None:
    """No half file, and the file of yesterday untouched, when the upstream fails in the middle."""
    sandbox.fault("status", api="TMF620", resource="category", status=500)
    file = tmp_path / "catalog.ndjson"
    if existing:
        file.write_bytes(b"yesterday")
    settings = {"tmf620_url": sandbox_process.base_url + SANDBOX_TMF620, "tmf620_attempts": 1}
    status, said = run("dump", str(file), **settings)
    assert (status, said.splitlines()[-1].startswith("The dump could not be written: ")) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["catalog.ndjson"] * existing
    assert not existing or file.read_bytes() == b"yesterday"


def test_a_dump_into_nowhere(run: Run, sandbox_process: SandboxProcess, tmp_path: Path) -> None:
    """A folder that is not there, and settings without an upstream, are told before anything is asked."""
    url = sandbox_process.base_url + SANDBOX_TMF620
    status, said = run("dump", str(tmp_path / "no" / "catalog.ndjson"), tmf620_url=url)
    assert (status, "The dump could not be written: " in said) == (2, True)
    assert run("dump", str(tmp_path / "catalog.ndjson"))[0] == 2


def test_counts_by_resource(run: Run, tmp_path: Path, folder: Path) -> None:
    """What was loaded of each resource is remembered with the dump."""
    run("load", file_of(tmp_path, ndjson([*offerings(1), category("cat-1"), price("pop-1"), price("pop-2")])))
    assert Generations(folder).all()[0].counts == {"category": 1, "productOffering": 1, "productOfferingPrice": 2}


def names_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


async def test_two_that_write_the_same_dump(
    sandbox_process: SandboxProcess, sandbox: SandboxControl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that began before the last one had ended: what stands there is whole, whoever ended last."""
    settings = settings_of(tmf620_url=sandbox_process.base_url + SANDBOX_TMF620)
    path = tmp_path / "all.ndjson"
    whole = (await write_sandbox_dump(settings, tmp_path / "alone.ndjson")).read_bytes()
    half, go_on = asyncio.Event(), asyncio.Event()

    async def slow(*given: Any) -> AsyncIterator[Any]:
        number = 0
        async for entity in every_entity(*given):
            yield entity
            number += 1
            if number == 100:
                half.set()
                await go_on.wait()

    with monkeypatch.context() as patched:
        patched.setattr("domain.catalog.dumps.write.every_entity", slow)
        first = asyncio.create_task(write_sandbox_dump(settings, path))
        await half.wait()
    await write_sandbox_dump(settings, path)
    assert path.read_bytes() == whole
    go_on.set()
    await first
    assert path.read_bytes() == whole
    assert names_in(tmp_path) == ["all.ndjson", "alone.ndjson"]
