"""What a shopper can choose on an offering: its specification's characteristics as the offering narrows them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from clients.tmf620 import (
    CharacteristicUse,
    CharacteristicValue,
    ProductOffering,
    ProductOfferingPrice,
    ProductSpecification,
    SpecCharacteristic,
)

T = TypeVar("T")


@dataclass(frozen=True)
class Option:
    """One value of a characteristic of an offering."""

    offering: ProductOffering
    characteristic: str
    value: str
    is_default: bool
    unit: str | None


@dataclass(frozen=True)
class Choice:
    """A characteristic as it is offered. `min` and `max` are how many values may be chosen; None: not limited.

    `id` is the same in every language. `regex` is a rule for values that are not listed.
    """

    id: str | None
    name: str
    description: str | None
    value_type: str | None
    configurable: bool
    min: int | None
    max: int | None
    values: tuple[Option, ...]
    range_from: str | None
    range_to: str | None
    unit: str | None
    regex: str | None

    @property
    def required(self) -> bool:
        return bool(self.min)


def choices(offering: ProductOffering, specification: ProductSpecification | None) -> tuple[Choice, ...]:
    """The specification's characteristics in its order, then those that only the offering names."""
    uses = {use.name: use for use in offering.prod_spec_char_value_use}
    specified = specification.product_spec_characteristic if specification else ()
    known = {characteristic.name for characteristic in specified}
    own = (
        SpecCharacteristic(name=name, id=use.id, configurable=True) for name, use in uses.items() if name not in known
    )
    return tuple(_choice(offering, each, uses.get(each.name)) for each in (*specified, *own))


def applies_to(price: ProductOfferingPrice) -> tuple[tuple[str, str], ...]:
    """The (characteristic, value) pairs a price is charged for; empty for one that is always charged."""
    return tuple(
        (use.name, as_text(value.value))
        for use in price.prod_spec_char_value_use
        for value in use.product_spec_characteristic_value
        if value.value is not None
    )


def impacts(prices: Iterable[ProductOfferingPrice], option: Option) -> Sequence[ProductOfferingPrice]:
    """The prices that choosing just this option brings with it."""
    chosen = ((option.characteristic, option.value),)
    return [price for price in prices if applies_to(price) == chosen]


def as_text(value: Any) -> str:
    """A characteristic's value as text: JSON's own spelling for booleans, plain digits for numbers."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _choice(offering: ProductOffering, spec: SpecCharacteristic, use: CharacteristicUse | None) -> Choice:
    values = _allowed(spec, use)
    spread = next((value for value in values if value.value_from is not None or value.value_to is not None), None)
    return Choice(
        id=_text_or_none(_first(spec.id, use.id if use else None)),
        name=spec.name,
        description=spec.description,
        value_type=spec.value_type,
        configurable=spec.configurable,
        min=_first(use.min_cardinality if use else None, spec.min_cardinality),
        max=_first(use.max_cardinality if use else None, spec.max_cardinality),
        values=tuple(_option(offering, spec, value) for value in values if value.value is not None),
        range_from=None if spread is None else _text_or_none(spread.value_from),
        range_to=None if spread is None else _text_or_none(spread.value_to),
        unit=None if spread is None else spread.unit_of_measure,
        regex=_regex(spec, values),
    )


def _regex(spec: SpecCharacteristic, values: Sequence[CharacteristicValue]) -> str | None:
    """A value's own rule; the specification's is for free text alone, or it would let in what is not listed."""
    own = _first(*(value.regex for value in values))
    listed = any(_first(value.value, value.value_from, value.value_to) is not None for value in values)
    return spec.regex if own is None and not listed else own


def _allowed(spec: SpecCharacteristic, use: CharacteristicUse | None) -> tuple[CharacteristicValue, ...]:
    """The offering's values where it names any, otherwise the specification's."""
    narrowed = use.product_spec_characteristic_value if use else ()
    return narrowed or spec.product_spec_characteristic_value


def _option(offering: ProductOffering, spec: SpecCharacteristic, value: CharacteristicValue) -> Option:
    return Option(offering, spec.name, as_text(value.value), value.is_default, value.unit_of_measure)


def _first(*values: T | None) -> T | None:
    return next((value for value in values if value is not None), None)


def _text_or_none(value: Any) -> str | None:
    return None if value is None else as_text(value)
