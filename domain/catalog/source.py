"""Where the catalogue comes from: an upstream asked on demand, a daily dump, or one behind the other.

Both answer the same questions in the same way; `Catalog` puts the shop's rules on top and cannot tell them apart.
"""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from clients.tmf import Collection, Entity
from clients.tmf620 import Category, ProductOffering, ProductOfferingPrice, ProductSpecification
from domain.catalog.questions import OfferingPage, Question
from kernel.context import RequestContext
from kernel.errors import UpstreamError
from kernel.lasting import Loaded

E = TypeVar("E", bound=Entity)


class EntityReader(Protocol[E]):
    """Entities of one collection by id. `fields`: the attributes that will be looked at.

    While `generation` stays as it is, what was given once is given again, as long as it is said to be fresh.
    """

    @property
    def collection(self) -> Collection[E]: ...

    @property
    def generation(self) -> int: ...

    async def load(self, ctx: RequestContext, key: str, fields: frozenset[str]) -> E | None:
        """One entity, or None; raises what kept it from being known."""
        ...

    async def load_many(
        self, ctx: RequestContext, keys: Sequence[str], fields: frozenset[str]
    ) -> Loaded[E | UpstreamError | None]:
        """Each key's entity, None where there is none, or what kept it from being known."""
        ...


class CatalogSource(Protocol):
    """Everything a catalogue is read from."""

    @property
    def offerings(self) -> EntityReader[ProductOffering]: ...

    @property
    def prices(self) -> EntityReader[ProductOfferingPrice]: ...

    @property
    def specifications(self) -> EntityReader[ProductSpecification]: ...

    @property
    def categories(self) -> EntityReader[Category]: ...

    async def all_categories(self, ctx: RequestContext) -> Sequence[Category]:
        """Every category, in the source's order."""
        ...

    async def find(self, question: Question) -> OfferingPage:
        """A page of offerings; `question.query.ids` is None."""
        ...

    def known(self, question: Question) -> OfferingPage | None:
        """What `find` would give, where it was given a moment ago; else None."""
        ...
