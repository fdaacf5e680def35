"""What every part of a process stands on: settings, clock, Redis, the database with what guards writes into it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bff.settings import Settings
from bff.upstream_clients import Transports, open_client
from clients.tmf import TMFClient
from kernel.clock import Clock
from kernel.context import Audience
from kernel.keys import SigningKeys

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from store.database import Database
    from store.idempotency import Idempotency
    from store.leases import Leases

_REDIS_SECONDS = 0.25


@dataclass(frozen=True)
class Records:
    """The database, and what keeps writes into it from being done twice or by two."""

    database: "Database"
    idempotency: "Idempotency"
    leases: "Leases"


@dataclass(frozen=True)
class Foundation:
    """`redis`, `keys` and `records` are None where the settings do not ask for them."""

    settings: Settings
    clock: Clock
    transports: Transports
    redis: "Redis | None"
    keys: SigningKeys | None
    records: Records | None

    @property
    def audience(self) -> Audience:
        """For what is asked of upstreams for nobody in particular."""
        return Audience(self.settings.languages[0], self.settings.channels[0])

    def require_keys(self) -> SigningKeys:
        """The signing keys.

        Raises:
            RuntimeError: there are none, which `require_upstreams` should have told.
        """
        if self.keys is None:
            raise RuntimeError("BFF_KEYS is needed here")
        return self.keys

    def require_records(self) -> Records:
        """The database.

        Raises:
            RuntimeError: it was not opened, for nothing seemed to need it.
        """
        if self.records is None:
            raise RuntimeError("the database is needed here")
        return self.records

    def client(self, name: str, stack: AsyncExitStack) -> TMFClient:
        """The client of an upstream, closed with the stack."""
        return open_client(name, self.settings, self.clock, stack, self.transports)


@asynccontextmanager
async def open_foundation(settings: Settings, clock: Clock, transports: Transports) -> AsyncIterator[Foundation]:
    """All of it, closed in the opposite order. Nothing is asked of Redis or an upstream yet."""
    async with AsyncExitStack() as stack:
        redis = _redis(settings.redis_url)
        if redis is not None:
            stack.push_async_callback(redis.aclose)
        keys = SigningKeys([key.encode() for key in settings.keys]) if settings.keys else None
        records = await _records(settings, clock, keys, stack) if settings.needs_database and keys is not None else None
        yield Foundation(settings, clock, transports, redis, keys, records)


async def _records(settings: Settings, clock: Clock, keys: SigningKeys, stack: AsyncExitStack) -> Records:
    from store.database import Database
    from store.idempotency import Idempotency
    from store.leases import Leases

    database = await Database.open(settings.database.url, migrate=settings.database.migrate)
    stack.push_async_callback(database.aclose)
    idempotency = Idempotency(database, clock, keys, lease=settings.cart.hold)
    return Records(database, idempotency, Leases(database, clock))


def _redis(url: str) -> "Redis | None":
    """A client that fails fast and never repeats a command by itself: a repeated SET NX would lie about who holds."""
    if not url:
        return None
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    return Redis.from_url(
        url,
        socket_timeout=_REDIS_SECONDS,
        socket_connect_timeout=_REDIS_SECONDS,
        retry=Retry(NoBackoff(), 0),
        decode_responses=False,
    )
