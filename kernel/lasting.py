"""Lists that last longer than the answer they are part of."""

from functools import cached_property
from typing import TypeVar

T = TypeVar("T")


class LastingList(tuple[T, ...]):  # noqa: SLOT001  (its `__dict__` is what it is for)
    """A list that is given again, the very same object, for as long as an equal one would have to be made.

    Whoever works out something about the whole of it keeps that in its `__dict__`, and finds it there the next time.
    """

    @cached_property
    def kinds(self) -> frozenset[type]:
        """The types of its items."""
        return frozenset(map(type, self))
