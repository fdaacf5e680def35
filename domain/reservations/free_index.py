"""The index of what is free: built from TMF639 by one process of the estate, kept in Redis, held by each in memory.

What changes comes from three sides and goes the same way, as a line in a stream that every process follows: events of
the upstream (hints: what they name is read again), our own holds and releases, and those that another process told of.
The index may be behind at any time; whoever holds a number asks the upstream itself.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from redis.exceptions import RedisError

from domain.reservations.generations import Change, Generation, GenerationStore
from domain.reservations.model import Candidate
from domain.reservations.reader import InventoryReader
from domain.reservations.shelf import Entry, Shelf
from kernel.clock import Clock
from kernel.errors import UpstreamError

log = structlog.get_logger(__name__)

EVERYTHING = "*"
_LOCK_SECONDS = 60.0
_LOOK_SECONDS = 0.25
_DEAF_SECONDS = 30.0
_HINT_SECONDS = 1.0
_RETRY_SECONDS = 15.0
_MOST_HINTS = 500
_APART_SECONDS = 30.0


@dataclass
class FreeIndex:
    """What is free, kept up to date. One per process; `run` does the work.

    `store` is None without Redis: then each process builds its own. `fresh`: seconds after which it is built anew.
    """

    reader: InventoryReader
    store: GenerationStore | None
    clock: Clock
    fresh: float
    _shelf: Shelf | None = None
    _generation: Generation | None = None
    _place: str = "0-0"
    _heard_at: float = 0.0
    _built_at: float = 0.0
    _all_changed_at: float = 0.0
    _late: list[Change] | None = None
    _hints: dict[str, None] = field(default_factory=dict)
    _hinted: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def shelf(self) -> Shelf | None:
        """What can be drawn from now. None before it is built, and once Redis has been silent for half a minute: what
        others took since then is not known here.
        """
        deaf = self.store is not None and self.clock.monotonic() - self._heard_at > _DEAF_SECONDS
        return None if deaf else self._shelf

    async def mark(self, candidates: Iterable[Candidate], *, free: bool) -> None:
        """Tell every process that these are free again, or are not any more. Never raises: it is a hint."""
        await self._tell([Change(each.upstream_id, Entry.of(each) if free else None) for each in candidates])

    def hint(self, names: Iterable[str]) -> None:
        """Something changed upstream (`logicalResource/m-1`, `resource/*`): have it read again within a second."""
        self._hints.update(dict.fromkeys(names))
        self._hinted.set()

    def work(self) -> list[Coroutine[Any, Any, None]]:
        """What has to run beside the requests, until cancelled: follow, build when it is time, look at hints."""
        return [
            _again(self.look, _LOOK_SECONDS),
            _again(self.build_if_due, _HINT_SECONDS),
            _again(self.follow_hints, 0.0),
        ]

    # ---------------------------------------------------------------- following

    async def look(self) -> None:
        """Take over a newer generation and whatever was told since the last look.

        Raises:
            RedisError: Redis is away.
        """
        if self.store is not None:
            current = await self.store.current()
            if current is None:
                self._shelf = self._generation = None
            elif self._generation is None or current.name != self._generation.name:
                await self._take_over(self.store, current)
            if self._shelf is not None:
                changes, self._place = await self.store.changes(self._place)
                self._apply(changes)
            self._heard_at = self.clock.monotonic()
        # One at a time notes what is told meanwhile; and what is being built alone takes the worn one's place anyway.
        if self._shelf is not None and self._shelf.is_worn and self._late is None:
            await self._rearrange(self._shelf)

    async def _take_over(self, store: GenerationStore, current: Generation) -> None:
        entries = await store.load(current)
        if entries is None:  # thrown out by a Redis that is full, or replaced meanwhile
            await store.forget(current)
            self._shelf = self._generation = None
            return
        self._shelf = await asyncio.to_thread(Shelf.of, entries)
        self._generation, self._place = current, current.place
        log.info("numbers.index_loaded", free=len(self._shelf))

    async def _rearrange(self, worn: Shelf) -> None:
        self._late = []
        try:
            entries = list(worn.entries())
            arranged = await asyncio.to_thread(Shelf.of, entries)
            if self._shelf is worn:
                self._put_in_place(arranged)
        finally:
            self._late = None

    def _put_in_place(self, shelf: Shelf) -> None:
        """With what was told while it was arranged."""
        late, self._late, self._shelf = self._late or [], None, shelf
        self._apply(late)

    def _apply(self, changes: Sequence[Change]) -> None:
        if self._late is not None:
            self._late += changes
        if self._shelf is not None:
            for change in changes:
                self._shelf.change(change.id, change.entry)

    async def _tell(self, changes: Sequence[Change]) -> None:
        """Here at once, and to the others."""
        if not changes:
            return
        self._apply(changes)
        if self.store is not None:
            try:
                await self.store.tell(changes)
            except (RedisError, OSError) as error:
                log.warning("numbers.not_told", error=type(error).__name__)

    # ---------------------------------------------------------------- hints

    async def follow_hints(self) -> None:
        """Wait for hints, a second more for those that come with them, and read again what they name."""
        await self._hinted.wait()
        await asyncio.sleep(_HINT_SECONDS)
        await self.read_hinted()

    async def read_hinted(self) -> None:
        """Read again what was hinted at until now; where it is not said what, or it is too much, build anew."""
        self._hinted.clear()
        names, self._hints = list(self._hints), {}
        if len(names) > _MOST_HINTS or any(name.endswith(f"/{EVERYTHING}") for name in names):
            self._all_changed_at = self.clock.now()
            return
        found = await self.reader.free_by_name(names)
        await self._tell([Change(local, None if each is None else Entry.of(each)) for local, each in found.items()])

    # ---------------------------------------------------------------- building

    async def build_if_due(self) -> None:
        """Build where there is none or it has grown old, unless another process does.

        Raises:
            RedisError: Redis is away.
        """
        if self.store is None:
            if self._late is None and self._is_due(self._built_at):
                await self._build_alone()
            return
        if self._generation is not None and not self._is_due(self._generation.at):
            return
        token = secrets.token_hex(16)
        if await self.store.begin(token, _LOCK_SECONDS):
            try:
                current = await self.store.current()
                if current is None or self._is_due(current.at):
                    await self._build(self.store, token)
            finally:
                await self.store.end(token)

    def _is_due(self, built_at: float) -> bool:
        age = self.clock.now() - built_at
        return age > self.fresh or (self._all_changed_at > built_at and age > _APART_SECONDS)

    async def _build(self, store: GenerationStore, token: str) -> None:
        at, place = self.clock.now(), await store.place()
        entries: list[Entry] = []
        try:
            async for page in self.reader.all_free():
                entries += map(Entry.of, page)
                if not await store.still(token, _LOCK_SECONDS):
                    return
        except UpstreamError as error:
            log.warning("numbers.index_not_built", detail=error.detail)
            return
        made = await store.publish(token, entries, at=at, place=place)
        if made is not None:
            log.info("numbers.index_built", free=made.size, seconds=round(self.clock.now() - at, 1))

    async def _build_alone(self) -> None:
        at, self._late = self.clock.now(), []
        try:
            entries = [Entry.of(each) async for page in self.reader.all_free() for each in page]
            self._put_in_place(await asyncio.to_thread(Shelf.of, entries))
        except UpstreamError as error:
            log.warning("numbers.index_not_built", detail=error.detail)
            return
        finally:
            self._late = None
        self._built_at = at
        log.info("numbers.index_built", free=len(entries), seconds=round(self.clock.now() - at, 1))


async def _again(step: Callable[[], Awaitable[None]], pause: float) -> None:
    """A step after the other, until cancelled; a failure costs a pause."""
    while True:
        try:
            await step()
        except (RedisError, OSError) as error:
            log.debug("numbers.redis_away", error=type(error).__name__)
            await asyncio.sleep(_HINT_SECONDS)
        except Exception:
            log.exception("numbers.index_failed")
            await asyncio.sleep(_RETRY_SECONDS)
        await asyncio.sleep(pause)
