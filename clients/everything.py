"""A whole collection, each entity once, though pages shift, repeat or come short."""

from collections.abc import AsyncIterator
from typing import TypeVar

from clients.tmf import Collection, Entity, TMFClient
from kernel.context import Audience
from kernel.errors import UpstreamInvalidError

E = TypeVar("E", bound=Entity)


async def every_entity(
    client: TMFClient, collection: Collection[E], audience: Audience, fields: frozenset[str]
) -> AsyncIterator[E]:
    """All entities with at least `fields`, in the server's order; no more than a page of them in memory.

    Raises:
        UpstreamError: the server fails, or repeats a page.
    """
    seen: set[str] = set()
    offset, size = 0, client.options.page_size
    while True:
        page = await client.page(collection, audience, fields=fields, offset=offset, limit=size)
        new = [item for item in page.items if item.id not in seen]
        for item in new:
            seen.add(item.id)
            yield item
        offset += page.received
        if page.is_last(offset, size):
            return
        if page.items and not new:
            raise UpstreamInvalidError(client.name, detail=f"{collection.path}: the server repeats a page")
