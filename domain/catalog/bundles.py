"""How often a bundled offering may, must and usually does stand in its bundle."""

from typing import NamedTuple

from clients.tmf620 import BundledOffering, BundledOption


class Limits(NamedTuple):
    """`min` ≤ `default` ≤ `max`."""

    min: int
    max: int
    default: int


def limits(bundled: BundledOffering) -> Limits:
    """The limits a server gives, made consistent; without any, the offering stands in its bundle exactly once."""
    option = bundled.bundled_product_offering_option or BundledOption()
    lower, upper = option.number_rel_offer_lower_limit, option.number_rel_offer_upper_limit
    default = option.number_rel_offer_default
    least = max(lower if lower is not None else (1 if default is None else min(default, 1)), 0)
    most = max(upper if upper is not None else max(least, default or 1), least)
    return Limits(least, most, min(max(default if default is not None else least, least), most))
