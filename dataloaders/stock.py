"""How many pieces of an offering there are, over all its stocks; kept for seconds, since it only ever is a hint."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from clients.tmf import TMFClient
from clients.tmf687 import OFFERING_FILTER, STOCK
from dataloaders.freshness import Freshness
from dataloaders.held import Held
from dataloaders.lru import ByteLRU
from dataloaders.shared import SharedCache
from dataloaders.tiered import Caches, TieredLoader
from kernel.clock import Clock
from kernel.context import Audience, RequestContext
from kernel.errors import UpstreamError

if TYPE_CHECKING:
    from redis.asyncio import Redis

_MEMORY_BYTES = 2_000_000
_OFFERINGS_A_CALL = 50
_PAGES = 10
_NOTHING: frozenset[str] = frozenset()


class StockLevel(msgspec.Struct, frozen=True):
    """The pieces of one offering in all its stocks."""

    pieces: Decimal


class StockLoader(TieredLoader[StockLevel]):
    """Stock levels by offering; None for an offering that is not kept in stock at all."""

    def __init__(self, client: TMFClient, redis: "Redis | None", clock: Clock, *, fresh: float) -> None:
        self._client = client
        freshness = Freshness(fresh=fresh, stale_while_revalidate=0, stale_if_error=60, missing=fresh)
        memory: ByteLRU[Held[StockLevel]] = ByteLRU(_MEMORY_BYTES)
        shared: SharedCache[Held[StockLevel]] = SharedCache(redis, Held[StockLevel], STOCK.name, clock)
        super().__init__(STOCK.name, self._read_levels, Caches(memory, shared, freshness, clock))

    async def pieces_of(self, ctx: RequestContext, offerings: Sequence[str]) -> dict[str, Decimal]:
        """The pieces of each offering that is kept in stock.

        Raises:
            UpstreamError: it cannot be known.
        """
        found = await self.load_many(ctx, offerings, _NOTHING)
        levels: dict[str, Decimal] = {}
        for offering, level in zip(offerings, found, strict=True):
            if isinstance(level, UpstreamError):
                raise level
            if level is not None:
                levels[offering] = level.pieces
        return levels

    async def _read_levels(
        self, audience: Audience, wanted: Mapping[str, frozenset[str]]
    ) -> Mapping[str, StockLevel | UpstreamError | None]:
        ids = list(wanted)
        chunks = [ids[at : at + _OFFERINGS_A_CALL] for at in range(0, len(ids), _OFFERINGS_A_CALL)]
        levels: dict[str, StockLevel | UpstreamError | None] = {}
        for chunk in await asyncio.gather(*(self._read_chunk(audience, chunk) for chunk in chunks)):
            levels.update(chunk)
        return levels

    async def _read_chunk(
        self, audience: Audience, offerings: Sequence[str]
    ) -> Mapping[str, StockLevel | UpstreamError | None]:
        """The stocks of some offerings, page by page. The server's filter is checked on what came."""
        wanted = set(offerings)
        seen: set[str] = set()
        pieces: dict[str, Decimal] = {}
        try:
            for _ in range(_PAGES):
                page = await self._client.page(
                    STOCK,
                    audience,
                    fields=_NOTHING,
                    offset=len(seen),
                    limit=self._client.options.page_size,
                    filters={OFFERING_FILTER: ",".join(offerings)},
                )
                new = [stock for stock in page.items if stock.id not in seen]
                for stock in new:
                    seen.add(stock.id)
                    if stock.offering in wanted:
                        pieces[stock.offering] = pieces.get(stock.offering, Decimal(0)) + stock.amount
                if not new or page.received < self._client.options.page_size:
                    break
        except UpstreamError as error:
            return dict.fromkeys(offerings, error)
        return {each: StockLevel(pieces[each]) if each in pieces else None for each in offerings}
