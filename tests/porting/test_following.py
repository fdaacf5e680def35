"""A number on its way: what the provider tells, events that come twice, late or not at all, and what stops it."""

import asyncio
import uuid
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from domain.porting.following import Follower
from domain.porting.porting import PortIns
from kernel.clock import FixedClock
from kernel.errors import StoreUnavailableError
from kernel.tasks import stop
from sandbox.process import SandboxProcess
from store.leases import Lease, Leases
from tests.conftest import gateway_over
from tests.porting.conftest import MakeShop, Round, given
from tests.porting.shopper import ACCOUNT, DIGITS, PortingShopper
from tests.porting.systems import Systems
from tests.processes import PATIENCE, free_ports, serving

DAY = 86_400.0
LOOK = 3_601.0
WHEN = "2027-02-01T05:00:00Z"
EVENTS: dict[str, Any] = {"events_token": "word", "events_compare": 0}


async def announce(shopper: PortingShopper, provider_id: str | None, *, event_id: str | None = None) -> int:
    """An event of the provider's, as its hub sends it; the status it is answered with."""
    named = {} if provider_id is None else {"event": {"portIn": {"id": provider_id, "state": "ported"}}}
    event = {"eventId": event_id or str(uuid.uuid4()), "eventType": "PortInStateChangeEvent", **named}
    return (await shopper.client.http.post("/events/porting/word", json=event)).status_code


async def until(shopper: PortingShopper, port_in: str, status: str) -> Any:
    """The port-in once it is there: events are worked off behind their answer."""
    async with asyncio.timeout(PATIENCE):
        while (found := await shopper.look(port_in))["status"] != status:
            pass
    return found


async def begun(shopper: PortingShopper) -> str:
    """A number that was asked for; the port-in's id."""
    identifier: str = (await (await shopper.begin()).port())["portIn"]["id"]
    return identifier


async def test_events_move_it_all_the_way(shop: MakeShop, systems: Systems) -> None:
    """Whatever an event says of the state: only the provider is asked."""
    async with shop(**EVENTS) as shopper:
        port_in = await begun(shopper)
        provider_id = systems.port_in()["id"]
        for state, more, shown in (
            ("validated", {}, ("reserved", "idle", "validated")),
            ("scheduled", {"scheduled_at": WHEN}, ("reserved", "idle", "scheduled")),
            ("ported", {}, ("reserved", "active", "ported")),
        ):
            systems.move(state, **more)
            assert await announce(shopper, provider_id) == 204
            found = await until(shopper, port_in, state.upper())
            async with asyncio.timeout(PATIENCE):
                while systems.shown(DIGITS) != shown:  # noqa: ASYNC110
                    await asyncio.sleep(0)
        assert (found["scheduledAt"], found["fixable"]) == (WHEN, False)


async def test_an_event_costs_a_look(shop: MakeShop, systems: Systems) -> None:
    async with shop(**EVENTS) as shopper:
        port_in = await begun(shopper)
        systems.move("validated")
        systems.control.reset_calls()
        await announce(shopper, systems.port_in()["id"])
        await until(shopper, port_in, "VALIDATED")
        async with asyncio.timeout(PATIENCE):
            while len(systems.calls()) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0)
        assert systems.calls() == ["GET PORTING.portIn", "GET TMF639.resource"]


async def test_the_same_event_twice_is_looked_at_once(shop: MakeShop, systems: Systems) -> None:
    async with shop(**EVENTS) as shopper:
        port_in = await begun(shopper)
        provider_id, event_id = systems.port_in()["id"], str(uuid.uuid4())
        systems.move("validated")
        systems.control.reset_calls()
        for _ in range(3):
            assert await announce(shopper, provider_id, event_id=event_id) == 204
        await until(shopper, port_in, "VALIDATED")
        assert systems.calls().count("GET PORTING.portIn") == 1


@pytest.mark.parametrize("provider_id", ["nobody-knows", "1" * 128])
async def test_an_event_about_nothing_of_ours_costs_no_call(shop: MakeShop, systems: Systems, provider_id: str) -> None:
    async with shop(**EVENTS) as shopper:
        port_in = await begun(shopper)
        systems.move("validated")
        systems.control.reset_calls()
        assert await announce(shopper, provider_id) == 204
        await announce(shopper, systems.port_in()["id"])  # worked off behind it
        await until(shopper, port_in, "VALIDATED")
        assert systems.calls().count("GET PORTING.portIn") == 1


async def test_an_event_that_does_not_say_which_has_all_looked_at(shop: MakeShop, systems: Systems) -> None:
    async with shop(**EVENTS) as shopper:
        port_in = await begun(shopper)
        systems.move("validated")
        await announce(shopper, None)
        await until(shopper, port_in, "VALIDATED")


async def test_an_event_with_another_token_is_not_taken(shop: MakeShop) -> None:
    async with shop(**EVENTS) as shopper:
        answer = await shopper.client.http.post("/events/porting/other", json={"eventType": "PortInCreateEvent"})
        assert answer.status_code == 404


async def test_a_lost_event_is_made_good(shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round) -> None:
    """At the next slow look, and not before."""
    async with shop(clock=clock) as shopper:
        port_in = await begun(shopper)
        systems.move("scheduled", scheduled_at=WHEN)
        assert await poll() == 0
        clock.advance(LOOK)
        assert await poll() == 1
        assert (await shopper.look(port_in))["scheduledAt"] == WHEN
        assert await poll() == 0


@pytest.mark.parametrize(
    ("first", "then"),
    [("scheduled", "validated"), ("validated", "requested"), ("ported", "rejected"), ("ported", "requested")],
)
async def test_it_never_goes_back(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round, first: str, then: str
) -> None:
    async with shop(clock=clock) as shopper:
        port_in = await begun(shopper)
        for state in (first, then):
            systems.move(state)
            clock.advance(LOOK)
            await poll()
        assert (await shopper.look(port_in))["status"] == first.upper()


async def test_a_word_that_nobody_explained_changes_nothing(shop: MakeShop, systems: Systems) -> None:
    """And it is told to people."""
    async with shop(**EVENTS, porting_validated="agreed") as shopper:
        port_in = await begun(shopper)
        systems.move("validated")
        with capture_logs() as logs:
            await announce(shopper, systems.port_in()["id"])
            async with asyncio.timeout(PATIENCE):
                while "port_in.unknown_state" not in [each["event"] for each in logs]:  # noqa: ASYNC110
                    await asyncio.sleep(0)
        assert (await shopper.look(port_in))["status"] == "REQUESTED"


@pytest.mark.parametrize(
    ("told", "code", "fixable"),
    [
        ("ACCOUNT_UNKNOWN", "ACCOUNT_UNKNOWN", True),
        ("account-unknown", "ACCOUNT_UNKNOWN", True),
        ("Bob owes us 12 EUR", "OTHER", False),
        (None, "OTHER", False),
        ("NOT_PORTABLE", "NOT_PORTABLE", False),
    ],
)
async def test_a_reason_is_told_in_our_words(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round, told: str | None, code: str, fixable: bool
) -> None:
    async with shop(clock=clock) as shopper:
        port_in = await begun(shopper)
        systems.move("rejected", reason=told)
        clock.advance(LOOK)
        await poll()
        found = await shopper.look(port_in)
        assert (found["status"], found["reasonCode"], found["fixable"]) == ("REJECTED", code, fixable)
        assert "Bob" not in str(found)


async def test_the_inventory_is_told_where_the_provider_does_not(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round
) -> None:
    """What others wrote there stays."""
    async with shop(clock=clock) as shopper:
        await begun(shopper)
        others = [{"name": "note", "value": "call first", "valueType": "string"}]
        systems.patch(DIGITS, resourceCharacteristic=others)
        systems.move("validated")
        clock.advance(LOOK)
        await poll()
        (number,) = systems.numbers(DIGITS)
        told = {each["name"]: each["value"] for each in number["resourceCharacteristic"]}
        assert told == {"note": "call first", "portInStatus": "validated", "donorOperator": "Telora"}


async def test_what_the_inventory_lost_is_put_back(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round
) -> None:
    """A number that was removed, or set free, by somebody else."""
    async with shop(clock=clock) as shopper:
        await begun(shopper)
        systems.delete(DIGITS)
        clock.advance(LOOK)
        await poll()
        assert systems.shown(DIGITS) == ("reserved", "idle", "requested")
        systems.patch(DIGITS, resourceStatus="available")
        clock.advance(LOOK)
        await poll()
        assert systems.shown(DIGITS) == ("reserved", "idle", "requested")


async def test_with_the_inventory_down_it_moves_on_and_shows_later(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round
) -> None:
    async with shop(clock=clock) as shopper:
        port_in = await begun(shopper)
        systems.move("ported")
        systems.control.fault("off", api="TMF639")
        clock.advance(LOOK)
        await poll()
        assert (await shopper.look(port_in))["status"] == "PORTED"
        systems.control.clear_faults()
        clock.advance(61)
        await poll()
        assert systems.shown(DIGITS) == ("reserved", "active", "ported")


async def test_with_the_provider_down_it_stays_as_it_is_known(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round
) -> None:
    async with shop(clock=clock) as shopper:
        port_in = await begun(shopper)
        systems.move("validated")
        systems.control.fault("status", api="PORTING")
        clock.advance(LOOK)
        assert await poll() == 1
        assert (await shopper.look(port_in))["status"] == "REQUESTED"
        systems.control.clear_faults()
        clock.advance(61)
        assert await poll() == 1
        assert (await shopper.look(port_in))["status"] == "VALIDATED"


# ---------------------------------------------------------------- corrections


async def rejected(shopper: PortingShopper, systems: Systems) -> str:
    """One that was refused at once, for its code."""
    found = (await (await shopper.begin()).port(authorisationCode="0000"))["portIn"]
    assert found["status"] == "REJECTED"
    identifier: str = found["id"]
    return identifier


async def test_a_rejected_one_is_corrected(shop: MakeShop, systems: Systems) -> None:
    async with shop() as shopper:
        port_in = await rejected(shopper, systems)
        systems.control.reset_calls()
        payload = await shopper.correct(port_in, authorisationCode="1234", accountNumber=ACCOUNT, wantedAt=WHEN)
        assert [call for call in systems.calls() if "TMF639" not in call] == [
            "PATCH PORTING.portIn", "GET TMF663.shoppingCart",
        ]  # fmt: skip
        found = payload["portIn"]
        assert (found["status"], found["reason"], payload["errors"]) == ("REQUESTED", None, [])
        asked = systems.port_in()
        assert (asked["authorisationCode"], asked["accountNumber"], asked["wantedAt"]) == ("1234", ACCOUNT, WHEN)
        assert systems.shown(DIGITS) == ("reserved", "idle", "requested")


async def test_a_correction_that_is_wrong_again_is_told_so(shop: MakeShop, systems: Systems) -> None:
    async with shop() as shopper:
        port_in = await rejected(shopper, systems)
        payload = await shopper.correct(port_in, authorisationCode="0000")
        assert (payload["portIn"]["reasonCode"], payload["errors"]) == ("AUTHORISATION_CODE_WRONG", [])


async def test_the_same_correction_is_asked_once(shop: MakeShop, systems: Systems) -> None:
    async with shop() as shopper:
        port_in, key = await rejected(shopper, systems), str(uuid.uuid4())
        first = await shopper.correct(port_in, key=key, authorisationCode="1234")
        systems.control.reset_calls()
        assert await shopper.correct(port_in, key=key, authorisationCode="1234") == first
        assert "PATCH PORTING.portIn" not in systems.calls()
        (error,) = (await shopper.correct(port_in, key=key, authorisationCode="12345"))["errors"]
        assert error["code"] == "IDEMPOTENCY_MISMATCH"


@pytest.mark.parametrize("state", ["requested", "scheduled", "ported"])
async def test_only_a_rejected_one_is_corrected(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round, state: str
) -> None:
    async with shop(clock=clock) as shopper:
        port_in = await begun(shopper)
        systems.move(state)
        clock.advance(LOOK)
        await poll()
        systems.control.reset_calls()
        payload = await shopper.correct(port_in, authorisationCode="1234")
        assert [(each["code"], each["path"]) for each in payload["errors"]] == [("INVALID", ["input", "portInId"])]
        assert "PATCH PORTING.portIn" not in systems.calls()


async def test_what_cannot_be_mended_is_not_corrected(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round
) -> None:
    async with shop(clock=clock) as shopper:
        port_in = await begun(shopper)
        systems.move("rejected", reason="NOT_PORTABLE")
        clock.advance(LOOK)
        await poll()
        (error,) = (await shopper.correct(port_in, authorisationCode="1234"))["errors"]
        assert error["code"] == "INVALID"


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({}, ["input"]),
        ({"donor": ""}, ["input", "donor"]),
        ({"wantedAt": "1999-01-01T00:00:00Z"}, ["input", "wantedAt"]),
    ],
)
async def test_a_correction_has_to_say_something(
    shop: MakeShop, systems: Systems, given: dict[str, str], path: list[str]
) -> None:
    async with shop() as shopper:
        payload = await shopper.correct(await rejected(shopper, systems), **given)
        assert [(each["code"], each["path"]) for each in payload["errors"]] == [("INVALID", path)]
        assert payload["portIn"]["status"] == "REJECTED"


async def test_one_that_the_operator_s_people_corrected_goes_on(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round
) -> None:
    async with shop(clock=clock) as shopper:
        port_in = await rejected(shopper, systems)
        systems.move("validated")
        clock.advance(LOOK)
        await poll()
        found = await shopper.look(port_in)
        assert (found["status"], found["reason"]) == ("VALIDATED", None)


# ---------------------------------------------------------------- its end


async def test_a_removed_line_cancels_it(shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round) -> None:
    """At the next round, long before anyone would have looked at it; then the number can be brought in again."""
    async with shop(clock=clock) as shopper:
        port_in = await begun(shopper)
        await shopper.update({"removeLine": shopper.lines[0]["id"]})
        await poll()
        assert (await shopper.look(port_in))["status"] == "CANCELLED"
        assert (systems.port_in()["state"], systems.numbers(DIGITS)) == ("cancelled", [])
        assert (await (await shopper.another().begin()).port())["portIn"]["status"] == "REQUESTED"


async def test_an_expired_cart_takes_it_along(shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round) -> None:
    async with shop(clock=clock, cart_days=1) as shopper:
        await begun(shopper)
        clock.advance(2 * DAY)
        await poll()
        assert (systems.port_in()["state"], systems.numbers(DIGITS)) == ("cancelled", [])


async def test_one_that_has_a_date_comes_nevertheless(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round
) -> None:
    """The provider does not allow it any more: then it is told as it is."""
    async with shop(clock=clock) as shopper:
        port_in = await begun(shopper)
        systems.move("scheduled", scheduled_at=WHEN)
        await shopper.update({"removeLine": shopper.lines[0]["id"]})
        for state in ("scheduled", "ported"):
            systems.move(state)
            clock.advance(LOOK)
            await poll()
            assert (await shopper.look(port_in))["status"] == state.upper()
        assert systems.shown(DIGITS) == ("reserved", "active", "ported")


async def test_a_cancellation_is_made_up_for(shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round) -> None:
    """With provider or inventory down at first."""
    async with shop(clock=clock) as shopper:
        port_in = await begun(shopper)
        systems.control.fault("off", api="PORTING")
        await shopper.update({"removeLine": shopper.lines[0]["id"]})
        await poll()
        assert (await shopper.look(port_in))["status"] == "REQUESTED"
        systems.control.clear_faults()
        systems.control.fault("off", api="TMF639")
        clock.advance(61)
        await poll()
        assert (await shopper.look(port_in))["status"] == "CANCELLED"
        systems.control.clear_faults()
        clock.advance(61)
        await poll()
        assert systems.numbers(DIGITS) == []


async def test_one_that_was_taken_back_at_the_provider_is_over(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round
) -> None:
    async with shop(clock=clock) as shopper:
        port_in = await begun(shopper)
        systems.move("cancelled")
        clock.advance(LOOK)
        await poll()
        assert (await shopper.look(port_in))["status"] == "CANCELLED"
        assert systems.numbers(DIGITS) == []


async def test_a_rejected_one_does_not_wait_for_ever(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round
) -> None:
    async with shop(clock=clock, cart_days=400) as shopper:
        port_in = await rejected(shopper, systems)
        clock.advance(31 * DAY)
        await poll()
        assert (await shopper.look(port_in))["status"] == "CANCELLED"
        assert systems.numbers(DIGITS) == []


async def test_one_that_the_provider_forgot_is_told_to_people(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round
) -> None:
    """It is neither gone nor moved: somebody has to look."""
    async with shop(clock=clock) as shopper:
        port_in = await begun(shopper)
        systems.control.fault("status", api="PORTING", status=404, times=2)
        clock.advance(LOOK)
        with capture_logs() as logs:
            await poll()
        assert [each["event"] for each in logs if each["log_level"] == "error"] == ["port_in.gone_at_the_provider"]
        assert (await shopper.look(port_in))["status"] == "REQUESTED"


# ---------------------------------------------------------------- the processes around it


async def test_the_provider_s_own_hub_tells_a_serving_gateway(
    systems: Systems, porting_process: SandboxProcess, tmp_path: Path
) -> None:
    """As in production: it subscribes, hears, looks, and nobody asked it to."""
    port = free_ports(1)
    listening = {"port": port, "events_token": "word", "events_callback": f"http://127.0.0.1:{port}"}
    settings = given(porting_process.base_url, f"sqlite:///{tmp_path}/hub.db", listening)
    with serving(**settings):
        async with gateway_over(porting_process.base_url, **{**settings, "events_callback": ""}) as client:
            shopper = PortingShopper(client)
            port_in = await begun(shopper)
            async with asyncio.timeout(PATIENCE):
                while "PORTING" not in [each["api"] for each in systems.control.hubs()]:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            systems.move("validated")
            await until(shopper, port_in, "VALIDATED")


async def test_one_process_follows_at_a_time(
    shop: MakeShop, systems: Systems, clock: FixedClock, elsewhere: PortIns, database_url: str
) -> None:
    """While another has the lease, nothing is looked at; it is, as soon as that one lets go."""
    async with shop(clock=clock) as shopper:
        port_in = await begun(shopper)
        systems.move("validated")
        clock.advance(LOOK)
        leases = Leases(elsewhere.desk.rows.database, clock)
        theirs = await leases.take("port_ins.follow", seconds=60.0)
        assert theirs is not None
        running = asyncio.create_task(Follower(elsewhere.desk, leases, 0.05).run())
        try:
            for _ in range(20):
                assert (await shopper.look(port_in))["status"] == "REQUESTED"
            await leases.give_back(theirs)
            await until(shopper, port_in, "VALIDATED")
        finally:
            await stop([running])


async def test_following_survives_a_database_that_fails(
    shop: MakeShop, systems: Systems, clock: FixedClock, elsewhere: PortIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop(clock=clock) as shopper:
        port_in = await begun(shopper)
        systems.move("validated")
        clock.advance(LOOK)
        leases, tries = Leases(elsewhere.desk.rows.database, clock), iter([StoreUnavailableError(), ValueError()])
        take = leases.take

        async def failing(name: str, *, seconds: float) -> Lease | None:
            for error in tries:
                raise error
            return await take(name, seconds=seconds)

        monkeypatch.setattr(leases, "take", failing)
        running = asyncio.create_task(Follower(elsewhere.desk, leases, 0.01).run())
        try:
            await until(shopper, port_in, "VALIDATED")
        finally:
            await stop([running])
