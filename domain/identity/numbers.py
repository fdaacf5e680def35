"""Which number a product of a customer has."""

from typing import Any

from clients import tmf637
from clients.tmf637 import Product
from domain.identity.duplicates import normal_phone

_SHORTEST, _LONGEST = 7, 15  # digits: E.164, 6.2.1


def number_of(product: Product) -> str | None:
    """The phone number of a product in international form; None where it is no line."""
    told = [each.value for each in product.product_characteristic if each.name.upper() == tmf637.NUMBER]
    told += [each.value or each.name for each in product.realizing_resource]
    return next((number for value in told if (number := _e164(value)) is not None), None)


def _e164(value: Any) -> str | None:
    digits = str(value or "").strip().lstrip("+")
    if not (digits.isascii() and digits.isdigit() and _SHORTEST <= len(digits) <= _LONGEST):
        return None
    return normal_phone(f"+{digits}")
