"""One subscription at a hub for the whole estate: made once, made anew now and then, withdrawn when asked to.

Whichever process gets the lock in Redis looks after it; the others see that it is looked after. The new one is made
before the old one is ended, so nothing is missed between them; what comes twice is told apart by its `eventId`.
Without Redis every process has one of its own.
"""

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import structlog

from clients.hub import Hub
from dataloaders.away import raised_by
from kernel.clock import Clock
from kernel.errors import UpstreamError

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = structlog.get_logger(__name__)

_LOCK_SECONDS = 30
_RETRY_SECONDS = 5.0
_LOOK_SECONDS = 60.0
# Only the one who set the lock may end it: its time may be over and another have it by now.
_UNLOCK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class Made(msgspec.Struct, frozen=True):
    """A subscription that was made: its id at the hub (None: the server had one), for which callback, and when."""

    id: str | None
    callback: str
    at: float


@dataclass
class Subscription:
    """Keeps the subscription of `callback` at `hub`. `renew`: seconds after which it is made anew."""

    hub: Hub
    callback: str
    query: str
    renew: float
    redis: "Redis | None"
    clock: Clock
    _own: Made | None = None
    _token: str = field(default_factory=lambda: secrets.token_hex(16))

    async def keep(self) -> None:
        """Look after it, until cancelled."""
        while True:
            try:
                await self.ensure()
                pause = min(_LOOK_SECONDS, self.renew)
            except raised_by(self.redis, UpstreamError) as error:
                log.warning("hub.not_subscribed", detail=getattr(error, "detail", str(error)))
                pause = _RETRY_SECONDS
            await asyncio.sleep(pause)

    async def ensure(self) -> None:
        """Make it if there is none for this callback, or the one there is grew old.

        Raises:
            UpstreamError: the hub will not have it.
            RedisError: it cannot be known whether there is one.
        """
        if self.redis is None:
            self._own = await self._made_anew(self._own)
        elif await self.redis.set(self._key("lock"), self._token, nx=True, ex=_LOCK_SECONDS):
            try:
                kept = await self.redis.get(self._key("made"))
                made = await self._made_anew(_read(kept))
                await self.redis.set(self._key("made"), msgspec.json.encode(made))
            finally:
                await self.redis.eval(_UNLOCK, 1, self._key("lock"), self._token)

    async def withdraw(self) -> None:
        """End it, as far as that can be done now. Only for the last process that serves."""
        try:
            kept = self._own
            if self.redis is not None and (stored := _read(await self.redis.getdel(self._key("made")))):
                kept = stored
            if kept is not None and kept.id is not None:
                await self.hub.withdraw(kept.id)
        except raised_by(self.redis, UpstreamError) as error:
            log.warning("hub.not_withdrawn", detail=getattr(error, "detail", str(error)))
        self._own = None

    async def _made_anew(self, before: Made | None) -> Made:
        now = self.clock.now()
        if before is not None and before.callback == self.callback and now - before.at < self.renew:
            return before
        made = Made(await self.hub.subscribe(self.callback, self.query), self.callback, now)
        if before is not None and before.id is not None and made.id is not None:
            try:
                await self.hub.withdraw(before.id)
            except UpstreamError as error:  # then events come twice, which does no harm
                log.warning("hub.not_withdrawn", detail=error.detail)
        return made

    def _key(self, what: str) -> str:
        return f"{{bff:hub:{self.hub.name}}}:{what}"


def _read(kept: bytes | str | None) -> Made | None:
    """What is kept; None too for what cannot be read, such as another release kept: then a new one is made."""
    try:
        return None if kept is None else msgspec.json.decode(kept, type=Made)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
