"""Finding what changed without being told: every entity's `lastUpdate` upstream against the one known here.

Events get lost; nothing in TM Forum's events says so. A comparison reads two attributes of everything, and names what
is new, gone, or of another date. Where a server fills no `lastUpdate`, only what is new or gone can be found.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from clients import tmf620
from clients.everything import every_entity
from clients.tmf import Collection, TMFClient
from kernel.context import Audience

Dates = Mapping[str, str | None]
"""Each entity's `lastUpdate` by its id."""


@dataclass
class Comparison:
    """Compares with what `known` says is served, or, where that says nothing, with the last time it looked."""

    client: TMFClient
    audience: Audience
    known: Callable[[Collection[Any]], Awaitable[Dates | None]]
    _before: dict[str, Dates] = field(default_factory=dict)

    async def changed(self) -> list[str]:
        """The names (`productOffering/po-1`) of what differs; nothing at the first look without anything known.

        Raises:
            UpstreamError: the upstream cannot be read to its end.
        """
        names: list[str] = []
        seen: dict[str, Dates] = {}
        for collection in tmf620.collections():
            now = await self._dates(collection)
            before = await self.known(collection)
            before = self._before.get(collection.path) if before is None else before
            seen[collection.path] = now
            if before is not None:
                differing = [
                    key for key in {*before, *now} if key not in now or key not in before or now[key] != before[key]
                ]
                names += [f"{collection.path}/{key}" for key in sorted(differing)]
        self._before |= seen  # what a failure kept from being named is found the next time
        return names

    async def _dates(self, collection: Collection[Any]) -> Dates:
        entities = every_entity(self.client, collection, self.audience, frozenset({"lastUpdate"}))
        return {entity.id: entity.last_update async for entity in entities}
