"""The rows of numbers on their way: one right for each number and line, and steps that know what they step from."""

import asyncio
import dataclasses

import pytest

from store.database import Connection, Database
from store.port_ins import NumberTakenError, PortInRow, PortInRows, hurry

ROW = PortInRow(
    id="p1",
    token="t1",
    msisdn="4915112345678",
    cart_id="c1",
    line_id="l1",
    owner=None,
    scope="guest",
    key="k1",
    donor="Telora",
    wanted_at=None,
    state="INTENT",
    live=True,
    cancelling=False,
    reason=None,
    provider_id=None,
    resource_id=None,
    mirrored=None,
    scheduled_at=None,
    unknown_at=None,
    version=1,
    created_at=1.0,
    updated_at=1.0,
    due_at=60.0,
)


def another(number: int, **changes: object) -> PortInRow:
    named = {"id": f"p{number}", "token": f"t{number}", "cart_id": f"c{number}", "created_at": float(number)}
    return dataclasses.replace(ROW, **{**named, **changes})  # type: ignore[arg-type]


@pytest.fixture
def rows(database: Database) -> PortInRows:
    return PortInRows(database)


async def test_a_number_has_one_live_row(rows: PortInRows) -> None:
    await rows.add(ROW)
    with pytest.raises(NumberTakenError):
        await rows.add(another(2))
    assert await rows.live_of(ROW.msisdn) == ROW
    assert await rows.by_id("p2") is None


async def test_a_line_has_one_live_row(rows: PortInRows) -> None:
    await rows.add(ROW)
    with pytest.raises(NumberTakenError):
        await rows.add(another(2, cart_id="c1", msisdn="4915112345679"))


async def test_of_many_at_once_one_gets_the_number(rows: PortInRows) -> None:
    found = await asyncio.gather(*(rows.add(another(each)) for each in range(10)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in found) == ["NumberTakenError"] * 9 + ["bool"]


async def test_what_is_not_allowed_any_more_is_not_begun(rows: PortInRows) -> None:
    async def allowed(_: Connection) -> bool:
        return False

    assert not await rows.add(ROW, allowed)
    assert await rows.by_id("p1") is None


async def test_who_is_at_a_row_finds_out_that_it_is_to_be_looked_at(rows: PortInRows, database: Database) -> None:
    await rows.add(ROW)
    async with database.writing() as connection:
        await hurry(connection, "c1", ["l1"], 5.0)
    assert await rows.step(ROW, due_at=99.0) is None
    hurried = await rows.by_id("p1")
    assert hurried is not None
    assert hurried.due_at == 5.0


async def test_a_row_that_is_over_leaves_the_number_to_another(rows: PortInRows) -> None:
    await rows.add(ROW)
    over = await rows.step(ROW, live=False)
    await rows.add(another(2))
    assert over is not None
    with pytest.raises(NumberTakenError):
        await rows.step(over, live=True)
    assert await rows.by_id("p1") == over


async def test_a_step_from_where_it_is_no_more_has_no_effect(rows: PortInRows) -> None:
    await rows.add(ROW)
    first = await rows.step(ROW, state="ASKING")
    assert first == dataclasses.replace(ROW, state="ASKING", version=2)
    assert await rows.step(ROW, state="FAILED", live=False) is None
    assert await rows.by_id("p1") == first


async def test_of_many_steps_at_once_one_counts(rows: PortInRows) -> None:
    await rows.add(ROW)
    found = await asyncio.gather(*(rows.step(ROW, donor=str(each)) for each in range(8)))
    assert len([each for each in found if each is not None]) == 1


async def test_a_row_is_found_by_what_is_known_of_it(rows: PortInRows) -> None:
    row = another(1, provider_id="x1")
    await rows.add(row)
    assert await rows.by_token("t1") == await rows.by_provider_id("x1") == await rows.by_key("guest", "k1") == row
    assert await rows.by_token("t2") is await rows.by_provider_id("x2") is await rows.by_key("guest", "k2") is None
    assert await rows.in_states(["INTENT"], limit=5) == [row]
    assert await rows.in_states(["ASKING"], limit=5) == []


async def test_lines_are_found_as_pairs(rows: PortInRows) -> None:
    first, second = another(1), another(2, msisdn="4915112345679", line_id="l2")
    await rows.add(first)
    await rows.add(second)
    assert await rows.of_lines([("c1", "l1"), ("c2", "l2")], ["INTENT"]) == [first, second]
    assert await rows.of_lines([("c1", "l2"), ("c2", "l1")], ["INTENT"]) == []
    assert await rows.of_lines([("c1", "l1")], ["PORTED"]) == []
    assert await rows.of_lines([], ["INTENT"]) == []


async def test_the_last_under_a_key_is_found(rows: PortInRows) -> None:
    await rows.add(another(1, live=False))
    await rows.add(another(2))
    found = await rows.by_key("guest", "k1")
    assert found is not None
    assert found.id == "p2"


async def test_what_is_due_comes_longest_waiting_first(rows: PortInRows) -> None:
    for number, due in ((1, 30.0), (2, 10.0), (3, None), (4, 99.0)):
        await rows.add(another(number, msisdn=f"491511234567{number}", due_at=due))
    assert [row.id for row in await rows.due(50.0, limit=5)] == ["p2", "p1"]
    assert [row.id for row in await rows.due(50.0, limit=1)] == ["p2"]


async def test_what_is_over_is_forgotten_in_time(rows: PortInRows) -> None:
    """Not what is live, nor what somebody has yet to look at."""
    await rows.add(another(1))
    await rows.add(another(2, live=False))
    await rows.add(another(3, live=False, due_at=None))
    await rows.add(another(4, live=False, due_at=None, updated_at=100.0))
    assert await rows.forget(50.0) == 1
    assert [each for each in ("p1", "p2", "p3", "p4") if await rows.by_id(each)] == ["p1", "p2", "p4"]
