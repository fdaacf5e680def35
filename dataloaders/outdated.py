"""What has changed upstream, told to every process that shares a Redis, with the moment it was heard of.

A mark stays in Redis for as long as anything older could still be cached, so that a process that starts later, or lost
its connection for a while, hears of it too. Processes look a few times a second; that is simpler than a subscription,
and a look after an outage brings what was missed. What could not be marked is marked at the next look that Redis is
there for. Without Redis a process only hears of what it was told itself.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from dataloaders.away import raised_by
from kernel.clock import Clock

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = structlog.get_logger(__name__)

_KEY = "bff:outdated"
# Clocks of machines differ a little; a mark is looked at again for this long. Hearing twice does no harm.
_OVERLAP_SECONDS = 5.0
_MOST_UNSHARED = 10_000
_NEXT = 1e-6

Heard = Callable[[str, float], None]


@dataclass
class OutdatedLog:
    """Names of what is outdated (`productOffering/po-1`), each with its moment in seconds since the epoch."""

    redis: "Redis | None"
    clock: Clock
    heard: Heard
    keep_seconds: float
    _known: dict[str, float] = field(default_factory=dict)
    _unshared: dict[str, None] = field(default_factory=dict)
    _seen_until: float = 0.0
    _latest: float = 0.0

    async def mark(self, names: Iterable[str]) -> None:
        """Tell this process at once and the others as soon as they look."""
        marks = dict.fromkeys(names)
        # later than what was read and marked before, though the clock was set back: or it would be taken for newer
        now = self._latest = max(self.clock.now(), self._latest + _NEXT)
        for name in marks:
            self._hear(name, now)
        if self.redis is not None and marks:
            self._unshared |= marks
            if not await self._share(self.redis, now):
                log.warning("outdated.not_shared", names=len(self._unshared))

    async def look(self) -> None:
        """Hear of everything marked since the last look; at first, of everything that is still kept."""
        self._latest = max(self._latest, self.clock.now())
        if self.redis is None:
            return
        # with the moment of now: nobody looks back as far as to when it was heard of
        if self._unshared and not await self._share(self.redis, self._latest):
            return
        try:
            since = self._seen_until - _OVERLAP_SECONDS
            found: list[Any] = await self.redis.zrangebyscore(_KEY, since, "+inf", withscores=True)
        except raised_by(self.redis) as error:
            log.debug("outdated.not_heard", error=type(error).__name__)
            return
        for name, moment in found:
            self._hear(name.decode(errors="replace"), float(moment))
            # only by what Redis had: what this process marks itself says nothing of what others did meanwhile
            self._seen_until = max(self._seen_until, float(moment))

    async def follow(self, seconds: float = 0.25) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(seconds)

    async def _share(self, redis: "Redis", now: float) -> bool:
        """Tell the others what they have not been told yet; whether that could be done."""
        names, self._unshared = self._unshared, {}
        try:
            # who is late must not take a mark back that another has made since
            await redis.zadd(_KEY, dict.fromkeys(names, now), gt=True)
            await redis.zremrangebyscore(_KEY, "-inf", now - self.keep_seconds)
        except raised_by(redis) as error:
            log.debug("outdated.not_shared", error=type(error).__name__)
            self._unshared = names | self._unshared
            if len(self._unshared) > _MOST_UNSHARED:  # too many to remember: then it may have been any of them
                self._unshared = dict.fromkeys(f"{name.partition('/')[0]}/*" for name in self._unshared)
            return False
        return True

    def _hear(self, name: str, moment: float) -> None:
        if self._known.get(name, 0.0) >= moment:
            return
        self._known[name] = moment
        too_old = moment - max(self.keep_seconds, _OVERLAP_SECONDS)
        if len(self._known) > 10_000:  # noqa: PLR2004  (then old ones are forgotten)
            self._known = {each: at for each, at in self._known.items() if at > too_old}
        self.heard(name, moment)
