"""In which order a pipeline's steps run, and that they go on after a crash: DBOS, its checkpoints in our database.

What a newcomer would get wrong: a pipeline runs on a thread of DBOS, its steps in the gateway's own event loop, where
the connections are. A process that stops cuts its steps off without any outcome, so that the next one goes on. There
is one DBOS in a process, and no two live ones may share an `executor_id`: it is a place taken in `store.slots`.
"""

import asyncio
import concurrent.futures
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog

from domain.pipelines.model import Pipeline, Step
from domain.pipelines.runner import ReplacedError, Run, Runner
from kernel.errors import StoreUnavailableError
from store.database import parse_url, translated
from store.slots import Slots

log = structlog.get_logger(__name__)

T = TypeVar("T")

VERSION = "2"
"""To be raised when steps are renamed, reordered or taken out: only processes of a version carry its pipelines on."""
_SLOTS = "pipelines"
_running: "Durable | None" = None


class _CutOffError(BaseException):
    """This process stops, another run has taken over, or the database went away between a step and its checkpoint.

    No `Exception`, or DBOS would write it down as the outcome.
    """


@dataclass
class Durable:
    """The engine of this process. `open` it once, `aclose` it before another."""

    runner: Runner
    pipelines: Mapping[str, Pipeline]
    slots: Slots
    number: int
    loop: asyncio.AbstractEventLoop
    _steps: "set[concurrent.futures.Future[Any]]" = field(default_factory=set)
    _runs: set[Run] = field(default_factory=set)
    _idle: frozenset[str] = frozenset()
    _stopping: bool = False

    @classmethod
    async def open(cls, runner: Runner, pipelines: Mapping[str, Pipeline], url: str, *, migrate: bool) -> "Durable":
        """Start it; what a dead process left in this one's place (a file's) is carried on.

        Raises:
            RuntimeError: this process has one already.
            StoreUnavailableError: the database cannot be reached.
        """
        global _running  # noqa: PLW0603  (DBOS is one in a process, whatever we do)
        if _running is not None:
            raise RuntimeError("this process runs pipelines already; they are one in a process")
        slots = Slots(url, _SLOTS)
        engine = cls(runner, pipelines, slots, await slots.take_any(), asyncio.get_running_loop())
        _running = engine
        try:
            await asyncio.to_thread(_launch, url, engine.executor, migrate=migrate)
        except BaseException:
            _running = None
            await slots.aclose()
            raise
        return engine

    @property
    def executor(self) -> str:
        return f"{_SLOTS}-{self.number}"

    async def start(self, pipeline_id: str, name: str) -> None:
        """Run a pipeline. One that runs, here or elsewhere, or has run is left alone.

        Raises:
            StoreUnavailableError: the database is away; a sweep starts it.
        """
        await _asked(_start, name, pipeline_id)

    async def adopt(self) -> int:
        """Carry on what processes left that are dead; how many. Keeps this process's own place too.

        A process that lives may be taken for dead while its connection is broken: the runner finds out for each write.
        """
        if not await self.slots.keep(self.number):  # whoever has it gives it back when it has taken over what runs here
            log.warning("pipeline.place_lost", executor=self.executor)
        pending = await _asked(_pending)
        adopted = await self._resume(frozenset(one for one, executor in pending if executor == self.executor))
        for executor in {executor for _, executor in pending}:
            number = executor.removeprefix(f"{_SLOTS}-")
            if executor == self.executor or not number.isdigit() or not await self.slots.take(int(number)):
                continue
            try:
                adopted += await _asked(_recover, executor)
            finally:
                await self.slots.give_back(int(number))
        return adopted

    async def _resume(self, own: frozenset[str]) -> int:
        """Go on with what this process was cut off from: it has it by DBOS, and is not at it, at two looks in a row."""
        idle = own - {run.pipeline for run in self._runs}
        left, self._idle = idle & self._idle, idle
        if left:
            await _asked(_go_on, list(left))
        return len(left)

    async def forget(self, ids: list[str]) -> None:
        """Remove the checkpoints of pipelines that ended."""
        await _asked(_forget, ids)

    async def aclose(self) -> None:
        global _running  # noqa: PLW0603
        self._stopping = True
        closing = asyncio.create_task(asyncio.to_thread(_destroy))
        while not closing.done():  # a step may have begun while this was said
            for future in list(self._steps):
                future.cancel()
            await asyncio.wait([closing], timeout=0.1)
        await closing
        await self.slots.aclose()
        _running = None

    # ------------------------------------------------------------ on a thread of DBOS

    def run(self, name: str, pipeline_id: str) -> None:
        """The whole of a pipeline. Between two checkpoints nothing is decided but by what they answered."""
        run = Run(pipeline_id, _token(pipeline_id))
        self._runs.add(run)
        try:
            with translated():
                self._run(self.pipelines[name], run)
        except StoreUnavailableError as error:  # DBOS waits for most databases that are away, and not for all
            log.warning("pipeline.cut_off", pipeline=pipeline_id, detail=error.detail)
            raise _CutOffError from error
        finally:
            self._runs.discard(run)

    def _run(self, pipeline: Pipeline, run: Run) -> None:
        begun: list[Step] = []
        failure: str | None = None
        clean = True
        for step in pipeline.steps:
            begun.append(step)
            failure = self._checkpoint(step.name, self.runner.act, run, step)
            if failure is not None:
                break
        while failure is not None and begun and clean:
            step = begun.pop()
            clean = self._checkpoint(f"undo {step.name}", self.runner.undo, run, step)
        self._checkpoint("end", self._end, pipeline, run, failure, clean)

    async def _end(self, pipeline: Pipeline, run: Run, failure: str | None, clean: bool) -> None:
        await self.runner.end(pipeline, run, failure, clean=clean)

    def _checkpoint(self, name: str, act: Callable[..., Awaitable[T]], *given: Any) -> T:
        """What `act` answers, or what it answered before a crash."""
        from dbos import DBOS  # noqa: PLC0415  (half a second that only who runs pipelines pays)

        return DBOS.run_step({"name": name}, self._in_loop, act, *given)

    def _in_loop(self, act: Callable[..., Awaitable[T]], *given: Any) -> T:
        async def step() -> T:
            return await act(*given)

        if self._stopping:
            raise _CutOffError
        future = asyncio.run_coroutine_threadsafe(step(), self.loop)
        self._steps.add(future)
        try:
            return future.result()
        except (concurrent.futures.CancelledError, ReplacedError):
            raise _CutOffError from None
        finally:
            self._steps.discard(future)


# ---------------------------------------------------------------- DBOS, each function on a thread


async def _asked(do: Callable[..., T], *given: Any) -> T:
    """What DBOS answers. Its database is ours, and as unavailable."""
    with translated():
        return await asyncio.to_thread(do, *given)


_workflow: Callable[[str, str], None] | None = None


def _launch(url: str, executor: str, *, migrate: bool) -> None:
    from dbos import DBOS, DBOSConfig  # noqa: PLC0415

    config: DBOSConfig = {
        "name": "shop-gateway",
        "system_database_url": _dbos_url(url),
        "application_version": VERSION,
        "executor_id": executor,
        "enable_otlp": False,
        "run_migrations": migrate,
        "use_listen_notify": False,
        "log_level": "ERROR",
        "sys_db_pool_size": 5,
    }
    global _workflow  # noqa: PLW0603  (DBOS wants each workflow registered once, before it starts)
    own = logging.getLogger("dbos")
    if not own.handlers:  # or it would print on its own, past the gateway's form
        own.addHandler(logging.NullHandler())
    DBOS(config=config)
    if _workflow is None:
        _workflow = DBOS.workflow(name="pipeline")(_run)
    DBOS.launch()


def _run(name: str, pipeline_id: str) -> None:
    if _running is None:
        raise _CutOffError
    _running.run(name, pipeline_id)


def _token(pipeline_id: str) -> str:
    """By what DBOS knows the run that this thread is in. Never read from its row: a later run's may stand there."""
    from dbos._context import current_owner_xid  # noqa: PLC0415  (it has no public name)

    return current_owner_xid(pipeline_id) or ""


def _start(name: str, pipeline_id: str) -> None:
    from dbos import DBOS, SetWorkflowID  # noqa: PLC0415

    if _workflow is None or DBOS.get_workflow_status(pipeline_id) is not None:
        return
    with SetWorkflowID(pipeline_id):
        DBOS.start_workflow(_workflow, name, pipeline_id)


def _pending() -> list[tuple[str, str]]:
    """The pipelines that are running, as far as is known, and whose they are."""
    from dbos import DBOS  # noqa: PLC0415

    found = DBOS.list_workflows(status="PENDING", app_version=VERSION, load_input=False, load_output=False)
    return [(each.workflow_id, each.executor_id) for each in found if each.executor_id]


def _recover(executor: str) -> int:
    from dbos import DBOS  # noqa: PLC0415

    return len(DBOS._recover_pending_workflows([executor]))  # noqa: SLF001  (it has no public name)


def _go_on(ids: list[str]) -> None:
    from dbos import DBOS  # noqa: PLC0415

    DBOS.resume_workflows(ids)


def _forget(ids: list[str]) -> None:
    from dbos import DBOS  # noqa: PLC0415

    DBOS.delete_workflows(ids)


def _destroy() -> None:
    from dbos import DBOS  # noqa: PLC0415

    DBOS.destroy(workflow_completion_timeout_sec=0)


def _dbos_url(url: str) -> str:
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return parsed.render_as_string()
    from store.postgresql import limited  # noqa: PLC0415  (15 MB that a process over SQLite does without)

    return limited(parsed).render_as_string(hide_password=False)
