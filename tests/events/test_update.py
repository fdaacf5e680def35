"""Single entities of a loaded dump brought up to date from the upstream, while it serves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from bff.dev import SANDBOX_TMF620
from bff.feeds import Feeds
from bff.upstreams import Services, open_services
from clients.tmf620 import OFFERINGS
from domain.catalog.dumps.generations import Generations
from domain.catalog.dumps.update import DumpUpdater
from domain.catalog.kinds import OfferingSort
from domain.catalog.questions import OfferingQuery
from kernel.clock import FixedClock
from kernel.context import Audience, Deadline, RequestContext
from kernel.tasks import stop
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.conftest import settings_of
from tests.dumps.making import load_into, write_sandbox_dump
from tests.processes import PATIENCE
from tests.upstream import Upstream

CLOCK = FixedClock(1_795_000_000.0)
NONE: frozenset[str] = frozenset()


class World:
    """One process that serves a dump, and the upstream that the dump was made of."""

    def __init__(self, services: Services, folder: Path) -> None:
        self.services, self.folder = services, folder
        rules = services.direct.rules
        self.updater = DumpUpdater(services.tmf620, rules, CLOCK, ("en", "de"), "web")

    async def refresh(self, *names: str, at: float | None = None) -> int:
        assert self.services.dumps is not None
        assert self.services.dumps.serving is not None
        done = await self.updater.refresh(self.services.dumps.serving, dict.fromkeys(names, at or CLOCK.at))
        self.services.dumps.look()
        return done

    async def names(self, language: str = "en", **asked: Any) -> list[str | None]:
        ctx = RequestContext(Audience(language, "web"), Deadline.after(10))
        catalog = self.services.catalog
        query = OfferingQuery(**asked)
        page = await catalog.find(catalog.question(ctx, query, first=100, after=None, fields=NONE, count=False))
        return [offering.name for _, offering in page.items]


@asynccontextmanager
async def _world(url: str, folder: Path) -> AsyncIterator[World]:
    settings = settings_of(tmf620_url=url + SANDBOX_TMF620, catalog_source="dump", dump_folder=folder)
    load_into(folder, await write_sandbox_dump(settings, folder / "all.ndjson.gz"), settings=settings, at=CLOCK.at)
    async with open_services(settings, CLOCK, {}) as services:
        yield World(services, folder)


async def shown(world: World, name: str) -> None:
    """Until the first offering has this name."""
    assert world.services.dumps is not None
    async with asyncio.timeout(PATIENCE):
        while (await world.names())[0] != name:
            await asyncio.sleep(0.01)
            world.services.dumps.look()


@pytest.fixture
async def world(sandbox_process: SandboxProcess, sandbox: SandboxControl, tmp_path: Path) -> AsyncIterator[World]:
    async with _world(sandbox_process.base_url, tmp_path) as made:
        CLOCK.advance(10)
        yield made


@pytest.fixture
def upstream(sandbox_process: SandboxProcess) -> Upstream:
    return Upstream(sandbox_process.base_url)


async def test_a_renamed_offering_keeps_its_place(world: World, upstream: Upstream) -> None:
    """It is found by its new name and no longer by its old one, and stands where it stood."""
    before = await world.names()
    upstream.patch("productOffering", "po-mobile-m", {"name": "Quokka"})
    assert await world.names(search="quokka") == []
    assert await world.refresh("productOffering/po-mobile-m") == 1
    assert await world.names(search="quokka") == ["Quokka"]
    assert await world.names() == ["Quokka", *before[1:]]
    assert await world.names("de", search="quokka") == ["Quokka"]


async def test_a_changed_price_changes_the_order_by_price(world: World, upstream: Upstream) -> None:
    """The dearest plan becomes the cheapest of all when its price does."""
    assert (await world.names(sort=OfferingSort.PRICE_ASC))[0] != "Mobile M"
    upstream.patch("productOfferingPrice", "pop-mobile-m-monthly", {"price": {"unit": "EUR", "value": 0.01}})
    await world.refresh("productOfferingPrice/pop-mobile-m-monthly")
    assert (await world.names(sort=OfferingSort.PRICE_ASC))[0] == "Mobile M"


async def test_what_is_gone_is_gone_and_what_is_new_is_there(world: World, upstream: Upstream) -> None:
    """A deleted offering is found no more; a new one stands at the end, in every language."""
    upstream.delete("productOffering", "po-mobile-m")
    upstream.create("productOffering", {"id": "po-new", "name": "Brand new", "lifecycleStatus": "Active"})
    assert await world.refresh("productOffering/po-mobile-m", "productOffering/po-new") == 2
    assert "Mobile M" not in await world.names()
    for language in ("en", "de"):
        assert await world.names(language, search="brand new") == ["Brand new"]


async def test_another_process_has_done_it_already(world: World, sandbox: SandboxControl) -> None:
    """What the file has as read since it changed is not read again."""
    await world.refresh("productOffering/po-mobile-m")
    sandbox.reset_calls()
    assert await world.refresh("productOffering/po-mobile-m", at=CLOCK.at - 1) == 0
    assert sandbox.calls()["total"] == 0


async def test_what_was_read_first_and_written_last(
    world: World, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was held up with what it had read leaves alone what another has read since."""
    assert world.services.dumps is not None
    path = world.services.dumps.serving
    assert path is not None
    client = world.services.tmf620
    has_read, go_on = asyncio.Event(), asyncio.Event()
    read = client.get_many

    async def held_up(*given: Any) -> Any:
        found = await read(*given)
        has_read.set()
        await go_on.wait()
        return found

    with monkeypatch.context() as patched:
        patched.setattr(client, "get_many", held_up)
        late = asyncio.create_task(world.updater.refresh(path, {"productOffering/po-mobile-m": CLOCK.at}))
        await has_read.wait()
    CLOCK.advance(1)
    upstream.patch("productOffering", "po-mobile-m", {"name": "Quokka"})
    await world.refresh("productOffering/po-mobile-m")
    go_on.set()
    await late
    world.services.dumps.look()
    assert await world.names(search="quokka") == ["Quokka"]


async def test_a_dump_that_is_older_than_an_event(
    world: World, sandbox_process: SandboxProcess, upstream: Upstream, tmp_path: Path
) -> None:
    """Loaded, or gone back to, after a change that it does not have: what was brought up to date stays so."""
    dumps = world.services.dumps
    assert dumps is not None
    feeds = Feeds(Mock(), dumps, world.updater, Audience("en", "web"), lambda _: None)
    working = [asyncio.create_task(each) for each in (feeds.update_dump(), feeds.follow_dump(0.01))]
    try:
        upstream.patch("productOffering", "po-mobile-m", {"name": "Quokka"})
        feeds.heard("productOffering/po-mobile-m", CLOCK.at)
        await shown(world, "Quokka")
        settings = settings_of(tmf620_url=sandbox_process.base_url + SANDBOX_TMF620)
        load_into(tmp_path, tmp_path / "all.ndjson.gz", settings=settings, at=CLOCK.at)
        assert dumps.look()
        await shown(world, "Quokka")
        CLOCK.advance(1)
        upstream.patch("productOffering", "po-mobile-m", {"name": "Wombat"})
        feeds.heard("productOffering/po-mobile-m", CLOCK.at)
        await shown(world, "Wombat")
        Generations(tmp_path).rollback()
        assert dumps.look()
        await shown(world, "Wombat")
    finally:
        await stop(working)
    CLOCK.advance(86_400)
    load_into(tmp_path, tmp_path / "all.ndjson.gz", settings=settings, at=CLOCK.at)
    assert dumps.look()
    await feeds._update({})
    assert (await world.names())[0] == "Mobile M"  # no daily dump is as old as that: nothing is read again for ever


async def test_an_upstream_that_is_down_leaves_what_there_was(world: World, sandbox: SandboxControl) -> None:
    """Nothing is lost when the upstream cannot say what it is now."""
    sandbox.fault("status", api="TMF620", status=503)
    assert await world.refresh("productOffering/po-mobile-m", "productOffering/po-mobile-l") == 0
    assert (await world.names())[0] == "Mobile M"


async def test_the_dates_of_a_dump(world: World) -> None:
    """What a comparison compares with: each entity's `lastUpdate`."""
    assert world.services.dumps is not None
    assert world.services.dumps.serving is not None
    dates = await world.updater.dates(world.services.dumps.serving, OFFERINGS)
    assert len(dates) == 153
    assert dates["po-mobile-m"] == "2026-01-05T09:00:00Z"
