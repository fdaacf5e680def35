"""Reservations in the sandbox's TMF685, on good days and on bad ones."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from domain.reservations.inventory import Marked
from domain.reservations.model import ResourceState
from domain.reservations.pool import Pool
from kernel.clock import FixedClock
from sandbox.apis.tmf685 import TMF685
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.reservations.estate import Json, Numbers, closed, free_numbers, patches_answered, pool_over

MINE, THEIRS = "t-mine", "t-theirs"
NUMBER = free_numbers(1)[0]
NOBODY = replace(NUMBER, upstream_id="msisdn-0")
MakePool = Callable[..., Pool]


@pytest.fixture
async def make_pool(
    sandbox_process: SandboxProcess, sandbox: SandboxControl, clock: FixedClock
) -> AsyncIterator[MakePool]:
    made: list[Pool] = []

    def make(**given: Any) -> Pool:
        made.append(pool_over(sandbox_process.base_url, clock, **given))
        return made[-1]

    yield make
    for each in made:
        await closed(each)


@pytest.fixture
def pool(make_pool: MakePool) -> Pool:
    return make_pool()


@pytest.fixture
def reservations(sandbox_process: SandboxProcess, sandbox: SandboxControl) -> Callable[[], list[Json]]:
    """All of them, as the operator sees them."""
    url = f"{sandbox_process.base_url}{TMF685.base_path}/reservation"
    return lambda: list(httpx.get(url, headers={"connection": "close"}, trust_env=False).json())


@pytest.fixture
def put(sandbox_process: SandboxProcess, reservations: Callable[[], list[Json]]) -> Callable[[str], None]:
    """Brings the only reservation there is to a state, as the operator does."""

    def bring(state: str) -> None:
        (only,) = reservations()
        url = f"{sandbox_process.base_url}{TMF685.base_path}/reservation/{only['id']}"
        sent = {"reservationState": state}
        httpx.patch(url, json=sent, headers={"connection": "close"}, trust_env=False).raise_for_status()

    return bring


@pytest.fixture
def calls(sandbox: SandboxControl) -> Callable[[], list[str]]:
    return lambda: [call["method"] for call in sandbox.calls()["log"] if call["resource"] == "reservation"]


def states(found: list[Json]) -> list[str]:
    return sorted(each["reservationState"] for each in found)


# ---------------------------------------------------------------- reserving


async def test_a_free_number_is_reserved_under_our_token(pool: Pool, numbers: Numbers) -> None:
    assert await pool.reserve(NUMBER, MINE) is Marked.DONE
    assert numbers.state(NUMBER) == ("reserved", MINE)


async def test_a_reservation_names_one_resource_its_party_and_its_end(
    pool: Pool, reservations: Callable[[], list[Json]]
) -> None:
    await pool.reserve(NUMBER, MINE)
    (only,) = reservations()
    assert only["relatedParty"]["id"] == MINE
    assert [each["id"] for each in only["reservationItem"][0]["appliedCapacityAmount"]["resource"]] == [
        NUMBER.upstream_id
    ]
    assert only["valid_for"] == "2027-01-16T08:00:00+00:00"  # a day after the clock of these tests


async def test_reserving_is_a_get_a_post_and_a_get(
    pool: Pool, sandbox: SandboxControl, calls: Callable[[], list[str]]
) -> None:
    sandbox.reset_calls()
    await pool.reserve(NUMBER, MINE)
    assert calls() == ["GET", "POST", "GET"]


async def test_reserving_again_writes_nothing(
    pool: Pool, sandbox: SandboxControl, calls: Callable[[], list[str]]
) -> None:
    await pool.reserve(NUMBER, MINE)
    sandbox.reset_calls()
    assert await pool.reserve(NUMBER, MINE) is Marked.DONE
    assert calls() == ["GET"]


async def test_what_another_has_reserved_is_a_loss_and_stays(pool: Pool, numbers: Numbers) -> None:
    await pool.reserve(NUMBER, THEIRS)
    assert await pool.reserve(NUMBER, MINE) is Marked.LOST
    assert numbers.state(NUMBER) == ("reserved", THEIRS)


async def test_a_number_that_is_not_there_is_a_loss(pool: Pool) -> None:
    assert await pool.reserve(NOBODY, MINE) is Marked.LOST


async def test_a_reservation_that_is_over_there_is_made_again(
    pool: Pool, put: Callable[[str], None], reservations: Callable[[], list[Json]]
) -> None:
    await pool.reserve(NUMBER, MINE)
    put("expired")
    assert await pool.reserve(NUMBER, MINE) is Marked.DONE
    assert states(reservations()) == ["expired", "reserved"]


async def test_a_reservation_in_a_state_nobody_knows_is_no_proof(pool: Pool) -> None:
    other = replace(pool, words=replace(pool.words, reserved=("booked",)))
    assert await other.reserve(NUMBER, MINE) is Marked.UNKNOWN


async def test_a_server_that_does_not_filter_reserves_nothing(
    pool: Pool, sandbox: SandboxControl, reservations: Callable[[], list[Json]]
) -> None:
    """What it answers proves nothing: our own reservation could be on another page."""
    await pool.reserve(free_numbers(2)[1], THEIRS)
    sandbox.habit("filter-ignored", api="TMF685")
    assert await pool.reserve(NUMBER, MINE) is Marked.NOT_SENT
    assert len(reservations()) == 1


@pytest.mark.usefixtures("hurry")
async def test_a_post_whose_answer_is_lost_is_looked_up(pool: Pool, sandbox: SandboxControl) -> None:
    sandbox.habit("late-apply", api="TMF685", times=1)
    assert await pool.reserve(NUMBER, MINE) is Marked.DONE


async def test_a_post_that_is_applied_later_is_unknown_and_not_repeated(
    pool: Pool, sandbox: SandboxControl, calls: Callable[[], list[str]]
) -> None:
    sandbox.habit("applied-later", api="TMF685", times=1)
    sandbox.reset_calls()
    assert await pool.reserve(NUMBER, MINE) is Marked.UNKNOWN
    assert calls().count("POST") == 1


async def test_what_was_unknown_is_settled_by_a_later_look(
    pool: Pool, sandbox: SandboxControl, reservations: Callable[[], list[Json]]
) -> None:
    sandbox.habit("applied-later", api="TMF685", times=1)
    await pool.reserve(NUMBER, MINE)
    sandbox.apply_ghosts()
    assert await pool.reserve(NUMBER, MINE) is Marked.DONE
    assert states(reservations()) == ["reserved"]


@pytest.mark.parametrize("fault", ["reset", "hang", "status", "html", "errorBody", "truncated", "half"])
@pytest.mark.usefixtures("hurry")
async def test_nothing_is_reserved_while_nobody_can_be_asked(
    fault: str, pool: Pool, sandbox: SandboxControl, numbers: Numbers
) -> None:
    sandbox.fault(fault, api="TMF685", times=1)
    assert await pool.reserve(NUMBER, MINE) is Marked.NOT_SENT
    assert numbers.state(NUMBER) == ("free", None)


async def test_a_locked_pool_reserves_nothing(pool: Pool, sandbox: SandboxControl) -> None:
    sandbox.auth("apiKey", api="TMF685", header="X-API-Key", key="k")
    assert await pool.reserve(NUMBER, MINE) is Marked.NOT_SENT


# ---------------------------------------------------------------- assigning


async def test_what_is_assigned_is_so_in_the_inventory(pool: Pool, numbers: Numbers) -> None:
    await pool.reserve(NUMBER, MINE)
    assert await pool.assign(NUMBER, MINE) is Marked.DONE
    assert numbers.state(NUMBER) == ("assigned", MINE)


async def test_what_is_assigned_does_not_end_in_the_pool(pool: Pool, reservations: Callable[[], list[Json]]) -> None:
    await pool.reserve(NUMBER, MINE)
    await pool.assign(NUMBER, MINE)
    assert states(reservations()) == ["completed"]


async def test_assigning_again_writes_nothing(
    pool: Pool, sandbox: SandboxControl, calls: Callable[[], list[str]]
) -> None:
    await pool.reserve(NUMBER, MINE)
    await pool.assign(NUMBER, MINE)
    sandbox.reset_calls()
    assert await pool.assign(NUMBER, MINE) is Marked.DONE
    assert set(calls()) == {"GET"}


async def test_a_late_reserve_does_not_take_an_assignment_back(pool: Pool, numbers: Numbers) -> None:
    await pool.reserve(NUMBER, MINE)
    await pool.assign(NUMBER, MINE)
    assert await pool.reserve(NUMBER, MINE) is Marked.DONE
    assert numbers.state(NUMBER) == ("assigned", MINE)


async def test_where_the_inventory_shows_no_party_the_reservation_proves_whose_it_is(
    pool: Pool, numbers: Numbers
) -> None:
    await pool.reserve(NUMBER, MINE)
    numbers.patch(NUMBER, relatedParty=[])
    assert await pool.assign(NUMBER, MINE) is Marked.DONE
    assert numbers.state(NUMBER) == ("assigned", MINE)


async def test_what_bears_the_mark_of_another_in_the_inventory_is_not_assigned(pool: Pool, numbers: Numbers) -> None:
    await pool.reserve(NUMBER, MINE)
    numbers.patch(NUMBER, relatedParty=[{"id": THEIRS, "role": "reserver", "@referredType": "Individual"}])
    assert await pool.assign(NUMBER, MINE) is Marked.LOST
    assert numbers.state(NUMBER) == ("reserved", THEIRS)


async def test_a_reservation_that_was_over_is_made_again_before_it_is_assigned(
    pool: Pool, put: Callable[[str], None], numbers: Numbers
) -> None:
    await pool.reserve(NUMBER, MINE)
    put("expired")
    assert await pool.assign(NUMBER, MINE) is Marked.DONE
    assert numbers.state(NUMBER) == ("assigned", MINE)


async def test_a_reservation_that_was_over_and_went_to_another_is_a_loss(
    pool: Pool, put: Callable[[str], None], numbers: Numbers
) -> None:
    await pool.reserve(NUMBER, MINE)
    put("expired")
    await pool.reserve(NUMBER, THEIRS)
    assert await pool.assign(NUMBER, MINE) is Marked.LOST
    assert numbers.state(NUMBER) == ("reserved", THEIRS)


async def test_an_assignment_that_the_pool_has_not_heard_of_is_unknown(pool: Pool) -> None:
    await pool.reserve(NUMBER, MINE)
    with patches_answered(pool, 202):
        assert await pool.assign(NUMBER, MINE) is Marked.UNKNOWN


async def test_where_fulfilment_assigns_a_number_stays_reserved_for_good(
    make_pool: MakePool, numbers: Numbers, reservations: Callable[[], list[Json]]
) -> None:
    pool = make_pool(assigns=False)
    await pool.reserve(NUMBER, MINE)
    assert await pool.assign(NUMBER, MINE) is Marked.DONE
    assert (numbers.state(NUMBER), states(reservations())) == (("reserved", MINE), ["completed"])


async def test_where_fulfilment_assigns_what_is_over_and_anothers_is_a_loss(
    make_pool: MakePool, put: Callable[[str], None]
) -> None:
    pool = make_pool(assigns=False)
    await pool.reserve(NUMBER, MINE)
    put("expired")
    await pool.reserve(NUMBER, THEIRS)
    assert await pool.assign(NUMBER, MINE) is Marked.LOST


# ---------------------------------------------------------------- what an audit asks


async def test_what_was_assigned_is_kept(pool: Pool) -> None:
    await pool.reserve(NUMBER, MINE)
    await pool.assign(NUMBER, MINE)
    assert await pool.keeps(NUMBER, MINE)


async def test_what_the_inventory_forgot_is_not_kept(pool: Pool, numbers: Numbers) -> None:
    await pool.reserve(NUMBER, MINE)
    await pool.assign(NUMBER, MINE)
    numbers.patch(NUMBER, resourceStatus="available", usageState="idle", relatedParty=[])
    assert not await pool.keeps(NUMBER, MINE)


async def test_what_is_left_to_fulfilment_is_kept_by_the_pool_alone(make_pool: MakePool, numbers: Numbers) -> None:
    pool = make_pool(assigns=False)
    await pool.reserve(NUMBER, MINE)
    await pool.assign(NUMBER, MINE)
    numbers.patch(NUMBER, relatedParty=[])
    assert await pool.keeps(NUMBER, MINE)


async def test_what_fulfilment_has_assigned_is_kept(make_pool: MakePool, numbers: Numbers) -> None:
    pool = make_pool(assigns=False)
    await pool.reserve(NUMBER, MINE)
    await pool.assign(NUMBER, MINE)
    numbers.patch(NUMBER, usageState="active", relatedParty=[])
    assert await pool.keeps(NUMBER, MINE)


# ---------------------------------------------------------------- releasing


async def test_releasing_makes_a_number_free(
    pool: Pool, numbers: Numbers, reservations: Callable[[], list[Json]]
) -> None:
    await pool.reserve(NUMBER, MINE)
    assert await pool.release(NUMBER, MINE) is Marked.DONE
    assert (numbers.state(NUMBER), states(reservations())) == (("free", None), ["cancelled"])


async def test_releasing_what_was_assigned_makes_it_free(pool: Pool, numbers: Numbers) -> None:
    await pool.reserve(NUMBER, MINE)
    await pool.assign(NUMBER, MINE)
    assert await pool.release(NUMBER, MINE) is Marked.DONE
    assert numbers.state(NUMBER) == ("free", None)


async def test_releasing_leaves_what_is_anothers_alone(pool: Pool, numbers: Numbers) -> None:
    await pool.reserve(NUMBER, THEIRS)
    assert await pool.release(NUMBER, MINE) is Marked.DONE
    assert numbers.state(NUMBER) == ("reserved", THEIRS)


async def test_a_release_that_is_applied_later_is_unknown(pool: Pool, sandbox: SandboxControl) -> None:
    await pool.reserve(NUMBER, MINE)
    sandbox.habit("applied-later", api="TMF685", times=1)
    assert await pool.release(NUMBER, MINE) is Marked.UNKNOWN


async def test_a_release_that_is_refused_is_neither_done_nor_unknown(pool: Pool, numbers: Numbers) -> None:
    await pool.reserve(NUMBER, MINE)
    with patches_answered(pool, 409):
        assert await pool.release(NUMBER, MINE) is Marked.NOT_SENT
    assert numbers.state(NUMBER) == ("reserved", MINE)


async def test_what_was_given_up_rests(pool: Pool, numbers: Numbers) -> None:
    await pool.reserve(NUMBER, MINE)
    await pool.assign(NUMBER, MINE)
    assert await pool.rest(NUMBER, MINE) is Marked.DONE
    assert numbers.state(NUMBER) == ("suspended", MINE)


async def test_looking_tells_what_the_inventory_shows(pool: Pool) -> None:
    await pool.reserve(NUMBER, MINE)
    seen = await pool.look(NUMBER)
    assert seen is not None
    assert (seen.state, seen.mark) == (ResourceState.RESERVED, MINE)
