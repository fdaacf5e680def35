"""Whole answers, kept as long as they hold: made once for a burst of equal questions, renewed behind, never kept late.

An answer knows the names of what it was made of. Whoever hears that something changed says so (`outdate`), and every
answer that was *begun* before is over, whether it is kept already or still in the making. That one comparison, of when
an answer was begun with when a name was heard of, is made before an answer is stored and before it is used; so an
answer made of what was read before a change can neither be stored after it nor outlive it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import msgspec

V = TypeVar("V")

_MOST_NAMES = 10_000
_NAME_BYTES = 150
_ANSWER_BYTES = 1_500


class Memory(Protocol):
    """What answers are kept in; it bounds the sum of their sizes in bytes."""

    bytes: int

    def get(self, key: str) -> Any: ...

    def put(self, key: str, value: Any, size: int) -> None: ...

    def drop(self, key: str) -> None: ...


@dataclass(frozen=True)
class Made(Generic[V]):
    """An answer as it was made. All moments are on the clock of `Answers`, and belong to what follows them.

    `size` in bytes. `names`: what it was made of. Until `fresh_until` it is as good as a new one, until `stale_until`
    it is used while a new one is made behind, until `error_until` when making a new one fails (RFC 5861). `failed`: it
    has errors in it. `doubtful`: something was used that is only better than nothing. Neither is kept.
    """

    value: V
    size: int
    names: frozenset[str]
    fresh_until: float
    stale_until: float
    error_until: float
    failed: bool = False
    doubtful: bool = False


@dataclass
class Counted:
    """`hits` of fresh answers, `stale` ones used; `misses` that were made, `joined` that waited for such a one.

    `covered`: failures hidden by an older answer. `outdated`: answers that ended since something in them changed.
    `unkept`: made, but with errors, already outdated, or after one that was begun later.
    """

    hits: int = 0
    stale: int = 0
    misses: int = 0
    joined: int = 0
    covered: int = 0
    outdated: int = 0
    unkept: int = 0


@dataclass(eq=False, slots=True)
class _Kept(Generic[V]):
    made: Made[V]
    begun: int
    checked: int
    number: int


@dataclass(eq=False, slots=True)
class _Flight(Generic[V]):
    task: "asyncio.Task[Made[V]]"
    begun: int
    until: float
    waiting: int = 0


class Found(msgspec.Struct, Generic[V], frozen=True):
    """A value and how it was come by: `hit`, `stale`, `miss` or `joined`."""

    value: V
    how: str


@dataclass
class Answers(Generic[V]):
    """Answers by key. `join`: seconds after its beginning for which others still join an answer in the making."""

    memory: Memory
    now: Callable[[], float]
    join: float = 5.0
    counted: Counted = field(default_factory=Counted)
    _heard: int = 0
    _number: int = 0
    _all_outdated: int = 0
    _outdated: OrderedDict[str, int] = field(default_factory=OrderedDict)
    _flights: dict[str, _Flight[V]] = field(default_factory=dict)
    _tasks: "set[asyncio.Task[Made[V]]]" = field(default_factory=set)

    def outdate(self, names: Iterable[str] | None) -> None:
        """What is known by these names has changed (None: anything may have): what was begun before now is over."""
        self._heard += 1
        if names is None:
            self._all_outdated = self._heard
            self._outdated.clear()
            return
        for name in names:
            self._outdated[name] = self._heard
            self._outdated.move_to_end(name)
        while len(self._outdated) > _MOST_NAMES:  # too many to remember: then it may have been any of them
            self._all_outdated = max(self._all_outdated, self._outdated.popitem(last=False)[1])

    def fresh(self, key: str) -> V | None:
        """The answer, if there is a fresh one. Counts as a hit."""
        kept: _Kept[V] | None = self.memory.get(key)
        if kept is None or (kept.checked != self._heard and not self._holds(key, kept)):
            return None
        if self.now() >= kept.made.fresh_until:
            return None
        self.counted.hits += 1
        return kept.made.value

    async def get(self, key: str, make: Callable[[], Awaitable[Made[V]]]) -> Found[V]:
        """The answer; made now if there is none, together with all who ask for the same.

        Raises:
            Exception: what `make` raised, when there is no older answer that may stand in.
        """
        found = self.fresh(key)
        if found is not None:
            return Found(found, "hit")
        old = self._kept(key)
        if old is not None and self.now() < old.stale_until:
            self.counted.stale += 1
            self._flight(key, make)[0].waiting += 1  # nobody waits, and nobody may end it by going away
            return Found(old.value, "stale")
        flight, joined = self._flight(key, make)
        self.counted.joined += joined
        self.counted.misses += not joined
        made = await self._landed(key, flight)
        old = self._kept(key) if made is None or made.failed else None
        if old is not None and self.now() < old.error_until:
            self.counted.covered += 1
            return Found(old.value, "stale")
        return Found((made or flight.task.result()).value, "joined" if joined else "miss")

    async def aclose(self) -> None:
        """End what is still in the making."""
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ------------------------------------------------------------------ what is kept

    def _holds(self, key: str, kept: _Kept[V]) -> bool:
        """Whether nothing in it has changed since it was begun."""
        if self._outdated_since(kept.begun, kept.made.names):
            self.memory.drop(key)
            self.counted.outdated += 1
            return False
        kept.checked = self._heard
        return True

    def _outdated_since(self, begun: int, names: frozenset[str]) -> bool:
        outdated = self._outdated
        return self._all_outdated > begun or any(outdated.get(name, 0) > begun for name in names)

    def _kept(self, key: str) -> Made[V] | None:
        """What is kept, fresh or not, if nothing in it has changed."""
        kept: _Kept[V] | None = self.memory.get(key)
        return kept.made if kept is not None and self._holds(key, kept) else None

    def _keep(self, key: str, begun: int, number: int, made: Made[V]) -> None:
        """Keep what was made as the answer of that number, unless one that was begun after it is there by now."""
        late = self.now() >= max(made.fresh_until, made.stale_until)
        before: _Kept[V] | None = self.memory.get(key)
        late = late or (before is not None and before.number > number)
        if made.failed or made.doubtful or late or self._outdated_since(begun, made.names):
            self.counted.unkept += 1
            return
        size = _ANSWER_BYTES + made.size + len(made.names) * _NAME_BYTES
        self.memory.put(key, _Kept(made, begun, self._heard, number), size)

    # ------------------------------------------------------------------ what is in the making

    def _flight(self, key: str, make: Callable[[], Awaitable[Made[V]]]) -> tuple[_Flight[V], bool]:
        """An answer in the making, and whether it was already: one begun before the last change is not joined."""
        flight = self._flights.get(key)
        if flight is not None and flight.begun == self._heard and self.now() < flight.until:
            return flight, True
        self._number += 1
        task = asyncio.create_task(self._make(key, self._heard, self._number, make))
        flight = self._flights[key] = _Flight(task, self._heard, self.now() + self.join)
        self._tasks.add(task)
        task.add_done_callback(lambda _: self._forget(key, flight))
        return flight, False

    async def _make(self, key: str, begun: int, number: int, make: Callable[[], Awaitable[Made[V]]]) -> Made[V]:
        made = await make()
        self._keep(key, begun, number, made)
        return made

    async def _landed(self, key: str, flight: _Flight[V]) -> Made[V] | None:
        """What was made, or None where making it failed. It is ended when the last who waits for it goes away."""
        flight.waiting += 1
        try:
            await asyncio.wait([flight.task])
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                flight.task.cancel()
                self._leave(key, flight)  # at once: nobody may join what is ending
        return None if flight.task.cancelled() or flight.task.exception() else flight.task.result()

    def _forget(self, key: str, flight: _Flight[V]) -> None:
        self._tasks.discard(flight.task)
        self._leave(key, flight)
        if not flight.task.cancelled():
            flight.task.exception()  # looked at: behind a stale answer nobody else does

    def _leave(self, key: str, flight: _Flight[V]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
