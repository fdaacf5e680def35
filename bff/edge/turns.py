"""Who may begin: a few operations in each pass of the event loop, the others behind them in order.

Executing an operation keeps the loop busy for milliseconds. A thousand that begin in one pass keep it busy for seconds,
and the one upstream call they all wait for times out unread. With a few at a time the call lands between them, and
those that come later find its answer in memory.

How many a few are is found out: as many as fill a pass. What is at hand takes a tenth of what must be asked for.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

_PASS = 0.005
_FEW, _MANY = 4, 64


class Turns:
    """Lets `per_pass` callers through in one pass of the loop; holds no one back while the loop is free.

    Where a pass is over long before `seconds`, twice as many may begin in the next; half as many after a longer one.
    Never fewer than `per_pass`, nor more than `_MANY`.
    """

    def __init__(
        self, per_pass: int = _FEW, *, seconds: float = _PASS, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._fewest, self._seconds, self._clock = per_pass, seconds, clock
        self._per_pass = per_pass
        self._begun, self._since = 0, 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """Wait for a turn."""
        if self._begun < self._per_pass and not self._waiting:
            if not self._begun:
                self._pass_begins()
            self._begun += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    def _pass_begins(self) -> None:
        self._since = self._clock()
        asyncio.get_running_loop().call_soon(self._next_pass)

    def _next_pass(self) -> None:
        if self._begun >= self._per_pass:  # of fewer nothing can be told
            taken = self._clock() - self._since
            if taken > self._seconds:
                self._per_pass = max(self._per_pass // 2, self._fewest)
            elif taken < self._seconds / 2:
                self._per_pass = min(self._per_pass * 2, max(_MANY, self._fewest))
        self._begun = 0
        while self._waiting and self._begun < self._per_pass:
            turn = self._waiting.popleft()
            if not turn.done():  # its caller may have gone away
                turn.set_result(None)
                self._begun += 1
        if self._begun:
            self._pass_begins()  # behind all of them: then it is known how long they took
