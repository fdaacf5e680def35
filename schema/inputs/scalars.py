"""Scalars that inputs use too; how they are read and written stands in `schema.types.common`."""

from typing import NewType

CurrencyCode = NewType("CurrencyCode", str)
E164 = NewType("E164", str)
