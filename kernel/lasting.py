"""Lists that know how long they last."""

import math
from collections.abc import Iterable
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


NEVER = -math.inf


class Loaded(list[T]):
    """What was loaded. Until `fresh_until`, in seconds since the epoch, the same would be loaded again, as far as the
    mere passing of time goes; 0.0 where nothing is known of that, `NEVER` where other objects would be.
    """

    __slots__ = ("fresh_until",)

    def __init__(self, values: Iterable[T], fresh_until: float = 0.0) -> None:
        super().__init__(values)
        self.fresh_until = fresh_until
