"""The checker acquits the protocol and convicts the ones that are known to be wrong."""

import asyncio
import random
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest

from chaos.numbers_history import Claim, NumbersHistory, Shown, judge
from domain.reservations.desk import LostRaceError, OutcomeUnknownError
from domain.reservations.model import Candidate, ResourceKind
from kernel.clock import FixedClock
from kernel.errors import GatewayError
from kernel.outcomes import Rejected
from tests.carts.fate import Life, live
from tests.chaos.broken_numbers import HOLD, SetAndDelete, Shop, TokenWithoutFencing
from tests.reservations.estate import ask
from tests.reservations.in_memory import IDS, World, world

__all__ = ["world"]

FREE = Shown(free=True, assigned=False, mark=None)
REFUSALS = (LostRaceError, OutcomeUnknownError, Rejected, GatewayError)


def verdict(*claims: Claim, shown: Shown = FREE, now: float = 10_000.0) -> list[str]:
    return judge(NumbersHistory(list(claims)), {"n1": shown}, now)


def test_one_after_the_other_is_sound() -> None:
    assert verdict(Claim("n1", "a", 0, 900), Claim("n1", "b", 900, 1_800)) == []


def test_two_at_the_same_time_are_convicted() -> None:
    assert verdict(Claim("n1", "a", 0, 900), Claim("n1", "b", 899, 1_799)) == ["n1: b and a both had it at 899"]


def test_what_was_given_up_is_free_from_then_on() -> None:
    assert verdict(Claim("n1", "a", 0, 900, gave_up_at=10), Claim("n1", "b", 11, 911)) == []


def test_an_assignment_after_its_time_that_meets_another_is_convicted() -> None:
    shown = Shown(free=False, assigned=True, mark="a")
    assert verdict(Claim("n1", "a", 0, 900, assigned_at=1_000), Claim("n1", "b", 950, 1_850), shown=shown) != []


def test_a_lost_assignment_is_convicted() -> None:
    assert "was assigned to a" in verdict(Claim("n1", "a", 0, 900, assigned_at=10))[0]


def test_what_is_held_beyond_its_time_is_convicted() -> None:
    assert "whose time is over" in verdict(Claim("n1", "a", 0, 900), shown=Shown(False, False, "a"))[0]


def test_what_is_in_a_checkout_is_nobody_elses_after_its_time() -> None:
    late = Claim("n1", "a", 0, 900, in_checkout_from=10)
    assert verdict(late, Claim("n1", "b", 901, 1_801), shown=Shown(False, False, "a")) != []


def test_what_is_in_a_checkout_may_still_be_held() -> None:
    assert verdict(Claim("n1", "a", 0, 900, in_checkout_from=10), shown=Shown(False, False, "a")) == []


def test_a_hold_that_is_taken_away_before_its_time_is_convicted() -> None:
    assert "who was told at 899 that it is not" in verdict(Claim("n1", "a", 0, 900, lost_at=899))[0]


def test_a_hold_that_is_over_may_be_said_to_be() -> None:
    assert verdict(Claim("n1", "a", 0, 900, lost_at=901)) == []


@dataclass
class Right:
    """The protocol as it is, one process or the other."""

    world: World
    asked: int = 0

    async def reserve(self, shopper: str, number: str) -> tuple[str, float] | None:
        self.asked += 1
        process = self.world.processes[self.asked % 2]
        candidate = Candidate(ResourceKind.NUMBER, number, number)
        made = await process.reservations.reserve(ask(shopper, f"k{self.asked}"), candidate)
        return (await process.entry(made.id)).token, made.expires_at

    async def release(self, number: str, token: str) -> bool:
        process = self.world.processes[0]
        entry = await process.desk.journal.by_token(token)
        assert entry is not None
        if entry.state in ("IN_CHECKOUT", "ASSIGNING"):
            await process.assignments.give_back(entry)
        else:
            await process.reservations.release(entry)
        return (await process.entry(entry.id)).state not in ("IN_CHECKOUT", "ASSIGNING", "ASSIGNED")

    async def assign(self, number: str, token: str) -> bool:
        process = self.world.processes[1]
        entry = await process.desk.journal.by_token(token)
        assert entry is not None
        frozen = await process.assignments.freeze(entry, until=self.world.clock.now() + HOLD)
        return frozen is not None and await process.assignments.assign(frozen) is not None

    async def sweep(self) -> None:
        await self.world.processes[0].sweeper.sweep()

    def forget(self) -> None:
        self.world.holds.kept.clear()

    def shown(self, number: str) -> Shown:
        state, mark = self.world.system.state(number)
        return Shown(state in ("available", "suspended"), state == "assigned", mark)


@dataclass
class Shoppers:
    """Shoppers of a few numbers, by chance: some fall asleep in the middle, Redis forgets, time passes."""

    shop: Shop
    clock: FixedClock
    chance: random.Random
    history: NumbersHistory = field(default_factory=NumbersHistory)
    asleep: list[tuple[Life, "asyncio.Task[None]"]] = field(default_factory=list)

    async def run(self, steps: int) -> list[str]:
        for step in range(steps):
            self.clock.advance(self.chance.choice([1.0, 1.0, 10.0, 100.0, HOLD + 1]))
            await self._something(step)
        for life, task in self.asleep:
            self.clock.advance(1.0)
            life.awake.set()
            await task
        for claim in self.history.claims:  # no checkout is left open
            if claim.assigned_at is None and claim.gave_up_at is None:
                await self._release(claim)
        for _ in range(2):
            self.clock.advance(5_000.0)
            await self.shop.sweep()
        return judge(self.history, {number: self.shop.shown(number) for number in IDS}, self.clock.now())

    async def _something(self, step: int) -> None:
        claims = [claim for claim in self.history.claims if claim.gave_up_at is None and claim.assigned_at is None]
        what = self.chance.choice(["reserve", "reserve", "release", "assign", "sweep", "forget", "wake"])
        if what == "reserve":
            await self._begin(self._reserve(f"s{step}", self.chance.choice(IDS)))
        elif what == "sweep":
            await self._begin(self.shop.sweep())
        elif what == "forget":
            self.shop.forget()
        elif what == "wake" and self.asleep:
            life, task = self.asleep.pop(self.chance.randrange(len(self.asleep)))
            life.awake.set()
            await task
        elif what in ("release", "assign") and claims:
            claim = self.chance.choice(claims)
            await self._begin(self._release(claim) if what == "release" else self._assign(claim))

    async def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        life = Life(sleeps_at=self.chance.choice([None, 1, 1, 2, 3, 4, 5]))
        task = await live(life, work)
        if task.done():
            task.result()
        else:
            self.asleep.append((life, task))

    async def _reserve(self, shopper: str, number: str) -> None:
        try:
            made = await self.shop.reserve(shopper, number)
        except REFUSALS:
            return
        if made is not None:
            self.history.claims.append(Claim(number, made[0], self.clock.now(), made[1]))

    async def _release(self, claim: Claim) -> None:
        claim.gave_up_at = self.clock.now()
        if not await self.shop.release(claim.number, claim.token):
            claim.gave_up_at = None

    async def _assign(self, claim: Claim) -> None:
        try:
            done = await self.shop.assign(claim.number, claim.token)
        except REFUSALS:
            claim.may_be_assigned = True
            return
        if done:
            claim.assigned_at = self.clock.now()


@pytest.mark.parametrize("protocol", [SetAndDelete, TokenWithoutFencing])
def test_a_protocol_that_is_known_to_be_wrong_is_convicted(protocol: type[SetAndDelete]) -> None:
    async def convicted(seed: int) -> bool:
        clock = FixedClock()
        return bool(await Shoppers(protocol(clock), clock, random.Random(seed)).run(60))

    assert sum(asyncio.run(convicted(seed)) for seed in range(20)) >= 10


@pytest.mark.parametrize(
    ("api", "conditional"),
    [("TMF639", False), ("TMF639", True), ("TMF685", False), ("TMF685", True)],
    ids=["blind", "conditional", "pool, blind", "pool, conditional"],
)
def test_the_protocol_is_acquitted(world: World, conditional: bool) -> None:
    for seed in range(10):
        world.fresh(conditional=conditional)
        found = world.runner.run(Shoppers(Right(world), world.clock, random.Random(seed)).run(60))
        assert found == [], seed
