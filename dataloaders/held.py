"""A value as it was read, and how two readings of one value become one."""

from typing import Any, Generic, TypeVar

import msgspec

V = TypeVar("V")


class Held(msgspec.Struct, Generic[V], frozen=True):
    """A value as it was read: with which attributes, and when (seconds since the epoch). None: there was none."""

    value: V | None
    fields: frozenset[str]
    read_at: float


def merged(before: Held[V], after: Held[V]) -> Held[V]:
    """What was read last, with the attributes that only the earlier read had; as old as the older of the two.

    Without this, a list read for its names would throw away the details that a page had just paid for.
    """
    old, new = (before, after) if before.read_at <= after.read_at else (after, before)
    if old.value is None or new.value is None or old.fields <= new.fields:
        return new
    model: Any = type(new.value)
    read = {
        field.name: getattr(new.value, field.name)
        for field in msgspec.structs.fields(model)
        if field.encode_name in new.fields
    }
    value: Any = msgspec.structs.replace(old.value, **read)  # type: ignore[type-var]
    return Held(value, old.fields | new.fields, old.read_at)
