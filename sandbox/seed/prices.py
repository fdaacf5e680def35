"""Prices by kind, as the tables write them: `monthly(19.99)`, `once(799)`, `usage("minute", 0.0756, ...)`.

Amounts come in as a shop shows them, with VAT, and go out net; only usage is noted net, since it has four decimals.
"""

from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from sandbox.seed.model import VAT, Price
from sandbox.seed.texts import T

_MONTHLY = T("monthly charge", "monatlicher Grundpreis")


@cache
def net(gross: float, rate: float = VAT) -> float:
    """The net amount that shows as `gross`, with as few decimals (two to four) as that needs."""
    factor, shown = 1 + Decimal(str(rate)) / 100, Decimal(str(gross)).quantize(Decimal("0.01"))
    for step in ("0.01", "0.001", "0.0001"):
        amount = (shown / factor).quantize(Decimal(step), ROUND_HALF_UP)
        if rounded(amount * factor) == shown:
            break
    return float(amount)


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def before_tax(amount: float) -> float:
    """The gross amount of a price list without VAT, as business customers read them."""
    return float(rounded(Decimal(str(amount)) * (1 + Decimal(str(VAT)) / 100)))


def _recurring(suffix: str, unit: str, length: int, about: T, gross: float, **more: Any) -> Price:
    terms = {"recurringChargePeriodType": unit, "recurringChargePeriodLength": length}
    return Price(suffix, "recurring", about, net(gross, more.get("tax", VAT)), terms, **more)


def monthly(gross: float, *promotions: str, tax: float = VAT) -> Price:
    return _recurring("monthly", "month", 1, _MONTHLY, gross, promotions=promotions, tax=tax)


def every_four_weeks(gross: float, *promotions: str) -> Price:
    return _recurring("4weeks", "week", 4, T("price for 4 weeks", "Preis für 4 Wochen"), gross, promotions=promotions)


def weekly(gross: float) -> Price:
    return _recurring("weekly", "week", 1, T("price per week", "Preis pro Woche"), gross)


def daily(gross: float) -> Price:
    return _recurring("daily", "day", 1, T("price per day", "Preis pro Tag"), gross)


def yearly(gross: float) -> Price:
    return _recurring("yearly", "year", 1, T("price per year", "Jahrespreis"), gross)


def once(gross: float, *promotions: str) -> Price:
    return Price("once", "oneTime", T("one-time price", "einmaliger Preis"), net(gross), promotions=promotions)


def activation(gross: float = 39.99, *promotions: str) -> Price:
    about = T("activation, on the first bill", "Anschlusspreis, mit der ersten Rechnung")
    return Price("activation", "oneTimeOnFirstBill", about, net(gross), promotions=promotions)


def shipping(gross: float = 4.99) -> Price:
    return Price(
        "shipping",
        "oneTimeOnFirstBill",
        T("shipping, on the first bill", "Versand, mit der ersten Rechnung"),
        net(gross),
    )


def cancellation(gross: float) -> Price:
    about = T("fee for leaving before the minimum term ends", "Gebühr bei Kündigung vor Ende der Mindestlaufzeit")
    return Price("cancellation", "cancellationFee", about, net(gross))


def usage(unit: str, amount: float, about: T, suffix: str | None = None) -> Price:
    """A price per `unit` used ("minute", "SMS", "GB"); `amount` is net."""
    terms = {"unitOfMeasure": {"amount": 1.0, "units": unit}}
    return Price(suffix or f"usage-{unit.lower()}", "usage", about, amount, terms)


def surcharge(gross: float, characteristic: str, value: str) -> Price:
    """What one value of a characteristic costs on top, once."""
    suffix = f"{characteristic}-{value}".lower().replace(" ", "")
    return Price(
        suffix,
        "oneTime",
        T(f"surcharge for {value}", f"Aufpreis für {value}"),
        net(gross),
        only_for=(characteristic, value),
    )


def monthly_surcharge(gross: float, characteristic: str, value: str, about: T) -> Price:
    suffix = f"{characteristic}-{value}".lower().replace(" ", "")
    terms = {"recurringChargePeriodType": "month", "recurringChargePeriodLength": 1}
    return Price(suffix, "recurring", about, net(gross), terms, only_for=(characteristic, value))
