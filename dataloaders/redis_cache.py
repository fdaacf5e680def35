"""aiocache over Redis, with values as JSON. Imported where there is a Redis: its client takes 7 MB."""

from decimal import Decimal
from typing import Any

import msgspec
from aiocache import RedisCache
from aiocache.serializers import BaseSerializer
from redis.asyncio import Redis

from dataloaders.shared import encode


class JsonSerializer(BaseSerializer):  # type: ignore[misc]
    """JSON for one type, numbers exact. What cannot be read as that type counts as not there."""

    DEFAULT_ENCODING = None

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self._decoder = msgspec.json.Decoder(kind, float_hook=Decimal)

    def dumps(self, value: Any) -> bytes:
        return encode(value)

    def loads(self, value: bytes | None) -> Any:
        try:
            return None if value is None else self._decoder.decode(value)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None


def redis_cache(redis: "Redis", kind: Any, namespace: str, timeout: float) -> Any:
    """Values of one kind under a namespace; `timeout` in seconds for each command."""
    cache = RedisCache(serializer=JsonSerializer(kind), namespace=namespace, timeout=timeout)
    cache.client = redis
    return cache
