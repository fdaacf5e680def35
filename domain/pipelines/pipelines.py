"""The pipelines of a process: beginning one in the transaction that accepts a request, waiting, looking at it."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from domain.pipelines.durable import Durable
from domain.pipelines.model import ENDED, Pipeline, PipelineState, StepState
from domain.pipelines.runner import read
from kernel.clock import Clock
from kernel.errors import StoreUnavailableError
from kernel.outcomes import Rejection
from store import pipelines as rows
from store.database import Connection, Database
from store.idempotency import Claim
from store.pipelines import PipelineRow, StepRow

log = structlog.get_logger(__name__)

_POLL = 0.02
_UNSTARTED = 5.0
_MOST = 200


@dataclass(frozen=True)
class Status:
    """Where a pipeline stands. `failure` is there once it has failed."""

    id: str
    state: PipelineState
    failure: Rejection | None

    @property
    def ended(self) -> bool:
        return self.state in ENDED


@dataclass(frozen=True)
class StepStatus:
    """Where a step stands. Times are seconds since the epoch; `note` is a code."""

    name: str
    state: StepState
    attempts: int
    started_at: float | None
    finished_at: float | None
    note: str | None


@dataclass(frozen=True)
class Pipelines:
    """`keep`: seconds for which one that ended can be looked at; `every`: seconds between two looks for orphans."""

    database: Database
    clock: Clock
    durable: Durable
    keep: float
    every: float

    async def begin(self, connection: Connection, pipeline: Pipeline, claim: Claim, given: bytes) -> str:
        """Write a pipeline down, in the transaction that finishes its idempotency key; its id. `go` follows the commit.

        A process that dies before `go` leaves it to be found by a sweep.
        """
        pipeline_id = "p" + secrets.token_hex(15)  # never digits only: some servers read those as a number
        row = PipelineRow(
            id=pipeline_id,
            name=pipeline.name,
            state=PipelineState.RUNNING.value,
            input=given.decode(),
            failure=None,
            scope=claim.scope,
            key=claim.key,
            created_at=self.clock.now(),
            finished_at=None,
        )
        await rows.add(connection, row, [step.name for step in pipeline.steps])
        return pipeline_id

    async def go(self, pipeline_id: str, pipeline: Pipeline) -> None:
        await self.durable.start(pipeline_id, pipeline.name)

    async def status(self, pipeline_id: str) -> Status | None:
        """Where it stands now; None for one that is forgotten or never was."""
        async with self.database.reading() as connection:
            row = await rows.by_id(connection, pipeline_id)
        return None if row is None else _status(row)

    async def steps(self, pipeline_id: str) -> Sequence[StepStatus]:
        """Its steps in their order."""
        async with self.database.reading() as connection:
            return [_step(row) for row in await rows.steps_of(connection, pipeline_id)]

    async def result(self, pipeline_id: str, step: str) -> str | None:
        """What a step made."""
        async with self.database.reading() as connection:
            found = await rows.steps_of(connection, pipeline_id)
        return next((each.result for each in found if each.name == step), None)

    async def wait(self, pipeline_id: str, seconds: float) -> Status | None:
        """Where it stands when it has ended, or after so many seconds."""
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + seconds, _POLL
        while True:
            found = await self.status(pipeline_id)
            left = until - loop.time()
            if found is None or found.ended or left <= 0:
                return found
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 1.5, 0.25)

    async def run(self) -> None:
        """Sweep again and again, until cancelled."""
        while True:
            try:
                await self.sweep()
            except StoreUnavailableError as error:
                log.warning("pipeline.sweep_failed", detail=error.detail)
            except Exception:
                log.exception("pipeline.sweep_broke")
            await asyncio.sleep(self.every)

    async def sweep(self) -> None:
        """Start what nobody started, carry on what dead processes left, forget what ended long ago."""
        now = self.clock.now()
        async with self.database.reading() as connection:
            left = await rows.unfinished(connection, now - _UNSTARTED, limit=_MOST)
        for row in left:
            if row.name in self.durable.pipelines:
                await self.durable.start(row.id, row.name)
        adopted = await self.durable.adopt()
        if adopted:
            log.info("pipeline.adopted", count=adopted)
        async with self.database.writing() as connection:
            gone = await rows.forget(connection, now - self.keep)
        if gone:
            await self.durable.forget(gone)


def _status(row: PipelineRow) -> Status:
    state = PipelineState(row.state)
    failed = state in (PipelineState.FAILED, PipelineState.NEEDS_REVIEW)
    return Status(row.id, state, read(row.failure) if failed else None)


def _step(row: StepRow) -> StepStatus:
    return StepStatus(row.name, StepState(row.state), row.attempts, row.started_at, row.finished_at, row.note)
