"""How often something may be tried: counted in Redis, so by all processes together, and refused when it cannot count.

A sliding log: of each subject the moments of its tries within the window, exact at every moment. One script takes all
that a try counts towards or none of it, so what one limit refuses is not counted by another. Subjects are logins and
addresses; Redis sees a keyed hash of them.
"""

import math
import secrets
from dataclasses import dataclass
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from kernel.clock import Clock
from kernel.keys import SigningKeys
from kernel.outcomes import ErrorCode, Rejected, Rejection

log = structlog.get_logger(__name__)

_PURPOSE = "limit"
_RETRY_WITHOUT_REDIS = 5
# One hash tag for all, because one script touches a login's and an address's.
_PREFIX = "bff:{limits}:"

# KEYS: the logs. ARGV: now in ms, a word that makes this try's entries unique, then each log's window in ms and limit.
# The answer: how many ms until all of them would let it through; 0: counted.
_TAKE = """
local now, wait = tonumber(ARGV[1]), 0
for i, key in ipairs(KEYS) do
  local window, most = tonumber(ARGV[1 + 2 * i]), tonumber(ARGV[2 + 2 * i])
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
  local count = redis.call('ZCARD', key)
  if count >= most then
    local first = redis.call('ZRANGE', key, count - most, count - most, 'WITHSCORES')
    wait = math.max(wait, math.max(1, tonumber(first[2] or now) + window - now))
  end
end
if wait > 0 then return wait end
for i, key in ipairs(KEYS) do
  redis.call('ZADD', key, now, ARGV[2])
  redis.call('PEXPIRE', key, ARGV[1 + 2 * i])
end
return 0
"""


@dataclass(frozen=True)
class Limit:
    """At most so many in so many seconds, under a name of its own."""

    name: str
    most: int
    seconds: float


@dataclass(frozen=True)
class Try:
    """What a try counts towards: a limit, and whose."""

    limit: Limit
    subject: str


@dataclass(frozen=True)
class IdentityLimits:
    """The limits on signing up and in: by login or destination, by code, and by address."""

    sends: Limit
    sends_by_address: Limit
    tries_of_code: Limit
    tries: Limit
    tries_by_address: Limit
    sign_ins: Limit
    sign_ins_by_address: Limit


class Limits:
    """Counts tries."""

    def __init__(self, redis: "Redis", keys: SigningKeys, clock: Clock) -> None:
        self._redis, self._keys, self._clock = redis, keys, clock

    async def take(self, *tries: Try) -> None:
        """Count a try towards each, or towards none.

        Raises:
            Rejected: RATE_LIMITED, too many already; or it cannot be counted just now.
        """
        now = int(self._clock.now() * 1_000)
        names = [self._key(each) for each in tries]
        bounds = [str(bound) for each in tries for bound in (int(each.limit.seconds * 1_000), each.limit.most)]
        try:
            wait: Any = await self._redis.eval(_TAKE, len(names), *names, str(now), secrets.token_hex(8), *bounds)
        except (RedisError, OSError) as error:
            log.warning("limits.cannot_count", error=type(error).__name__)
            raise _refused(_RETRY_WITHOUT_REDIS) from None
        if int(wait) > 0:
            raise _refused(math.ceil(int(wait) / 1_000))

    def _key(self, counted: Try) -> str:
        subject = self._keys.mac(_PURPOSE, counted.subject.encode()).hex()[:32]
        return f"{_PREFIX}{counted.limit.name}:{subject}"


def _refused(seconds: int) -> Rejected:
    message = "Too many tries; try again later."
    return Rejected(Rejection(ErrorCode.RATE_LIMITED, message, retryable=True, retry_after=seconds))
