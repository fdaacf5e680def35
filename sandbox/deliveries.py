"""Events on their way: one lane per subscription, so that a listener which is slow or gone delays nobody else.

A lane is a bounded queue and, while there is something in it, one task. What became of each event stands in its
`Delivery`, which the event log shows; a write never waits for any of this.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.outgoing import post

Post = Callable[[str, bytes, Mapping[str, str], float], Awaitable[int]]

CAPACITY = 1000
SECONDS = 2.0
PAUSES = (0.2, 1.0)
_WORTH_A_RETRY = frozenset({408, 429, *range(500, 600)})


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One event on its way to one subscription; `attempts` are statuses or what went wrong, the newest last."""

    hub: str
    url: str
    event_type: str
    body: bytes
    headers: Mapping[str, str]
    state: Literal["pending", "delivered", "failed", "dropped"] = "pending"
    attempts: list[int | str] = field(default_factory=list)

    def listing(self) -> dict[str, Any]:
        return {
            "hub": self.hub,
            "url": self.url,
            "eventType": self.event_type,
            "state": self.state,
            "attempts": list(self.attempts),
        }


class Courier:
    """Delivers; `pauses` are the seconds before each further attempt, `seconds` bounds one attempt."""

    def __init__(
        self,
        send: Post = post,
        *,
        seconds: float = SECONDS,
        pauses: tuple[float, ...] = PAUSES,
        capacity: int = CAPACITY,
    ) -> None:
        self._send = send
        self._seconds = seconds
        self._pauses = pauses
        self._capacity = capacity
        self._lanes: dict[str, Lane] = {}

    def take(self, deliveries: Iterable[Delivery], hold: float = 0.0) -> None:
        """Queue what goes to one subscription; `hold` seconds it waits for something later to go first."""
        batch = tuple(deliveries)
        if batch:
            lane = self._lanes.setdefault(batch[0].hub, Lane(self._deliver, self._capacity))
            lane.take(batch, hold)

    def forget(self, hub: str) -> None:
        """The subscription is gone: what still waits for it, or is on its way, is dropped."""
        lane = self._lanes.pop(hub, None)
        if lane is not None:
            lane.drop()

    async def settle(self) -> None:
        """Wait until nothing is on its way; what is held back waits on."""
        while tasks := [lane.task for lane in self._lanes.values() if lane.task is not None]:
            await asyncio.wait(tasks)

    async def close(self) -> None:
        """Drop everything, and end what is being delivered."""
        tasks = [lane.task for lane in self._lanes.values() if lane.task is not None]
        for hub in list(self._lanes):
            self.forget(hub)
        if tasks:
            await asyncio.wait(tasks)

    async def _deliver(self, delivery: Delivery) -> None:
        for pause in (0.0, *self._pauses):
            await asyncio.sleep(pause)
            try:
                outcome: int | str = await self._send(delivery.url, delivery.body, delivery.headers, self._seconds)
            except (OSError, EOFError, ValueError) as error:
                outcome = f"{type(error).__name__}: {error}".rstrip(": ")
            delivery.attempts.append(outcome)
            if isinstance(outcome, int) and outcome not in _WORTH_A_RETRY:
                delivery.state = "delivered" if outcome < 300 else "failed"  # noqa: PLR2004 - HTTP's own limit
                return
        delivery.state = "failed"


class Lane:
    """What goes to one subscription, one after the other."""

    def __init__(self, deliver: Callable[[Delivery], Awaitable[None]], capacity: int) -> None:
        self._deliver = deliver
        self._capacity = capacity
        self._queue: deque[Delivery] = deque()
        self._held: list[tuple[Delivery, ...]] = []
        self._timer: asyncio.TimerHandle | None = None
        self.task: asyncio.Task[None] | None = None

    def take(self, batch: tuple[Delivery, ...], hold: float) -> None:
        self._held.append(batch)
        if hold and len(self._held) == 1:
            self._timer = asyncio.get_running_loop().call_later(hold, self._release)
        else:
            self._release()

    def _release(self) -> None:
        """Queue what was held back, the latest first, and see that somebody works on the queue."""
        if self._timer is not None:
            self._timer.cancel()
        for delivery in (each for batch in reversed(self._held) for each in batch):
            if len(self._queue) < self._capacity:
                self._queue.append(delivery)
            else:
                delivery.state = "dropped"
        self._held.clear()
        if self.task is None:
            self.task = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        try:
            while self._queue:
                await self._deliver(self._queue[0])
                self._queue.popleft()
        finally:
            self.task = None

    def drop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self.task is not None:
            self.task.cancel()
        for delivery in (*self._queue, *(each for batch in self._held for each in batch)):
            delivery.state = "dropped"
        self._queue.clear()
        self._held.clear()
