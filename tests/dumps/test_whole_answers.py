"""Whole answers of a shop that serves a dump: another generation ends them all, and so does time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bff.app import create_app
from bff.upstreams import Services
from kernel.clock import FixedClock
from tests.client import Client
from tests.conftest import _with_state, settings_of
from tests.dumps.making import Loader, offering

ALL = "{ productOfferings { nodes { name } } }"
SELLABLE = "{ productOfferings(filter: {sellable: true}) { nodes { name } } }"


@asynccontextmanager
async def shop(dumps: Loader, clock: FixedClock) -> AsyncIterator[tuple[Client, Services]]:
    app = create_app(settings_of(catalog_source="dump", dump_folder=dumps.folder), clock=clock)
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        async with Client(_with_state(app, dict(state))) as client:
            yield client, state["services"]


async def names(client: Client, text: str) -> tuple[list[str], str]:
    answer = await client.query(text)
    nodes: list[Any] = answer.data["productOfferings"]["nodes"]
    return [each["name"] for each in nodes], answer.headers["cache-status"].removeprefix("bff; ")


async def test_another_dump_ends_what_was_kept_of_the_one_before(dumps: Loader, clock: FixedClock) -> None:
    dumps.load([offering("po-1", name="old")])
    async with shop(dumps, clock) as (client, services):
        assert services.dumps is not None
        seen = [await names(client, ALL) for _ in range(2)]
        dumps.load([offering("po-1", name="new")])
        services.dumps.look()
        seen += [await names(client, ALL) for _ in range(2)]
    assert seen == [(["old"], "fwd=miss"), (["old"], "hit"), (["new"], "fwd=miss"), (["new"], "hit")]


async def test_a_look_that_finds_nothing_new_ends_nothing(dumps: Loader, clock: FixedClock) -> None:
    dumps.load([offering("po-1", name="old")])
    async with shop(dumps, clock) as (client, services):
        assert services.dumps is not None
        await names(client, ALL)
        services.dumps.look()
        assert await names(client, ALL) == (["old"], "hit")


async def test_what_can_be_sold_from_a_moment_on_joins_the_page_then(dumps: Loader, clock: FixedClock) -> None:
    """It was not among what was read for the page: the page must know that there is such a moment."""
    begins = {"startDateTime": "2027-01-15T08:00:30Z"}
    assert clock.at == 1_800_000_000.0  # 2027-01-15T08:00:00Z
    dumps.load([offering("po-1"), offering("po-2", validFor=begins)])
    async with shop(dumps, clock) as (client, _):
        seen = []
        for seconds in (0, 29, 1):
            clock.advance(seconds)
            seen.append(await names(client, SELLABLE))
    assert seen == [(["po-1"], "fwd=miss"), (["po-1"], "hit"), (["po-1", "po-2"], "fwd=miss")]
