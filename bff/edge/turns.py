"""Who may begin: a few operations in each pass of the event loop, the others behind them in order.

Executing an operation keeps the loop busy for milliseconds. A thousand that begin in one pass keep it busy for seconds,
and the one upstream call they all wait for times out unread. With a few at a time the call lands between them, and
those that come later find its answer in memory.
"""

import asyncio
from collections import deque


class Turns:
    """Lets `per_pass` callers through in one pass of the loop; holds no one back while the loop is free."""

    def __init__(self, per_pass: int = 4) -> None:
        self._per_pass = per_pass
        self._begun = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """Wait for a turn."""
        if self._begun < self._per_pass and not self._waiting:
            self._count()
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    def _count(self) -> None:
        if not self._begun:
            asyncio.get_running_loop().call_soon(self._next_pass)
        self._begun += 1

    def _next_pass(self) -> None:
        self._begun = 0
        while self._waiting and self._begun < self._per_pass:
            turn = self._waiting.popleft()
            if not turn.done():  # its caller may have gone away
                turn.set_result(None)
                self._count()
