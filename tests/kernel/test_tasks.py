import asyncio
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

import pytest

from kernel.tasks import begun, side_by_side, stop, until_done


async def always() -> bool:
    return True


@pytest.mark.parametrize(("items", "together"), [(0, 0), (1, 1), (2, 2), (3, 3), (20, 3)])
async def test_so_many_at_a_time_and_each_once(items: int, together: int) -> None:
    running, most = 0, 0

    async def work(item: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(1 + item % 4):
            await asyncio.sleep(0)
        running -= 1
        return item * 2

    done = await side_by_side(range(items), work, most=3, goes_on=always)
    assert sorted(done) == [each * 2 for each in range(items)]
    assert most == together


async def test_what_hangs_keeps_nothing_else_back() -> None:
    go_on, done = asyncio.Event(), list[int]()

    async def work(item: int) -> None:
        if item == 0:
            await go_on.wait()
        done.append(item)
        if len(done) == 9:
            go_on.set()

    await side_by_side(range(10), work, most=2, goes_on=always)
    assert done == [*range(1, 10), 0]


async def test_nothing_is_begun_once_it_is_to_end() -> None:
    asked = 0

    async def three_times() -> bool:
        nonlocal asked
        asked += 1
        return asked <= 3

    async def work(item: int) -> int:
        await asyncio.sleep(0)
        return item

    assert sorted(await side_by_side(range(10), work, most=2, goes_on=three_times)) == [0, 1, 2]


async def test_what_goes_wrong_is_raised_when_the_others_have_ended() -> None:
    done: list[int] = []

    async def work(item: int) -> None:
        await asyncio.sleep(0)
        if item == 1:
            raise ValueError(item)
        done.append(item)

    with pytest.raises(ValueError, match="1"):
        await side_by_side(range(6), work, most=2, goes_on=always)
    assert done == [0, 2, 3, 4, 5]


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


class TestUntilDone:
    async def test_it_waits_for_all_however_they_end(self) -> None:
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in range(4)]
        futures[0].set_result(None)
        waiting = asyncio.create_task(until_done(futures, 60))
        for end in (futures[1].cancel, lambda: futures[2].set_exception(ValueError())):
            await asyncio.sleep(0)
            end()
            await asyncio.sleep(0)
            assert not waiting.done()
        futures[3].set_result(None)
        await waiting
        assert isinstance(futures[2].exception(), ValueError)

    async def test_it_waits_no_longer_than_that_and_leaves_them_alone(self) -> None:
        future = asyncio.get_running_loop().create_future()
        await until_done([future], 0)
        assert not future.done()
        future.set_result("late")
        assert await future == "late"

    async def test_who_stops_waiting_stops_nothing(self) -> None:
        future = asyncio.get_running_loop().create_future()
        waiting = asyncio.create_task(until_done([future], 60))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert not future.done()
        future.set_result(None)  # nobody listens any more

    async def test_of_nothing_there_is_nothing_to_wait_for(self) -> None:
        await until_done([], 60)


WHERE: ContextVar[str] = ContextVar("where", default="outside")


async def called_by_the_loop(work: Any) -> Any:
    """What `begun` gives where no task is running, and what had been done by then."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Any] = loop.create_future()
    loop.call_soon(lambda: found.set_result((begun(work), *map(str, SAID))))
    return await found


SAID: list[str] = []


class TestBegun:
    @pytest.fixture(autouse=True)
    def nothing_said(self) -> None:
        SAID.clear()

    async def test_what_waits_for_nothing_is_over_at_once(self) -> None:
        async def work() -> None:
            SAID.append("done")

        assert await called_by_the_loop(work()) == (None, "done")
        assert len(asyncio.all_tasks()) == 1

    async def test_what_waits_goes_on_as_the_task_it_was(self) -> None:
        tasks = []

        async def work() -> None:
            WHERE.set("inside")
            tasks.append(asyncio.current_task())
            SAID.append("before")
            async with asyncio.timeout(60):
                await asyncio.sleep(0)
                await asyncio.get_running_loop().run_in_executor(None, SAID.append, "between")
            tasks.append(asyncio.current_task())
            SAID.append(WHERE.get())

        task, *said = await called_by_the_loop(work())
        assert said == ["before"]
        await task
        assert (SAID, tasks) == (["before", "between", "inside"], [task, task])
        assert WHERE.get() == "outside"

    async def test_who_cancels_it_before_it_goes_on_reaches_it(self) -> None:
        async def work() -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                SAID.append("cancelled")
                raise

        loop = asyncio.get_running_loop()
        found: asyncio.Future[Any] = loop.create_future()

        def call() -> None:
            task = begun(work())
            assert task is not None
            task.cancel()
            found.set_result(task)

        loop.call_soon(call)
        with pytest.raises(asyncio.CancelledError):
            await (await found)
        assert SAID == ["cancelled"]

    @pytest.mark.parametrize("waits", [False, True])
    async def test_what_it_raises_is_the_tasks(self, waits: bool) -> None:
        async def work() -> None:
            if waits:
                await asyncio.sleep(0)
            raise ValueError("so it is")

        loop = asyncio.get_running_loop()
        told: asyncio.Future[Any] = loop.create_future()
        loop.set_exception_handler(lambda _, context: told.set_result(context["exception"]))
        (task,) = await called_by_the_loop(work())
        if task is None:
            assert isinstance(await asyncio.wait_for(told, 60), ValueError)
        else:
            with pytest.raises(ValueError, match="so it is"):
                await task

    async def test_a_deadline_within_its_first_step_is_kept(self) -> None:
        async def work() -> None:
            try:
                async with asyncio.timeout(0):
                    await asyncio.Event().wait()
            except TimeoutError:
                SAID.append("late")

        task, *said = await called_by_the_loop(work())
        await task
        assert (said, SAID) == ([], ["late"])
