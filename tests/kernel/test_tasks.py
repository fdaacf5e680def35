import asyncio
from contextlib import suppress

from kernel.tasks import stop


async def test_nothing_to_stop_is_stopped() -> None:
    await stop([])


async def test_a_task_that_swallows_its_cancellation_is_told_again() -> None:
    swallowed = 0
    started = asyncio.Event()

    async def deaf() -> None:
        nonlocal swallowed
        while True:
            with suppress(asyncio.CancelledError):
                started.set()
                await asyncio.Event().wait()
            swallowed += 1
            if swallowed > 2:
                await asyncio.Event().wait()

    task = asyncio.create_task(deaf())
    await started.wait()
    await stop([task], patience=0.01)
    assert task.cancelled()
    assert swallowed == 3


async def test_what_a_task_ends_with_is_not_raised() -> None:
    async def broken() -> None:
        raise ValueError("over")

    task = asyncio.create_task(broken())
    await asyncio.sleep(0)
    await stop([task])
    assert isinstance(task.exception(), ValueError)


async def test_clearing_up_is_waited_for() -> None:
    cleared = False
    started = asyncio.Event()

    async def careful() -> None:
        nonlocal cleared
        try:
            started.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleared = True

    task = asyncio.create_task(careful())
    await started.wait()
    await stop([task])
    assert cleared
