"""What a line costs: the prices that a configuration brings, less their reductions, and the totals of a cart.

Everything is Decimal and exact; each price for one is rounded once, each total once. A reduction is always taken from
the list price, never from what another one left.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext

import msgspec

from clients.tmf620 import CharacteristicUse, CharacteristicValue, ProductOfferingPrice
from domain.carts.configuration import Chosen, in_range
from domain.catalog import prices as catalog_prices
from domain.catalog.characteristics import as_text
from domain.catalog.kinds import Period, PriceKind
from domain.catalog.rules import ShopRules
from kernel.money import Money

_Group = tuple[PriceKind, int | None, Period | None]
# Amounts have up to 27 digits, tax rates, percentages and quantities multiply them: wide enough for every product.
_WIDE = Context(prec=100)
_KINDS, _PERIODS = tuple(PriceKind), (None, *Period)


class WrongCurrencyError(ValueError):
    """Prices of a currency that is not the cart's."""


class SeenPrice(msgspec.Struct, frozen=True, kw_only=True):
    """The price for one, as the shopper was shown it; stored as JSON, amounts as text.

    `net` and `gross` are after reductions, `list_net` and `list_gross` before; None where the tax is not told.
    `tax_rate` is in percent. `reductions` are names, for people.
    """

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
    """The prices of an offering that a configuration brings, in the offering's order, less their reductions.

    `reductions` are the discounts in force by the id of the price they are for. Left out are prices in another currency
    and prices without an amount (a bare percentage is no price).

    Raises:
        WrongCurrencyError: there are amounts, and none is in the cart's currency.
    """
    charged = [price for price in prices if counts(price, chosen) and not rules.is_discount(price)]
    with localcontext(_WIDE):
        told = [(price, base) for price in charged if (base := _stated(price)) is not None]
        ours = [(price, base) for price, base in told if base.currency == currency]
        if told and not ours:
            raise WrongCurrencyError("no price of the offering is in the cart's currency")
        offs = {price.id: [each for each in reductions.get(price.id, ()) if counts(each, chosen)] for price, _ in ours}
        return tuple(_seen(price, base, offs[price.id], rules) for price, base in ours)


def counts(price: ProductOfferingPrice, chosen: Chosen) -> bool:
    """Whether a price is charged for a configuration.

    For every characteristic that it names with values, one of these is chosen, or a chosen number lies in a range.
    """
    return all(
        any(_is_meant(value, text) for value in use.product_spec_characteristic_value for text in _values(chosen, use))
        for use in price.prod_spec_char_value_use
        if any(map(_says_something, use.product_spec_characteristic_value))
    )


def totals(lines: Iterable[tuple[int, Sequence[SeenPrice]]]) -> tuple[Total, ...]:
    """What (quantity, prices for one) come to: a total for each kind and period, in the order of the kinds.

    Sums are exact and rounded once, to the currency's minor unit. `net` or `gross` is None as soon as it is of one
    price. What is paid by usage is left out: a price per minute has no sum.

    Raises:
        WrongCurrencyError: the prices are in several currencies.
    """
    counted = [(quantity, price) for quantity, prices in lines for price in prices if quantity]
    if len({price.currency for _, price in counted}) > 1:
        raise WrongCurrencyError("prices of several currencies have no sum")
    groups: dict[_Group, list[tuple[int, SeenPrice]]] = defaultdict(list)
    for quantity, price in counted:
        if price.kind is not PriceKind.USAGE:
            groups[price.kind, price.every, price.period].append((quantity, price))
    with localcontext(_WIDE):
        return tuple(_total(group, groups[group]) for group in sorted(groups, key=_place))


def changes(seen: Sequence[SeenPrice], today: Sequence[SeenPrice]) -> tuple[PriceChange, ...]:
    """What costs something else than it did, price by price: an amount, a kind or a period; new prices come last.

    Names, units and reductions are texts of one language, and list prices are for comparison: alone, none is a change.
    """
    before, after = {price.id: price for price in seen}, {price.id: price for price in today}
    return tuple(
        PriceChange(before.get(key), after.get(key))
        for key in before | after
        if key not in before or key not in after or _cost(before[key]) != _cost(after[key])
    )


def _values(chosen: Chosen, use: CharacteristicUse) -> Iterator[str]:
    return (value for name, value in chosen if name == use.name)


def _says_something(value: CharacteristicValue) -> bool:
    return any(each is not None for each in (value.value, value.value_from, value.value_to))


def _is_meant(value: CharacteristicValue, chosen: str) -> bool:
    if value.value is not None:
        return as_text(value.value) == chosen
    low, high = (None if end is None else as_text(end) for end in (value.value_from, value.value_to))
    return bool(in_range(chosen, low, high))


def _stated(price: ProductOfferingPrice) -> Money | None:
    """The amount as the catalogue writes it, with tax or without."""
    return catalog_prices.net(price, includes_tax=False)


def _seen(
    price: ProductOfferingPrice, base: Money, reductions: Sequence[ProductOfferingPrice], rules: ShopRules
) -> SeenPrice:
    inclusive = rules.prices_include_tax
    list_net = catalog_prices.net(price, includes_tax=inclusive)
    list_gross = catalog_prices.gross(price, includes_tax=inclusive)
    felt = [each for each in reductions if _off(base, each) > 0] if base.amount > 0 else []
    left = base.fitting(max(base.amount - sum(_off(base, each) for each in felt), Decimal(0))) if felt else base
    other = _other_side(price, base, left, list_net if inclusive else list_gross, inclusive)
    net, gross = (other, left) if inclusive else (left, other)
    kind = rules.kind_of(price)
    return SeenPrice(
        id=price.id,
        name=price.name or "",
        kind=kind,
        currency=base.currency,
        net=_amount(net, kind),
        gross=_amount(gross, kind),
        list_net=_amount(list_net, kind),
        list_gross=_amount(list_gross, kind),
        tax_rate=catalog_prices.rate(price),
        every=catalog_prices.every(price),
        period=catalog_prices.period(price),
        unit=catalog_prices.unit(price),
        reductions=tuple(each.name for each in felt if each.name),
    )


def _off(base: Money, reduction: ProductOfferingPrice) -> Decimal:
    """What a discount takes off a list price: its percentage, else its amount where that is of the same currency.

    Some catalogues write a discount below zero; it is meant the same.
    """
    if reduction.percentage is not None:
        return abs(base.amount * reduction.percentage / 100)
    amount = _stated(reduction)
    return abs(amount.amount) if amount is not None and amount.currency == base.currency else Decimal(0)


def _other_side(
    price: ProductOfferingPrice, base: Money, left: Money, listed: Money | None, inclusive: bool
) -> Money | None:
    """The gross of a reduced net, or the net of a reduced gross; `listed` is that of the list price `base`.

    Rounded to the digits of the list price, so that a reduction never shows as a rise.
    """
    if listed is None or left.amount == base.amount:
        return listed
    percent = catalog_prices.rate(price)
    if percent is None:  # the tax is told as an amount: it shrinks with the price
        return base.fitting(listed.amount * left.amount / base.amount)
    factor = 1 + percent / 100
    return base.fitting(left.amount / factor if inclusive else left.amount * factor)


def _amount(money: Money | None, kind: PriceKind) -> Decimal | None:
    """As it is charged: in whole cents of what the catalogue shows. Only a price by usage may be finer."""
    if money is None:
        return None
    return money.amount if kind is PriceKind.USAGE else money.rounded().amount


def _total(group: _Group, counted: Sequence[tuple[int, SeenPrice]]) -> Total:
    kind, every, period = group
    currency = counted[0][1].currency
    net = _sum((quantity, price.net) for quantity, price in counted)
    gross = _sum((quantity, price.gross) for quantity, price in counted)
    return Total(kind, every, period, currency, _rounded(net, currency), _rounded(gross, currency))


def _sum(amounts: Iterable[tuple[int, Decimal | None]]) -> Decimal | None:
    total = Decimal(0)
    for quantity, amount in amounts:
        if amount is None:
            return None
        total += quantity * amount
    return total


def _rounded(amount: Decimal | None, currency: str) -> Decimal | None:
    return None if amount is None else Money(amount, currency).rounded().amount


def _place(group: _Group) -> tuple[int, int, int]:
    kind, every, period = group
    return _KINDS.index(kind), _PERIODS.index(period), every or 0


def _cost(price: SeenPrice) -> tuple[object, ...]:
    return price.kind, price.currency, price.net, price.gross, price.every, price.period
