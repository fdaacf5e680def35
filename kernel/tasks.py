"""Ending what runs beside the requests."""

import asyncio
from collections.abc import Iterable
from typing import Any

_PATIENCE = 2.0


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
