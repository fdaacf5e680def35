"""What runs beside something else: doing many things at a time, and ending what goes on behind the requests."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
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
