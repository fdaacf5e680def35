"""Ghost writes: the client has lost its connection and believes the write failed, and some time later it happens.

A ghost is judged when it is applied, not when it came: If-Match, states and locks are those of that moment, and a
refusal reaches nobody.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.errors import Refusal
from sandbox.faults import BrokenOff, pause
from sandbox.habits.model import FOREVER, Postponed


@dataclass(frozen=True, slots=True, eq=False)
class Ghost:
    """A write that waits; `timer` is None when it waits to be told."""

    method: str
    path: str
    work: Callable[[], object]
    timer: asyncio.TimerHandle | None = None


class Ghosts:
    """The writes that nobody is told of and that are not applied yet."""

    def __init__(self) -> None:
        self._waiting: list[Ghost] = []

    async def take(
        self, postponed: Postponed, request: Request, work: Callable[[], object], stopping: asyncio.Event
    ) -> Response:
        """Keep `work` for later; the client gets no answer."""
        self._add(postponed.seconds, request, work)
        if not postponed.closed:
            await pause(request, FOREVER, stopping)
        return BrokenOff()

    def _add(self, seconds: float | None, request: Request, work: Callable[[], object]) -> None:
        def due() -> None:
            self._apply(ghost)

        timer = None if seconds is None else asyncio.get_running_loop().call_later(seconds, due)
        ghost = Ghost(request.method, request.url.path, work, timer)
        self._waiting.append(ghost)

    def apply(self) -> None:
        """Apply all of them now, in the order in which they came."""
        for ghost in list(self._waiting):
            self._apply(ghost)

    def clear(self) -> None:
        """Forget them: they never happen."""
        for ghost in list(self._waiting):
            self._take_out(ghost)

    def listing(self) -> list[dict[str, Any]]:
        return [{"method": ghost.method, "path": ghost.path} for ghost in self._waiting]

    def _apply(self, ghost: Ghost) -> None:
        self._take_out(ghost)
        with suppress(Refusal):
            ghost.work()

    def _take_out(self, ghost: Ghost) -> None:
        self._waiting.remove(ghost)
        if ghost.timer:
            ghost.timer.cancel()
