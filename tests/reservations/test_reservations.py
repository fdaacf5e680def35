"""Reserving, extending, assigning and giving back over a real database, a real Redis and the sandbox's inventory."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from redis.asyncio import Redis

from domain.reservations.desk import LostRaceError, OutcomeUnknownError
from domain.reservations.reservation import ReservationState
from domain.reservations.reservations import Reservation
from kernel.outcomes import ErrorCode, Rejected
from sandbox.control import SandboxControl
from tests.reservations.estate import TIMES, Estate, Numbers, ask
from tests.reservations.stages import (
    NUMBERS,
    ONE,
    OTHER,
    Made,
    assigned,
    held,
    in_checkout,
)


async def everybody(work: list[Awaitable[Reservation]]) -> list[Made]:
    return await asyncio.gather(*work, return_exceptions=True)


def won(made: list[Made]) -> list[Reservation]:
    """Those who got it; everybody else lost a race."""
    assert {type(each) for each in made} <= {Reservation, LostRaceError}
    return [each for each in made if isinstance(each, Reservation)]


# ---------------------------------------------------------------- reserving


async def test_a_number_is_reserved_here_and_upstream(estate: Estate, numbers: Numbers) -> None:
    made = await estate.reservations.reserve(ask(), ONE)
    assert (made.state, made.candidate) == (ReservationState.HELD, ONE)
    assert made.expires_at == estate.clock.now() + TIMES.hold
    assert numbers.state(ONE) == ("reserved", (await estate.entry(made.id)).token)
    assert await estate.reservations.of_cart("c-ada") == [made]


async def test_the_same_key_brings_the_same_reservation(estate: Estate) -> None:
    first = await estate.reservations.reserve(ask(), ONE)
    assert await estate.reservations.reserve(ask(), ONE) == first


async def test_a_reserved_number_is_nobody_elses(estate: Estate) -> None:
    await held(estate)
    with pytest.raises(LostRaceError):
        await estate.reservations.reserve(ask("bob"), ONE)


async def test_of_twenty_who_want_one_number_one_gets_it(estate: Estate, numbers: Numbers) -> None:
    made = won(await everybody([estate.reservations.reserve(ask(f"s{each}"), ONE) for each in range(20)]))
    assert len(made) == 1
    assert numbers.state(ONE) == ("reserved", (await estate.entry(made[0].id)).token)


async def test_of_twenty_whom_redis_does_not_keep_apart_one_gets_it(estate: Estate, redis: Redis) -> None:
    async def reserve(shopper: str) -> Reservation:
        await redis.delete(f"bff:{{holds}}:NUMBER:{ONE.value}")
        return await estate.reservations.reserve(ask(shopper), ONE)

    assert len(won(await everybody([reserve(f"s{each}") for each in range(20)]))) == 1


async def test_two_hundred_shoppers_get_twenty_numbers_each_once(make_estate: Callable[..., Estate]) -> None:
    """However long the machine takes: a call that is given up would leave its number to nobody."""
    estate = make_estate(timeout=60.0)
    await estate.sweeper.sweep()
    wanted = [(shopper, NUMBERS[shopper % 20]) for shopper in range(200)]
    made = won(await everybody([estate.reservations.reserve(ask(f"s{who}"), what) for who, what in wanted]))
    await estate.aclose()
    assert Counter(each.candidate.value for each in made) == {each.value: 1 for each in NUMBERS}


async def test_nobody_reserves_more_than_the_cap(estate: Estate) -> None:
    for each in range(5):
        await estate.reservations.reserve(ask(key=f"k{each}"), NUMBERS[each])
    with pytest.raises(Rejected) as refused:
        await estate.reservations.reserve(ask(key="k9"), NUMBERS[9])
    assert refused.value.reasons[0].code is ErrorCode.RESERVATION_LIMIT


async def test_a_number_that_another_channel_has_is_a_lost_race_that_holds_nothing(
    estate: Estate, numbers: Numbers, redis: Redis
) -> None:
    numbers.patch(ONE, resourceStatus="reserved")
    with pytest.raises(LostRaceError):
        await estate.reservations.reserve(ask(), ONE)
    assert await estate.desk.journal.live_of("NUMBER", ONE.value) is None
    assert await redis.keys(f"*{ONE.value}") == []


async def test_nothing_is_reserved_while_the_inventory_is_down(
    estate: Estate, sandbox: SandboxControl, api: str
) -> None:
    sandbox.fault("status", api=api)
    with pytest.raises(Rejected) as refused:
        await estate.reservations.reserve(ask(), ONE)
    assert refused.value.reasons[0].retryable
    sandbox.clear_faults()
    assert (await estate.reservations.reserve(ask(), ONE)).state is ReservationState.HELD


# ---------------------------------------------------------------- unknown outcomes


async def test_an_unknown_outcome_is_settled_by_the_same_key(
    estate: Estate, sandbox: SandboxControl, api: str, numbers: Numbers
) -> None:
    sandbox.habit("applied-later", api=api, times=1)
    with pytest.raises(OutcomeUnknownError):
        await estate.reservations.reserve(ask(), ONE)
    sandbox.apply_ghosts()
    made = await estate.reservations.reserve(ask(), ONE)
    assert numbers.state(ONE) == ("reserved", (await estate.entry(made.id)).token)


async def test_the_same_key_settles_the_number_it_was_for_and_no_other(
    estate: Estate, sandbox: SandboxControl, api: str, numbers: Numbers
) -> None:
    sandbox.habit("applied-later", api=api, times=1)
    with pytest.raises(OutcomeUnknownError):
        await estate.reservations.reserve(ask(), ONE)
    assert (await estate.reservations.reserve(ask(), OTHER)).candidate == ONE
    assert numbers.state(OTHER) == ("free", None)


async def test_an_unknown_outcome_stays_so_while_nobody_can_read_it(
    estate: Estate, sandbox: SandboxControl, api: str
) -> None:
    sandbox.habit("applied-later", api=api, times=1)
    with pytest.raises(OutcomeUnknownError):
        await estate.reservations.reserve(ask(), ONE)
    sandbox.fault("status", api=api, times=1)
    with pytest.raises(OutcomeUnknownError):
        await estate.reservations.reserve(ask(), ONE)
    assert await estate.desk.journal.live_of("NUMBER", ONE.value) is not None


async def test_a_late_write_of_a_reservation_that_is_over_is_undone(
    estate: Estate, sandbox: SandboxControl, api: str, numbers: Numbers
) -> None:
    sandbox.habit("applied-later", api=api, times=1)
    with pytest.raises(OutcomeUnknownError):
        await estate.reservations.reserve(ask(), ONE)
    await estate.sweep_after(TIMES.settle + 1)
    sandbox.apply_ghosts()
    await estate.sweep_after(TIMES.ghost + 1)
    assert numbers.state(ONE) == ("free", None)
    assert await estate.desk.journal.live_of("NUMBER", ONE.value) is None


async def test_a_number_with_a_write_on_its_way_is_not_given_to_another(
    estate: Estate, sandbox: SandboxControl, api: str
) -> None:
    sandbox.habit("applied-later", api=api, times=1)
    with pytest.raises(OutcomeUnknownError):
        await estate.reservations.reserve(ask(), ONE)
    made = await estate.reservations.reserve(ask(), ONE)
    await estate.reservations.release(await estate.entry(made.id))
    with pytest.raises(LostRaceError):
        await estate.reservations.reserve(ask("bob"), ONE)


async def test_an_assignment_that_is_given_back_unheard_is_undone_when_it_comes(
    estate: Estate, sandbox: SandboxControl, numbers: Numbers
) -> None:
    entry = await in_checkout(estate)
    sandbox.habit("applied-later", api="TMF639", times=1)
    with pytest.raises(OutcomeUnknownError):
        await estate.assignments.assign(entry)
    await estate.assignments.give_back(entry)
    sandbox.apply_ghosts()
    await estate.sweep_after(TIMES.ghost + 1)
    assert numbers.state(ONE) == ("free", None)


# ---------------------------------------------------------------- extending, releasing, expiring


async def test_extending_moves_the_end_everywhere(estate: Estate, redis: Redis) -> None:
    entry = await held(estate)
    estate.clock.advance(600)
    made = await estate.reservations.extend(entry)
    assert made.expires_at == estate.clock.now() + TIMES.hold
    assert await redis.pttl(f"bff:{{holds}}:NUMBER:{ONE.value}") > (TIMES.hold - 10) * 1000


async def test_nothing_is_extended_beyond_the_longest(estate: Estate) -> None:
    entry = await held(estate)
    for _ in range(3):
        estate.clock.advance(TIMES.hold - 1)
        await estate.reservations.extend(entry)
        entry = await estate.entry(entry.id)
    estate.clock.advance(10)
    assert (await estate.reservations.extend(entry)).expires_at == entry.created_at + TIMES.longest
    with pytest.raises(Rejected) as refused:
        await estate.reservations.extend(await estate.entry(entry.id))
    assert refused.value.reasons[0].code is ErrorCode.RESERVATION_LIMIT


async def test_what_is_over_is_not_extended(estate: Estate) -> None:
    entry = await held(estate)
    estate.clock.advance(TIMES.hold)
    with pytest.raises(Rejected) as refused:
        await estate.reservations.extend(entry)
    assert refused.value.reasons[0].code is ErrorCode.RESERVATION_EXPIRED


async def test_what_is_over_is_free_after_a_sweep(estate: Estate, numbers: Numbers) -> None:
    entry = await held(estate)
    await estate.sweep_after(TIMES.hold)
    assert (await estate.entry(entry.id)).state == "EXPIRED"
    assert numbers.state(ONE) == ("free", None)
    assert (await held(estate, "bob")).state == "HELD"


async def test_what_was_extended_outlives_the_first_end(estate: Estate) -> None:
    entry = await held(estate)
    estate.clock.advance(600)
    await estate.reservations.extend(entry)
    await estate.sweep_after(400)
    assert (await estate.entry(entry.id)).state == "HELD"


async def test_what_is_released_is_free_for_the_next(estate: Estate, numbers: Numbers) -> None:
    await estate.reservations.release(await held(estate))
    assert numbers.state(ONE) == ("free", None)
    assert (await held(estate, "bob")).state == "HELD"


async def test_releasing_again_changes_nothing(estate: Estate, numbers: Numbers) -> None:
    entry = await held(estate)
    await estate.reservations.release(entry)
    bobs = await held(estate, "bob")
    again = await estate.reservations.release(entry)
    assert again is not None
    assert again.state is ReservationState.RELEASED
    assert numbers.state(ONE) == ("reserved", bobs.token)


async def test_a_release_that_the_inventory_refuses_is_done_by_a_sweep(
    estate: Estate, sandbox: SandboxControl, api: str, numbers: Numbers
) -> None:
    entry = await held(estate)
    sandbox.fault("status", api=api, status=409, times=20)
    await estate.reservations.release(entry)
    assert (await estate.entry(entry.id)).live
    sandbox.clear_faults()
    await estate.sweep_after(TIMES.settle + 1)
    assert numbers.state(ONE) == ("free", None)


# ---------------------------------------------------------------- checkouts


async def test_what_is_frozen_outlives_its_hold(estate: Estate) -> None:
    entry = await in_checkout(estate)
    await estate.sweep_after(TIMES.hold + 1)
    assert (await estate.entry(entry.id)).state == "IN_CHECKOUT"


async def test_what_is_over_is_not_frozen(estate: Estate) -> None:
    entry = await held(estate)
    estate.clock.advance(TIMES.hold)
    assert await estate.assignments.freeze(entry, until=estate.clock.now() + 60) is None


async def test_freezing_again_moves_the_end(estate: Estate) -> None:
    entry = await in_checkout(estate)
    again = await estate.assignments.freeze(entry, until=entry.expires_at + 60)
    assert again is not None
    assert again.expires_at == entry.expires_at + 60


async def test_assigning_again_changes_nothing(estate: Estate, numbers: Numbers) -> None:
    entry = await assigned(estate)
    assert await estate.assignments.assign(entry) == await estate.entry(entry.id)
    assert numbers.state(ONE) == ("assigned", entry.token)


async def test_what_is_not_in_a_checkout_is_not_assigned(estate: Estate, numbers: Numbers) -> None:
    entry = await held(estate)
    assert await estate.assignments.assign(entry) is None
    assert numbers.state(ONE) == ("reserved", entry.token)


async def test_giving_back_a_checkout_makes_it_free_and_again_changes_nothing(estate: Estate, numbers: Numbers) -> None:
    entry = await in_checkout(estate)
    await estate.assignments.give_back(entry)
    assert numbers.state(ONE) == ("free", None)
    assert await estate.assignments.give_back(entry) is None


async def test_what_was_assigned_rests_before_it_is_free(estate: Estate, numbers: Numbers) -> None:
    entry = await assigned(estate)
    await estate.assignments.give_back(entry)
    await estate.sweep_after(1)
    assert numbers.state(ONE) == ("suspended", entry.token)
    with pytest.raises(LostRaceError):
        await held(estate, "bob")
    await estate.sweep_after(TIMES.rest)
    assert numbers.state(ONE) == ("free", None)
    assert (await held(estate, "cem")).state == "HELD"


async def test_an_assignment_whose_answer_is_lost_is_finished_by_a_sweep(
    estate: Estate, sandbox: SandboxControl, api: str, numbers: Numbers
) -> None:
    entry = await in_checkout(estate)
    sandbox.habit("applied-later", api=api, times=1)
    with pytest.raises(OutcomeUnknownError):
        await estate.assignments.assign(entry)
    await estate.sweep_after(TIMES.settle + 1)
    assert (await estate.entry(entry.id)).state == "ASSIGNED"
    assert numbers.state(ONE) == ("assigned", entry.token)


async def test_a_mark_that_the_inventory_lost_is_put_back(estate: Estate, numbers: Numbers) -> None:
    entry = await assigned(estate)
    numbers.patch(ONE, resourceStatus="available", usageState="idle", relatedParty=[])
    await estate.sweep_after(TIMES.ghost + 1)
    assert numbers.state(ONE) == ("assigned", entry.token)


async def test_a_mark_that_could_not_be_put_back_is_tried_again(
    estate: Estate, numbers: Numbers, sandbox: SandboxControl
) -> None:
    entry = await assigned(estate)
    estate.clock.advance(3_601)
    numbers.patch(ONE, resourceStatus="available", usageState="idle", relatedParty=[])
    sandbox.habit("applied-later", api="TMF639", times=1)
    await estate.sweeper.sweep()
    assert numbers.state(ONE) == ("free", None)
    await estate.sweep_after(TIMES.settle + 1)
    assert numbers.state(ONE) == ("assigned", entry.token)


@pytest.mark.parametrize("step", ["held", "in_checkout", "assigned"])
async def test_a_mark_under_that_of_a_reservation_that_is_over_is_put_back(
    step: str, estate: Estate, numbers: Numbers
) -> None:
    gone = await held(estate, "bob")
    await estate.reservations.release(gone)
    entry = await {"held": held, "in_checkout": in_checkout, "assigned": assigned}[step](estate)
    ghost = {"id": gone.token, "role": "reserver", "@referredType": "Individual"}
    numbers.patch(ONE, resourceStatus="reserved", usageState="idle", relatedParty=[ghost])
    await estate.desk.journal.hurry("NUMBER", ONE.value, estate.clock.now())
    await estate.sweeper.sweep()
    assert numbers.state(ONE) == ("assigned" if step == "assigned" else "reserved", entry.token)
