"""`bff reservations`, over the estate's own database, Redis and inventory, on both databases."""

import asyncio
import json
import os
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from redis.asyncio import Redis
from rich.console import Console
from typer.testing import CliRunner

from bff.cli import app
from bff.dev import SANDBOX_TMF639, SANDBOX_TMF663
from bff.reservation_commands import CommandError, View, explained, listed, repair
from domain.reservations.desk import OutcomeUnknownError
from domain.reservations.explaining import foresee
from domain.reservations.reservation import Step
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from store.reservations import Entry
from tests.conftest import settings_of
from tests.reservations.estate import TIMES, Estate, Numbers, free_card
from tests.reservations.stages import ONE, OTHER, assigned, held, in_checkout

CARD, _ = free_card()
Run = Callable[..., Any]


@pytest.fixture
def given(sandbox_process: SandboxProcess, redis_url: str, database_url: str) -> dict[str, str]:
    """The settings of a gateway over all that."""
    return {
        "tmf639_url": sandbox_process.base_url + SANDBOX_TMF639["v4"],
        "tmf663_url": sandbox_process.base_url + SANDBOX_TMF663["v4"],
        "redis_url": redis_url,
        "database_url": database_url,
        "keys": "a-signing-key-for-tests-of-forty-letters",
    }


@pytest.fixture
def run(given: dict[str, str], estate: Estate) -> Run:
    """Runs a command as a process of its own would; what it prints."""

    async def ran(command: Callable[..., None], *arguments: Any, reveal: bool = False, **options: Any) -> str:
        out = StringIO()
        view = View(Console(file=out, width=200), json=options.pop("as_json", False), reveal=reveal)
        await asyncio.to_thread(command, settings_of(**given), view, *arguments, clock=estate.clock, **options)
        return out.getvalue()

    return ran


@pytest.fixture
def told(run: Run) -> Run:
    """The same, as JSON."""

    async def ran(*arguments: Any, **options: Any) -> Any:
        return json.loads(await run(*arguments, as_json=True, **options))

    return ran


async def released(estate: Estate) -> Entry:
    entry = await held(estate)
    await estate.reservations.release(entry)
    return await estate.entry(entry.id)


# ---------------------------------------------------------------- list


async def test_what_is_live_is_listed_the_latest_first(estate: Estate, told: Run) -> None:
    first = await held(estate)
    estate.clock.advance(1)
    second = await held(estate, "bob", OTHER)
    assert [each["id"] for each in await told(listed)] == [second.id, first.id]


async def test_what_is_over_is_not_listed(estate: Estate, told: Run) -> None:
    await released(estate)
    assert await told(listed) == []


async def test_what_is_over_is_listed_when_everything_is(estate: Estate, told: Run) -> None:
    entry = await released(estate)
    assert [each["id"] for each in await told(listed, everything=True)] == [entry.id]


async def test_those_in_a_state_are_listed(estate: Estate, told: Run) -> None:
    entry = await in_checkout(estate)
    await held(estate, "bob", OTHER)
    assert [each["id"] for each in await told(listed, states=["IN_CHECKOUT"])] == [entry.id]


@pytest.mark.parametrize("written", [ONE.value, ONE.msisdn, f"+{ONE.value[:2]} {ONE.value[2:6]} {ONE.value[6:]}"])
async def test_all_of_a_number_are_listed_however_it_is_written(estate: Estate, told: Run, written: str) -> None:
    entry = await released(estate)
    await held(estate, "bob", OTHER)
    assert [each["id"] for each in await told(listed, what=written)] == [entry.id]


async def test_no_more_than_asked_for_are_listed(estate: Estate, told: Run) -> None:
    await held(estate)
    await held(estate, "bob", OTHER)
    assert len(await told(listed, limit=1)) == 1


async def test_a_state_that_there_is_none_of_is_refused(run: Run) -> None:
    with pytest.raises(CommandError, match="There is no state HOLD; there are INTENT, HELD"):
        await run(listed, states=["HOLD"])


async def test_the_table_shows_number_state_and_end(estate: Estate, run: Run) -> None:
    await held(estate)
    (line,) = [each for each in (await run(listed)).splitlines() if ONE.value in each]
    assert ("HELD" in line, "2027-01-15 08:15:00Z" in line) == (True, True)


async def test_nothing_is_said_to_be_nothing(run: Run) -> None:
    assert await run(listed) == "There are none.\n"


# ---------------------------------------------------------------- cards


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("command", [listed, explained, repair])
async def test_a_card_is_masked(estate: Estate, run: Run, command: Callable[..., None], as_json: bool) -> None:
    entry = await held(estate, what=CARD)
    more: dict[str, Any] = {listed: {}, explained: {"what": entry.id}, repair: {"what": entry.id, "apply": False}}[
        command
    ]
    shown = await run(command, as_json=as_json, **more)
    assert (CARD.value in shown, CARD.value[-4:] in shown) == (False, True)


async def test_a_card_is_revealed_to_who_asks_for_it(estate: Estate, told: Run) -> None:
    await held(estate, what=CARD)
    assert (await told(listed, reveal=True))[0]["resource"] == CARD.value


async def test_a_card_is_found_by_its_iccid(estate: Estate, told: Run) -> None:
    entry = await held(estate, what=CARD)
    assert (await told(explained, CARD.value))["reservation"]["id"] == entry.id


# ---------------------------------------------------------------- explain


async def test_a_reservation_is_explained_by_its_row(estate: Estate, told: Run) -> None:
    entry = await held(estate)
    shown = (await told(explained, entry.id))["reservation"]
    assert (shown["state"], shown["shopper"], shown["token"]) == ("HELD", "ada", entry.token)


async def test_a_number_is_explained_by_its_live_reservation(estate: Estate, told: Run) -> None:
    earlier = await released(estate)
    estate.clock.advance(1)
    entry = await held(estate, "bob")
    shown = await told(explained, ONE.msisdn)
    assert (shown["reservation"]["id"], [each["id"] for each in shown["earlier"]]) == (entry.id, [earlier.id])


async def test_its_hold_is_shown(estate: Estate, told: Run) -> None:
    entry = await held(estate)
    shown = (await told(explained, entry.id))["redis"]
    assert (shown["holder"], 890 < shown["seconds"] <= 900, shown["error"]) == (entry.token, True, None)


async def test_a_hold_that_redis_has_lost_is_shown_as_none(estate: Estate, told: Run, redis: Redis) -> None:
    entry = await held(estate)
    await redis.flushall()
    assert (await told(explained, entry.id))["redis"]["holder"] is None


async def test_what_the_inventory_shows_is_shown(estate: Estate, told: Run, numbers: Numbers) -> None:
    entry = await held(estate)
    numbers.patch(ONE, resourceStatus="available", relatedParty=[])
    assert (await told(explained, entry.id))["inventory"] == {"state": "FREE", "mark": None, "error": None}


async def test_an_inventory_that_does_not_answer_is_shown_as_such(
    estate: Estate, told: Run, sandbox: SandboxControl
) -> None:
    entry = await held(estate)
    sandbox.fault("status", api="TMF639", status=503)
    assert "503" in (await told(explained, entry.id))["inventory"]["error"]


async def test_what_a_sweep_will_do_is_told(estate: Estate, told: Run) -> None:
    entry = await held(estate)
    estate.clock.advance(TIMES.hold + 1)
    shown = (await told(explained, entry.id))["next"]
    assert (shown["what"], shown["why"]) == ("take our mark off and end it as EXPIRED", "its time is over")


async def test_the_table_reads_as_sentences(estate: Estate, run: Run) -> None:
    entry = await held(estate)
    shown = await run(explained, entry.id)
    assert "RESERVED, with our mark" in shown
    assert "holds it for 900 s more" in shown or "holds it for 899 s more" in shown


async def test_what_an_upstream_says_cannot_move_the_terminal(estate: Estate, run: Run, numbers: Numbers) -> None:
    entry = await held(estate)
    party = {"id": "x\x1b[2J", "name": "n", "role": "reserver", "@referredType": "Individual"}
    numbers.patch(ONE, relatedParty=[party])
    assert "\x1b" not in await run(explained, entry.id)


@pytest.mark.parametrize("command", [explained, repair])
async def test_what_is_not_there_is_said_to_be_not_there(run: Run, command: Callable[..., None]) -> None:
    more = {"apply": True} if command is repair else {}
    with pytest.raises(CommandError, match=r"There is no reservation of \+4915100000000"):
        await run(command, "+4915100000000", **more)


# ---------------------------------------------------------------- repair


async def test_a_repair_is_dry_unless_it_is_told_to(estate: Estate, run: Run, numbers: Numbers) -> None:
    entry = await held(estate)
    estate.clock.advance(TIMES.hold + 1)
    assert "Nothing was done; --apply does it." in await run(repair, entry.id, apply=False)
    assert await estate.entry(entry.id) == entry
    assert numbers.state(ONE) == ("reserved", entry.token)


async def test_a_repair_does_what_a_sweep_does(estate: Estate, run: Run, numbers: Numbers) -> None:
    entry = await held(estate)
    estate.clock.advance(TIMES.hold + 1)
    assert "Done: it was HELD and is EXPIRED." in await run(repair, entry.id, apply=True)
    assert (await estate.entry(entry.id)).state == "EXPIRED"
    assert numbers.state(ONE) == ("free", None)


async def test_a_repair_tells_before_and_after(estate: Estate, told: Run) -> None:
    entry = await held(estate)
    estate.clock.advance(TIMES.hold + 1)
    shown = await told(repair, entry.id, apply=True)
    assert [shown[each]["reservation"]["state"] for each in ("before", "after")] == ["HELD", "EXPIRED"]


async def test_a_lost_mark_is_put_back_before_any_sweep_is_due(estate: Estate, run: Run, numbers: Numbers) -> None:
    entry = await assigned(estate)
    numbers.patch(ONE, resourceStatus="available", usageState="idle", relatedParty=[])
    await run(repair, entry.id, apply=True)
    assert numbers.state(ONE) == ("assigned", entry.token)


async def test_what_is_over_is_not_repaired_into_anything(estate: Estate, run: Run, numbers: Numbers) -> None:
    entry = await released(estate)
    await run(repair, entry.id, apply=True)
    assert (await estate.entry(entry.id)).state == "RELEASED"
    assert numbers.state(ONE) == ("free", None)


async def test_a_repair_leaves_the_next_owner_of_a_number_alone(estate: Estate, run: Run, numbers: Numbers) -> None:
    entry = await released(estate)
    bobs = await held(estate, "bob")
    await run(repair, entry.id, apply=True)
    assert (await estate.entry(bobs.id)).state == "HELD"
    assert numbers.state(ONE) == ("reserved", bobs.token)


async def unknown(estate: Estate, sandbox: SandboxControl) -> Entry:
    """A row whose write nobody has heard of, and whose maker may still be at it."""
    sandbox.habit("applied-later", api="TMF639", times=1)
    with pytest.raises(OutcomeUnknownError):
        await held(estate)
    entry = await estate.desk.journal.live_of("NUMBER", ONE.value)
    assert entry is not None
    return entry


async def test_what_somebody_may_be_at_work_on_is_left_alone(estate: Estate, run: Run, sandbox: SandboxControl) -> None:
    entry = await unknown(estate, sandbox)
    with pytest.raises(CommandError, match="Somebody may be at work on it until 2027-01-15 08:00:30Z"):
        await run(repair, entry.id, apply=True)
    assert await estate.entry(entry.id) == entry


async def test_what_nobody_is_at_work_on_any_more_is_taken_on(
    estate: Estate, run: Run, sandbox: SandboxControl
) -> None:
    entry = await unknown(estate, sandbox)
    estate.clock.advance(TIMES.settle + 1)
    await run(repair, entry.id, apply=True)
    assert (await estate.entry(entry.id)).state == "RELEASING"


async def test_a_repair_that_the_inventory_does_not_answer_says_so(
    estate: Estate, run: Run, sandbox: SandboxControl
) -> None:
    entry = await assigned(estate)
    sandbox.fault("status", api="TMF639", status=503)
    with pytest.raises(CommandError, match=r"could not be settled now and was put off: tmf639"):
        await run(repair, entry.id, apply=True)
    assert (await estate.entry(entry.id)).state == "ASSIGNED"


# ---------------------------------------------------------------- what is foreseen comes true


async def resting(estate: Estate) -> Entry:
    entry = await estate.assignments.give_back(await assigned(estate))
    assert entry is not None
    return entry


async def assigning(estate: Estate) -> Entry:
    entry = await in_checkout(estate)
    now = estate.clock.now()
    begun = await estate.desk.journal.step(entry, ("IN_CHECKOUT",), state="ASSIGNING", due_at=now)
    assert begun is not None
    return begun


async def releasing(estate: Estate) -> Entry:
    begun = await estate.desk.begin_release(await held(estate), (Step.HELD,), "released")
    assert begun is not None
    return begun


@pytest.mark.parametrize(
    ("make", "later", "foreseen", "becomes"),
    [
        (held, 0, "put our mark back, should it be lost", "HELD"),
        (held, TIMES.hold + 1, "take our mark off and end it as EXPIRED", "EXPIRED"),
        (in_checkout, 0, "put our mark back, should it be lost; nothing else", "IN_CHECKOUT"),
        (in_checkout, 4_000, "put our mark back, should it be lost; nothing else", "IN_CHECKOUT"),
        (assigning, 1, "assign it", "ASSIGNED"),
        (assigned, 100, "put our mark back, should the inventory not show it as assigned", "ASSIGNED"),
        (releasing, 60, "take our mark off and end it as RELEASED", "RELEASED"),
        (resting, 1, "put it aside in the inventory", "RESTING"),
        (resting, TIMES.rest + 1, "take our mark off and end it as RELEASED", "RELEASED"),
        (released, 1, "nothing", "RELEASED"),
    ],
)
async def test_what_is_foreseen_comes_true(
    estate: Estate, make: Callable[[Estate], Any], later: float, foreseen: str, becomes: str
) -> None:
    entry = await make(estate)
    estate.clock.advance(later)
    assert foresee(entry, estate.clock.now(), TIMES).what == foreseen
    await estate.sweeper.settle(entry)
    assert (await estate.entry(entry.id)).state == becomes


async def test_a_write_that_may_still_come_is_foreseen(estate: Estate, sandbox: SandboxControl) -> None:
    entry = await unknown(estate, sandbox)
    await estate.sweep_after(TIMES.settle + 1)
    left = await estate.entry(entry.id)
    assert foresee(left, estate.clock.now(), TIMES).what == "take our mark off, and wait"


# ---------------------------------------------------------------- the command line


@pytest.fixture
def cli(given: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in [name for name in os.environ if name.startswith("BFF_")]:
        monkeypatch.delenv(name)
    for name, value in given.items():
        monkeypatch.setenv(f"BFF_{name.upper()}", value)

    async def ran(*arguments: str) -> Any:
        return await asyncio.to_thread(CliRunner().invoke, app, ["reservations", *arguments])

    return ran


async def test_the_command_line_lists(estate: Estate, cli: Run) -> None:
    entry = await held(estate)
    done = await cli("list", "--state", "held", "--json")
    assert (done.exit_code, [each["id"] for each in json.loads(done.stdout)]) == (0, [entry.id])


async def test_the_command_line_explains(estate: Estate, cli: Run) -> None:
    entry = await held(estate)
    done = await cli("explain", ONE.msisdn, "--json")
    assert (done.exit_code, json.loads(done.stdout)["reservation"]["id"]) == (0, entry.id)


async def test_the_command_line_repairs_when_told_to(estate: Estate, cli: Run, numbers: Numbers) -> None:
    entry = await assigned(estate)
    numbers.patch(ONE, resourceStatus="available", usageState="idle", relatedParty=[])
    done = await cli("repair", entry.id, "--apply")
    assert (done.exit_code, numbers.state(ONE)) == (0, ("assigned", entry.token))


async def test_the_command_line_says_what_is_not_there(estate: Estate, cli: Run) -> None:
    done = await cli("explain", "r0")
    assert (done.exit_code, done.stderr) == (2, "There is no reservation of r0.\n")


@pytest.mark.parametrize("name", ["tmf639_url", "tmf663_url", "redis_url", "keys"])
async def test_a_setting_that_is_missing_is_named(given: dict[str, str], run: Run, name: str) -> None:
    del given[name]
    with pytest.raises(CommandError, match=f"BFF_{name.upper()} is not set"):
        await run(listed)


async def test_a_database_that_is_not_of_this_release_is_left_alone(given: dict[str, str], run: Run) -> None:
    given["database_url"] = "sqlite:////nowhere/at/all.db"
    with pytest.raises(CommandError):
        await run(listed)
