"""What has just changed, told to whoever follows it: at once in this process, by Redis' pub/sub in the others.

A name wakes its followers and says no more: they look for themselves. So nothing is queued for a slow one, and to be
woken twice does no harm. What a newcomer would get wrong: pub/sub forgets what is said while a connection is away. So
everybody is woken whenever a subscription begins anew, and a follower looks now and then without being told. The marks
of `outdated.py` go by clocks and are read by everybody; they are for caches, where a change heard of twice is cheap.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as LostError
from redis.exceptions import RedisError

from kernel.tasks import stop

log = structlog.get_logger(__name__)

_AGAIN = 1.0
_QUIET = 10.0
_MOST_UNSAID = 10_000
_SEPARATOR = "\n"


@dataclass
class News:
    """What changes of one kind. Without Redis a process hears of what it was told itself.

    `quiet`: seconds without a word after which Redis is asked whether it is there.
    """

    redis: "Redis | None"
    channel: str
    quiet: float = _QUIET
    _followers: dict[str, set[asyncio.Event]] = field(default_factory=dict)
    _unsaid: dict[str, None] = field(default_factory=dict)
    _to_say: asyncio.Event = field(default_factory=asyncio.Event)
    _followed: asyncio.Event = field(default_factory=asyncio.Event)
    _running: "list[asyncio.Task[None]]" = field(default_factory=list)

    def tell(self, name: str) -> None:
        """Something of this name has changed. Waits for nothing; the other processes hear of it in a moment."""
        self._wake(name)
        if self.redis is not None:
            self._unsaid[name] = None
            if len(self._unsaid) > _MOST_UNSAID:
                del self._unsaid[next(iter(self._unsaid))]
            self._to_say.set()

    @contextmanager
    def following(self, name: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever the name was told, or may have been."""
        woken = asyncio.Event()
        self._followers.setdefault(name, set()).add(woken)
        self._followed.set()
        try:
            yield woken
        finally:
            self._followers[name].discard(woken)
            if not self._followers[name]:
                del self._followers[name]

    def start(self) -> None:
        """Speak and listen from now on. No connection is made before somebody tells or follows."""
        if self.redis is not None:
            self._running = [asyncio.create_task(self._say(self.redis)), asyncio.create_task(self._hear(self.redis))]

    async def aclose(self) -> None:
        """Say what is still to be said, if that can be done at once, and end."""
        await stop(self._running)
        if self.redis is not None and self._unsaid:
            await self._say_once(self.redis)

    def _wake(self, name: str) -> None:
        for woken in self._followers.get(name, ()):
            woken.set()

    def _wake_all(self) -> None:
        for name in self._followers:
            self._wake(name)

    # ---------------------------------------------------------------- telling the others

    async def _say(self, redis: "Redis") -> None:
        while True:
            await self._to_say.wait()
            self._to_say.clear()
            if not await self._say_once(redis):
                await asyncio.sleep(_AGAIN)
                self._to_say.set()

    async def _say_once(self, redis: "Redis") -> bool:
        names, self._unsaid = self._unsaid, {}
        try:
            await redis.publish(self.channel, _SEPARATOR.join(names))
        except (RedisError, OSError) as error:
            log.warning("news.not_told", channel=self.channel, error=type(error).__name__)
            self._unsaid = dict(list({**names, **self._unsaid}.items())[-_MOST_UNSAID:])
            return False
        return True

    # ---------------------------------------------------------------- hearing from the others

    async def _hear(self, redis: "Redis") -> None:
        while True:
            await self._followed.wait()
            try:
                async with redis.pubsub() as pubsub:
                    await pubsub.subscribe(self.channel)
                    await self._listen(pubsub)
            except (RedisError, OSError) as error:
                log.warning("news.not_heard", channel=self.channel, error=type(error).__name__)
            await asyncio.sleep(_AGAIN)

    async def _listen(self, pubsub: PubSub) -> None:
        asked = False
        while True:
            message = await pubsub.get_message(timeout=self.quiet)
            if message is not None:
                asked = False
                self._take(message)
            elif asked:
                raise LostError("no answer to a ping")
            else:
                asked = True
                await pubsub.ping()

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "message":
            for name in message["data"].decode(errors="replace").split(_SEPARATOR):
                self._wake(name)
        elif message["type"] == "subscribe":  # whoever reconnected, it or we: something may have been missed
            self._wake_all()
