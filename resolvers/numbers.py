"""The fields of numbers and SIM cards that are free. Both are drawn at random, and others at each call."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Annotated, Any

import strawberry
from strawberry import argument

from domain.reservations.model import Candidate, NumberTier, SimKind
from domain.reservations.query import NumberQuery, number_query
from kernel.money import Money
from resolvers.context import Info
from schema.inputs import numbers as inputs

DEFAULT_NUMBERS = 10
DEFAULT_SIMS = 5
_ANY = NumberQuery()


@dataclass
class TierPrices:
    """The prices of one answer: a tier is looked up once, however many numbers are of it."""

    read: Callable[[NumberTier], Coroutine[Any, Any, Money | None]]
    _known: "dict[NumberTier, asyncio.Future[Money | None]]" = field(default_factory=dict)

    async def of(self, tier: NumberTier) -> Money | None:
        if tier not in self._known:
            self._known[tier] = asyncio.ensure_future(self.read(tier))
        return await asyncio.shield(self._known[tier])


@dataclass(frozen=True)
class Offered:
    """A number or a card in an answer."""

    candidate: Candidate
    prices: TierPrices


# ---------------------------------------------------------------- the root's fields


async def available_numbers(
    info: Info,
    count: Annotated[int | None, argument(description="How many, at most 50.")] = DEFAULT_NUMBERS,
    search: Annotated[inputs.NumberSearch | None, argument(description="Which ones; null: any.")] = None,
) -> Any:
    numbers, wanted = info.context.require_numbers(), _ANY
    if search is not None:
        wanted = number_query(
            search.tier, search.prefix, search.contains, search.ends_with, tuple(search.excluding or ())
        )
    found = await numbers.search.numbers(info.context.request, DEFAULT_NUMBERS if count is None else count, wanted)
    return offered(info, found)


async def available_sims(
    info: Info,
    kind: Annotated[inputs.SimKind, argument(description="A card of plastic, or an eSIM.")],
    count: Annotated[int | None, argument(description="How many, at most 50.")] = DEFAULT_SIMS,
) -> Any:
    search = info.context.require_numbers().search
    return offered(info, await search.sims(info.context.request, DEFAULT_SIMS if count is None else count, kind))


def offered(info: Info, found: list[Candidate]) -> list[Offered]:
    """What was found, as it stands in an answer."""
    context = info.context
    prices = TierPrices(lambda tier: context.require_numbers().price_of(context.request, context.catalog, tier))
    return [Offered(each, prices) for each in found]


# ---------------------------------------------------------------- what is offered


def number_msisdn(root: strawberry.Parent[Offered]) -> Any:
    return root.candidate.msisdn


def number_tier(root: strawberry.Parent[Offered]) -> NumberTier:
    return root.candidate.tier


async def number_price(root: strawberry.Parent[Offered]) -> Any:
    return await root.prices.of(root.candidate.tier)


def sim_iccid(root: strawberry.Parent[Offered]) -> str:
    return root.candidate.masked


def sim_kind(root: strawberry.Parent[Offered]) -> SimKind | None:
    return root.candidate.sim


def offer_token(root: strawberry.Parent[Offered], info: Info) -> str:
    return info.context.require_numbers().tokens.make(root.candidate)
