"""Finding again what a write may have made, by a reference that was written along.

What a newcomer would get wrong: "nothing found" has to be certain, or the thing is made twice. A server that ignores
the filter sends everything; then the listing is walked as far as is bearable, and beyond that nobody knows.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from clients.tmf import Collection, Entity, TMFClient
from kernel.context import Audience
from kernel.errors import UnknownOutcomeError

E = TypeVar("E", bound=Entity)

_MOST_PAGES = 50


async def looked_up(
    client: TMFClient,
    collection: Collection[E],
    audience: Audience,
    filters: Mapping[str, str],
    fields: frozenset[str],
    is_it: Callable[[E], bool],
    *,
    all_of_them: bool = False,
) -> list[E]:
    """Those that are it, in the server's order; empty when there is certainly none.

    Without `all_of_them` those of the first page that has any will do.

    Raises:
        UnknownOutcomeError: the listing is too long to be sure.
        UpstreamError: no usable answer.
    """
    offset, size = 0, client.options.page_size
    found: dict[str, E] = {}
    for _ in range(_MOST_PAGES):
        page = await client.page(collection, audience, fields=fields, offset=offset, limit=size, filters=filters)
        found |= {each.id: each for each in page.items if is_it(each)}
        offset += page.received
        if (found and not all_of_them) or page.is_last(offset, size):
            return list(found.values())
    raise UnknownOutcomeError(client.name, detail=f"{collection.path}: the filter {', '.join(filters)} is ignored")
