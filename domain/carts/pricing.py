"""What a line costs: the prices that a configuration brings, less their reductions, and the totals of a cart."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from clients.tmf620 import ProductOfferingPrice
from domain.carts.configuration import Chosen
from domain.catalog.kinds import Period, PriceKind
from domain.catalog.rules import ShopRules


class WrongCurrencyError(ValueError):
    """Prices of a currency that is not the cart's."""


class SeenPrice(msgspec.Struct, frozen=True, kw_only=True):
    """The price for one, as the shopper was shown it; stored as JSON."""

    id: str
    name: str
    kind: PriceKind
    currency: str
    net: Decimal | None
    gross: Decimal | None
    list_net: Decimal | None
    list_gross: Decimal | None
    tax_rate: Decimal | None
    every: int | None
    period: Period | None
    unit: str | None
    reductions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Total:
    """What all prices of one kind and period come to."""

    kind: PriceKind
    every: int | None
    period: Period | None
    currency: str
    net: Decimal | None
    gross: Decimal | None


@dataclass(frozen=True)
class PriceChange:
    """One price then and now; `before` is None for a new one, `after` for one that is gone."""

    before: SeenPrice | None
    after: SeenPrice | None


def prices_for(
    prices: Sequence[ProductOfferingPrice],
    reductions: Mapping[str, Sequence[ProductOfferingPrice]],
    chosen: Chosen,
    *,
    currency: str,
    rules: ShopRules,
) -> tuple[SeenPrice, ...]:
    raise NotImplementedError


def totals(lines: Iterable[tuple[int, Sequence[SeenPrice]]]) -> tuple[Total, ...]:
    raise NotImplementedError


def changes(seen: Sequence[SeenPrice], today: Sequence[SeenPrice]) -> tuple[PriceChange, ...]:
    raise NotImplementedError
