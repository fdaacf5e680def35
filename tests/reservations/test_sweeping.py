"""What sweeps mend: a Redis that lies or is gone, marks that are lost, reservations whose time is over."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import pytest
from prometheus_client import Counter as Counter_
from redis.asyncio import Redis

from clients.http import Reply
from domain.reservations import metrics
from domain.reservations.desk import LostRaceError, OutcomeUnknownError, hold_of
from domain.reservations.holds import Hold, Holds
from domain.reservations.reservation import ReservationState
from domain.reservations.sweeping import ReservationSweeper
from kernel.clock import FixedClock
from kernel.errors import StoreUnavailableError, UpstreamTimeoutError
from kernel.outcomes import Rejected
from kernel.tasks import stop
from store.leases import Leases
from store.reservations import Entry
from tests.carts.fate import Killed, Life, live, mortal
from tests.processes import PATIENCE
from tests.reservations.estate import TIMES, Estate, Numbers, ask, before_the_patch, meddling
from tests.reservations.stages import (
    NUMBERS,
    ONE,
    OTHER,
    assigned,
    held,
    in_checkout,
    overdue,
    overslept,
    resting,
)

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


# ---------------------------------------------------------------- many at once


async def test_one_call_that_hangs_keeps_no_other_number_back(estate: Estate, numbers: Numbers) -> None:
    """While it hangs, all others that are due are settled; then it is too."""
    entries = [await held(estate, f"shopper {place}", each) for place, each in enumerate(NUMBERS)]
    go_on, first = asyncio.Event(), list[bytes]()

    async def hang(content: bytes) -> Reply | None:
        if not first:
            first.append(content)
            await go_on.wait()
        return None

    estate.clock.advance(10_000)
    with meddling(estate.desk.inventory, hang):
        sweep = asyncio.create_task(estate.sweeper.sweep())
        async with asyncio.timeout(PATIENCE):
            while sum(numbers.state(each)[0] == "free" for each in NUMBERS) < len(NUMBERS) - 1:  # noqa: ASYNC110  (as above)
                await asyncio.sleep(0.01)
        assert not sweep.done()
        go_on.set()
        assert await sweep >= len(entries)
    assert all(numbers.state(each)[0] == "free" for each in NUMBERS)


async def test_a_row_that_cannot_be_settled_is_put_off_and_keeps_no_other_back(
    estate: Estate, numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Be it by a fault of ours: it is told of, and looked at again."""
    odd, sound = await held(estate), await held(estate, "bob", OTHER)
    settle, broken = ReservationSweeper.settle, True

    async def faulty(sweeper: ReservationSweeper, entry: Entry) -> None:
        if broken and entry.id == odd.id:
            raise ZeroDivisionError
        await settle(sweeper, entry)

    monkeypatch.setattr(ReservationSweeper, "settle", faulty)
    await estate.sweep_after(10_000)
    assert (numbers.state(ONE)[0], numbers.state(OTHER)[0]) == ("reserved", "free")
    assert (await estate.entry(sound.id)).state == "EXPIRED"
    broken = False
    await estate.sweep_after(TIMES.settle)
    assert numbers.state(ONE)[0] == "free"


async def test_a_sweep_whose_database_is_away_says_so(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not that a row could not be settled."""
    await held(estate)

    async def away(_: ReservationSweeper, __: Entry) -> None:
        raise StoreUnavailableError(detail="away")

    monkeypatch.setattr(ReservationSweeper, "settle", away)
    estate.clock.advance(10_000)
    with pytest.raises(StoreUnavailableError):
        await estate.sweeper.sweep()


async def test_what_is_to_be_looked_at_is_not_forgotten(estate: Estate, numbers: Numbers) -> None:
    """A write of which nobody has heard, by who slept for a month, may have come."""
    entry = await held(estate)
    await estate.reservations.release(entry)
    estate.clock.advance(estate.sweeper.keep)
    await estate.desk.unheard(entry)
    ghost = {"id": entry.token, "role": "reserver", "@referredType": "Individual"}
    await estate.sweep_after(1)
    numbers.patch(ONE, resourceStatus="reserved", usageState="idle", relatedParty=[ghost])
    await estate.sweep_after(TIMES.ghost)
    assert numbers.state(ONE) == ("free", None)
