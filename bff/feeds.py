"""How this process hears of changes upstream, and what it does: events in, marks out, dumps brought up to date.

An event or a comparison names what changed. The name is marked for all processes of the estate; each that hears of it
stops trusting what it had read before, and, where a dump serves, has it read again into the dump's file.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from bff.settings import Settings
from clients.hub import Hub
from clients.tmf import Collection, TMFClient
from dataloaders.away import raised_by
from dataloaders.catalog import CatalogLoaders
from dataloaders.outdated import OutdatedLog
from domain.catalog.comparison import Comparison, Dates
from domain.catalog.dumps.switch import DumpSwitch
from domain.catalog.dumps.update import DumpUpdater
from domain.catalog.events import EVERYTHING, EventIntake
from domain.catalog.rules import ShopRules
from domain.catalog.subscription import Subscription
from kernel.clock import Clock
from kernel.context import Audience
from kernel.errors import UpstreamError
from kernel.tasks import stop

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = structlog.get_logger(__name__)

_COMPARING = "bff:comparing:tmf620"
_OLDEST_DUMP = 86_400.0  # they are daily ones
_MOST_RECENT = 10_000
_AGAIN = 1.0
_NOT_NOW = (sqlite3.OperationalError, OSError)  # the file is locked, or a new one has just replaced it


@dataclass
class Feeds:
    """What turns a hint into a fresh catalogue in this process. `changed` hears of every name, after the loaders."""

    loaders: CatalogLoaders
    dumps: DumpSwitch | None
    updater: DumpUpdater
    audience: Audience
    changed: Callable[[str], None]
    comparison: Comparison = field(init=False)
    _changed: dict[str, float] = field(default_factory=dict)
    _recent: dict[str, float] = field(default_factory=dict)
    _updated: Path | None = None
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.comparison = Comparison(self.updater.client, self.audience, self.known)

    def heard(self, name: str, at: float) -> None:
        """Stop trusting what was read of it; where a dump serves, have it read again."""
        self.loaders.outdate(name, at)
        self.changed(name)
        if self.dumps is not None:
            self._changed[name] = at
            self._recent.pop(name, None)
            self._recent[name] = at
            if len(self._recent) > _MOST_RECENT:
                del self._recent[next(iter(self._recent))]
            self._arrived.set()

    async def update_dump(self) -> None:
        """Bring what was heard of up to date in the dump's file, until cancelled."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            changed, self._changed = self._changed, {}
            try:
                await self._update(changed)
            except _NOT_NOW as error:
                log.warning("feeds.dump_not_updated", detail=str(error))
                self._changed = changed | self._changed
                await asyncio.sleep(_AGAIN)
                self._arrived.set()
            except Exception:
                log.exception("feeds.dump_not_updated")

    async def follow_dump(self, seconds: float = 1.0) -> None:
        """When another dump serves, have read again for it what was heard of lately, until cancelled."""
        while True:
            if self.dumps is not None and self.dumps.serving != self._updated:
                self._arrived.set()
            await asyncio.sleep(seconds)

    async def _update(self, changed: dict[str, float]) -> None:
        path = self.dumps.serving if self.dumps else None
        if path is None:
            return
        before, self._updated = self._updated, path
        if before is not None and before != path:  # this one may have been written before what was heard of
            since = self.updater.clock.now() - _OLDEST_DUMP
            changed = {name: at for name, at in self._recent.items() if at > since} | changed
        if any(name.endswith(f"/{EVERYTHING}") for name in changed):
            latest = max(changed.values())
            try:
                changed |= dict.fromkeys(await self.comparison.changed(), latest)
            except UpstreamError as error:  # the next one finds it again; what is named does not wait for that
                log.warning("feeds.not_compared", detail=error.detail)
        named = {name: at for name, at in changed.items() if not name.endswith(f"/{EVERYTHING}")}
        try:
            await self.updater.refresh(path, named)
        except _NOT_NOW:
            self._updated = before
            raise

    async def known(self, collection: Collection[Any]) -> Dates | None:
        """What the serving dump says of each entity's date; None where no dump serves."""
        path = self.dumps.serving if self.dumps else None
        return None if path is None else await self.updater.dates(path, collection)


@asynccontextmanager
async def open_feeds(
    settings: Settings,
    client: TMFClient,
    loaders: CatalogLoaders,
    dumps: DumpSwitch | None,
    rules: ShopRules,
    redis: "Redis | None",
    clock: Clock,
    changed: Callable[[str], None],
) -> AsyncIterator[EventIntake]:
    """Everything that listens, as long as the process serves; what takes the events in."""
    updater = DumpUpdater(client, rules, clock, settings.languages, settings.channels[0])
    audience = Audience(settings.languages[0], settings.channels[0])
    feeds = Feeds(loaders, dumps, updater, audience, changed)
    keep = settings.cache.fresh + settings.cache.stale_while_revalidate + 60
    outdated = OutdatedLog(redis, clock, feeds.heard, keep)
    intake = EventIntake(outdated.mark)
    work: list[Coroutine[Any, Any, None]] = []
    subscription = None
    if settings.events.token:
        work += [intake.work(), outdated.follow(), feeds.update_dump(), feeds.follow_dump()]
        if settings.events.compare:
            work.append(_compare(feeds.comparison, outdated, redis, settings.events.compare))
        if settings.events.callback:
            subscription = subscription_of(settings, client, redis, clock, query=settings.events.query)
            work.append(subscription.keep())
    running = [asyncio.create_task(each) for each in work]
    try:
        yield intake
    finally:
        await stop(running)
        if subscription is not None and settings.events.withdraw:
            await subscription.withdraw()


def subscription_of(
    settings: Settings, client: TMFClient, redis: "Redis | None", clock: Clock, *, query: str
) -> Subscription:
    """The subscription at a client's hub, its events coming to `/events/{the client's name}/...`."""
    hub = Hub(client.name, client.options.base_url, client.sender, client.auth, client.options.timeout)
    events = settings.events
    callback = f"{events.callback.rstrip('/')}/events/{client.name}/{events.token}"
    return Subscription(hub, callback, query, events.renew, redis, clock)


async def _compare(comparison: Comparison, outdated: OutdatedLog, redis: "Redis | None", seconds: float) -> None:
    """Compare again and again, one process of the estate at a time, until cancelled."""
    while True:
        try:
            if redis is None or await redis.set(_COMPARING, "1", nx=True, px=int(seconds * 900)):
                await outdated.mark(await comparison.changed())
        except raised_by(redis, UpstreamError) as error:
            log.warning("feeds.not_compared", detail=getattr(error, "detail", str(error)))
        except Exception:  # such as the dump's file, which a new one may just have replaced
            log.exception("feeds.not_compared")
        await asyncio.sleep(seconds)
