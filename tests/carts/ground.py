"""What any history of carts stands on: processes that work, die, sleep and wake, and the carts that came about."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from sqlalchemy import Row, select

from domain.carts.model import Cart
from domain.carts.offers import Offers
from kernel.context import Deadline, Principal, RequestContext
from store.carts import CartRow
from store.tables import cart_changes, carts
from tests.carts.cart_model import CartModel, View
from tests.carts.cart_system import FATES as FATES_OF_A_WRITE
from tests.carts.estate import AUDIENCE, Estate
from tests.carts.fate import Killed, Life, live

EXAMPLES = int(os.environ.get("EXAMPLES", "50"))
LONG = EXAMPLES > 50

PROCESSES = st.integers(0, 2)
WHICH = st.integers(0, 99)
STEP = st.integers(1, 14)
STEPS = st.sampled_from([None] * 14 + list(range(1, 15)))
DUMB = st.sampled_from([0, 0, 0, 1, 2])
_CLAIMED = select(cart_changes).where(cart_changes.c.what == "ClaimCart")
FATES = st.lists(st.sampled_from(["kept", *FATES_OF_A_WRITE]), max_size=3)

Told: TypeAlias = Callable[[Any, bool], None]
"""Hears what came of a request, an exception too, and whether that is of now: who slept tells what was."""


@dataclass
class Asleep:
    """A process that sleeps in the middle of a request."""

    life: Life
    task: "asyncio.Task[Any]"
    told: Told


@dataclass
class Made:
    """A request for a cart, by a guest or somebody signed in, since when its key is known, and the cart."""

    caller: str | None
    asked_at: float
    cart: CartModel | None = None


class Ground(RuleBasedStateMachine):
    def __init__(self, estate: Estate) -> None:
        super().__init__()
        self.estate, self.system, self.clock = estate, estate.system, estate.clock
        self.made: dict[str, Made] = {}
        self.asleep: dict[int, Asleep] = {}
        self.kept: dict[str, CartRow] = {}
        self.claimed: Sequence[Row[Any]] = []
        estate.begin_anew()

    @property
    def carts(self) -> list[CartModel]:
        return [made.cart for made in self.made.values() if made.cart is not None]

    def cart_of(self, which: int) -> CartModel:
        """One of those that somebody can still reach."""
        carts = [cart for cart in self.carts if cart.owner is not None or not cart.ended] or self.carts
        return carts[which % len(carts)]

    # ------------------------------------------------------------ processes

    def awake(self, process: int) -> int:
        """That process, or the next that does not sleep."""
        count = len(self.estate.processes)
        return next(each % count for each in range(process, process + count) if each % count not in self.asleep)

    def falls_asleep(self, step: int) -> Life:
        """At a step, unless all others sleep already."""
        return Life(sleeps_at=step if len(self.asleep) < len(self.estate.processes) - 1 else None)

    def start(self, process: int, life: Life, work: Coroutine[Any, Any, Any], told: Told) -> bool:
        """Have a process that is awake carry out a request; whether it fell asleep over it."""

        async def start() -> Any:
            task = await live(life, work)
            return task if not task.done() else (await asyncio.gather(task, return_exceptions=True))[0]

        outcome = self.run(start())
        if isinstance(outcome, asyncio.Task):
            self.asleep[process] = Asleep(life, outcome, told)
            self.estate.sleeping.append(outcome)
            return True
        told(outcome, True)
        return False

    def done(self, work: Coroutine[Any, Any, Any], life: Life) -> Any:
        """The outcome of what does not sleep; None where it died or could not be."""

        async def run() -> Any:
            return (await asyncio.gather(await live(life, work), return_exceptions=True))[0]

        outcome = self.run(run())
        if isinstance(outcome, BaseException):
            assert isinstance(outcome, Killed), repr(outcome)
            return None
        return outcome

    @rule(process=PROCESSES)
    def process_wakes(self, process: int) -> None:
        if not self.asleep:
            return
        sleeper = self.asleep.pop(sorted(self.asleep)[process % len(self.asleep)])
        sleeper.life.awake.set()

        async def outcome() -> Any:
            return (await asyncio.gather(sleeper.task, return_exceptions=True))[0]

        sleeper.told(self.run(outcome()), False)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """What comes of it, with a look at what is kept now."""

        async def looking() -> Any:
            outcome = await work
            async with self.estate.carts(0).keeper.holds.database.reading() as connection:
                kept = (await connection.execute(select(carts))).mappings()
                self.kept = {str(each["id"]): CartRow(**each) for each in kept}
                self.claimed = (await connection.execute(_CLAIMED)).all()
            return outcome

        outcome = self.estate.runner.run(looking())
        self.look()
        return outcome

    def look(self) -> None:
        """Take note of what has come of that which the model cannot foresee."""

    # ------------------------------------------------------------ looking

    def context(self, process: int, principal: Principal) -> tuple[RequestContext, Offers]:
        ctx = RequestContext(AUDIENCE, Deadline.after(3_600), principal)
        return ctx, Offers(self.estate.processes[process].catalog, "en")

    def row(self, cart: CartModel) -> CartRow | None:
        """As it was kept after the last request."""
        return self.kept.get(cart.id)


def principal_of(cart: CartModel, caller: str | None) -> Principal:
    """Somebody signed in, or a guest with the cart's token."""
    return Principal(cart_token=cart.token) if caller is None else Principal(id=caller)


def view_of(found: Cart) -> View:
    assert len({line.id for line in found.lines}) == len(found.lines), "two lines have one id"
    return View(found.version, {line.id: (line.offering, line.quantity) for line in found.lines})


def check_seen(cart: CartModel, caller: str | None, found: Cart | None) -> None:
    """Check that nobody sees what is not theirs any more. Who was let in before may see how it was before."""
    if found is None or cart.is_for(caller):
        return
    assert caller is None, f"{caller} sees a cart that never was theirs"
    assert not found.is_over, "a guest sees the end of a cart that was claimed"
    assert cart.taken_at is None or found.version < cart.taken_at, "a guest sees a cart that was claimed"
