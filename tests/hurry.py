"""Deadlines that pass without anybody waiting: the event loop's clock is set forward while an answer never comes.

Every deadline of the gateway is a moment on that clock (`kernel.context.Deadline`). Short ones would save a test the
waiting too, and fail it on a busy machine, where healthy calls take as long.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from sandbox.control import SandboxControl

_TURNS = 100
"""Turns of the loop in which it takes whatever has come: an answer, its body, what is made of them."""


@asynccontextmanager
async def hurried(control: SandboxControl, *, seconds: float = 5.0) -> AsyncIterator[None]:
    """In here `seconds`, an upstream's time-out unless one is set, pass whenever the sandbox holds all that it owes.

    So a call that hangs reaches its deadline at once, and one that is on its way to a healthy answer never does.
    """
    watching = asyncio.create_task(_watch(control, seconds))
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _watch(control: SandboxControl, seconds: float) -> None:
    while True:
        before = await _owed(control)
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        if _all_held(before) and before == await _owed(control):
            set_forward(seconds)
        await asyncio.sleep(0.005)


async def _owed(control: SandboxControl) -> list[dict[str, Any]]:
    """The calls that have had no answer, as told by the sandbox; the place of each in its log tells it from others."""
    log = (await asyncio.to_thread(control.calls))["log"]
    return [{**call, "place": place} for place, call in enumerate(log) if call["status"] is None]


def _all_held(owed: list[dict[str, Any]]) -> bool:
    return bool(owed) and all(call["held"] for call in owed)


def set_forward(seconds: float) -> None:
    """Let that time pass for everything in this event loop."""
    loop = asyncio.get_running_loop()
    before = loop.time
    loop.time = lambda: before() + seconds  # type: ignore[method-assign]
