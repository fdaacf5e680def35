"""Who is at a number just now, in Redis: this only keeps shoppers out of each other's way.

Every step is one Lua script, atomic, that compares the token first and goes by Redis's own clock. A command whose first
reply was lost can be sent again: a hold that is already this token's is held.

Redis may vanish or come back older. The *epoch* is a key that is written last when the holds have been put back from
the journal; without it no new hold is taken. A Redis that lost the tail of its log keeps the epoch and lacks some
holds: the journal then refuses what Redis would have allowed, and the sweeper puts the holds back.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.reservations.model import ResourceKind

log = structlog.get_logger(__name__)

# One hash tag for all, because one script touches a hold, its shopper's and its address's count, and the epoch.
_PREFIX = "bff:{holds}:"
EPOCH = _PREFIX + "epoch"
_AT_ONCE = 500

_NOW = "local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000); "
# KEYS hold, shopper's holds, address's holds, epoch, where the hold is from (the third of them: who lets go knows no
# address). ARGV token, milliseconds, most per shopper, most per address.
_TAKE = (
    _NOW
    + """
if redis.call('EXISTS', KEYS[4]) == 0 then return 'REBUILDING' end
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 'TAKEN' end
if not holder then
  for i = 2, 3 do
    redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now)
    if redis.call('ZCARD', KEYS[i]) >= tonumber(ARGV[i + 1]) then return i == 2 and 'SHOPPER' or 'ADDRESS' end
  end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
for i = 2, 3 do
  redis.call('ZADD', KEYS[i], now + ARGV[2], ARGV[1])
  if redis.call('PTTL', KEYS[i]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
end
redis.call('SET', KEYS[5], KEYS[3], 'PX', ARGV[2])
return 'HELD'
"""
)
# KEYS hold, shopper's holds, where the hold is from. ARGV token, milliseconds. Puts a hold back that is lost, and keeps
# one that is there; either way it counts for as long as it lives.
_KEEP = (
    _NOW
    + """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local counts = {KEYS[2]}
local from = redis.call('GET', KEYS[3])
if from then
  counts[2] = from
  redis.call('PEXPIRE', KEYS[3], ARGV[2])
end
for _, count in ipairs(counts) do
  redis.call('ZADD', count, now + ARGV[2], ARGV[1])
  if redis.call('PTTL', count) < tonumber(ARGV[2]) then redis.call('PEXPIRE', count, ARGV[2]) end
end
return 1
"""
)
# KEYS hold, shopper's holds, where the hold is from. ARGV token.
_DROP = """
redis.call('ZREM', KEYS[2], ARGV[1])
local from = redis.call('GET', KEYS[3])
if from then
  redis.call('ZREM', from, ARGV[1])
  redis.call('DEL', KEYS[3])
end
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


class Taken(Enum):
    """What came of asking for a hold."""

    HELD = "HELD"
    TAKEN = "TAKEN"
    SHOPPER = "SHOPPER"
    ADDRESS = "ADDRESS"
    REBUILDING = "REBUILDING"


class HoldsUnavailableError(Exception):
    """Redis does not answer: nobody can be kept apart just now."""


@dataclass(frozen=True)
class Hold:
    """What is held: a resource by its kind and value, for a shopper, by a token that nobody else has."""

    kind: str
    resource: str
    shopper: str
    token: str

    @property
    def key(self) -> str:
        return f"{_PREFIX}{self.kind}:{self.resource}"

    @property
    def shopper_key(self) -> str:
        return f"{_PREFIX}shopper:{self.kind}:{_digest(self.shopper)}"

    @property
    def from_key(self) -> str:
        return f"{_PREFIX}from:{self.token}"

    @property
    def keys(self) -> tuple[str, str, str]:
        """What a script needs that keeps it or lets go."""
        return self.key, self.shopper_key, self.from_key


@dataclass(frozen=True)
class Holds:
    """Holds in Redis. Every method raises `HoldsUnavailableError` when that does not answer."""

    redis: "Redis"
    per_shopper: int
    per_address: int

    async def take(self, hold: Hold, *, seconds: float, address: str) -> Taken:
        """Hold a resource, if it is free and neither the shopper nor the address holds too many."""
        keys = [hold.key, hold.shopper_key, f"{_PREFIX}address:{_digest(address)}", EPOCH, hold.from_key]
        arguments: list[str | int] = [hold.token, int(seconds * 1000), self.per_shopper, self.per_address]
        return Taken(bytes(await self._run(_TAKE, keys, arguments)).decode())

    async def keep(self, hold: Hold, *, seconds: float) -> bool:
        """Hold for `seconds` from now on; False when somebody else holds it, which the journal then has to settle."""
        return bool(await self._run(_KEEP, hold.keys, [hold.token, max(1, int(seconds * 1000))]))

    async def drop(self, hold: Hold) -> None:
        """Let go, if it still is this token's."""
        await self._run(_DROP, hold.keys, [hold.token])

    async def held(self, kind: ResourceKind, resources: Sequence[str]) -> frozenset[str]:
        """Which of these resources somebody holds."""
        if not resources:
            return frozenset()
        try:
            found = await self.redis.mget([f"{_PREFIX}{kind.value}:{each}" for each in resources])
        except (RedisError, OSError) as error:
            raise HoldsUnavailableError(str(error)) from error
        return frozenset(each for each, token in zip(resources, found, strict=True) if token is not None)

    async def holder(self, kind: str, resource: str) -> tuple[str, float] | None:
        """The token that holds a resource, and for how many seconds more; None: nobody holds it."""
        key = f"{_PREFIX}{kind}:{resource}"
        try:
            token: Any = await self.redis.get(key)
            left = await self.redis.pttl(key)
        except (RedisError, OSError) as error:
            raise HoldsUnavailableError(str(error)) from error
        return None if token is None else (token.decode(), max(0, left) / 1000)

    async def epoch(self) -> float | None:
        """When the present epoch began, in seconds; None: there is none, and no new hold is taken."""
        try:
            found = await self.redis.get(EPOCH)
        except (RedisError, OSError) as error:
            raise HoldsUnavailableError(str(error)) from error
        return None if found is None else float(found)

    async def server(self) -> str | None:
        """Which run of Redis answers: one that was started again may have come back older. None: it does not tell."""
        try:
            found: str | None = (await self.redis.info("server")).get("run_id")
        except (RedisError, OSError) as error:
            raise HoldsUnavailableError(str(error)) from error
        return found

    async def begin_epoch(self, holds: Iterable[tuple[Hold, float]], name: str) -> None:
        """Put back what the journal knows, each with the seconds it has left, then allow new holds again."""
        known = list(holds)
        await self.keep_all(known)
        try:
            await self.redis.set(EPOCH, name)
        except (RedisError, OSError) as error:
            raise HoldsUnavailableError(str(error)) from error
        log.warning("holds.rebuilt", epoch=name, holds=len(known))

    async def keep_all(self, holds: Sequence[tuple[Hold, float]]) -> None:
        """As `keep`, many at once."""
        for start in range(0, len(holds), _AT_ONCE):
            try:
                async with self.redis.pipeline(transaction=False) as pipeline:
                    for hold, seconds in holds[start : start + _AT_ONCE]:
                        pipeline.eval(_KEEP, len(hold.keys), *hold.keys, hold.token, max(1, int(seconds * 1000)))
                    await pipeline.execute()
            except (RedisError, OSError) as error:
                raise HoldsUnavailableError(str(error)) from error

    async def drop_all(self, holds: Sequence[Hold]) -> None:
        """As `drop`, many at once."""
        for start in range(0, len(holds), _AT_ONCE):
            try:
                async with self.redis.pipeline(transaction=False) as pipeline:
                    for hold in holds[start : start + _AT_ONCE]:
                        pipeline.eval(_DROP, len(hold.keys), *hold.keys, hold.token)
                    await pipeline.execute()
            except (RedisError, OSError) as error:
                raise HoldsUnavailableError(str(error)) from error

    async def _run(self, script: str, keys: Sequence[str], arguments: Sequence[str | int]) -> Any:
        try:
            return await self.redis.eval(script, len(keys), *keys, *arguments)
        except (RedisError, OSError) as error:
            raise HoldsUnavailableError(str(error)) from error


def _digest(text: str) -> str:
    """Shoppers and addresses are counted, not written down."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
