"""A value as it was read, and how two readings of one value become one."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec

V = TypeVar("V")


class Held(msgspec.Struct, Generic[V], frozen=True):
    """A value as it was read: with which attributes, and when (seconds since the epoch). None: there was none."""

    value: V | None
    fields: frozenset[str]
    read_at: float


# What an entry takes in memory: its objects under three times the bytes of their JSON; key and slot; and where objects
# carry what is worked out of them, as much as pages work out. The sum is 1.0 to 1.5 times the truth
# (tests/dataloaders/test_memory.py).
_FACTOR = 2.9
ENTRY_BYTES = 150
_CARRIED_BYTES = 1_250


def weight(values: Sequence[Any], json_bytes: int) -> int:
    """What these take in memory, in bytes, when they are `json_bytes` together as JSON."""
    carried = sum(_CARRIED_BYTES for value in values if type(value).__dictoffset__)
    return ENTRY_BYTES * len(values) + int(json_bytes * _FACTOR) + carried


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
