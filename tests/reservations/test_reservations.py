"""Reserving, extending, assigning and giving back over a real database, a real Redis and the sandbox's inventory."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from prometheus_client import Counter as Counter_
from redis.asyncio import Redis

from clients.http import Reply
from domain.reservations import metrics
from domain.reservations.desk import LostRaceError, OutcomeUnknownError, hold_of
from domain.reservations.holds import Hold, Holds
from domain.reservations.inventory import Marked
from domain.reservations.reservation import ReservationState
from domain.reservations.reservations import Reservation
from kernel.clock import FixedClock
from kernel.errors import UpstreamTimeoutError
from kernel.outcomes import ErrorCode, Rejected
from kernel.tasks import stop
from sandbox.control import SandboxControl
from store.leases import Leases
from store.reservations import Entry
from tests.carts.fate import Killed, Life, boundary, live, mortal
from tests.processes import PATIENCE
from tests.reservations.estate import TIMES, Estate, Numbers, ask, before_the_patch, free_numbers, meddling

NUMBERS = free_numbers(20)
ONE, OTHER = NUMBERS[:2]
Made = Reservation | BaseException


async def held(estate: Estate, shopper: str = "ada", key: str = "k1") -> Entry:
    return await estate.entry((await estate.reservations.reserve(ask(shopper, key), ONE)).id)


async def in_checkout(estate: Estate) -> Entry:
    frozen = await estate.assignments.freeze(await held(estate), until=estate.clock.now() + 3_600)
    assert frozen is not None
    return frozen


async def assigned(estate: Estate) -> Entry:
    done = await estate.assignments.assign(await in_checkout(estate))
    assert done is not None
    return done


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


# ---------------------------------------------------------------- processes that die or sleep


@pytest.mark.parametrize("dies_at", range(1, 8))
async def test_a_process_killed_at_any_step_leaves_nothing_behind(
    dies_at: int, estate: Estate, numbers: Numbers, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    mortal(monkeypatch)

    async def dying(_: bytes) -> Reply | None:
        await boundary()
        return None

    with meddling(estate.desk.inventory, dying):
        task = await live(Life(dies_at=dies_at), estate.reservations.reserve(ask(), ONE))
    assert task.done()
    if dies_at <= 5:
        assert isinstance(task.exception(), Killed)
    await estate.sweep_after(TIMES.hold + 1)
    await estate.sweep_after(TIMES.ghost + 1)
    assert numbers.state(ONE) == ("free", None)
    await redis.delete(f"bff:{{holds}}:NUMBER:{ONE.value}")  # by itself, in time
    assert (await held(estate, "bob")).state == "HELD"


@asynccontextmanager
async def overslept(
    estate: Estate, work: Coroutine[Any, Any, Made | Entry | None]
) -> AsyncIterator["asyncio.Task[Any]"]:
    """Inside, `work` sleeps before its first write; afterwards it has woken up and is done."""
    asleep, awake = asyncio.Event(), asyncio.Event()

    async def sleep(_: bytes) -> Reply | None:
        if not asleep.is_set():
            asleep.set()
            await awake.wait()
        return None

    with meddling(estate.desk.inventory, sleep):
        sleeper = asyncio.create_task(work)
        await asleep.wait()
        yield sleeper
        awake.set()
        await asyncio.wait([sleeper])


async def test_who_overslept_its_time_changes_nothing_of_the_next_one(estate: Estate, numbers: Numbers) -> None:
    """It wakes between its read and its write, on a blind server: its mark stands over the other's for a moment."""
    async with overslept(estate, estate.reservations.reserve(ask(), ONE)) as sleeper:
        await estate.sweep_after(TIMES.hold + 1)
        await estate.sweep_after(TIMES.ghost + 1)
        bobs = await held(estate, "bob")
    assert isinstance(sleeper.exception(), LostRaceError)
    await estate.sweeper.sweep()
    assert numbers.state(ONE) == ("reserved", bobs.token)
    assert (await estate.entry(bobs.id)).state == "HELD"


@pytest.mark.parametrize("seen", [Marked.NOT_SENT, Marked.LOST])
async def test_who_fails_does_not_end_what_another_with_its_key_is_at(
    seen: Marked,
    estate: Estate,
    make_estate: Callable[..., Estate],
    numbers: Numbers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The other's write is carried out when the first has long said that nothing came of it."""
    other, asked, answer = make_estate(), asyncio.Event(), asyncio.Event()

    async def slowly(*_: object) -> Marked:
        asked.set()
        await answer.wait()
        return seen

    late: list[bytes] = []

    async def put_off(content: bytes) -> Reply | None:
        late.append(content)
        raise UpstreamTimeoutError("tmf639", detail="late")

    with monkeypatch.context() as patched:
        patched.setattr(type(estate.desk.inventory), "reserve", slowly)
        first = asyncio.create_task(estate.reservations.reserve(ask(), ONE))
        await asked.wait()
    with meddling(other.desk.inventory, put_off), pytest.raises(OutcomeUnknownError):
        await other.reservations.reserve(ask(), ONE)
    answer.set()
    await asyncio.wait([first])
    assert isinstance(first.exception(), Rejected | LostRaceError)
    await other.aclose()
    await estate.sweep_after(TIMES.settle)
    numbers.patch(ONE, **json.loads(late[0]))
    for seconds in (TIMES.ghost, TIMES.last_look):
        await estate.sweep_after(seconds)
    assert numbers.state(ONE) == ("free", None)
    assert (await held(estate, "bob")).state == "HELD"


async def test_who_wakes_and_is_not_heard_leaves_no_mark(estate: Estate, numbers: Numbers) -> None:
    """Its reservation was over, looked at for the last time and forgotten, before it sent what came even later."""
    asleep, awake = asyncio.Event(), asyncio.Event()
    late: list[bytes] = []

    async def sleep(content: bytes) -> Reply | None:
        if late:
            return None
        late.append(content)
        asleep.set()
        await awake.wait()
        raise UpstreamTimeoutError("tmf639", detail="late")

    with meddling(estate.desk.inventory, sleep):
        sleeper = asyncio.create_task(estate.reservations.reserve(ask(), ONE))
        await asleep.wait()
        for seconds in (TIMES.hold, TIMES.ghost, TIMES.last_look):
            await estate.sweep_after(seconds)
        awake.set()
        await asyncio.wait([sleeper])
    assert isinstance(sleeper.exception(), OutcomeUnknownError)
    numbers.patch(ONE, **json.loads(late[0]))
    await estate.sweep_after(TIMES.ghost)
    assert numbers.state(ONE) == ("free", None)


async def test_who_slept_does_not_freeze_what_another_said_was_over(
    estate: Estate, numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had looked at its clock in time; nobody would ever end a checkout that nobody knows of."""
    mortal(monkeypatch)
    entry, until = await held(estate), estate.clock.now() + 3_600
    life = Life(sleeps_at=1)
    sleeper = await live(life, estate.assignments.freeze(entry, until=until))
    estate.clock.advance(TIMES.hold)
    assert await estate.assignments.freeze(entry, until=until) is None
    life.awake.set()
    assert await sleeper is None
    await estate.sweeper.sweep()
    assert (await estate.entry(entry.id)).state == "EXPIRED"
    assert numbers.state(ONE) == ("free", None)


async def test_two_who_assign_the_same_at_once_are_both_told_so(estate: Estate, numbers: Numbers) -> None:
    entry = await in_checkout(estate)
    async with overslept(estate, estate.assignments.assign(entry)) as sleeper:
        await estate.assignments.assign(entry)
    assert sleeper.result() == await estate.entry(entry.id)
    assert (await estate.entry(entry.id)).state == "ASSIGNED"


async def test_an_assignment_that_overslept_takes_nothing_from_the_next_one(estate: Estate, numbers: Numbers) -> None:
    """It was given back while it slept, on a blind server."""
    entry = await in_checkout(estate)
    async with overslept(estate, estate.assignments.assign(entry)) as sleeper:
        await estate.assignments.give_back(entry)
        await estate.sweep_after(TIMES.ghost + 1)
        bobs = await held(estate, "bob")
    assert sleeper.result() is None
    await estate.sweeper.sweep()
    assert numbers.state(ONE) == ("reserved", bobs.token)


async def test_who_wakes_when_another_with_its_key_has_reserved_and_released_and_then_dies_leaves_no_mark(
    estate: Estate, numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    mortal(monkeypatch)

    async def dying(_: bytes) -> Reply | None:
        await boundary()
        return None

    life = Life(sleeps_at=3, dies_at=6)
    with meddling(estate.desk.inventory, dying):
        sleeper = await live(life, estate.reservations.reserve(ask(), ONE))
    await estate.reservations.release(await held(estate))
    await estate.sweep_after(TIMES.ghost + 1)
    life.awake.set()
    await asyncio.wait({sleeper})
    assert isinstance(sleeper.exception(), Killed)
    await estate.sweep_after(TIMES.last_look + 1)
    assert numbers.state(ONE) == ("free", None)


async def test_an_old_token_changes_nothing(estate: Estate, numbers: Numbers) -> None:
    entry = await held(estate)
    estate.clock.advance(1)
    old = replace(entry, token="0" * 32)
    assert await estate.assignments.freeze(old, until=estate.clock.now() + 60) is None
    assert await estate.assignments.assign(old) is None
    assert await estate.assignments.give_back(old) is None
    await estate.reservations.release(old)
    with pytest.raises(Rejected):
        await estate.reservations.extend(old)
    assert await estate.entry(entry.id) == entry
    assert numbers.state(ONE) == ("reserved", entry.token)


# ---------------------------------------------------------------- Redis, which lies or is gone


async def test_after_redis_forgot_everything_nothing_is_reserved_until_a_sweep(estate: Estate, redis: Redis) -> None:
    await held(estate)
    await redis.flushall()
    with pytest.raises(Rejected) as refused:
        await estate.reservations.reserve(ask("bob"), OTHER)
    assert refused.value.reasons[0].retryable
    await estate.sweeper.sweep()
    assert await redis.exists(f"bff:{{holds}}:NUMBER:{ONE.value}")
    assert (await estate.reservations.reserve(ask("bob"), OTHER)).state is ReservationState.HELD


async def test_checkouts_go_on_without_redis(estate: Estate, redis: Redis, numbers: Numbers) -> None:
    entry = await held(estate)
    await redis.flushall()
    frozen = await estate.assignments.freeze(entry, until=estate.clock.now() + 60)
    assert frozen is not None
    assert (await estate.assignments.assign(frozen)) is not None
    assert numbers.state(ONE) == ("assigned", entry.token)


async def test_the_journal_refuses_what_redis_allowed(estate: Estate, redis: Redis, numbers: Numbers) -> None:
    entry = await held(estate)
    await redis.delete(f"bff:{{holds}}:NUMBER:{ONE.value}")
    with pytest.raises(LostRaceError):
        await estate.reservations.reserve(ask("bob"), ONE)
    assert numbers.state(ONE) == ("reserved", entry.token)


@dataclass(frozen=True)
class RestartedHolds(Holds):
    """Over a Redis that was started again, as often as `runs` says."""

    runs: list[str]

    async def server(self) -> str | None:
        return self.runs[-1]


async def test_what_a_redis_that_came_back_older_holds_again_is_let_go(estate: Estate, redis: Redis) -> None:
    """Once for each run of it; what is live, and what another has by now, it leaves alone."""
    holds = RestartedHolds(redis, 5, 500, ["first"])
    sweeper = replace(estate.sweeper, desk=replace(estate.desk, holds=holds))
    entry, live = await held(estate), await estate.reservations.reserve(ask("eve"), OTHER)
    await estate.reservations.release(entry)
    await sweeper.sweep()
    await holds.keep(hold_of(entry), seconds=900.0)
    await sweeper.sweep()
    with pytest.raises(LostRaceError):
        await estate.reservations.reserve(ask("bob"), ONE)
    holds.runs.append("second")
    await sweeper.sweep()
    assert (await estate.reservations.reserve(ask("bob"), ONE)).state is ReservationState.HELD
    holds.runs.append("third")
    await sweeper.sweep()
    for each in (ONE, OTHER):
        assert await redis.exists(f"bff:{{holds}}:NUMBER:{each.value}")
    assert (await estate.entry(live.id)).state == "HELD"


# ---------------------------------------------------------------- sweeping


async def test_sweeping_again_finds_nothing(estate: Estate) -> None:
    await held(estate)
    estate.clock.advance(TIMES.hold)
    assert await estate.sweeper.sweep() == 1
    assert await estate.sweeper.sweep() == 0


@dataclass(frozen=True)
class SlowHolds(Holds):
    """Before holds are put back, `first` happens."""

    first: Callable[[], Awaitable[object]]

    async def keep_all(self, holds: Sequence[tuple[Hold, float]]) -> None:
        await self.first()
        await super().keep_all(holds)


async def test_a_sweep_does_not_put_back_what_is_given_back_meanwhile(estate: Estate, redis: Redis) -> None:
    entry = await held(estate)
    slow = SlowHolds(redis, 5, 500, lambda: estate.reservations.release(entry))
    await replace(estate.sweeper, desk=replace(estate.desk, holds=slow)).sweep()
    assert await redis.keys(f"*{ONE.value}") == []


async def test_who_has_swept_sweeps_again_before_its_lease_is_over(estate: Estate) -> None:
    """The clock of the leases stands still: no other could sweep."""
    sweeper = replace(estate.sweeper, every=0.001, leases=Leases(estate.desk.journal.database, FixedClock()))
    swept = metrics.SWEEPS.labels("done")
    before = _value(swept)
    running = asyncio.create_task(sweeper.run())
    async with asyncio.timeout(PATIENCE):
        while _value(swept) < before + 3:  # noqa: ASYNC110  (a counter has no event)
            await asyncio.sleep(0.01)
    await stop([running])


def _value(counter: Counter_) -> float:
    return float(next(iter(counter.collect())).samples[0].value)


@pytest.mark.parametrize("what", [held, in_checkout, assigned])
async def test_two_who_sweep_at_once_do_no_harm(
    what: Callable[[Estate], Awaitable[Entry]], estate: Estate, make_estate: Callable[..., Estate], numbers: Numbers
) -> None:
    entry = await what(estate)
    other = make_estate()
    estate.clock.advance(TIMES.hold)
    await asyncio.gather(estate.sweeper.sweep(), other.sweeper.sweep())
    await other.aclose()
    expected = {"held": ("free", None), "in_checkout": ("reserved", entry.token), "assigned": ("assigned", entry.token)}
    assert numbers.state(ONE) == expected[what.__name__]


async def test_a_sweep_with_an_old_row_does_not_take_an_assignment_back(estate: Estate, numbers: Numbers) -> None:
    entry = await held(estate)
    frozen = await estate.assignments.freeze(entry, until=estate.clock.now() + 60)
    assert frozen is not None
    await estate.assignments.assign(frozen)
    await estate.sweeper.settle(entry)
    assert numbers.state(ONE) == ("assigned", entry.token)


async def test_a_release_between_read_and_write_wins_over_the_reservation(estate: Estate, numbers: Numbers) -> None:
    """The row is released while its mark is on its way: whoever waits hears that it is lost, and nothing stays."""

    def expire() -> None:
        estate.clock.advance(TIMES.hold + 1)

    with before_the_patch(estate.desk.inventory, expire), pytest.raises(LostRaceError):
        await estate.reservations.reserve(ask(), ONE)
    await estate.sweeper.sweep()
    assert numbers.state(ONE) == ("free", None)


async def overdue(estate: Estate) -> Entry:
    entry = await in_checkout(estate)
    estate.clock.advance(3_600)
    return entry


async def resting(estate: Estate) -> Entry:
    given_up = await estate.assignments.give_back(await assigned(estate))
    assert given_up is not None
    return given_up


@pytest.mark.parametrize("what", [held, in_checkout, overdue])
async def test_a_sweep_that_overslept_leaves_no_mark(
    what: Callable[[Estate], Awaitable[Entry]], estate: Estate, numbers: Numbers
) -> None:
    """It puts a lost mark back when the number has long been given back, and nobody wants it any more."""
    entry = await what(estate)
    numbers.patch(ONE, resourceStatus="available", usageState="idle", relatedParty=[])
    async with overslept(estate, estate.sweeper.settle(entry)) as sleeper:
        await estate.assignments.give_back(entry)
        await estate.sweep_after(TIMES.ghost)
    assert sleeper.exception() is None
    await estate.sweeper.sweep()
    assert numbers.state(ONE) == ("free", None)


@pytest.mark.parametrize("dies", [False, True])
@pytest.mark.parametrize("what", [held, in_checkout, overdue, assigned])
async def test_a_mark_that_a_sweep_put_back_late_does_not_stay(
    what: Callable[[Estate], Awaitable[Entry]],
    dies: bool,
    estate: Estate,
    numbers: Numbers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The write is carried out when the number has been given back; whoever sent it hears nothing, or is dead."""
    mortal(monkeypatch)
    entry = await what(estate)
    numbers.patch(ONE, resourceStatus="available", usageState="idle", relatedParty=[])
    late: list[bytes] = []

    async def put_off(content: bytes) -> Reply | None:
        if late:
            return None
        late.append(content)
        if dies:
            raise Killed
        raise UpstreamTimeoutError("tmf639", detail="late")

    with meddling(estate.desk.inventory, put_off):
        task = await live(Life(), estate.sweeper.attempt(entry))
    assert isinstance(task.exception(), Killed) if dies else isinstance(task.result(), OutcomeUnknownError)
    [content] = late
    await estate.assignments.give_back(entry)
    await estate.sweep_after(TIMES.ghost - 1)
    numbers.patch(ONE, **json.loads(content))
    await estate.sweep_after(TIMES.rest if what is assigned else TIMES.ghost)
    await estate.sweep_after(TIMES.last_look)
    assert numbers.state(ONE) == ("free", None)


@pytest.mark.parametrize("what", [held, in_checkout, assigned, resting])
async def test_a_sweep_that_overslept_takes_nothing_from_the_next_one(
    what: Callable[[Estate], Awaitable[Entry]], estate: Estate, numbers: Numbers
) -> None:
    """It puts a lost mark back, or the number aside, on a blind server, long after it was given back."""
    entry = await what(estate)
    if what is not resting:
        numbers.patch(ONE, resourceStatus="available", usageState="idle", relatedParty=[])
    async with overslept(estate, estate.sweeper.settle(entry)) as sleeper:
        await estate.reservations.release(entry)
        await estate.assignments.give_back(entry)
        await estate.sweep_after(TIMES.rest if what in (assigned, resting) else TIMES.ghost)
        bobs = await held(estate, "bob")
    assert sleeper.exception() is None
    await estate.sweeper.sweep()
    assert numbers.state(ONE) == ("reserved", bobs.token)
