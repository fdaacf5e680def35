"""A memory that keeps what is asked for again and again, and that nobody can flood with what is asked for once.

Newcomers stand in a queue of their own, which forgets the one used least recently. One that is used a second time is
*kept*, if there is room, or if it has been used more often than something kept: that one then goes. Uses are halved
from time to time, so that yesterday's favourites make room. A client with random keys pushes only newcomers out, and
whatever it uses twice pushes out nothing that was used three times.
"""

from typing import Generic, TypeVar

from dataloaders.lru import ByteLRU

V = TypeVar("V")

_HALVED_AFTER = 20_000


class _Kept(Generic[V]):
    __slots__ = ("size", "uses", "value")

    def __init__(self, value: V, size: int, uses: int) -> None:
        self.value, self.size, self.uses = value, size, uses


class Popular(Generic[V]):
    """Values by text. Newcomers take at most `new_bytes`, what is kept at most `kept_bytes`."""

    def __init__(self, new_bytes: int, kept_bytes: int, *, uses_to_keep: int = 2) -> None:
        self.kept_bytes = kept_bytes
        self.bytes = 0
        self._uses_to_keep = uses_to_keep
        self._new: ByteLRU[_Kept[V]] = ByteLRU(new_bytes)
        self._kept: dict[str, _Kept[V]] = {}
        self._looks = 0

    def __len__(self) -> int:
        return len(self._new) + len(self._kept)

    def get(self, key: str) -> tuple[V, bool] | None:
        """The value, and whether it is kept. Counts as a use."""
        self._looks += 1
        if self._looks >= _HALVED_AFTER:
            self._halve()
        found = self._kept.get(key)
        if found is not None:
            found.uses += 1
            return found.value, True
        found = self._new.get(key)
        if found is None:
            return None
        found.uses += 1
        return found.value, self._promote(key, found)

    def put(self, key: str, value: V, size: int) -> bool:
        """Remember a newcomer, used once. Whether it is kept already."""
        found = _Kept(value, size, 1)
        self._new.put(key, found, size)
        return self._promote(key, found)

    def grow(self, key: str, size: int) -> None:
        """Something that is kept has become this large. What then no longer fits goes, the least used first."""
        found = self._kept.get(key)
        if found is not None:
            self.bytes += size - found.size
            found.size = size
            while self.bytes > self.kept_bytes:
                self._forget_least()

    def _promote(self, key: str, found: _Kept[V]) -> bool:
        if found.uses < self._uses_to_keep or found.size > self.kept_bytes or not self._make_room(found):
            return False
        self._new.drop(key)
        self._kept[key] = found
        self.bytes += found.size
        return True

    def _make_room(self, found: _Kept[V]) -> bool:
        """Whether there is room, or could be made among those used less often."""
        while self.bytes + found.size > self.kept_bytes:
            if min(each.uses for each in self._kept.values()) >= found.uses:
                return False
            self._forget_least()
        return True

    def _forget_least(self) -> None:
        least = min(self._kept, key=lambda key: self._kept[key].uses)
        self.bytes -= self._kept.pop(least).size

    def _halve(self) -> None:
        self._looks = 0
        for each in self._kept.values():
            each.uses //= 2
