"""Awaiting many things at once without leaving anything behind.

Whatever was started here has ended when these functions return or raise, also when the request is cancelled. One
outcome never touches another: an awaitable that raises, or that somebody else cancelled, is a `Failure` in its place.
What a newcomer would get wrong: a future that a resolver hands out may be shared with other requests (a loader's), so
a cancelled request cancels the tasks made here and leaves such futures alone.
"""

import asyncio
from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any

from graphql.pyutils import is_awaitable

from engine.compile.values import Failure, outcome


async def settle(values: list[Any]) -> list[Any]:
    """The same list with each awaitable replaced by its outcome, all awaited at the same time."""
    places = [place for place, value in enumerate(values) if is_awaitable(value)]
    if len(places) == 1 and asyncio.iscoroutine(values[places[0]]):
        (place,) = places
        values[place] = await _alone(values[place])
    elif places:
        for place, result in zip(places, await _outcomes([values[place] for place in places]), strict=True):
            values[place] = result
    return [outcome(value) for value in values]


async def together(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run all, the first of them right here."""
    if len(works) == 1:
        await works[0]
        return
    if not works:
        return
    tasks = [asyncio.create_task(work) for work in works[1:]]
    try:
        await works[0]
        for task in tasks:
            await task
    except BaseException:
        await _end(tasks)
        raise


async def _alone(work: Coroutine[Any, Any, Any]) -> Any:
    """The outcome of one coroutine, run in the task of the caller."""
    try:
        return await work
    except Exception as error:  # noqa: BLE001  (whatever a resolver raises is its field's error)
        return Failure(error)
    except asyncio.CancelledError as error:
        if _being_cancelled():
            raise
        return Failure(error)


async def _outcomes(awaitables: list[Awaitable[Any]]) -> list[Any]:
    own = [None if asyncio.isfuture(each) else asyncio.ensure_future(each) for each in awaitables]
    futures: list[asyncio.Future[Any]] = [
        task or each  # type: ignore[misc]
        for task, each in zip(own, awaitables, strict=True)
    ]
    try:
        for future, task in zip(futures, own, strict=True):
            await _done(future, own=task is not None)
    except BaseException:
        await _end([task for task in own if task is not None])
        raise
    return [_outcome_of(future) for future in futures]


async def _done(future: asyncio.Future[Any], *, own: bool) -> None:
    """Until it is, whatever its outcome. One after another is no slower, and wakes us a turn sooner than `wait`."""
    if future.done():
        return
    if not own:
        await asyncio.wait([future])
        return
    try:
        await future
    except Exception:  # noqa: BLE001, S110  (it is looked at when all are done)
        pass
    except asyncio.CancelledError:
        if _being_cancelled():
            raise


def _outcome_of(future: asyncio.Future[Any]) -> Any:
    if future.cancelled():
        return Failure(asyncio.CancelledError())
    error = future.exception()
    return future.result() if error is None else Failure(error)


async def _end(tasks: Sequence[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
