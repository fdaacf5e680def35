"""No history corrupts a cart: any that can be thought of, and those that once did."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from msgspec.structs import replace

from kernel.context import Deadline, Principal, RequestContext, Segment
from sandbox.process import SandboxProcess
from tests.carts.claiming_machine import ClaimingMachine
from tests.carts.estate import AUDIENCE, DAY, HOLD, Estate, open_estate
from tests.carts.fate import Life, live
from tests.carts.ground import EXAMPLES, LONG
from tests.carts.machine import Machine


def test_no_history_corrupts_a_cart(estate: Estate) -> None:
    run(lambda: Machine(estate), EXAMPLES)


def test_no_claim_corrupts_a_cart(sandbox_process: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a third process, so that two can sleep over a cart at once."""
    with open_estate(sandbox_process, monkeypatch, processes=3) as estate:
        run(lambda: ClaimingMachine(estate), EXAMPLES)


def run(machine: Callable[[], Machine], histories: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=histories,
            stateful_step_count=60 if LONG else 30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink] if LONG else [Phase.generate],
        ),
    )


# ---------------------------------------------------------------- histories that once went wrong, at their shortest


@pytest.fixture
def machine(estate: Estate) -> Machine:
    """With the carts of two shoppers, and a process that sleeps before it begins to add a line to the first."""
    machine = Machine(estate)
    machine.two_shoppers()
    machine.change_and_fall_asleep(process=0, which=0, wanted=["add"], line=0, step=1, fates=[])
    return machine


def test_what_was_given_up_while_a_process_slept_is_not_forgotten_by_it(machine: Machine) -> None:
    """It comes late, after the sleeper's change, and is put back: its shopper was told that nothing was changed."""
    machine.change_on_a_bad_day(process=1, which=0, wanted=["add"], line=0, fates=["lost", "late"], dumb=0)
    machine.teardown()


def test_a_cart_that_ended_while_a_process_slept_stays_over(machine: Machine) -> None:
    machine.time_passes(seconds=15 * DAY)
    machine.change_from_an_old_tab(process=1, which=0, tab=0, wanted=["add"], line=0)
    assert machine.carts[0].over
    machine.teardown()


def test_what_was_done_is_told_again_when_its_key_was_forgotten(estate: Estate) -> None:
    """A process dies once it has begun to look; the next finds in the cart's history that it was done."""
    machine = Machine(estate)
    machine.two_shoppers()
    machine.change(process=0, which=0, wanted=["add"], line=0)
    machine.time_passes(seconds=DAY + 1)
    machine.ask_again(process=0, which=0, earlier=0, other_body=False, dies_at=2)
    machine.time_passes(seconds=HOLD + 1)
    machine.ask_again(process=0, which=0, earlier=0, other_body=False, dies_at=None)
    machine.teardown()
    assert machine.carts[0].latest == 2


def test_an_answer_may_come_after_its_key_was_forgotten(estate: Estate) -> None:
    """A process falls asleep once all is done, and tells of it a day after another has."""
    machine = Machine(estate)
    machine.two_shoppers()
    machine.change_and_fall_asleep(process=0, which=0, wanted=["add"], line=0, step=6, fates=[])
    machine.ask_again(process=1, which=0, earlier=0, other_body=False, dies_at=None)
    machine.time_passes(seconds=DAY + 1)
    machine.teardown()


def test_a_refusal_may_be_told_after_another_try_was_taken(estate: Estate) -> None:
    """A process falls asleep once the cart system has refused; asked again with that key, another gets it in."""
    machine = Machine(estate)
    machine.two_shoppers()
    machine.change_and_fall_asleep(process=0, which=0, wanted=["add"], line=0, step=9, fates=["409"])
    assert machine.asleep
    machine.ask_again(process=1, which=0, earlier=0, other_body=False, dies_at=None)
    machine.teardown()
    assert machine.carts[0].latest == 2


@pytest.mark.parametrize("making_sleeps", range(5, 9))
@pytest.mark.parametrize("sweep_sleeps", range(1, 6))
def test_a_cart_that_comes_about_while_a_sweep_is_at_it_is_there(
    estate: Estate, making_sleeps: int, sweep_sleeps: int
) -> None:
    """Whenever they sleep: its shopper is told so, and finds it, or is told that there is none."""
    carts, makers, sweepers = estate.carts(0), Life(sleeps_at=making_sleeps), Life(sleeps_at=sweep_sleeps)

    async def history() -> None:
        ctx = RequestContext(AUDIENCE, Deadline.after(3_600))
        making = await live(makers, carts.create(ctx, "k1", Segment.B2C, None))
        estate.clock.advance(121)
        sweeping = await live(sweepers, estate.sweepers[1].sweep())
        makers.awake.set()
        made = await making
        sweepers.awake.set()
        await sweeping
        for _ in range(2):
            estate.clock.advance(HOLD + 10)
            await estate.sweepers[1].sweep()
        if made.cart is not None:
            found = await carts.cart(replace(ctx, principal=Principal(cart_token=made.token)), made.cart.id)
            assert found is not None
            assert not found.is_over
        assert len(estate.system.carts) == (made.cart is not None)

    estate.runner.run(history())
