"""What a dashboard sees of reservations: one thing happens, and its figure moves by one."""

import pytest
from redis.asyncio import Redis

from domain.reservations.desk import LostRaceError, OutcomeUnknownError
from sandbox.control import SandboxControl
from store.reservations import Entry
from tests.figures import Figures
from tests.reservations.estate import TIMES, Estate, Numbers, ask, free_numbers

ONE = free_numbers(1)[0]
OURS = ("NUMBER",)


async def held(estate: Estate, shopper: str = "ada") -> Entry:
    return await estate.entry((await estate.reservations.reserve(ask(shopper), ONE)).id)


async def assigning(estate: Estate) -> Entry:
    frozen = await estate.assignments.freeze(await held(estate), until=estate.clock.now() + 3_600)
    assert frozen is not None
    return frozen


class Moved:
    """What has moved since this was made, by the labels' values in the order of their names."""

    def __init__(self) -> None:
        self._before = Figures.of_process()

    def __getitem__(self, name: str) -> dict[tuple[str, ...], float]:
        return Figures.of_process().since(self._before, f"bff_reservations_{name}")


async def test_a_reservation_is_held(estate: Estate) -> None:
    moved = Moved()
    await held(estate)
    assert moved["held_total"] == {OURS: 1}


async def test_a_reservation_that_is_asked_for_again_is_held_once(estate: Estate) -> None:
    await held(estate)
    moved = Moved()
    await held(estate)
    assert moved["held_total"] == {}


async def test_a_race_is_lost_to_a_hold(estate: Estate) -> None:
    await held(estate)
    moved = Moved()
    with pytest.raises(LostRaceError):
        await held(estate, "bob")
    assert moved["lost_total"] == {("redis", *OURS): 1}


async def test_a_race_is_lost_to_the_journal_when_redis_has_forgotten(estate: Estate, redis: Redis) -> None:
    await held(estate)
    await redis.delete(f"bff:{{holds}}:NUMBER:{ONE.value}")
    moved = Moved()
    with pytest.raises(LostRaceError):
        await held(estate, "bob")
    assert moved["lost_total"] == {("journal", *OURS): 1}


async def test_a_race_is_lost_to_another_channel(estate: Estate, numbers: Numbers) -> None:
    numbers.patch(ONE, resourceStatus="reserved")
    moved = Moved()
    with pytest.raises(LostRaceError):
        await held(estate)
    assert moved["lost_total"] == {("inventory", *OURS): 1}


async def test_a_reservation_expires(estate: Estate) -> None:
    await held(estate)
    moved = Moved()
    await estate.sweep_after(TIMES.hold + 1)
    assert moved["expired_total"] == {OURS: 1}


async def test_a_reservation_is_released(estate: Estate) -> None:
    entry = await held(estate)
    moved = Moved()
    await estate.reservations.release(entry)
    assert moved["released_total"] == {OURS: 1}


async def test_a_number_is_assigned(estate: Estate) -> None:
    entry = await assigning(estate)
    moved = Moved()
    await estate.assignments.assign(entry)
    assert moved["assigned_total"] == {OURS: 1}


async def test_an_outcome_is_unknown(estate: Estate, sandbox: SandboxControl) -> None:
    sandbox.habit("applied-later", api="TMF639", times=1)
    moved = Moved()
    with pytest.raises(OutcomeUnknownError):
        await held(estate)
    assert moved["unknown_outcomes_total"] == {OURS: 1}


async def test_a_lost_mark_is_repaired(estate: Estate, numbers: Numbers) -> None:
    await estate.assignments.assign(await assigning(estate))
    numbers.patch(ONE, resourceStatus="available", usageState="idle", relatedParty=[])
    moved = Moved()
    await estate.sweep_after(TIMES.ghost + 1)
    assert moved["repaired_total"] == {OURS: 1}


async def test_a_sweep_is_done(estate: Estate) -> None:
    moved = Moved()
    await estate.sweeper.sweep()
    assert moved["sweeps_total"] == {("done",): 1}


async def test_a_live_row_is_shown_by_its_state(estate: Estate) -> None:
    await held(estate)
    await estate.sweeper.sweep()
    assert Figures.of_process().value("bff_reservations_live", kind="NUMBER", state="HELD") == 1


async def test_a_state_that_no_row_is_in_any_more_is_not_shown(estate: Estate) -> None:
    await assigning(estate)
    await estate.sweeper.sweep()
    assert Figures.of_process().value("bff_reservations_live", kind="NUMBER", state="HELD") == 0


async def test_the_epoch_tells_when_it_began(estate: Estate) -> None:
    began = estate.clock.now()
    await estate.sweep_after(100)
    assert Figures.of_process().value("bff_reservations_epoch") == began


async def test_an_epoch_that_is_lost_begins_anew(estate: Estate, redis: Redis) -> None:
    await redis.flushall()
    await estate.sweep_after(100)
    assert Figures.of_process().value("bff_reservations_epoch") == estate.clock.now()


async def test_holds_are_put_back_once_for_each_loss(estate: Estate, redis: Redis) -> None:
    await redis.flushall()
    moved = Moved()
    await estate.sweeper.sweep()
    await estate.sweeper.sweep()
    assert moved["rebuilds_total"] == {(): 1}
