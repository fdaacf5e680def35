"""Any history of shoppers, checkouts, dying and sleeping processes, a treacherous inventory and a lying Redis.

Two processes over one journal and one inventory. Time is the test's own. `EXAMPLES=2000` looks for longer.

What must hold at any moment: a number has at most one live row; what was acknowledged as assigned stays so in the
journal. And when all has healed and two sweeps have passed: it is so upstream; nothing is held beyond its time; no mark
upstream is that of a reservation that is over.
"""

import asyncio
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from domain.reservations.desk import LostRaceError, OutcomeUnknownError
from domain.reservations.model import Candidate, ResourceKind
from domain.reservations.reservation import OVER
from kernel.errors import GatewayError
from kernel.outcomes import Rejected
from store.reservations import Entry
from tests.carts.fate import Killed, Life, live
from tests.reservations.estate import TIMES, ask
from tests.reservations.in_memory import IDS, World, world
from tests.reservations.inventory_system import FATES as FATES_OF_A_WRITE

__all__ = ["world"]

EXAMPLES = int(os.environ.get("EXAMPLES", "60"))
PROCESSES = st.integers(0, 1)
WHICH = st.integers(0, 99)
STEPS = st.sampled_from([None] * 8 + list(range(1, 11)))
FATES = st.lists(st.sampled_from(["kept", *FATES_OF_A_WRITE]), max_size=3)


class Machine(RuleBasedStateMachine):
    def __init__(self, world: World, *, conditional: bool) -> None:
        super().__init__()
        self.world, self.system, self.clock = world, world.system, world.clock
        self.assigned: dict[str, Entry] = {}
        self.given_up: set[str] = set()
        self.asleep: list[tuple[Life, asyncio.Task[Any]]] = []
        self.asked: list[tuple[str, str, str]] = []
        world.fresh(conditional=conditional)

    # ------------------------------------------------------------ shoppers

    @rule(process=PROCESSES, number=st.sampled_from(IDS), dies=STEPS, sleeps=STEPS, fates=FATES)
    def reserve(self, process: int, number: str, dies: int | None, sleeps: int | None, fates: list[str]) -> None:
        asked = (f"s{len(self.asked)}", "k", number)
        self.asked.append(asked)
        self.system.fates.extend(fates)
        self._reserve(process, asked, Life(dies, sleeps))

    @rule(process=PROCESSES, which=WHICH, dies=STEPS, sleeps=STEPS)
    def ask_again(self, process: int, which: int, dies: int | None, sleeps: int | None) -> None:
        if self.asked:
            self._reserve(process, self.asked[-1 - which % len(self.asked)], Life(dies, sleeps))

    def _reserve(self, process: int, asked: tuple[str, str, str], life: Life) -> None:
        shopper, key, number = asked
        candidate = Candidate(ResourceKind.NUMBER, number, number)
        self._do(self.world.processes[process].reservations.reserve(ask(shopper, key), candidate), life)

    @rule(process=PROCESSES, which=WHICH, dies=STEPS, fates=FATES)
    def extend(self, process: int, which: int, dies: int | None, fates: list[str]) -> None:
        entry = self._row(which)
        if entry is not None:
            self._do(self.world.processes[process].reservations.extend(entry), Life(dies))

    @rule(process=PROCESSES, which=WHICH, dies=STEPS, sleeps=STEPS, fates=FATES)
    def release(self, process: int, which: int, dies: int | None, sleeps: int | None, fates: list[str]) -> None:
        entry = self._row(which)
        if entry is not None:
            self.system.fates.extend(fates)
            self._do(self.world.processes[process].reservations.release(entry), Life(dies, sleeps))

    # ------------------------------------------------------------ pipelines

    @rule(process=PROCESSES, which=WHICH, dies=STEPS, seconds=st.sampled_from([60.0, 3_600.0]))
    def freeze(self, process: int, which: int, dies: int | None, seconds: float) -> None:
        entry = self._row(which)
        if entry is not None:
            until = self.clock.now() + seconds
            self._do(self.world.processes[process].assignments.freeze(entry, until=until), Life(dies))

    @rule(process=PROCESSES, which=WHICH, dies=STEPS, sleeps=STEPS, fates=FATES)
    def assign(self, process: int, which: int, dies: int | None, sleeps: int | None, fates: list[str]) -> None:
        entry = self._row(which)
        if entry is None:
            return
        self.system.fates.extend(fates)
        done = self._do(self.world.processes[process].assignments.assign(entry), Life(dies, sleeps))
        if isinstance(done, Entry) and done.id not in self.given_up:
            self.assigned[done.id] = done

    @rule(process=PROCESSES, which=WHICH, dies=STEPS, sleeps=STEPS, fates=FATES)
    def give_back(self, process: int, which: int, dies: int | None, sleeps: int | None, fates: list[str]) -> None:
        entry = self._row(which)
        if entry is None:
            return
        self.system.fates.extend(fates)
        self.assigned.pop(entry.id, None)
        self.given_up.add(entry.id)
        self._do(self.world.processes[process].assignments.give_back(entry), Life(dies, sleeps))

    @rule(process=PROCESSES, which=WHICH)
    def come_with_an_old_token(self, process: int, which: int) -> None:
        ended = [row for row in self._rows() if not row.live]
        if not ended:
            return
        entry, before = ended[which % len(ended)], self._rows()
        estate = self.world.processes[process]
        self.system.heal()
        upstream = {each: dict(found) for each, found in self.system.resources.items()}
        for work in (
            estate.reservations.release(entry),
            estate.reservations.extend(entry),
            estate.assignments.freeze(entry, until=self.clock.now() + 60),
            estate.assignments.assign(entry),
            estate.assignments.give_back(entry),
        ):
            self._do(work, Life())
        assert self._rows() == before
        assert self.system.resources == upstream

    # ------------------------------------------------------------ time and bad days

    @rule(process=PROCESSES, dies=STEPS, sleeps=STEPS, fates=FATES)
    def sweep(self, process: int, dies: int | None, sleeps: int | None, fates: list[str]) -> None:
        self.system.fates.extend(fates)
        self._do(self.world.processes[process].sweeper.sweep(), Life(dies, sleeps))

    @rule(seconds=st.sampled_from([1.0, 20.0, TIMES.settle + 1, TIMES.hold + 1]))
    def time_passes(self, seconds: float) -> None:
        if seconds > TIMES.ghost:
            self.system.apply_late()  # nothing is later than a ghost
        self.clock.advance(seconds)

    @rule()
    def late_writes_come(self) -> None:
        self.system.apply_late()

    @rule(dumb=st.integers(0, 2))
    def the_inventory_does_not_answer(self, dumb: int) -> None:
        self.system.dumb = dumb

    @rule(number=st.sampled_from(IDS))
    def the_inventory_forgets(self, number: str) -> None:
        self.system.forget(number)

    @rule(process=PROCESSES, which=WHICH, dies=STEPS, sleeps=STEPS, fates=FATES, over=st.booleans())
    def a_mark_is_lost_when_a_sweep_looks(
        self, process: int, which: int, dies: int | None, sleeps: int | None, fates: list[str], over: bool
    ) -> None:
        entry = self._row(which)
        if entry is None or not entry.live or entry.due_at is None:
            return
        self.system.forget(entry.resource)
        self.system.fates.extend(fates)
        if over:
            self.time_passes(max(entry.due_at - self.clock.now(), 1.0))
        self._do(self.world.processes[process].sweeper.settle(entry), Life(dies, sleeps))

    @rule(tail=st.booleans())
    def redis_forgets(self, tail: bool) -> None:
        self.world.holds.kept.clear()
        if not tail:
            self.world.holds.epochs.clear()

    @rule(which=WHICH)
    def somebody_wakes(self, which: int) -> None:
        if self.asleep:
            self._wake(which % len(self.asleep))

    # ------------------------------------------------------------ what must hold

    @invariant()
    def a_number_has_one_owner(self) -> None:
        owned = [row.resource for row in self._rows() if row.live]
        assert len(owned) == len(set(owned))

    @invariant()
    def what_was_assigned_stays_so(self) -> None:
        for identifier, entry in self.assigned.items():
            row = next(each for each in self._rows() if each.id == identifier)
            assert (row.state, row.live, row.token) == ("ASSIGNED", True, entry.token)

    def teardown(self) -> None:
        """Everything heals; then time passes and two sweeps."""
        while self.asleep:
            self._wake(0)
        self.system.heal()
        self.system.apply_late()
        sweeper = self.world.processes[0].sweeper
        for row in self._rows():  # whoever checks out says how it ended; here, that it did not come about
            if row.state in ("IN_CHECKOUT", "ASSIGNING"):
                self._do(self.world.processes[0].assignments.give_back(row), Life())
        for seconds in (TIMES.longest + 1, TIMES.ghost + 1):
            self.clock.advance(seconds)
            self.world.runner.run(sweeper.sweep())
        rows = self._rows()
        self.a_number_has_one_owner()
        self.what_was_assigned_stays_so()
        live = {row.resource: row for row in rows if row.live}
        for entry in self.assigned.values():
            assert self.system.state(entry.resource) == ("assigned", entry.token)
        for row in live.values():
            assert row.state in ("ASSIGNED", "RESTING"), row
        for number in IDS:
            state, mark = self.system.state(number)
            if number in live:
                assert mark == live[number].token
            else:
                assert (state, mark) == ("available", None)
        reserved = {each["relatedParty"]["id"] for each in self.system.standing}
        assert reserved <= {row.token for row in live.values()}
        assert {row.state for row in rows if not row.live} <= {step.value for step in OVER}

    # ------------------------------------------------------------ doing

    def _do(self, work: Any, life: Life) -> Any:
        """What came of it: None where it was refused, or who did it died or fell asleep."""

        async def run() -> Any:
            task = await live(life, work)
            if not task.done():
                self.asleep.append((life, task))
                return None
            return _outcome(task)

        return self.world.runner.run(run())

    def _wake(self, which: int) -> None:
        life, task = self.asleep.pop(which)

        async def wake() -> Any:
            life.awake.set()
            await asyncio.wait({task})
            return _outcome(task)

        self.world.runner.run(wake())

    def _rows(self) -> list[Entry]:
        journal = self.world.processes[0].desk.journal

        async def read() -> list[Entry]:
            return [row for number in IDS for row in await journal.of_resource("NUMBER", number)]

        return self.world.runner.run(read())

    def _row(self, which: int) -> Entry | None:
        """A row, the live ones rather than the others."""
        rows = sorted(self._rows(), key=lambda row: not row.live)
        return rows[(which // 4) % len(rows) if which % 4 == 0 else which % min(len(rows), 2)] if rows else None


def _outcome(task: "asyncio.Task[Any]") -> Any:
    error = task.exception()
    if error is None:
        return task.result()
    assert isinstance(error, Killed | LostRaceError | OutcomeUnknownError | Rejected | GatewayError), repr(error)
    return None


@pytest.mark.parametrize(
    ("api", "conditional"),
    [("TMF639", False), ("TMF639", True), ("TMF685", False), ("TMF685", True)],
    ids=["blind", "conditional", "pools over a blind one", "pools over a conditional one"],
)
def test_whatever_happens_a_number_has_one_owner(world: World, conditional: bool) -> None:
    phases = [Phase.explicit, Phase.generate, *([Phase.shrink] if EXAMPLES > 60 else [])]
    run_state_machine_as_test(
        lambda: Machine(world, conditional=conditional),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=25,
            deadline=None,
            database=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )
