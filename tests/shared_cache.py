"""What gateways share through Redis: it is written behind the answer, so a test must wait for it."""

import asyncio

from redis.asyncio import Redis

from tests.processes import PATIENCE


async def written(redis_url: str, *collections: str) -> None:
    """Until Redis holds something of each of these, such as `productOffering.pages`."""
    async with Redis.from_url(redis_url) as redis, asyncio.timeout(PATIENCE):
        for each in collections:
            while not [key async for key in redis.scan_iter(f"bff:*{each}:*")]:  # noqa: ASYNC110  (nobody tells)
                await asyncio.sleep(0.01)
