"""The index of what is free: built from TMF639 by one process of the estate, kept in Redis, held by each in memory."""

from collections.abc import Iterable

from domain.reservations.model import Candidate
from domain.reservations.shelf import Shelf


class FreeIndex:
    """What is free, kept up to date. One per process."""

    @property
    def shelf(self) -> Shelf | None:
        """What can be drawn from now; None while there is none that can be trusted."""
        raise NotImplementedError

    async def mark(self, candidates: Iterable[Candidate], *, free: bool) -> None:
        """Tell every process that these are free again, or are not any more. Never raises: it is a hint."""
        raise NotImplementedError

    def hint(self, names: Iterable[str]) -> None:
        """Something changed upstream (`logicalResource/m-1`, `resource/*`): have it read again within a second."""
        raise NotImplementedError
