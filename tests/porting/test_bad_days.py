"""Provider, inventory or Redis down, answers lost or late, processes that die in between: never two, nothing left."""

import asyncio
import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from domain.porting.following import Follower
from domain.porting.porting import PortIns
from kernel.clock import FixedClock
from sandbox.process import SandboxProcess
from tests.carts.conftest import new_key
from tests.conftest import gateway_over
from tests.hurry import hurried
from tests.porting.conftest import MakeShop, Round, given, port_ins_of
from tests.porting.shopper import CODE, DIGITS, NUMBER, PORTABILITY, REQUEST, PortingShopper
from tests.porting.systems import Systems
from tests.processes import PATIENCE, serving

NOT_NOW = ("UPSTREAM_UNAVAILABLE", None, True)
DOWN = [{"kind": "status"}, {"kind": "off"}, {"kind": "html"}, {"kind": "errorBody"}, {"kind": "truncated"}]


@pytest.mark.parametrize("fault", DOWN)
async def test_portability_costs_only_itself(shop: MakeShop, systems: Systems, fault: dict[str, Any]) -> None:
    document = PORTABILITY.replace("portability(", "productOfferings(first: 1) { nodes { id } } portability(")
    async with shop() as shopper:
        systems.control.fault(api="PORTING", **fault)
        answer = await shopper.client.query(document, msisdn=NUMBER)
        assert answer.data["portability"] is None
        assert len(answer.data["productOfferings"]["nodes"]) == 1
        assert answer.codes[0] in ("UPSTREAM_UNAVAILABLE", "UPSTREAM_INVALID")


@pytest.mark.parametrize("setting", ["porting_url", "tmf639_url", "tmf663_url"])
async def test_a_shop_that_lacks_a_system_brings_no_number_along(shop: MakeShop, setting: str) -> None:
    sent = {"idempotencyKey": new_key(), "cartId": "x", "lineId": "x", "msisdn": NUMBER}
    async with shop(**{setting: ""}) as shopper:
        answer = await shopper.client.query(REQUEST, input=sent)
        assert (answer.data["requestPortIn"], answer.codes) == (None, ["UPSTREAM_UNAVAILABLE"])
        if setting == "porting_url":
            await shopper.begin()
            assert await shopper.of_lines() == [None]


@pytest.mark.parametrize("fault", DOWN)
@pytest.mark.parametrize("api", ["PORTING", "TMF639"])
async def test_with_a_system_down_nothing_is_left(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round, api: str, fault: dict[str, Any]
) -> None:
    """And the same key does it later."""
    async with shop(clock=clock) as shopper:
        await shopper.begin()
        key = new_key()
        systems.control.fault(api=api, **fault)
        assert await shopper.refused(key=key) == NOT_NOW
        systems.control.clear_faults()
        clock.advance(700)
        await poll()
        assert (systems.control.port_ins(), systems.numbers(DIGITS)) == ([], [])
        clock.advance(700)
        assert await poll() == 0
        assert (await shopper.port(key=key))["portIn"]["status"] == "REQUESTED"
        assert len(systems.control.port_ins()) == len(systems.numbers(DIGITS)) == 1


async def test_a_lost_answer_of_the_provider_is_looked_up(shop: MakeShop, systems: Systems) -> None:
    """Before anything is repeated."""
    async with shop() as shopper:
        await shopper.begin()
        systems.control.habit("late-apply", api="PORTING", resource="portIn", times=1)
        async with hurried(systems.control):
            payload = await shopper.port()
        assert (payload["portIn"]["status"], payload["errors"]) == ("REQUESTED", [])
        assert systems.calls().count("POST PORTING.portIn") == 1


async def test_a_lost_answer_of_the_inventory_is_looked_up(shop: MakeShop, systems: Systems) -> None:
    async with shop() as shopper:
        await shopper.begin()
        systems.control.habit("late-apply", api="TMF639", times=1)
        async with hurried(systems.control):
            payload = await shopper.port()
        assert payload["portIn"]["status"] == "REQUESTED"
        assert systems.calls().count("POST TMF639.resource") == 1
        assert len(systems.numbers(DIGITS)) == 1


async def test_what_the_provider_does_late_is_found_by_the_same_key(shop: MakeShop, systems: Systems) -> None:
    async with shop() as shopper:
        await shopper.begin()
        key = new_key()
        systems.control.habit("applied-later", api="PORTING", resource="portIn", times=1)
        payload = await shopper.port(key=key)
        assert [(each["code"], each["retryable"]) for each in payload["errors"]] == [("UPSTREAM_UNAVAILABLE", True)]
        systems.control.apply_ghosts()
        assert (await shopper.port(key=key))["portIn"]["status"] == "REQUESTED"
        assert systems.calls().count("POST PORTING.portIn") == 1


async def test_what_is_asked_again_and_done_late_as_well_is_one(shop: MakeShop, systems: Systems) -> None:
    """The provider takes our reference once."""
    async with shop() as shopper:
        await shopper.begin()
        key = new_key()
        systems.control.habit("applied-later", api="PORTING", resource="portIn", times=1)
        await shopper.port(key=key)
        first = (await shopper.port(key=key))["portIn"]
        systems.control.apply_ghosts()
        assert first["status"] == "REQUESTED"
        assert len(systems.control.port_ins()) == 1


async def test_what_nobody_asks_for_again_is_given_up(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round
) -> None:
    """Only who asked has the code. What the provider does of it later still, is taken back there."""
    async with shop(clock=clock) as shopper:
        await shopper.begin()
        systems.control.habit("applied-later", api="PORTING", resource="portIn", times=1)
        await shopper.port()
        clock.advance(61)
        await poll()
        clock.advance(61)
        await poll()
        assert systems.numbers(DIGITS) == []
        assert await shopper.of_lines() == [None]
        systems.control.apply_ghosts()
        clock.advance(700)
        await poll()
        assert systems.port_in()["state"] == "cancelled"
        assert systems.numbers(DIGITS) == []
        clock.advance(700)
        assert await poll() == 0
        assert (await shopper.port())["portIn"]["status"] == "REQUESTED"


async def test_what_is_done_late_and_cannot_be_taken_back_comes(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round
) -> None:
    async with shop(clock=clock) as shopper:
        await shopper.begin()
        systems.control.habit("applied-later", api="PORTING", resource="portIn", times=1)
        await shopper.port()
        for _ in range(2):
            clock.advance(61)
            await poll()
        systems.control.apply_ghosts()
        systems.move("scheduled")
        clock.advance(700)
        await poll()
        assert [each["status"] for each in await shopper.of_lines()] == ["SCHEDULED"]
        assert systems.shown(DIGITS) == ("reserved", "idle", "scheduled")


async def test_a_number_that_the_inventory_makes_late_is_taken_out(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round
) -> None:
    """Though it was asked for anew meanwhile: of the two the one that counts stays."""
    async with shop(clock=clock) as shopper:
        await shopper.begin()
        key = new_key()
        systems.control.habit("applied-later", api="TMF639", times=1)
        assert await shopper.refused(key=key) == NOT_NOW
        assert (await shopper.port(key=key))["portIn"]["status"] == "REQUESTED"
        (kept,) = systems.numbers(DIGITS)
        systems.control.apply_ghosts()
        assert len(systems.numbers(DIGITS)) == 2
        clock.advance(700)
        await poll()
        assert [each["id"] for each in systems.numbers(DIGITS)] == [kept["id"]]


async def test_while_redis_is_down_nobody_is_asked(shop: MakeShop, systems: Systems) -> None:
    """How often is counted there, and codes could be guessed. The same key does it later."""
    async with shop(redis_url="unix:///nowhere/valkey.sock") as shopper:
        await shopper.begin()
        assert await shopper.refused() == ("RATE_LIMITED", None, True)
        answer = await shopper.client.query(PORTABILITY, msisdn=NUMBER)
        assert (answer.data["portability"], answer.codes) == (None, ["RATE_LIMITED"])
        assert (systems.control.port_ins(), systems.numbers(DIGITS)) == ([], [])
        assert "GET PORTING.portability" not in systems.calls()


async def test_a_shop_without_redis_brings_numbers_along(shop: MakeShop, systems: Systems) -> None:
    async with shop(redis_url="") as shopper:
        await shopper.begin()
        assert (await shopper.port())["portIn"]["status"] == "REQUESTED"


@pytest.mark.parametrize("habit", ["filter-ignored", "digits-filter-as-number"])
async def test_an_inventory_that_finds_nothing_proves_nothing(shop: MakeShop, systems: Systems, habit: str) -> None:
    """Nobody can tell whether a number is the operator's own: it is not asked for, and people are told why."""
    async with shop() as shopper:
        await shopper.begin()
        systems.control.habit(habit, api="TMF639")
        with capture_logs() as logs:
            assert await shopper.refused() == ("UPSTREAM_UNAVAILABLE", None, False)
        systems.control.clear_habits()
        assert "port_in.lookups_find_nothing" in [each["event"] for each in logs]
        assert (systems.control.port_ins(), systems.numbers(DIGITS)) == ([], [])


async def test_a_filter_that_such_an_inventory_knows_helps(shop: MakeShop, systems: Systems) -> None:
    async with shop(porting_lookups="value=*{digits}") as shopper:
        systems.control.habit("digits-filter-as-number", api="TMF639")
        await shopper.begin()
        assert (await shopper.port())["portIn"]["status"] == "REQUESTED"
        other = await shopper.another().begin()
        systems.make("4915112345679")
        assert (await other.refused(msisdn="+4915112345679"))[0] == "NUMBER_UNAVAILABLE"


async def test_a_provider_that_does_not_filter_is_not_believed(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round
) -> None:
    """Others' port-ins came: ours may be among those that did not. It is neither adopted nor given up."""
    async with shop(clock=clock) as shopper:
        await (await shopper.begin()).port(msisdn="+4915112345679")
        other = await shopper.another().begin()
        systems.control.habit("applied-later", api="PORTING", resource="portIn", times=1)
        systems.control.habit("filter-ignored", api="PORTING")
        key = new_key()
        payload = await other.port(key=key)
        assert [(each["code"], each["retryable"]) for each in payload["errors"]] == [("UPSTREAM_UNAVAILABLE", True)]
        clock.advance(3_000)
        await poll()
        assert [each["status"] for each in await other.of_lines()] == ["DRAFT"]
        systems.control.clear_habits()
        assert (await other.port(key=key))["portIn"]["status"] == "REQUESTED"


@pytest.mark.parametrize(
    "habits",
    [
        ["sparse-write-answers"],
        ["fields-ignored", "counts-missing"],
        ["null-arrays"],
        ["extra-types"],
        ["post-answers-200", "patch-answers-201"],
        ["transitions-enforced", "etag-present"],
    ],
)
async def test_habits_of_real_servers_do_no_harm(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round, habits: list[str]
) -> None:
    """From the first question to the number that has come."""
    async with shop(clock=clock) as shopper:
        await shopper.begin()
        for habit in habits:
            systems.control.habit(habit, api=None)
        port_in = (await shopper.port())["portIn"]["id"]
        for state in ("scheduled", "ported"):
            systems.move(state)
            clock.advance(3_601)
            await poll()
            assert (await shopper.look(port_in))["status"] == state.upper()
        assert systems.shown(DIGITS)[:2] == ("reserved", "active")


async def test_v5_s_inventory_has_it_as_well(
    shop: MakeShop, systems: Systems, clock: FixedClock, porting_process: SandboxProcess, database_url: str
) -> None:

    version = {"tmf639_version": "v5"}
    async with (
        shop(clock=clock, **version) as shopper,
        port_ins_of(porting_process.base_url, database_url, clock, **version) as elsewhere,
    ):
        await shopper.begin()
        port_in = (await shopper.port())["portIn"]["id"]
        assert systems.shown(DIGITS) == ("reserved", "idle", "requested")
        systems.move("ported")
        row = await elsewhere.desk.rows.live_of(DIGITS)
        assert row is not None
        told = await elsewhere.desk.provider.by_reference(row.token)
        assert told is not None
        await elsewhere.desk.hear(row, told)
        assert (await shopper.look(port_in))["status"] == "PORTED"
        assert systems.shown(DIGITS) == ("reserved", "active", "ported")


# ---------------------------------------------------------------- corrections


@pytest.mark.parametrize("fault", [{"kind": "off"}, {"kind": "status"}])
async def test_a_correction_that_was_not_made_can_be_made(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round, fault: dict[str, Any]
) -> None:
    async with shop(clock=clock) as shopper:
        port_in = (await (await shopper.begin()).port(authorisationCode="0000"))["portIn"]["id"]
        key = new_key()
        systems.control.fault(api="PORTING", **fault)
        payload = await shopper.correct(port_in, key=key, authorisationCode="1234")
        assert [(each["code"], each["retryable"]) for each in payload["errors"]] == [("UPSTREAM_UNAVAILABLE", True)]
        assert payload["portIn"]["status"] == "REJECTED"
        systems.control.clear_faults()
        clock.advance(100)
        await poll()
        assert (await shopper.correct(port_in, key=key, authorisationCode="1234"))["portIn"]["status"] == "REQUESTED"


async def test_a_correction_whose_answer_is_lost_is_looked_up(shop: MakeShop, systems: Systems) -> None:
    async with shop() as shopper:
        port_in = (await (await shopper.begin()).port(authorisationCode="0000"))["portIn"]["id"]
        systems.control.habit("late-apply", api="PORTING", resource="portIn", times=1)
        async with hurried(systems.control):
            payload = await shopper.correct(port_in, authorisationCode="1234")
        assert (payload["portIn"]["status"], payload["errors"]) == ("REQUESTED", [])
        assert systems.calls().count("PATCH PORTING.portIn") == 1


async def test_a_correction_that_is_made_late_is_seen(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round
) -> None:
    async with shop(clock=clock) as shopper:
        port_in = (await (await shopper.begin()).port(authorisationCode="0000"))["portIn"]["id"]
        systems.control.habit("applied-later", api="PORTING", resource="portIn", times=1)
        (error,) = (await shopper.correct(port_in, authorisationCode="1234"))["errors"]
        assert (error["code"], error["retryable"]) == ("UPSTREAM_UNAVAILABLE", True)
        clock.advance(61)
        await poll()
        assert (await shopper.look(port_in))["status"] == "REJECTED"
        systems.control.apply_ghosts()
        clock.advance(3_601)
        await poll()
        assert (await shopper.look(port_in))["status"] == "REQUESTED"


# ---------------------------------------------------------------- processes that die


async def test_what_is_cut_short_is_finished_by_the_same_key(shop: MakeShop, systems: Systems) -> None:
    """The request's time is over in the middle; another process carries on."""
    async with shop(request_timeout=10, porting_timeout=60) as shopper, shop() as elsewhere:
        await shopper.begin()
        key = new_key()
        systems.control.fault("hang", api="PORTING", resource="portIn")
        async with hurried(systems.control, seconds=20):
            answer = await shopper.ask(key=key)
        assert answer.data["requestPortIn"] is None
        assert systems.calls()[-1] == "POST PORTING.portIn"
        systems.control.clear_faults()
        payload = await shopper.at(elsewhere).port(key=key)
        assert (payload["portIn"]["status"], payload["errors"]) == ("REQUESTED", [])
        assert len(systems.control.port_ins()) == len(systems.numbers(DIGITS)) == 1


@pytest.mark.parametrize("stuck", ["TMF639", "PORTING"])
@pytest.mark.parametrize("finished_by", ["the key", "the poll"])
async def test_a_process_that_is_killed_leaves_nothing_behind(
    systems: Systems, porting_process: SandboxProcess, tmp_path: Path, clock: FixedClock, stuck: str, finished_by: str
) -> None:
    """Killed with kill -9 while it waits for an answer; another process finishes or gives up."""
    base, url = porting_process.base_url, f"sqlite:///{tmp_path}/killed.db"
    settings = given(base, url, {"cart_hold": 1, "cart_days": 400})
    key = new_key()
    async with gateway_over(base, **settings) as client:
        shopper = await PortingShopper(client).begin()
        sent = {
            "idempotencyKey": key, "cartId": shopper.cart["id"], "lineId": shopper.lines[0]["id"], "msisdn": NUMBER,
            "authorisationCode": CODE,
        }  # fmt: skip
        systems.control.fault("hang", api=stuck, resource=None if stuck == "TMF639" else "portIn")
        systems.control.reset_calls()
        with serving(**settings) as (address, pid):
            async with httpx.AsyncClient(base_url=address) as http:
                body = {"query": REQUEST, "variables": {"input": sent}}
                asking = asyncio.create_task(http.post("/graphql", json=body, headers=shopper.headers, timeout=60))
                waited_for = "GET TMF639.resource" if stuck == "TMF639" else "POST PORTING.portIn"
                async with asyncio.timeout(PATIENCE):
                    while waited_for not in systems.calls():  # noqa: ASYNC110  (the sandbox is another process)
                        await asyncio.sleep(0.02)
                os.kill(pid, signal.SIGKILL)
                assert isinstance((await asyncio.gather(asking, return_exceptions=True))[0], httpx.HTTPError)
        systems.control.clear_faults()
        if finished_by == "the key":
            payload = await shopper.port(key=key)
            while payload["errors"] and payload["errors"][0]["code"] == "IN_PROGRESS":
                payload = await shopper.port(key=key)
            assert (payload["portIn"]["status"], payload["errors"]) == ("REQUESTED", [])
            assert len(systems.control.port_ins()) == len(systems.numbers(DIGITS)) == 1
            return
        async with port_ins_of(base, url, clock) as elsewhere:  # its clock is months ahead
            await followed(elsewhere, clock)
        assert (systems.control.port_ins(), systems.numbers(DIGITS)) == ([], [])
        with sqlite3.connect(tmp_path / "killed.db") as connection:
            assert connection.execute("SELECT count(*) FROM port_ins WHERE live").fetchall() == [(0,)]


async def followed(port_ins: PortIns, clock: FixedClock) -> None:
    """Until nothing is due any more."""

    follower = Follower(port_ins.desk, None, 60.0)  # type: ignore[arg-type]
    async with asyncio.timeout(PATIENCE):
        while await follower.round():
            clock.advance(700)
