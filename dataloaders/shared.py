"""The second level: what the processes of one estate share through Redis, by way of aiocache.

Redis may be slow, gone, or full of another version's values at any moment. Then this level answers "nothing there"
and stays out of the way for a second; it never raises. Keys carry a tag of the model, so that a new release does not
read an old one's values.
"""

import math
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
import structlog

from kernel.clock import Clock

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = structlog.get_logger(__name__)

V = TypeVar("V")


# Not MessagePack: that has no decimal, so a number inside Any would come back as a string, nor an integer over 64 bits.
encode = msgspec.json.Encoder(decimal_format="number").encode


def _model_tag(kind: Any) -> str:
    """Changes whenever the fields of the model, or of a model inside it, change."""
    return f"{zlib.crc32(repr(msgspec.json.schema(kind)).encode()):08x}"


PATIENCE = 0.25
"""Seconds after which an upstream is asked rather than Redis waited for."""


class SharedCache(Generic[V]):
    """Values of one type under one namespace in Redis; without Redis, a cache that is always empty."""

    def __init__(
        self,
        redis: "Redis | None",
        kind: Any,
        namespace: str,
        clock: Clock,
        *,
        timeout: float | None = None,
        rest: float = 1.0,
    ) -> None:
        self._clock, self._rest, self._resting_until = clock, rest, 0.0
        self._cache: Any = None
        if redis is not None:
            from dataloaders.redis_cache import redis_cache  # noqa: PLC0415  (see there)

            self._cache = redis_cache(redis, kind, f"bff:{namespace}:{_model_tag(kind)}:", timeout or PATIENCE)

    async def get_many(self, keys: Sequence[str]) -> list[V | None]:
        """The value of each key; None where there is none, or Redis is not to be had."""
        if keys and self.usable:
            try:
                return list(await self._cache.multi_get(keys))
            except Exception as error:  # noqa: BLE001  (this level may fail in any way and must never be felt)
                self._failed(error)
        return [None] * len(keys)

    async def set_many(self, values: Mapping[str, V], seconds: float) -> None:
        """Keep `values` for `seconds`, if Redis is there."""
        if values and self.usable:
            try:
                # rounded up: aiocache takes a ttl of 0 for "forever"
                await self._cache.multi_set(list(values.items()), ttl=math.ceil(seconds))
            except Exception as error:  # noqa: BLE001
                self._failed(error)

    @property
    def usable(self) -> bool:
        """Whether it is there, as far as is known; for a second after it failed it is not."""
        return self._cache is not None and self._clock.monotonic() >= self._resting_until

    def _failed(self, error: Exception) -> None:
        self._resting_until = self._clock.monotonic() + self._rest
        log.warning("redis.not_usable", error=type(error).__name__, detail=str(error)[:200])
