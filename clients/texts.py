"""What an upstream says again, word for word, is the same object again.

A catalogue is read anew every few minutes and has hardly ever changed. An entity whose text is known is not decoded
once more; and since it is the very object of the time before, whatever was worked out of it still stands beside it.
What a newcomer would get wrong: this is no cache of answers. The upstream was asked, and what it says now is shown.

Texts are compared, not values: a price of 19.9 equals one of 19.90, and reads differently.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, TypeVar
from weakref import ref

import msgspec

from clients.metrics import TEXTS

T = TypeVar("T")

Scope: TypeAlias = tuple[str, str]
"""A collection, and who is told: nothing is shared between two of them."""

_ENTRY_BYTES = 300
"""What a text takes beside its own bytes: it as an object, its place, the reference."""


class Texts:
    """Texts with the objects that were made of them, for as long as somebody else holds those.

    Of at most `max_bytes`: the texts of the last while, and of the while before that what was heard again.
    """

    def __init__(self, max_bytes: int) -> None:
        self._most = max_bytes // 2
        self._young: dict[Scope, dict[bytes, ref[Any]]] = {}
        self._old: dict[Scope, dict[bytes, ref[Any]]] = {}
        self._bytes = 0

    def read(self, scope: Scope, texts: Iterable[msgspec.Raw | bytes], make: Callable[[Any], T]) -> list[T]:
        """The object of each text; `make` makes those that are not there."""
        young, old = self._young.setdefault(scope, {}), self._old.get(scope, {})
        found: list[T] = []
        new = 0
        for raw in texts:
            text = bytes(raw)
            known = young.get(text)
            item = None if known is None else known()
            if item is None:
                known = old.pop(text, None)
                item = None if known is None else known()
                if item is None:
                    item = make(raw)
                    new += 1
                young[text] = ref(item)
                self._bytes += len(text) + _ENTRY_BYTES
            found.append(item)
        TEXTS.labels(scope[0], "new").inc(new)
        TEXTS.labels(scope[0], "known").inc(len(found) - new)
        if self._bytes > self._most:
            self._old, self._young, self._bytes = self._young, {}, 0
        return found
