"""A least-recently-used memory bounded in bytes, because a bound in entries says nothing about memory."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, TypeVar

V = TypeVar("V")


class ByteLRU(Generic[V]):
    """Keeps the values used last, as long as their sizes together stay within `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self._items: OrderedDict[str | bytes, tuple[V, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._items)

    def peek(self, key: str | bytes) -> V | None:
        """The value, which does not count as used by that."""
        found = self._items.get(key)
        return None if found is None else found[0]

    def get(self, key: str | bytes) -> V | None:
        found = self._items.get(key)
        if found is None:
            return None
        self._items.move_to_end(key)
        return found[0]

    def peek_all(self, keys: Iterable[str | bytes]) -> list[V | None]:
        """As `peek`, for many in one call."""
        return [found and found[0] for found in map(self._items.get, keys)]

    def get_all(self, keys: Sequence[str | bytes]) -> list[V | None]:
        """As `get`, for many in one call."""
        found, used = self.peek_all(keys), self._items.move_to_end
        for key, value in zip(keys, found, strict=True):
            if value is not None:
                used(key)
        return found

    def put(self, key: str | bytes, value: V, size: int) -> None:
        """Keep `value`; one larger than the whole memory is not kept, and what `key` held before is gone."""
        self.put_all({key: value}, size)

    def put_all(self, values: Mapping[str, V] | Mapping[str | bytes, V], size: int) -> None:
        """Keep all these values, each of that size."""
        items, fits = self._items, size <= self.max_bytes
        for key, value in values.items():
            before = items.pop(key, None)
            if before is not None:
                self.bytes -= before[1]
            if fits:
                items[key] = (value, size)
                self.bytes += size
        while self.bytes > self.max_bytes:
            _, (_, freed) = self._items.popitem(last=False)
            self.bytes -= freed

    def drop(self, key: str | bytes) -> None:
        found = self._items.pop(key, None)
        if found is not None:
            self.bytes -= found[1]

    def clear(self) -> None:
        self._items.clear()
        self.bytes = 0
