"""Going over from one dump to the next: what stays open, what is refused, what cursors and caches become."""

import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from domain.catalog.catalog import Catalog
from domain.catalog.dumps.errors import DumpError
from domain.catalog.dumps.file import DumpFile
from domain.catalog.dumps.generations import Generations
from domain.catalog.dumps.index import OfferingIndex
from domain.catalog.dumps.switch import DumpSwitch
from domain.catalog.kinds import OfferingSort
from domain.catalog.questions import OfferingPage, OfferingQuery
from domain.catalog.rules import ShopRules
from kernel.clock import FixedClock
from kernel.context import Audience, Deadline, RequestContext
from kernel.errors import UpstreamInvalidError, UpstreamUnavailableError
from tests.catalog import test_paging as paging
from tests.conftest import MakeGateway
from tests.dumps.conftest import until
from tests.dumps.making import Loader, category, ndjson, offering, offerings
from tests.needs import need
from tests.processes import PATIENCE, ROOT
from tests.upstream import Upstream, offering_id

CTX = RequestContext(Audience("en", "web"), Deadline(float("inf")))


@pytest.fixture
def switch(dumps: Loader, clock: FixedClock) -> Iterator[DumpSwitch]:
    made = DumpSwitch(dumps.generations, ShopRules(), clock, None, 1_000_000, keep_open=20.0)
    yield made
    made.close()


async def page(catalog: Catalog, first: int = 50, after: str | None = None, **asked: Any) -> OfferingPage:
    query = OfferingQuery(**asked)
    return await catalog.find(catalog.question(CTX, query, first=first, after=after, fields=frozenset(), count=True))


async def ids(catalog: Catalog, **asked: Any) -> list[str]:
    return [entity.id for _, entity in (await page(catalog, **asked)).items]


async def test_before_the_first_dump(switch: DumpSwitch, dumps: Loader) -> None:
    """Nothing to serve is an unavailable upstream, and the first dump ends that."""
    assert switch.look() is False
    with pytest.raises(UpstreamUnavailableError):
        await page(switch.catalog)
    dumps.load(offerings(2))
    assert switch.look() is True
    assert await ids(switch.catalog) == ["po-0", "po-1"]


async def test_a_request_ends_with_the_dump_it_began_with(switch: DumpSwitch, dumps: Loader, clock: FixedClock) -> None:
    """The file that was left answers on, also when it is gone from the folder, until no request can hold it."""
    dumps.load([offering("po-1", name="old")])
    switch.look()
    begun = switch.catalog
    for name in ("new", "newer", "newest", "last"):
        dumps.load([offering("po-1", name=name)])
        assert switch.look() is True
    assert len(list(dumps.folder.glob("catalog-*.sqlite"))) == 3
    (item,) = (await page(begun)).items
    assert item[1].name == "old"
    clock.advance(19)
    switch.look()
    assert (await page(begun, search="old")).total == 1
    clock.advance(2)
    switch.look()
    with pytest.raises(UpstreamInvalidError):
        await page(begun, search="new")
    assert (await page(switch.catalog)).items[0][1].name == "last"


async def test_the_file_a_rollback_leaves(switch: DumpSwitch, dumps: Loader) -> None:
    """A process that has not noticed yet answers on, with what it never looked at before too."""
    dumps.load(offerings(1))
    dumps.load(offerings(2))
    switch.look()
    dumps.generations.rollback()
    dumps.load(offerings(3))  # removes the file that was left
    assert (await page(switch.catalog, search="po", sort=OfferingSort.NAME)).total == 2


async def test_back_and_forth(switch: DumpSwitch, dumps: Loader) -> None:
    """A rollback is followed like a load; two loads of one moment are two dumps."""
    dumps.load([offering("po-1", name="first")])
    dumps.load([offering("po-1", name="second")])  # the very same time
    assert len({each.file for each in dumps.generations.all()}) == 2
    for name in ("second", "first", "third"):
        assert switch.look() is True
        assert (await page(switch.catalog)).items[0][1].name == name
        if name == "second":
            dumps.generations.rollback()
        else:
            dumps.load([offering("po-1", name="third")])


# ---------------------------------------------------------------- what is bad


def spoil(dumps: Loader, how: str) -> None:
    """Make the current generation, or the pointer to it, unusable."""
    current = dumps.current
    assert current is not None
    if how == "garbage":
        current.write_bytes(b"no database" * 1_000)
    elif how == "empty":
        current.write_bytes(b"")
    elif how == "cut off":
        os.truncate(current, current.stat().st_size // 2)
    elif how == "holes":
        content = bytearray(current.read_bytes())
        content[4096:-4096] = b"\xff" * (len(content) - 8192)
        current.write_bytes(content)
    elif how == "gone":
        current.unlink()
    elif how == "folder":
        current.unlink()
        current.mkdir()
    else:
        (dumps.folder / "current.json").write_bytes(how.encode())


BAD = ["garbage", "empty", "cut off", "holes", "gone", "folder", "", "[]", '{"generations": [{"file": 5}]}', "\x00"]


@pytest.mark.parametrize("how", BAD)
async def test_a_bad_generation_leaves_the_old_serving(switch: DumpSwitch, dumps: Loader, how: str) -> None:
    """An error in the log, once; the old one answers on; and the next good load is followed."""
    dumps.load(offerings(2))
    switch.look()
    before = switch.serving
    dumps.load(offerings(3))
    spoil(dumps, how)
    with capture_logs() as logs:
        for _ in range(5):
            assert switch.look() is False
    assert [(each["event"], each["log_level"]) for each in logs] == [("dump.not_usable", "error")]
    assert logs[0]["serving"] == before.name if before else None
    assert switch.serving == before
    assert await ids(switch.catalog) == ["po-0", "po-1"]
    dumps.load(offerings(4), force=True)
    assert switch.look() is True
    assert (await page(switch.catalog)).total == 4


def test_a_bad_generation_is_not_tried_again_and_again(
    switch: DumpSwitch, dumps: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is opened once, and once more when it was mended; reading it four times a second would help nobody."""
    opened: list[Path] = []

    def counted(path: Path, memory_bytes: int) -> DumpFile:
        opened.append(path)
        return DumpFile(path, memory_bytes)

    monkeypatch.setattr("domain.catalog.dumps.switch.DumpFile", counted)
    dumps.load(offerings(2))
    whole = dumps.current.read_bytes() if dumps.current else b""
    spoil(dumps, "garbage")
    assert [switch.look() for _ in range(4)] == [False] * 4
    assert opened == [dumps.current]
    assert dumps.current is not None
    dumps.current.write_bytes(whole)
    assert switch.look() is True
    assert opened == [dumps.current] * 2


async def test_a_process_that_starts_on_a_bad_generation(gateway: MakeGateway, dumps: Loader) -> None:
    """It starts, says that the catalogue is unavailable, and serves as soon as there is a good dump."""
    dumps.load(offerings(2))
    spoil(dumps, "garbage")
    document = "{ productOfferings { totalCount } }"
    async with gateway(dump_folder=dumps.folder) as client:
        answer = await client.query(document)
        assert (answer.data, answer.codes) == ({"productOfferings": None}, ["UPSTREAM_UNAVAILABLE"])
        dumps.load(offerings(3), force=True)
        async with asyncio.timeout(PATIENCE):
            while (answer := await client.query(document)).codes:  # noqa: ASYNC110  (it tells nobody)
                await asyncio.sleep(0.02)
    assert answer.data == {"productOfferings": {"totalCount": 3}}


async def test_damage_under_a_serving_process(switch: DumpSwitch, dumps: Loader) -> None:
    """A typed error for what lies in the damaged part, never another entity's data or a crash."""
    dumps.load(offerings(200))
    switch.look()
    spoil(dumps, "holes")
    with pytest.raises(UpstreamInvalidError):
        await switch.catalog.offering(CTX, "po-150", frozenset())


def test_another_release(switch: DumpSwitch, dumps: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of another release's tables is not opened by this one."""
    monkeypatch.setattr("domain.catalog.dumps.load.SCHEMA_VERSION", 999)
    dumps.load(offerings(1))
    with capture_logs() as logs:
        assert switch.look() is False
    assert "was built by another release; load the dump again" in logs[0]["reason"]


# ---------------------------------------------------------------- cursors


SORTS = [None, *OfferingSort]


async def walked(catalog: Catalog, first: int, after: str | None = None, **asked: Any) -> list[str]:
    found: list[str] = []
    while True:
        now = await page(catalog, first, after, **asked)
        found += [entity.id for _, entity in now.items]
        after = now.end_cursor
        if not now.has_next_page:
            return found


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("search", [None, "po"])
async def test_a_cursor_survives_a_switch(switch: DumpSwitch, dumps: Loader, sort: Any, search: str | None) -> None:
    """After a new dump, in which much has come and gone, a cursor goes on right behind its offering."""
    dumps.load(offerings(20))
    switch.look()
    seen = [entity.id for _, entity in (await page(switch.catalog, 8, sort=sort, search=search)).items]
    cursor = (await page(switch.catalog, 8, sort=sort, search=search)).end_cursor
    others = [each for each in offerings(20) if each["id"] not in seen[:3]]
    dumps.load([*offerings(4, start=90), *others], force=True)
    switch.look()
    whole = await walked(switch.catalog, 50, sort=sort, search=search)
    rest = await walked(switch.catalog, 5, cursor, sort=sort, search=search)
    assert rest == whole[whole.index(seen[-1]) + 1 :]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("search", [None, "po"])
async def test_a_cursor_whose_offering_is_gone(
    switch: DumpSwitch, dumps: Loader, sort: Any, search: str | None
) -> None:
    """It goes on with what took the place of its offering: nothing twice, nothing left out."""
    dumps.load(offerings(20))
    switch.look()
    asked = {"sort": sort, "search": search}
    before = await walked(switch.catalog, 50, **asked)
    cursor = (await page(switch.catalog, 8, **asked)).end_cursor
    dumps.load([each for each in offerings(20) if each["id"] != before[7]])
    switch.look()
    assert await walked(switch.catalog, 5, cursor, **asked) == before[8:]


async def test_a_cursor_of_a_hit_that_is_none_any_more(switch: DumpSwitch, dumps: Loader) -> None:
    """An offering that was renamed out of a search keeps the place it had."""
    dumps.load(offerings(20))
    switch.look()
    cursor = (await page(switch.catalog, 8, search="po")).end_cursor
    dumps.load([each if each["id"] != "po-7" else {**each, "name": "other"} for each in offerings(20)])
    switch.look()
    assert await walked(switch.catalog, 5, cursor, search="po") == [f"po-{number}" for number in range(8, 20)]


async def test_forged_cursors(gateway: MakeGateway, dumps: Loader) -> None:
    """An offset past the end is an empty page, unless the id is there: then that counts."""
    dumps.load(offerings(5))
    async with gateway(dump_folder=dumps.folder) as client:
        question = paging.parts_of((await paging.page(client, first=1))["pageInfo"]["endCursor"])[0]
        past = await paging.page(
            client, first=3, count=True, after=paging.cursor_of(question, 2**31 - 1, "gone", False)
        )
        known = await paging.page(client, first=3, after=paging.cursor_of(question, 2**31 - 1, "po-1", True))
    assert (past["edges"], past["totalCount"], past["pageInfo"]["hasNextPage"]) == ([], 5, False)
    assert paging.ids([known]) == [offering_id(f"po-{number}") for number in (2, 3, 4)]


# ---------------------------------------------------------------- what is kept


async def test_the_tree_is_put_together_once(switch: DumpSwitch, dumps: Loader) -> None:
    """The same tree again until another dump serves, whatever else is read between."""
    dumps.load([*offerings(1), category("cat-b"), category("cat-a", parentId="cat-b")])
    switch.look()
    tree = await switch.catalog.category_tree(CTX)
    assert await switch.catalog.category(CTX, "cat-a") is not None
    assert await switch.catalog.category_tree(CTX) is tree
    assert [each.id for each in tree.by_id.values()] == ["cat-b", "cat-a"]
    dumps.load([*offerings(1), category("cat-a", name="renamed")])
    switch.look()
    assert [each.name for each in (await switch.catalog.category_tree(CTX)).by_id.values()] == ["renamed"]


def test_what_was_read_before_a_change_is_not_kept_after_it(dumps: Loader) -> None:
    """Even when the loop notices the change while the thread that has read puts it away."""
    dumps.load(offerings(2))
    assert dumps.current is not None
    file = DumpFile(dumps.current, 1_000)
    index = OfferingIndex(file, ShopRules())

    def changed_meanwhile(_: int) -> int:
        file.version += 1
        assert index._get("another") is None
        return 1

    try:
        index._keep("a set", lambda: 1, changed_meanwhile)
        assert index._get("a set") is None
        index._keep("a set", lambda: 2, lambda _: 1)
        assert index._get("a set") == 2
    finally:
        file.close()


async def test_what_is_kept_is_bounded(dumps: Loader, clock: FixedClock) -> None:
    """Going through far more than fits keeps no more than was allowed, and every answer right."""
    dumps.load([offering(f"po-{number}", description="x" * 2_000) for number in range(300)])
    switch = DumpSwitch(dumps.generations, ShopRules(), clock, None, 100_000, keep_open=1)
    try:
        switch.look()
        assert await walked(switch.catalog, 40) == [f"po-{number}" for number in range(300)]
        assert switch._serving is not None
        assert 0 < switch._serving.file.memory.bytes <= 100_000
    finally:
        switch.close()


async def test_what_a_dump_lacks_is_asked_of_the_upstream(
    gateway: MakeGateway, dumps: Loader, upstream: Upstream
) -> None:
    """dump_first: lists and what the dump has come from the dump, a single entity it lacks from TMF620; dump: null."""
    dumps.load([offering("po-mobile-m", name="from the dump"), offering("po-own")])
    document = """query($ids: [ID!]!) { nodes(ids: $ids) { ... on ProductOffering { name } }
      productOfferings { totalCount } }"""
    wanted = [offering_id(each) for each in ("po-mobile-m", "po-esim", "po-nowhere")]
    found = {}
    for source in ("dump", "dump_first"):
        async with gateway(dump_folder=dumps.folder, catalog_source=source) as client:
            found[source] = await client.data(document, ids=wanted)
    nodes = [{"name": "from the dump"}, {"name": "eSIM"}, None]
    assert found["dump"] == {"nodes": [nodes[0], None, None], "productOfferings": {"totalCount": 2}}
    assert found["dump_first"] == {"nodes": nodes, "productOfferings": {"totalCount": 2}}


async def test_a_switch_does_not_hold_up_the_loop(switch: DumpSwitch, dumps: Loader) -> None:
    """`watch` makes a new dump ready on a thread, goes over, and outlives what it cannot use."""
    dumps.load(offerings(1))
    watching = asyncio.create_task(switch.watch(0.01))
    try:
        await until(lambda: switch.serving is not None)
        dumps.load(offerings(2))
        spoil(dumps, "holes")
        dumps.load(offerings(3), force=True)
        await until(lambda: switch.serving == dumps.current)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert (await page(switch.catalog)).total == 3


# ---------------------------------------------------------------- disks and crashes


def load_elsewhere(folder: Path, file: Path, **more: Any) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "BFF_DUMP_FOLDER": str(folder), "COLUMNS": "200"}
    command = [sys.executable, "-m", "bff", "catalog", "load", str(file)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, **more)


def test_a_disk_that_is_really_full(tmp_path: Path, switch: DumpSwitch) -> None:
    """On a file system of two megabytes: a clear word, the old dump serves, and the room is free again."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], capture_output=True, check=False)
    need(mounted.returncode == 0, "the right to mount a file system")
    try:
        small = Loader(disk, tmp_path / "sources")
        small.load(offerings(10))
        before, free = small.names(), os.statvfs(disk).f_bavail
        big = small.write("big.ndjson", ndjson(offerings(20_000)))
        said = load_elsewhere(disk, big)
        assert said.returncode == 2
        assert "The dump could not be stored: database or disk is full" in said.stderr
        assert (small.names(), os.statvfs(disk).f_bavail) == (before, free)
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.parametrize("limit", [200_000, 20])
def test_a_file_that_may_not_grow(dumps: Loader, limit: int) -> None:
    """The operating system refuses to write on, in the middle or from the start: the same, and no leftovers."""
    dumps.load(offerings(2))
    before = dumps.names()
    big = dumps.write("big.ndjson", ndjson(offerings(5_000)))
    said = load_elsewhere(
        dumps.folder, big, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    )
    assert (said.returncode, "The dump could not be stored: " in said.stderr) == (2, True)
    assert dumps.names() == before


def test_a_pointer_that_cannot_be_written(dumps: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last step fails: the built file does not stay behind, and the old one serves."""
    dumps.load(offerings(2))
    before = dumps.names()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Generations, "_point", full)
    with pytest.raises(DumpError, match="No space left on device"):
        dumps.load(offerings(3))
    assert dumps.names() == before


def test_a_folder_that_cannot_be_synced_keeps_what_the_pointer_names(
    dumps: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pointer has its new content already: its file must be there, whatever the load says."""
    dumps.load(offerings(2))

    def failing(path: Path) -> None:
        if path == dumps.folder:
            raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr("domain.catalog.dumps.generations._sync", failing)
        with pytest.raises(DumpError, match="Input/output error"):
            dumps.load(offerings(3))
    assert dumps.current is not None
    assert dumps.current.is_file()
    dumps.load(offerings(4))
    assert dumps.names() == sorted([*(each.file for each in dumps.generations.all()), "current.json"])


def test_what_a_killed_load_had_built(dumps: Loader) -> None:
    """Killed after the file had its name and before it was pointed to: the next load removes it."""
    dumps.load(offerings(2))
    for name in ("building-1.sqlite", "building-1.sqlite-journal", "catalog-2020-01-01T000000.000Z.sqlite"):
        (dumps.folder / name).write_bytes(b"left")
    with pytest.raises(DumpError):
        dumps.load({"catalog.json": b"garbage"})
    assert dumps.names() == sorted(["current.json", dumps.current.name if dumps.current else ""])


def test_only_three_dumps_are_kept(dumps: Loader) -> None:
    """The one that serves and two to go back to."""
    loaded = [dumps.load(offerings(count)).generation for count in (2, 3, 4, 5)]
    assert [each.file for each in dumps.generations.all()] == loaded[:0:-1]
    assert dumps.names() == sorted([*loaded[1:], "current.json"])  # type: ignore[type-var]
