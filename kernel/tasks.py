"""What runs beside something else: doing many things at a time, and ending what goes on behind the requests."""

import asyncio
from asyncio.tasks import _enter_task, _leave_task
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Sequence
from contextvars import copy_context
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_PATIENCE = 2.0


async def side_by_side(
    items: Sequence[T], work: Callable[[T], Awaitable[R]], *, most: int, goes_on: Callable[[], Awaitable[bool]]
) -> list[R]:
    """What `work` gave for the items, in the order in which it did, `most` of them at a time. Each is begun only if it
    still `goes_on`.

    Raises:
        Exception: what `work` or `goes_on` raised first; all that was begun has ended by then.
    """
    waiting, done = iter(items), list[R]()

    async def one_after_the_other() -> None:
        for item in waiting:
            if not await goes_on():
                return
            done.append(await work(item))

    turns = (one_after_the_other() for _ in range(min(most, len(items))))
    for ended in await asyncio.gather(*turns, return_exceptions=True):
        if ended is not None:
            raise ended
    return done


def begun(work: Coroutine[Any, Any, None]) -> "asyncio.Task[None] | None":
    """Do the first step of `work` now, not when the loop comes round; the task that goes on with it, None once it is
    over. It is that task already that the first step runs in. To be called by what the loop calls, not by a task.

    Python 3.12 knows this as an eager task. Of 3.11's `asyncio` it takes `_enter_task` and `_leave_task`, which are
    there for whoever writes tasks of their own.
    """
    loop, context, known = asyncio.get_running_loop(), copy_context(), _Begun(work)
    task: asyncio.Task[None] = loop.create_task(known, context=context)
    _enter_task(loop, task)
    try:
        context.run(known.step)
    finally:
        _leave_task(loop, task)
    if known.is_over:
        del task  # an error's frames lead to this one, and should not lead on to the task that keeps the error
        return None
    return task


class _Begun(Coroutine[Any, Any, None]):
    """A coroutine whose first step has been made; what came of it is said when somebody makes that step."""

    __slots__ = ("_error", "_said", "_work", "_yielded", "is_over")

    def __init__(self, work: Coroutine[Any, Any, None]) -> None:
        self._work = work
        self._error: BaseException | None = None
        self._yielded: Any = None
        self._said, self.is_over = True, False

    def step(self) -> None:
        self._said = False
        try:
            self._yielded = self._work.send(None)
        except BaseException as error:  # noqa: BLE001  (the task's to raise)
            self._error, self.is_over = error, True

    def send(self, value: Any) -> Any:
        if self._said:
            return self._work.send(value)
        yielded = self._yielded
        self._say()
        return yielded

    def throw(self, *error: Any) -> Any:
        if not self._said:
            self._say()
        return self._work.throw(*error)

    def _say(self) -> None:
        error, self._error, self._yielded, self._said = self._error, None, None, True
        try:
            if error is not None:
                raise error
        finally:
            del error  # or it would hold this frame, and this frame it

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, Any, None]:
        raise NotImplementedError  # a task drives it


def held(work: Coroutine[Any, Any, None], among: "set[asyncio.Task[None]]") -> "asyncio.Task[None]":
    """The task that does `work`. It stands `among` the others until it has ended: the loop holds none for long."""
    task = asyncio.create_task(work)
    among.add(task)
    task.add_done_callback(among.discard)
    return task


async def until_done(futures: "Iterable[asyncio.Future[Any]]", seconds: float) -> None:
    """Wait until all have ended, but no longer than `seconds`; they are left alone, however they end.

    `asyncio.wait` does the same, and spends as long on finding out what it was given.
    """
    pending = [future for future in futures if not future.done()]
    if not pending:
        return
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()
    left = len(pending)

    def ended(_: object) -> None:
        nonlocal left
        left -= 1
        if not left:
            enough()

    def enough() -> None:
        if not over.done():
            over.set_result(None)

    timer = loop.call_later(seconds, enough)
    for future in pending:
        future.add_done_callback(ended)
    try:
        await over
    finally:
        timer.cancel()
        for future in pending:
            future.remove_done_callback(ended)


async def stop(tasks: "Iterable[asyncio.Task[Any]]", *, patience: float = _PATIENCE) -> None:
    """Cancel tasks and wait until they have ended, however; their exceptions are not raised.

    A library can swallow the cancellation that meets it in the wrong moment, and its task goes on as if nothing had
    been said. So it is said again, each time after `patience` seconds, which are for clearing up.
    """
    everyone = list(tasks)
    running = {task for task in everyone if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=patience)
    await asyncio.gather(*everyone, return_exceptions=True)
