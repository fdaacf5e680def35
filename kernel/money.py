"""Money: a Decimal and an ISO 4217 currency, never a float. Rounding follows the currency's minor unit."""

from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import NamedTuple

# ISO 4217, the currencies whose minor unit is not two digits.
_MINOR_UNITS = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


# Finer digits are a binary float written out (16.800000000000000710...), and more than 28 in all cannot be rounded.
_FINEST = 12


def minor_units(currency: str) -> int:
    """Digits after the point in amounts of a currency (ISO 4217): 2 for EUR, 0 for JPY, 3 for KWD."""
    return _MINOR_UNITS.get(currency, 2)


class Money(NamedTuple):
    """An exact amount; `amount` may be finer than the minor unit (a price per minute)."""

    amount: Decimal
    currency: str

    def rounded(self, *, digits: int | None = None) -> "Money":
        """Half up, to `digits` after the point or to the currency's minor unit."""
        places = minor_units(self.currency) if digits is None else digits
        return Money(self.amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP), self.currency)

    def with_tax(self, rate: Decimal) -> "Money":
        """With `rate` percent put on top."""
        return _with_tax(str(self.amount), str(rate), self.currency)

    def without_tax(self, rate: Decimal) -> "Money":
        """What remains when `rate` percent had been put on top."""
        return self.fitting(self.amount / (1 + rate / 100))

    def fitting(self, amount: Decimal) -> "Money":
        """Another amount in this one's place: rounded half up to the minor unit, or to this one's digits where it has
        more; no needless zeros after that.

        A usage price of 0.0125 keeps its four digits: rounded to cents it would be a different price.
        More than twelve digits are no price's own.
        """
        exponent = self.amount.as_tuple().exponent
        own = min(-exponent, _FINEST) if isinstance(exponent, int) else 0
        minor = minor_units(self.currency)
        plain = Money(amount, self.currency).rounded(digits=max(own, minor)).amount.normalize()
        return Money(plain, self.currency).rounded(digits=max(-int(plain.as_tuple().exponent), minor))


def written_out(amount: Decimal, currency: str) -> Money:
    """An amount with at least the digits of its currency's minor unit: 21 euros are `21.00`."""
    text = str(amount)
    if text[-3:-2] == "." and currency not in _MINOR_UNITS:  # as nearly all are
        return Money(amount, currency)
    return _written_out(text, currency)


# A page shows the same amounts again and again. They are remembered by their digits: 21 and 21.000 are equal, but not
# the same price.
@lru_cache(maxsize=4_096)
def _with_tax(amount: str, rate: str, currency: str) -> Money:
    stated = Money(Decimal(amount), currency)
    return stated.fitting(stated.amount * (1 + Decimal(rate) / 100))


@lru_cache(maxsize=4_096)
def _written_out(amount: str, currency: str) -> Money:
    stated = Money(Decimal(amount), currency)
    return stated.fitting(stated.amount)
