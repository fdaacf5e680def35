"""The database goes away after a step was done, before it is written down."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from dbos._dbos import _get_dbos_instance

from domain.pipelines.durable import Durable
from domain.pipelines.model import Pipeline, PipelineState, Retry, Step, Work
from domain.pipelines.pipelines import Pipelines
from domain.pipelines.runner import Runner
from kernel.clock import SystemClock
from kernel.errors import StoreUnavailableError
from store.database import Database
from store.idempotency import Claim
from tests.databases import PostgreSQL, postgresql
from tests.processes import PATIENCE


@dataclass(frozen=True)
class Interrupted(Runner):
    """Something happens when the step has been written down as done, and DBOS has not heard of it."""

    happens: list[Callable[[], None]]

    async def act(self, *given: Any) -> str | None:
        failed = await super().act(*given)
        while self.happens:
            self.happens.pop()()
        return failed


@pytest.fixture
def own_server() -> Iterator[PostgreSQL]:
    with postgresql() as server:
        yield server


@asynccontextmanager
async def begun(
    server: PostgreSQL, make: Callable[[Work], Awaitable[str]], happens: list[Callable[[], None]]
) -> AsyncIterator[tuple[Pipelines, str]]:
    """A pipeline whose only step is tried once; what runs it, and its id."""
    url, clock = server.url(server.create()), SystemClock()
    database = await Database.open(url, migrate=True)
    making = Pipeline("making", "make", (Step("thing", make, retry=Retry(attempts=1)),))
    engine = await Durable.open(Interrupted(database, clock, happens), {making.name: making}, url, migrate=True)
    pipelines = Pipelines(database, clock, engine, keep=3600, every=3600)
    async with database.writing() as connection:
        pipeline_id = await pipelines.begin(connection, making, Claim("s", "make", "k", "h"), b"{}")
    await pipelines.go(pipeline_id, making)
    yield pipelines, pipeline_id
    await engine.aclose()
    await database.aclose()


async def test_a_pipeline_whose_checkpoint_could_not_be_written_is_carried_on(own_server: PostgreSQL) -> None:
    """By the process that lives: nobody else would, and its client would be told IN_PROGRESS for ever."""
    calls: list[str] = []

    async def make(work: Work) -> str:
        calls.append(work.step)
        return "made"

    async with begun(own_server, make, [own_server.stop]) as (pipelines, pipeline_id):
        while not calls or _get_dbos_instance()._active_workflows_set.activeList():
            await pause()
        for look in (pipelines.sweep, pipelines.durable.adopt):
            with pytest.raises(StoreUnavailableError):
                await look()
        own_server.start()
        for _ in range(2):
            await pipelines.sweep()
        status = await pipelines.wait(pipeline_id, PATIENCE)
    assert status is not None
    assert (status.state, calls) == (PipelineState.DONE, ["thing"])


async def test_what_was_done_is_not_failed_because_it_could_not_be_written_down_at_once(
    own_server: PostgreSQL,
) -> None:
    """It was the last try that there is: everything would be undone."""
    calls: list[str] = []

    async def make(work: Work) -> str:
        calls.append(work.step)
        own_server.stop()
        asyncio.get_running_loop().call_later(0.5, own_server.start)
        return "made"

    async with begun(own_server, make, []) as (pipelines, pipeline_id):
        state = await ended(pipelines, pipeline_id)
    assert (state, calls) == (PipelineState.DONE, ["thing"])


async def ended(pipelines: Pipelines, pipeline_id: str) -> PipelineState:
    """How it ended, asked again for as long as the database is away."""
    while True:
        try:
            status = await pipelines.status(pipeline_id)
        except StoreUnavailableError:
            status = None
        if status is not None and status.ended:
            return status.state
        await pause()


async def pause() -> None:
    await asyncio.sleep(0.01)
