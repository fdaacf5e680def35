"""Two ways to reserve numbers that are known to be wrong, and the right one, to be told apart by their histories."""

import itertools
from dataclasses import dataclass, field
from typing import Protocol

from chaos.numbers_history import Shown
from kernel.clock import FixedClock
from tests.carts.fate import boundary

HOLD = 900.0


class Shop(Protocol):
    """Each method answers None or False where it does not do it."""

    async def reserve(self, shopper: str, number: str) -> tuple[str, float] | None:
        """The token, and until when it is held."""

    async def release(self, number: str, token: str) -> bool: ...

    async def assign(self, number: str, token: str) -> bool: ...

    async def sweep(self) -> None: ...

    def forget(self) -> None:
        """Redis loses the tail of its log."""

    def shown(self, number: str) -> Shown: ...


@dataclass
class SetAndDelete:
    """SET NX to hold, DEL to let go; the inventory is written without a look at it."""

    clock: FixedClock
    redis: dict[str, tuple[str, float]] = field(default_factory=dict)
    inventory: dict[str, tuple[str, str]] = field(default_factory=dict)
    tokens: "itertools.count[int]" = field(default_factory=itertools.count)

    async def reserve(self, shopper: str, number: str) -> tuple[str, float] | None:
        if self._holder(number) is not None or self.inventory.get(number, ("", ""))[0] == "assigned":
            return None
        token, until = f"{shopper}-{next(self.tokens)}", self.clock.now() + HOLD
        self.redis[number] = (token, until)
        await boundary()
        self.inventory[number] = ("reserved", token)
        return token, until

    async def release(self, number: str, token: str) -> bool:  # the token is not compared: that is what is wrong
        self.inventory.pop(number, None)
        await boundary()
        self.redis.pop(number, None)
        return True

    async def assign(self, number: str, token: str) -> bool:
        if self._holder(number) is None:
            return False
        await boundary()
        self.inventory[number] = ("assigned", token)
        return True

    async def sweep(self) -> None:
        for number, (state, _) in list(self.inventory.items()):
            if state == "reserved" and self._holder(number) is None:
                del self.inventory[number]

    def forget(self) -> None:
        self.redis.clear()

    def shown(self, number: str) -> Shown:
        state, token = self.inventory.get(number, ("free", ""))
        return Shown(state == "free", state == "assigned", token or None)

    def _holder(self, number: str) -> str | None:
        token, until = self.redis.get(number, ("", 0.0))
        return token if until > self.clock.now() else None


@dataclass
class TokenWithoutFencing(SetAndDelete):
    """Every step compares the token first; between the comparison and the write anything may happen."""

    async def reserve(self, shopper: str, number: str) -> tuple[str, float] | None:
        made = await super().reserve(shopper, number)
        return made if made is not None and self.inventory[number][1] == made[0] else None  # read back

    async def release(self, number: str, token: str) -> bool:
        if self._holder(number) == token:
            await boundary()
            self.inventory.pop(number, None)
            if self._holder(number) == token:
                del self.redis[number]
        return True

    async def assign(self, number: str, token: str) -> bool:
        return self._holder(number) == token and await super().assign(number, token)
