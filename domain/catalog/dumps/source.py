"""A dump as a source of the catalogue, alone or with the upstream behind it."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from clients.tmf import Collection, Entity
from clients.tmf620 import OFFERINGS, PRICES, SPECIFICATIONS, Category
from domain.catalog.dumps.file import CategoryReader, DumpFile, DumpReader
from domain.catalog.dumps.find import DumpFinder
from domain.catalog.questions import OfferingPage, Question
from domain.catalog.rules import ShopRules
from domain.catalog.source import CatalogSource, EntityReader
from kernel.context import RequestContext
from kernel.errors import UpstreamError
from kernel.lasting import Loaded

E = TypeVar("E", bound=Entity)


class DumpSource:
    """One dump file. With `behind`, an entity that the dump does not have is asked of that source."""

    def __init__(self, file: DumpFile, behind: CatalogSource | None = None) -> None:
        self.file = file
        offerings = DumpReader(file, OFFERINGS)
        self._categories = CategoryReader(file)
        self._finder = DumpFinder(file, offerings)
        self.offerings = _behind(offerings, behind.offerings if behind else None)
        self.prices = _behind(DumpReader(file, PRICES), behind.prices if behind else None)
        self.specifications = _behind(DumpReader(file, SPECIFICATIONS), behind.specifications if behind else None)
        self.categories = _behind(self._categories, behind.categories if behind else None)

    def prepare(self, rules: ShopRules) -> None:
        """Read what nearly every page needs, so that no shopper waits for it. Not on the event loop.

        Raises:
            UpstreamInvalidError: the file is damaged.
        """
        self._finder.index(rules).prepare()

    async def all_categories(self, ctx: RequestContext) -> Sequence[Category]:
        return self._categories.all(ctx)

    async def find(self, question: Question) -> OfferingPage:
        return await self._finder.find(question)

    def known(self, _question: Question) -> OfferingPage | None:
        return None  # it is found in the file each time


def _behind(first: EntityReader[E], second: EntityReader[E] | None) -> EntityReader[E]:
    return first if second is None else _Both(first, second)


class _Both(Generic[E]):
    """Entities from the first reader, and what it does not have from the second."""

    generation = 0

    def __init__(self, first: EntityReader[E], second: EntityReader[E]) -> None:
        self._first, self._second = first, second

    @property
    def collection(self) -> Collection[E]:
        return self._first.collection

    async def load(self, ctx: RequestContext, key: str, fields: frozenset[str]) -> E | None:
        found = await self._first.load(ctx, key, fields)
        return await self._second.load(ctx, key, fields) if found is None else found

    async def load_many(
        self, ctx: RequestContext, keys: Sequence[str], fields: frozenset[str]
    ) -> Loaded[E | UpstreamError | None]:
        found = dict(zip(keys, await self._first.load_many(ctx, keys, fields), strict=True))
        missing = [key for key, entity in found.items() if entity is None]
        if missing:
            found |= dict(zip(missing, await self._second.load_many(ctx, missing, fields), strict=True))
        return Loaded(found[key] for key in keys)
