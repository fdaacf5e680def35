"""A pipeline that is taken from a process which lives: the server of locks restarted, and another process looked first.

Both runs are in this process, for DBOS is one in a process: what `adopt` does for a place it found free is done here
for the own one. DBOS tells the two runs apart by their tokens, wherever they run.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from domain.pipelines import durable
from domain.pipelines.durable import Durable
from domain.pipelines.model import BROKEN, Pipeline, PipelineState, Retry, Step, StepState, Work
from domain.pipelines.pipelines import Pipelines, StepStatus
from domain.pipelines.runner import Runner
from kernel.clock import SystemClock
from kernel.outcomes import Rejected
from store.database import Database
from store.idempotency import Claim
from tests.hurry import set_forward
from tests.processes import PATIENCE

Act = Callable[[int], Awaitable[str]]


@dataclass
class Shop:
    """One pipeline of two steps. `act` is what a call of the first does, told how many there were before."""

    database: Database
    act: Act = field(init=False)
    said: list[str] = field(default_factory=list)
    calls: int = 0

    def pipeline(self) -> Pipeline:
        thing = Step("thing", self.make, timeout=PATIENCE, retry=Retry(attempts=3, pause=0.01))
        return Pipeline("making", "make", (thing, Step("after", self.after)))

    async def make(self, work: Work) -> str:
        number, self.calls = self.calls, self.calls + 1
        self.said.append(f"{number} begins, try {work.attempt}")
        try:
            return await self.act(number)
        finally:
            self.said.append(f"{number} ends")

    async def after(self, work: Work) -> str:
        self.said.append(f"after {work.results['thing']}")
        return ""


@dataclass
class Running:
    """The shop's pipeline, begun."""

    shop: Shop
    pipelines: Pipelines
    id: str

    async def taken_over(self) -> None:
        """Another process has found this one's place free, and is at what this one is in the middle of."""
        while not self.shop.calls:
            await pause()
        with capture_logs() as logged:
            while not await asyncio.to_thread(durable._recover, self.pipelines.durable.executor):
                pass  # SQLite may be busy; the next sweep would do it
            while self.shop.calls == 1 and "pipeline.step_taken_over" not in [each["event"] for each in logged]:
                await pause()

    async def said(self, what: str) -> None:
        while what not in self.shop.said:
            await pause()

    async def ended(self) -> list[StepStatus]:
        """When both have come to their end."""
        status = await self.pipelines.wait(self.id, PATIENCE)
        assert status is not None
        assert status.state is PipelineState.DONE
        while self.pipelines.durable._steps:
            await pause()
        return list(await self.pipelines.steps(self.id))


async def pause() -> None:
    await asyncio.sleep(0.01)


Start = Callable[[], Awaitable[Running]]


@pytest.fixture
def shop(database: Database) -> Shop:
    return Shop(database)


@pytest.fixture
async def start(shop: Shop, database_url: str) -> AsyncIterator[Start]:
    opened: list[Durable] = []

    async def begin() -> Running:
        making, clock = shop.pipeline(), SystemClock()
        engine = await Durable.open(Runner(shop.database, clock), {making.name: making}, database_url, migrate=True)
        opened.append(engine)
        pipelines = Pipelines(shop.database, clock, engine, keep=3600, every=3600)
        async with shop.database.writing() as connection:
            pipeline_id = await pipelines.begin(connection, making, Claim("s", "make", "k", "h"), b"{}")
        await pipelines.go(pipeline_id, making)
        return Running(shop, pipelines, pipeline_id)

    yield begin
    for each in opened:
        await each.aclose()


async def checkpoints(database: Database) -> list[str]:
    """The names of what DBOS has written down when it is done, in order."""
    async with database.reading() as connection:
        schema = "dbos." if connection.dialect.name == "postgresql" else ""
        status = text(f"SELECT status FROM {schema}workflow_status")
        while (await connection.execute(status)).scalar_one() != "SUCCESS":
            await pause()
        wanted = text(f"SELECT function_name FROM {schema}operation_outputs ORDER BY function_id")
        return list((await connection.execute(wanted)).scalars())


async def test_who_was_replaced_does_not_try_again(shop: Shop, start: Start, database: Database) -> None:
    """Its try comes to nothing after another has taken the step up: it would make a second one."""

    async def act(number: int) -> str:
        if number == 0:
            await asyncio.Event().wait()
        return f"made {number}"

    shop.act = act
    running = await start()
    await running.taken_over()
    set_forward(PATIENCE)
    steps = await running.ended()
    assert shop.said == ["0 begins, try 1", "0 ends", "1 begins, try 2", "1 ends", "after made 1"]
    assert [(step.state, step.attempts) for step in steps] == [(StepState.DONE, 2), (StepState.DONE, 1)]
    assert await checkpoints(database) == ["thing", "after", "end"]


async def first_is_late(shop: Shop, start: Start, outcome: str | Rejected) -> tuple[Running, list[StepStatus]]:
    """The first try comes to its outcome when another process has taken over; what both made of it, at the end."""
    late = asyncio.Event()

    async def act(number: int) -> str:
        if number:
            return f"made {number}"
        await late.wait()
        if isinstance(outcome, Rejected):
            raise outcome
        return outcome

    shop.act = act
    running = await start()
    await running.taken_over()
    late.set()
    await running.said("0 ends")
    set_forward(PATIENCE)
    return running, await running.ended()


async def test_what_the_replaced_one_made_late_is_looked_up_by_the_other(shop: Shop, start: Start) -> None:
    """Its result is not written over, nor under, the other's."""
    running, steps = await first_is_late(shop, start, "made 0")
    assert shop.said == ["0 begins, try 1", "0 ends", "1 begins, try 2", "1 ends", "after made 1"]
    assert [(step.state, step.attempts) for step in steps] == [(StepState.DONE, 2), (StepState.DONE, 1)]
    assert await running.pipelines.result(running.id, "thing") == "made 1"


async def test_what_the_replaced_one_was_refused_is_not_what_became_of_it(shop: Shop, start: Start) -> None:
    _, steps = await first_is_late(shop, start, Rejected(BROKEN))
    assert [(step.state, step.note) for step in steps] == [(StepState.DONE, None), (StepState.DONE, None)]
