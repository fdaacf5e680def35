"""One request's own reads, for what must never be in a cache that others see.

Those of one tick become one call, with all the attributes that anybody wants; what was asked is not asked again. Lives
and ends with its request.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from kernel.tasks import held

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Fetch = Callable[[Mapping[K, frozenset[str]]], Awaitable[Mapping[K, V | Exception]]]
"""From keys with the attributes wanted of each to what was found, or why it was not."""


@dataclass
class _Wanted(Generic[V]):
    fields: frozenset[str]
    found: "asyncio.Future[V]"


@dataclass
class Asked(Generic[K, V]):
    """`fetch` is called once a tick."""

    fetch: Fetch[K, V]
    _known: dict[K, _Wanted[V]] = field(default_factory=dict)
    _waiting: dict[K, _Wanted[V]] = field(default_factory=dict)
    _tasks: "set[asyncio.Task[None]]" = field(default_factory=set)

    async def load(self, key: K, fields: frozenset[str]) -> V:
        """What was found, with at least these attributes.

        Raises:
            Exception: whatever `fetch` answered in its place.
        """
        known = self._known.get(key)
        if known is None or not fields <= known.fields:
            known = self._want(key, fields)
        return await asyncio.shield(known.found)

    def _want(self, key: K, fields: frozenset[str]) -> _Wanted[V]:
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._flush)
        wanted = self._waiting.get(key)
        if wanted is None:
            wanted = self._waiting[key] = _Wanted(frozenset(), loop.create_future())
        wanted.fields |= fields
        return wanted

    def _flush(self) -> None:
        batch, self._waiting = self._waiting, {}
        self._known |= batch
        held(self._load(batch), self._tasks)

    async def _load(self, batch: Mapping[K, _Wanted[V]]) -> None:
        try:
            found = await self.fetch({key: wanted.fields for key, wanted in batch.items()})
        except asyncio.CancelledError:
            for wanted in batch.values():
                wanted.found.cancel()
            raise
        except Exception as error:  # noqa: BLE001  (whatever it is, those who wait are told)
            found = dict.fromkeys(batch, error)
        for key, wanted in batch.items():
            outcome = found[key]
            if isinstance(outcome, Exception):
                wanted.found.set_exception(outcome)
                wanted.found.exception()  # it is nobody's fault if nobody waits any more
            else:
                wanted.found.set_result(outcome)
