"""What a TMF620 price means to a shopper: net, gross, how often, per what.

TMF620 does not say whether `price` contains tax; by default it does not, and a setting turns it round.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache, wraps

from clients.parts import Amount, Quantity
from clients.tmf620 import ProductOfferingPrice
from domain.catalog.kinds import Period
from kernel.money import Money, written_out

NET_TAX, GROSS_TAX = "tax (where prices include it)", "tax (where prices do not include it)"
"""What a price without tax, and one with it, read besides the price. `price_attributes` knows which of them that is."""

_PERIODS = {
    **dict.fromkeys(("day", "days", "daily"), Period.DAY),
    **dict.fromkeys(("week", "weeks", "weekly"), Period.WEEK),
    **dict.fromkeys(("month", "months", "monthly"), Period.MONTH),
    **dict.fromkeys(("year", "years", "yearly", "annual", "annually"), Period.YEAR),
}
_PER_MONTH = {
    Period.DAY: Decimal(30),
    Period.WEEK: Decimal(52) / 12,
    Period.MONTH: Decimal(1),
    Period.YEAR: 1 / Decimal(12),
}


def period(price: ProductOfferingPrice) -> Period | None:
    return _PERIODS.get((price.recurring_charge_period_type or "").strip().casefold())


def every(price: ProductOfferingPrice) -> int | None:
    """How many periods lie between two charges; None for what does not recur."""
    return (price.recurring_charge_period_length or 1) if price.recurring_charge_period_type else None


def unit(price: ProductOfferingPrice) -> str | None:
    """What the price is per: `GB`, or `100 MB` where the amount is not one."""
    measure = price.unit_of_measure
    if not isinstance(measure, Quantity):
        return measure or None
    if measure.amount is None or measure.amount == 1:
        return measure.units
    return f"{measure.amount.normalize():f} {measure.units or ''}".strip()


@lru_cache(maxsize=1_024)  # every page asks, and a shop selects few combinations
def price_attributes(fields: frozenset[str], *, includes_tax: bool) -> frozenset[str]:
    """What is to be read of a price for these: of an amount as it is stated, the tax is not."""
    if NET_TAX not in fields and GROSS_TAX not in fields:
        return fields
    wanted = {"tax"} if (NET_TAX if includes_tax else GROSS_TAX) in fields else ()
    return fields.difference((NET_TAX, GROSS_TAX)).union(wanted)


Amounts = Callable[..., Money | None]


def _worked_out_once(compute: Amounts) -> Amounts:
    """A price never changes, and every page that shows it asks for its amounts: they are kept with it."""
    names = (compute.__name__, f"{compute.__name__}, tax included")

    @wraps(compute)
    def found(price: ProductOfferingPrice, *, includes_tax: bool) -> Money | None:
        kept: dict[str, Money | None] = price.__dict__
        key = names[includes_tax]
        if key not in kept:
            kept[key] = compute(price, includes_tax=includes_tax)
        return kept[key]

    return found


def net(price: ProductOfferingPrice, *, includes_tax: bool) -> Money | None:
    """The price without tax; None where there is none, or it contains tax at a rate that is not told."""
    stated = _money(price.price)
    if stated is None or not includes_tax:
        return stated
    percent = rate(price)
    return None if percent is None else stated.without_tax(percent)


@_worked_out_once
def gross(price: ProductOfferingPrice, *, includes_tax: bool) -> Money | None:
    """The price with tax; None where there is none, or the tax on it is not told."""
    stated = _money(price.price)
    if stated is None or includes_tax:
        return stated
    percent = rate(price)
    if percent is not None:
        return stated.with_tax(percent)
    added = _tax_amounts(price, stated.currency)
    return None if added is None else Money(stated.amount + added, stated.currency)


def rate(price: ProductOfferingPrice) -> Decimal | None:
    """The rates of all taxes added up, in percent; None unless every tax tells its rate, and for one below zero."""
    rates = [tax.tax_rate for tax in price.tax]
    known = [rate for rate in rates if rate is not None and rate >= 0]
    return sum(known, Decimal(0)) if rates and len(known) == len(rates) else None


def shown(price: ProductOfferingPrice, *, includes_tax: bool) -> Money | None:
    """What a shopper is shown of a price: with tax, or without where the tax is not known."""
    return gross(price, includes_tax=includes_tax) or net(price, includes_tax=includes_tax)


def monthly(price: ProductOfferingPrice, amount: Money) -> Decimal:
    """What a recurring amount comes to in a month, to compare prices of different periods."""
    per_month = _PER_MONTH.get(period(price) or Period.MONTH, Decimal(1))
    return amount.amount * per_month / (every(price) or 1)


def _money(amount: Amount | None) -> Money | None:
    return None if amount is None else written_out(amount.value, amount.unit)


def _tax_amounts(price: ProductOfferingPrice, currency: str) -> Decimal | None:
    amounts = [tax.tax_amount.value for tax in price.tax if tax.tax_amount and tax.tax_amount.unit == currency]
    return sum(amounts, Decimal(0)) if amounts and len(amounts) == len(price.tax) else None
