"""Processes that die, sleep, or are not heard, over a real database, a real Redis and the sandbox's inventory."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from clients.http import Reply
from domain.reservations.desk import LostRaceError, OutcomeUnknownError
from domain.reservations.inventory import Marked
from kernel.errors import UpstreamTimeoutError
from kernel.outcomes import Rejected
from sandbox.control import SandboxControl
from tests.carts.fate import Killed, Life, boundary, live, mortal
from tests.reservations.estate import TIMES, Estate, Numbers, ask, meddling, patches_answered
from tests.reservations.stages import (
    ONE,
    assigned,
    held,
    in_checkout,
    overslept,
)


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


async def test_an_extension_that_overslept_does_not_shorten_a_later_one(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    mortal(monkeypatch)
    entry, life = await held(estate), Life(sleeps_at=1)
    estate.clock.advance(100)
    sleeper = await live(life, estate.reservations.extend(entry))
    estate.clock.advance(500)
    later = await estate.reservations.extend(entry)
    life.awake.set()
    await asyncio.wait({sleeper})
    assert (await estate.entry(entry.id)).expires_at == later.expires_at


async def test_a_release_that_nobody_heard_of_is_waited_for_by_who_gives_it_back_at_the_same_time(
    estate: Estate, other: Estate, numbers: Numbers, sandbox: SandboxControl
) -> None:
    """It would take off the mark of whoever came next, on a blind server."""
    entry = await held(estate)
    with patches_answered(estate.desk.inventory, 409):
        await estate.reservations.release(entry)
    listed = await estate.entry(entry.id)
    async with overslept(estate, estate.sweeper.settle(listed)):
        sandbox.habit("applied-later", api="TMF639", times=1)
        await other.sweeper.settle(listed)
    await estate.sweeper.sweep()
    with pytest.raises(LostRaceError):
        await held(estate, "bob")
    sandbox.apply_ghosts()
    await estate.sweep_after(TIMES.ghost + 1)
    bobs = await held(estate, "bob")
    assert numbers.state(ONE) == ("reserved", bobs.token)


async def test_who_looked_for_the_last_time_when_another_woke_looks_again(
    estate: Estate, other: Estate, numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had seen no mark, and said that nobody need look any more."""
    mortal(monkeypatch)
    asleep, awake = asyncio.Event(), asyncio.Event()
    late: list[bytes] = []

    async def sleep(content: bytes) -> Reply | None:
        late.append(content)
        asleep.set()
        await awake.wait()
        raise UpstreamTimeoutError("tmf639", detail="late")

    with meddling(estate.desk.inventory, sleep):
        sleeper = asyncio.create_task(estate.reservations.reserve(ask(), ONE))
        await asleep.wait()
        for seconds in (TIMES.hold, TIMES.ghost):
            await other.sweep_after(seconds)
        estate.clock.advance(TIMES.last_look)
        (over,) = await other.desk.journal.of_resource("NUMBER", ONE.value)
        life = Life(sleeps_at=1)
        looking = await live(life, other.sweeper.settle(over))
        awake.set()
        await asyncio.wait({sleeper})
    assert isinstance(sleeper.exception(), OutcomeUnknownError)
    life.awake.set()
    await looking
    numbers.patch(ONE, **json.loads(late[0]))
    await other.sweep_after(TIMES.ghost)
    assert numbers.state(ONE) == ("free", None)


async def test_what_was_assigned_is_looked_at_again_when_somebody_asked_for_it_meanwhile(
    estate: Estate, other: Estate, numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who gave back the number before slept, and takes the mark off between the last look and its note."""
    mortal(monkeypatch)
    entry, life = await held(estate, "bob"), Life(sleeps_at=1)
    async with overslept(estate, estate.reservations.release(entry)):
        await other.sweep_after(TIMES.settle)
        adas = await assigned(other)
        estate.clock.advance(3_601)
        looking = await live(life, other.sweeper.settle(adas))
    assert numbers.state(ONE) == ("free", None)
    life.awake.set()
    await looking
    for _ in range(2):
        await other.sweeper.sweep()
    assert numbers.state(ONE) == ("assigned", adas.token)


async def test_where_there_are_no_marks_the_last_look_leaves_alone_what_is_another_s(
    unmarked: Estate, numbers: Numbers
) -> None:
    async with overslept(unmarked, unmarked.reservations.reserve(ask(), ONE)):
        for seconds in (TIMES.hold, TIMES.ghost):
            await unmarked.sweep_after(seconds)
        await held(unmarked, "bob")
    assert numbers.state(ONE) == ("reserved", None)
    await unmarked.sweep_after(TIMES.last_look)
    assert numbers.state(ONE) == ("reserved", None)


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
