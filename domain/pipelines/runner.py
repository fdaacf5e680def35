"""Doing one step of a pipeline, or undoing it, and keeping the record of it. `durable` says in which order.

Everything here may be begun again after a crash at any point. A step whose row says DONE is not done again, whatever
the engine's own checkpoint knows.

What a newcomer would get wrong: a pipeline may be taken from a process that lives, whose connection broke or that
slept. So each write asks, in its transaction, whether this run is still the one that counts; no try begins without one.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import structlog

from domain.pipelines.model import (
    BROKEN,
    STUCK,
    UNAVAILABLE,
    Pipeline,
    PipelineState,
    Retry,
    Step,
    StepState,
    Work,
)
from kernel.clock import Clock
from kernel.errors import CircuitOpenError, GatewayError, StoreUnavailableError, UpstreamUnreachedError
from kernel.outcomes import ErrorCode, Rejected, Rejection
from store import pipelines as rows
from store.database import Connection, Database
from store.pipelines import PipelineRow, StepRow

log = structlog.get_logger(__name__)

T = TypeVar("T")
UNTOUCHED = "UNTOUCHED"
"""The note of a step that failed without having reached anybody: there is nothing to undo."""
_NO_EFFECT = (UpstreamUnreachedError, CircuitOpenError)
_STORE_PAUSE = Retry(attempts=1, pause=0.1, longest=5.0)


class _Failure(msgspec.Struct, frozen=True):
    """A rejection as it is kept: without what was typed."""

    code: str
    message: str
    retryable: bool
    path: tuple[str, ...] | None = None
    retry_after: int | None = None


def written(reason: Rejection) -> str:
    told = _Failure(reason.code.value, reason.message, reason.retryable, reason.path, reason.retry_after)
    return msgspec.json.encode(told).decode()


def read(text: str | None) -> Rejection:
    if text is None:
        return STUCK
    told = msgspec.json.decode(text, type=_Failure)
    return Rejection(ErrorCode(told.code), told.message, told.path, told.retryable, told.retry_after)


class ReplacedError(Exception):
    """Another run is at this pipeline. This one must have no effect any more."""


@dataclass(frozen=True)
class Run:
    """A pipeline as it is run by one. `token`: by what the engine tells the run that counts from those before it."""

    pipeline: str
    token: str


@dataclass(frozen=True)
class Runner:
    """Runs steps in the event loop it is called in. Everything raises `ReplacedError` when another run is at it."""

    database: Database
    clock: Clock

    async def act(self, run: Run, step: Step) -> str | None:
        """Do a step, as often as it takes; what failed, as it is kept, or None when it is done."""
        await self._whatever_the_store_does(lambda: self._outwait(run, step))
        return await self._whatever_the_store_does(lambda: self._act(run, step))

    async def undo(self, run: Run, step: Step) -> bool:
        """Undo what a step did, or may have done; False when that cannot be brought about."""
        return await self._whatever_the_store_does(lambda: self._undo(run, step))

    async def end(self, pipeline: Pipeline, run: Run, failure: str | None, *, clean: bool) -> None:
        """Write down how it ended. A failure that can be tried again frees its idempotency key."""
        await self._whatever_the_store_does(lambda: self._end(pipeline, run, failure, clean=clean))

    async def _outwait(self, run: Run, step: Step) -> None:
        """Let a try pass that an earlier run has begun: whoever looks while it is on its way does not find its effect.

        That run may live. It begins no other try, and this one ends with the step's time-out.
        """
        _, steps = await self._look(run.pipeline)
        if any(each.name == step.name and each.state == StepState.RUNNING.value for each in steps):
            log.info("pipeline.step_taken_over", pipeline=run.pipeline, step=step.name)
            await asyncio.sleep(step.timeout)

    async def _act(self, run: Run, step: Step) -> str | None:
        row, steps = await self._look(run.pipeline)
        own = next((each for each in steps if each.name == step.name), None)
        if row is None or own is None or row.input is None:
            return written(STUCK)  # forgotten meanwhile: nothing is known of it any more
        if own.state == StepState.DONE.value:
            return None
        attempt, reason, untouched = own.attempts, UNAVAILABLE, own.attempts == 0
        while attempt < step.retry.attempts:
            attempt += 1
            work = Work(run.pipeline, step.name, row.input.encode(), _results(steps), attempt)
            await self._write(run, step, StepState.RUNNING, attempts=attempt, started_at=own.started_at)
            try:
                async with asyncio.timeout(step.timeout):
                    result = await step.action(work)
            except Rejected as refused:
                reason, untouched = refused.reasons[0], False
                break
            except StoreUnavailableError:
                raise
            except (GatewayError, TimeoutError) as error:
                untouched = untouched and isinstance(error, _NO_EFFECT)
                log.warning("pipeline.step_failed", **_told(work, error), attempt=attempt)
            except Exception:
                log.exception("pipeline.step_broke", pipeline=run.pipeline, step=step.name, attempt=attempt)
                reason, untouched = BROKEN, False
                break
            else:
                await self._done(run, step, result)
                return None
            if attempt < step.retry.attempts:
                await asyncio.sleep(step.retry.wait(attempt))
        note = UNTOUCHED if untouched else reason.code.value
        await self._write(run, step, StepState.FAILED, note=note)
        return written(reason)

    async def _done(self, run: Run, step: Step, result: str) -> None:
        """Write it down, however long that takes: another try would be one too many, or none might be left."""
        await self._whatever_the_store_does(lambda: self._write(run, step, StepState.DONE, result=result))

    async def _undo(self, run: Run, step: Step) -> bool:
        row, steps = await self._look(run.pipeline)
        own = next((each for each in steps if each.name == step.name), None)
        if row is None or own is None or row.input is None or own.state == StepState.COMPENSATED.value:
            return True
        work = Work(run.pipeline, step.name, row.input.encode(), _results(steps))
        for attempt in range(1, step.undo_retry.attempts + 1):
            async with self._writing(run) as connection:
                await rows.write_state(connection, run.pipeline, PipelineState.COMPENSATING.value)
            try:
                if step.undo is not None and own.note != UNTOUCHED:
                    async with asyncio.timeout(step.timeout):
                        await step.undo(work)
            except StoreUnavailableError:
                raise
            except (GatewayError, TimeoutError) as error:
                log.warning("pipeline.undo_failed", **_told(work, error), attempt=attempt)
                await asyncio.sleep(step.undo_retry.wait(attempt))
            except Exception:
                log.exception("pipeline.undo_broke", pipeline=run.pipeline, step=step.name)
                break
            else:
                await self._write(run, step, StepState.COMPENSATED)
                return True
        await self._write(run, step, StepState.COMPENSATION_FAILED)
        return False

    async def _end(self, pipeline: Pipeline, run: Run, failure: str | None, *, clean: bool) -> None:
        state = PipelineState.DONE
        if failure is not None:
            state = PipelineState.FAILED if clean else PipelineState.NEEDS_REVIEW
        if not clean:
            log.error("pipeline.needs_review", pipeline=run.pipeline, name=pipeline.name)
        kept = failure if clean else written(STUCK)
        async with self._writing(run) as connection:
            row = await rows.by_id(connection, run.pipeline)
            ended = await rows.finish(connection, run.pipeline, state.value, self.clock.now(), kept)
            if ended and row is not None and state is PipelineState.FAILED and read(failure).retryable:
                await rows.forget_key(connection, row, pipeline.mutation)

    async def _look(self, pipeline_id: str) -> tuple[PipelineRow | None, Sequence[StepRow]]:
        async with self.database.reading() as connection:
            return await rows.by_id(connection, pipeline_id), await rows.steps_of(connection, pipeline_id)

    async def _write(
        self,
        run: Run,
        step: Step,
        state: StepState,
        *,
        attempts: int | None = None,
        started_at: float | None = None,
        result: str | None = None,
        note: str | None = None,
    ) -> None:
        now = self.clock.now()
        values: dict[str, object] = {"state": state.value}
        if state is StepState.RUNNING:
            values |= {"attempts": attempts, "started_at": started_at or now}
        else:
            values["finished_at"] = now
        if result is not None:
            values["result"] = result
        if note is not None:
            values["note"] = note
        async with self._writing(run) as connection:
            await rows.write_step(connection, run.pipeline, step.name, **values)

    @asynccontextmanager
    async def _writing(self, run: Run) -> AsyncIterator[Connection]:
        """A transaction during which no other run begins.

        Raises:
            ReplacedError: one has begun.
        """
        async with self.database.writing() as connection:
            if not await rows.is_run_by(connection, run.pipeline, run.token):
                raise ReplacedError
            yield connection

    async def _whatever_the_store_does(self, again: Callable[[], Awaitable[T]]) -> T:
        """A database that is away is waited for: without its record no step may go on."""
        attempt = 0
        while True:
            try:
                return await again()
            except StoreUnavailableError as error:
                attempt += 1
                log.warning("pipeline.store_unavailable", detail=error.detail)
                await asyncio.sleep(_STORE_PAUSE.wait(attempt))


def _results(steps: Sequence[StepRow]) -> Mapping[str, str]:
    return {each.name: each.result for each in steps if each.result is not None}


def _told(work: Work, error: Exception) -> dict[str, str]:
    detail = error.detail if isinstance(error, GatewayError) else type(error).__name__
    return {"pipeline": work.pipeline, "step": work.step, "detail": detail}
