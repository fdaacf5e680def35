"""The rows the tables are made of: categories, specifications, prices and offers as a product manager would note them.

Amounts are noted as a shop window shows them, tax included; the documents carry them net (`prices.net`).
"""

from dataclasses import dataclass, field
from typing import Any

from sandbox.seed.texts import T

ALWAYS = ("2025-01-01T00:00:00Z", None)
ENDED = ("2022-03-01T00:00:00Z", "2024-12-31T23:59:59Z")
FUTURE = ("2099-01-01T00:00:00Z", None)
VAT = 19.0

Period = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Category:
    id: str
    parent: str | None
    name: T
    description: T


@dataclass(frozen=True, slots=True)
class Characteristic:
    """What a specification says of a product; `configurable` ones are the shopper's choice."""

    id: str
    name: T
    type: str = "string"
    values: tuple[T | str | int | bool, ...] = ()
    unit: str | None = None
    configurable: bool = False
    cardinality: tuple[int, int] = (1, 1)
    range: tuple[int, int] | None = None
    regex: str | None = None
    description: T | None = None


@dataclass(frozen=True, slots=True)
class Specification:
    id: str
    name: T
    description: T
    number: str
    brand: str = "Lumaro"
    characteristics: tuple[Characteristic, ...] = ()
    bundles: tuple[str, ...] = ()
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """One price; `suffix` ends its id, `about` completes its name, `terms` are further attributes of the document."""

    suffix: str
    type: str
    about: T
    net: float | None = None
    terms: dict[str, Any] = field(default_factory=dict)
    promotions: tuple[str, ...] = ()
    only_for: tuple[str, str] | None = None
    tax: float = VAT


@dataclass(frozen=True, slots=True)
class Part:
    """An offering inside a bundle, and how often it may be taken."""

    id: str
    least: int = 1
    most: int = 1
    default: int = 1


@dataclass(frozen=True, slots=True)
class Use:
    """The values of a characteristic an offering is sold with; a subset of the specification's."""

    characteristic: str
    values: tuple[T | str | int, ...]
    least: int = 1
    most: int = 1


@dataclass(frozen=True, slots=True)
class Offer:
    id: str
    name: T
    description: T
    specification: str | None
    categories: tuple[str, ...]
    prices: tuple[Price, ...] = ()
    picture: str | None = None
    segments: tuple[str, ...] = ("b2c",)
    channels: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    relations: tuple[tuple[str, str], ...] = ()
    uses: tuple[Use, ...] = ()
    months: int | None = None
    status: str = "Active"
    period: Period = ALWAYS
    sellable: bool = True
    version: str = "1.0"
    reason: T | None = None
