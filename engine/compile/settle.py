"""Awaiting many things at once without leaving anything behind.

Whatever was started here has ended when these functions return or raise, also when the request is cancelled. One
outcome never touches another: an awaitable that raises, that somebody else cancelled, or that takes longer than the
operation may (`LateError`), is a `Failure` in its place. What a newcomer would get wrong: a future that a resolver
hands out may be shared with other requests (a loader's), so only tasks made here are cancelled, and such futures are
left alone.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator, Iterable, Sequence
from types import coroutine
from typing import Any, TypeAlias

from graphql.pyutils import is_awaitable

from engine.compile.values import Failure, outcome


class LateError(TimeoutError):
    """A resolver took longer than its operation may."""


class Awaiting:
    """All that one operation waits for; `seconds` from now on it waits for nothing that is not ready at once.

    What is awaited then fails, and the answer is made of the rest.
    """

    __slots__ = ("_cut_off", "_expired", "_tasks", "_timer", "_until")

    def __init__(self, seconds: float | None = None) -> None:
        self._expired = False
        self._cut_off: set[asyncio.Task[Any]] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._until = None if seconds is None else asyncio.get_running_loop().time() + seconds
        self._timer: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """Nothing is awaited any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _watch(self) -> None:
        """Begin to look at the clock. An operation that never waits need not."""
        if self._until is not None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_at(self._until, self._expire)

    def _expire(self) -> None:
        self._expired = True
        self._cut_off.update(task for task in self._tasks if task.cancel())

    async def settle(self, values: list[Any]) -> list[Any]:
        """The same list with each awaitable replaced by its outcome, all awaited at the same time."""
        places = [place for place, value in enumerate(values) if is_awaitable(value)]
        if len(places) == 1 and asyncio.iscoroutine(values[places[0]]) and not self._expired:
            (place,) = places
            values[place] = await self._alone(values[place])
        elif places:
            for place, found in zip(places, await self._all([values[place] for place in places]), strict=True):
                values[place] = found
        return [outcome(value) for value in values]

    async def _alone(self, work: Coroutine[Any, Any, Any]) -> Any:
        """The outcome of one coroutine, run in the task of the caller, which is what costs least."""
        here = _this_task()
        try:
            waits_for = work.send(None)
        except StopIteration as done:
            return done.value
        except Exception as error:  # noqa: BLE001  (whatever a resolver raises is its field's error)
            return Failure(error)
        except asyncio.CancelledError as error:
            if here.cancelling():
                raise
            return Failure(error)
        self._tasks.add(here)
        self._watch()
        try:
            return await _go_on(work, waits_for)
        except Exception as error:  # noqa: BLE001  (as above)
            return Failure(error)
        except asyncio.CancelledError as error:
            ours = here in self._cut_off
            if here.cancelling() > ours:
                raise
            return Failure(LateError() if ours else error)
        finally:
            self._tasks.discard(here)
            if here in self._cut_off:  # the task itself goes on, and is no longer being cancelled
                self._cut_off.discard(here)
                here.uncancel()

    async def _all(self, awaitables: Iterable[Any]) -> list[Any]:
        tasks = [asyncio.ensure_future(_shared(each) if asyncio.isfuture(each) else each) for each in awaitables]
        self._tasks.update(tasks)
        self._watch()
        try:
            if self._expired:
                await asyncio.sleep(0)  # those that need not wait get their turn
                self._cut_off.update(task for task in tasks if task.cancel())
            for task in tasks:
                await _done(task)
        except BaseException:
            await _end(tasks)
            raise
        finally:
            self._tasks.difference_update(tasks)
        return [self._outcome(task) for task in tasks]

    def _outcome(self, task: "asyncio.Task[Any]") -> Any:
        if task.cancelled():
            return Failure(LateError() if task in self._cut_off else asyncio.CancelledError())
        error = task.exception()
        return task.result() if error is None else Failure(error)


@coroutine
def _go_on(work: Coroutine[Any, Any, Any], waits_for: Any) -> Generator[Any, Any, Any]:
    """What becomes of a coroutine that has begun and waits for something."""
    while True:
        try:
            yield waits_for
        except BaseException as error:  # noqa: BLE001  (it is the coroutine's to deal with)
            try:
                waits_for = work.throw(error)
            except StopIteration as done:
                return done.value
        else:
            return (yield from work)


Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
"""Something to run that has not begun, and that nobody need close if it never does."""


async def together(works: Sequence[Work]) -> None:
    """Run all, the first of them right here."""
    if len(works) == 1:
        await works[0]()
        return
    if not works:
        return
    tasks = [asyncio.create_task(work()) for work in works[1:]]
    try:
        await works[0]()
        for task in tasks:
            await task
    except BaseException:
        await _end(tasks)
        raise


async def _shared(future: asyncio.Future[Any]) -> Any:
    """The result of a future that is not ours: cancelling this task does not cancel it."""
    await asyncio.wait([future])
    return future.result()


async def _done(task: asyncio.Task[Any]) -> None:
    """Until it is, whatever its outcome. One after another is no slower, and wakes us a turn sooner than `wait`."""
    if task.done():
        return
    try:
        await task
    except Exception:  # noqa: BLE001, S110  (it is looked at when all are done)
        pass
    except asyncio.CancelledError:
        if _this_task().cancelling():
            raise


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  (we are in a coroutine)
    return task
