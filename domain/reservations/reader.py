"""Reading what is free from TMF639: all of it, a page of it, or some of it by id. Every answer is looked at again.

A card's characteristics are never asked for: its PUK, key and activation code are among them. A number's class may
stand in a characteristic; then it is read in a second call that names numbers only.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import cast

import structlog

from clients.calls import RefusedError
from clients.tmf import Collection, TMFClient, pushable
from clients.tmf639 import CLASS_FIELDS, V5_NAMES, WHAT_IT_IS, Resource, resources
from dataloaders.pages import LoadedPage, PageLoader, PageQuery
from domain.catalog.listing import LISTING, Filters, Listing
from domain.reservations.model import Candidate, ResourceKind
from domain.reservations.recogniser import Recogniser
from kernel.context import Audience, Deadline, RequestContext
from kernel.errors import LimitExceededError, UpstreamError, UpstreamInvalidError

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Shelving:
    """Where this operator's server has numbers and cards.

    `numbers`, `sims`: paths. `number_filters`, `sim_filters`: what narrows each of them, `name=value`; where the paths
    are the same and there is no filter, one walk brings both. `by_status`: whether the server filters by status.
    `classes`: whether a number's tier stands in its characteristics alone.
    """

    numbers: tuple[str, ...] = ("resource",)
    sims: tuple[str, ...] = ("resource",)
    number_filters: tuple[str, ...] = ()
    sim_filters: tuple[str, ...] = ()
    by_status: bool = True
    classes: bool = False
    max_resources: int = 500_000

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.numbers, *self.sims)))


@dataclass(frozen=True)
class Walk:
    """One listing of the server's: a collection and the filters that it is asked with."""

    collection: Collection[Resource]
    filters: Filters


@dataclass
class _Pages:
    """Pages straight from the client: what is read once every few minutes is not worth a place in a cache."""

    client: TMFClient
    collection: Collection[Resource]

    async def load(self, ctx: RequestContext, query: PageQuery, fields: frozenset[str]) -> LoadedPage[Resource]:
        try:
            page = await self.client.page(
                self.collection,
                ctx.audience,
                fields=fields,
                offset=query.offset,
                limit=query.limit,
                filters=dict(query.filters),
            )
        except RefusedError as error:
            if not query.filters or query.offset or error.of_the_caller:
                raise
            return LoadedPage((), 0, None)  # perhaps it is the filter that is refused: as if it were not known
        return LoadedPage(list(enumerate(page.items, query.offset)), page.received, page.total)


@dataclass
class InventoryReader:
    """Reads TMF639. One per process."""

    client: TMFClient
    inventory: Recogniser
    shelving: Shelving
    audience: Audience
    _collections: dict[str, Collection[Resource]] = field(init=False)

    def __post_init__(self) -> None:
        self._collections = {path: resources(path) for path in self.shelving.paths}

    def walks(self, kinds: Iterable[ResourceKind] = ResourceKind) -> list[Walk]:
        """The listings that hold these kinds, each once."""
        found: dict[Walk, None] = {}
        for kind in kinds:
            number = kind is ResourceKind.NUMBER
            paths = self.shelving.numbers if number else self.shelving.sims
            filters = self._filters(self.shelving.number_filters if number else self.shelving.sim_filters)
            found |= dict.fromkeys(Walk(self._collections[path], filters) for path in paths)
        return list(found)

    def listing(self, walk: Walk) -> Listing[Resource]:
        pages = cast("PageLoader[Resource]", _Pages(self.client, walk.collection))
        return Listing(pages, self.client.options.page_size, self.shelving.max_resources)

    async def all_free(self) -> AsyncIterator[list[Candidate]]:
        """All that is free, page by page; what comes twice is not left out here.

        A server whose listing does not end within the bound, or repeats a page, gives what came until then.

        Raises:
            UpstreamError: no usable answer.
        """
        ctx = RequestContext(self.audience, Deadline(0.0))
        for walk in self.walks():
            try:
                async for chunk in self.listing(walk).walk(ctx, WHAT_IT_IS, filters=walk.filters):
                    yield await self._free(walk.collection, [each for _, each in chunk.items])
            except (LimitExceededError, UpstreamInvalidError) as error:
                if isinstance(error, UpstreamInvalidError) and error.upstream != LISTING:
                    raise
                log.warning("numbers.listing_cut", collection=walk.collection.name, detail=error.detail)

    async def page(
        self, walk: Walk, offset: int, limit: int, *, filtered: bool
    ) -> tuple[list[Candidate], int, int | None]:
        """What is free on one page, how much came, and the server's total.

        Raises:
            UpstreamError: no usable answer.
        """
        query = PageQuery(offset, limit, walk.filters if filtered else ())
        page = await _Pages(self.client, walk.collection).load(
            RequestContext(self.audience, Deadline(0.0)), query, WHAT_IT_IS
        )
        return await self._free(walk.collection, [each for _, each in page.items]), page.received, page.total

    async def free_by_name(self, names: Iterable[str]) -> dict[str, Candidate | None]:
        """What is behind each of `logicalResource/m-1`, by id: None where it is not free any more.

        What cannot be known is left out.
        """
        found: dict[str, Candidate | None] = {}
        for path, ids in self._by_path(names).items():
            known = await self.client.get_many(self._collections[path], self.audience, ids, WHAT_IT_IS)
            there = [each for each in known.values() if isinstance(each, Resource)]
            free = {each.upstream_id: each for each in await self._free(self._collections[path], there)}
            sure = [local for local, each in known.items() if not isinstance(each, UpstreamError)]
            found |= {local: free.get(local) or found.get(local) for local in sure}
        return found

    async def _free(self, collection: Collection[Resource], found: Sequence[Resource]) -> list[Candidate]:
        """What is offered of these. Where classes stand in characteristics, numbers, and they alone, are read again."""
        inventory = self.inventory
        offered = [each for each in map(inventory.free, found) if each is not None]
        if not self.shelving.classes:
            return offered
        numbers = [each.id for each in found if inventory.may_be_number(each)]
        read = await self.client.get_many(collection, self.audience, numbers, WHAT_IT_IS | CLASS_FIELDS)
        again = (inventory.free(each) for each in read.values() if isinstance(each, Resource))
        return [each for each in offered if each.sim] + [each for each in again if each is not None and not each.sim]

    def _by_path(self, names: Iterable[str]) -> dict[str, list[str]]:
        """Ids by the path to ask; one of a path that is not ours may be behind any of ours."""
        found: dict[str, list[str]] = {}
        for name in names:
            path, _, local = name.partition("/")
            for each in [path] if path in self._collections else self._collections:
                found.setdefault(each, []).append(local)
        return found

    def _filters(self, named: Sequence[str]) -> Filters:
        """The filters of a walk that survive the way to the server, statuses included."""
        wanted = [tuple(each.split("=", 1)) for each in named]
        words = self.inventory.statuses.free
        if self.shelving.by_status and len(words) == 1:
            status = V5_NAMES["resourceStatus"] if self.client.options.version == "v5" else "resourceStatus"
            wanted.append((status, words[0]))
        return tuple(sorted((name, value) for name, value in wanted if pushable(value)))
