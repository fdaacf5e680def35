"""The enumerations of the catalogue, shared by rules, inputs and GraphQL types."""

from enum import Enum


class PriceKind(Enum):
    """When and why a price is due."""

    PAY_NOW = "PAY_NOW"
    ON_FIRST_BILL = "ON_FIRST_BILL"
    RECURRING = "RECURRING"
    USAGE = "USAGE"
    CANCELLATION_FEE = "CANCELLATION_FEE"


class Period(Enum):
    """The unit of a recurring price's period."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    YEAR = "YEAR"


class OfferingSort(Enum):
    """The orders a listing can be asked for."""

    NAME = "NAME"
    NEWEST = "NEWEST"
    PRICE_ASC = "PRICE_ASC"
    PRICE_DESC = "PRICE_DESC"


BY_PRICE = (OfferingSort.PRICE_ASC, OfferingSort.PRICE_DESC)
