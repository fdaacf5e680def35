"""Enums of other rooms, published with a description on every value."""

from enum import EnumMeta

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition


def publish_enum(kind: EnumMeta, description: str, *, name: str | None = None, **values: str) -> None:
    """Make `kind` an enum of the schema; `values` describe its members by name, every one of them.

    Raises:
        KeyError: a member without a description.
    """
    published = strawberry.enum(kind, name=name, description=description)
    definition: StrawberryEnumDefinition = published.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = values[value.name]
