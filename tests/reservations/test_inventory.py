"""Marks in the sandbox's TMF639: both versions, blind and conditional, on good days and on bad ones."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from clients.http import HttpxSender, Reply
from domain.reservations.inventory import Inventory, Marked
from domain.reservations.model import Candidate, ResourceState
from kernel.clock import FixedClock
from kernel.errors import UpstreamError
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from sandbox.seed.numbers import secrets
from tests.reservations.estate import (
    Json,
    Numbers,
    before_the_patch,
    free_card,
    free_numbers,
    inventory_over,
    meddling,
    patches_answered,
)

MINE, THEIRS = "t-mine", "t-theirs"
CHANNEL = {"id": "channel-1", "name": "Branch", "role": "channel", "@referredType": "Channel"}
NUMBER = free_numbers(1)[0]
NOBODY = replace(NUMBER, upstream_id="msisdn-0")


@pytest.fixture(params=["v4 blind", "v4 conditional", "v5 blind", "v5 conditional"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def inventory(
    kind: str, sandbox_process: SandboxProcess, sandbox: SandboxControl, clock: FixedClock
) -> AsyncIterator[Inventory]:
    """An inventory of each kind; the sandbox is as seeded."""
    version, _, strictness = kind.partition(" ")
    if strictness == "conditional":
        for habit in ("etag-present", "transitions-enforced"):
            sandbox.habit(habit, api="TMF639")
    made = inventory_over(sandbox_process.base_url, clock, version=version)
    yield made
    assert isinstance(made.client.sender, HttpxSender)
    await made.client.sender.aclose()


@pytest.fixture
def calls(sandbox: SandboxControl) -> Callable[[], list[str]]:
    return lambda: [call["method"] for call in sandbox.calls()["log"] if call["resource"] == "resource"]


async def test_a_free_number_is_reserved_with_our_mark(inventory: Inventory, numbers: Numbers) -> None:
    assert await inventory.reserve(NUMBER, MINE) is Marked.DONE
    assert numbers.state(NUMBER) == ("reserved", MINE)


async def test_reserving_is_a_get_a_patch_and_a_get(
    inventory: Inventory, sandbox: SandboxControl, calls: Callable[[], list[str]]
) -> None:
    sandbox.reset_calls()
    await inventory.reserve(NUMBER, MINE)
    assert calls() == ["GET", "PATCH", "GET"]


async def test_reserving_again_writes_nothing(
    inventory: Inventory, sandbox: SandboxControl, calls: Callable[[], list[str]]
) -> None:
    await inventory.reserve(NUMBER, MINE)
    sandbox.reset_calls()
    assert await inventory.reserve(NUMBER, MINE) is Marked.DONE
    assert calls() == ["GET"]


async def test_anothers_mark_is_a_loss_and_stays(inventory: Inventory, numbers: Numbers) -> None:
    await inventory.reserve(NUMBER, THEIRS)
    assert await inventory.reserve(NUMBER, MINE) is Marked.LOST
    assert await inventory.assign(NUMBER, MINE) is Marked.LOST
    assert numbers.state(NUMBER) == ("reserved", THEIRS)


async def test_a_number_that_another_channel_reserved_without_a_mark_is_a_loss(
    inventory: Inventory, numbers: Numbers
) -> None:
    numbers.patch(NUMBER, resourceStatus="reserved")
    assert await inventory.reserve(NUMBER, MINE) is Marked.LOST
    assert numbers.state(NUMBER) == ("reserved", None)


async def test_a_number_that_the_inventory_does_not_have_is_a_loss(inventory: Inventory) -> None:
    assert await inventory.reserve(NOBODY, MINE) is Marked.LOST


async def test_a_reserved_number_becomes_the_customers(inventory: Inventory, numbers: Numbers) -> None:
    await inventory.reserve(NUMBER, MINE)
    assert await inventory.assign(NUMBER, MINE) is Marked.DONE
    assert numbers.state(NUMBER) == ("assigned", MINE)


async def test_what_is_assigned_is_not_taken_back_by_a_late_reserve(inventory: Inventory, numbers: Numbers) -> None:
    await inventory.reserve(NUMBER, MINE)
    await inventory.assign(NUMBER, MINE)
    assert await inventory.reserve(NUMBER, MINE) is Marked.DONE
    assert numbers.state(NUMBER) == ("assigned", MINE)


async def test_an_assignment_whose_mark_was_lost_is_made_again(inventory: Inventory, numbers: Numbers) -> None:
    assert await inventory.assign(NUMBER, MINE) is Marked.DONE
    assert numbers.state(NUMBER) == ("assigned", MINE)


async def test_where_fulfilment_assigns_a_number_stays_reserved(inventory: Inventory, numbers: Numbers) -> None:
    left = replace(inventory, assigns=False)
    await left.reserve(NUMBER, MINE)
    assert await left.assign(NUMBER, MINE) is Marked.DONE
    assert numbers.state(NUMBER) == ("reserved", MINE)


async def test_where_fulfilment_assigns_anothers_mark_is_a_loss(inventory: Inventory) -> None:
    await inventory.reserve(NUMBER, THEIRS)
    assert await replace(inventory, assigns=False).assign(NUMBER, MINE) is Marked.LOST


@pytest.mark.parametrize(
    ("assigns", "changes", "kept"),
    [
        (True, {}, True),
        (True, {"relatedParty": []}, False),
        (True, {"usageState": "idle"}, False),
        (False, {}, True),
        (False, {"relatedParty": []}, True),  # fulfilment has taken it over
        (False, {"usageState": "idle"}, True),
        (False, {"usageState": "idle", "relatedParty": []}, False),
        (False, {"resourceStatus": "available", "usageState": "idle"}, False),
    ],
)
async def test_what_was_assigned_is_kept_as_long_as_it_shows(
    inventory: Inventory, numbers: Numbers, sandbox: SandboxControl, assigns: bool, changes: Json, kept: bool
) -> None:
    await inventory.reserve(NUMBER, MINE)
    await inventory.assign(NUMBER, MINE)
    sandbox.clear_habits()  # the operator may bring it into any state
    numbers.patch(NUMBER, **changes)
    assert await replace(inventory, assigns=assigns).keeps(NUMBER, MINE) is kept


async def test_what_the_inventory_does_not_have_any_more_counts_as_kept(inventory: Inventory) -> None:
    assert await inventory.keeps(NOBODY, MINE)


async def test_a_server_without_parties_keeps_by_its_state(inventory: Inventory, numbers: Numbers) -> None:
    await inventory.reserve(NUMBER, MINE)
    await inventory.assign(NUMBER, MINE)
    numbers.patch(NUMBER, relatedParty=[])
    assert await replace(inventory, marks=False).keeps(NUMBER, MINE)


@pytest.mark.parametrize("first", ["reserve", "assign", "rest"])
async def test_releasing_makes_a_number_free_without_a_mark(first: str, inventory: Inventory, numbers: Numbers) -> None:
    await inventory.reserve(NUMBER, MINE)
    await getattr(inventory, first)(NUMBER, MINE)
    assert await inventory.release(NUMBER, MINE) is Marked.DONE
    assert numbers.state(NUMBER) == ("free", None)


async def test_releasing_leaves_anothers_mark_alone(inventory: Inventory, numbers: Numbers) -> None:
    await inventory.reserve(NUMBER, THEIRS)
    assert await inventory.release(NUMBER, MINE) is Marked.DONE
    assert numbers.state(NUMBER) == ("reserved", THEIRS)


async def test_a_number_that_was_given_up_rests_and_keeps_the_mark(inventory: Inventory, numbers: Numbers) -> None:
    await inventory.reserve(NUMBER, MINE)
    await inventory.assign(NUMBER, MINE)
    assert await inventory.rest(NUMBER, MINE) is Marked.DONE
    assert numbers.state(NUMBER) == ("suspended", MINE)


async def test_other_related_parties_stay_as_they_are(inventory: Inventory, numbers: Numbers) -> None:
    numbers.patch(NUMBER, relatedParty=[CHANNEL])
    await inventory.reserve(NUMBER, MINE)
    await inventory.assign(NUMBER, MINE)
    assert CHANNEL in parties(numbers)
    await inventory.release(NUMBER, MINE)
    assert parties(numbers) == [CHANNEL]


def parties(numbers: Numbers) -> list[Json]:
    """Without the `@type` that the sandbox gives what came through v5."""
    return [{name: each[name] for name in each if name != "@type"} for each in numbers.get(NUMBER)["relatedParty"]]


async def test_a_cards_secrets_survive_untouched(inventory: Inventory, numbers: Numbers) -> None:
    card, _ = free_card()
    before = numbers.get(card)["resourceCharacteristic"]
    assert {(each["name"], each["value"]) for each in before} >= set(secrets(card.value))
    await inventory.reserve(card, MINE)
    assert numbers.get(card)["resourceCharacteristic"] == before
    await inventory.release(card, MINE)
    assert numbers.get(card)["resourceCharacteristic"] == before


async def test_a_card_stays_of_its_type(inventory: Inventory, numbers: Numbers) -> None:
    card = plastic_card()
    await inventory.reserve(card, MINE)
    await inventory.release(card, MINE)
    assert numbers.get(card)["@type"] == "PhysicalResource"


def plastic_card() -> Candidate:
    card, document = free_card(plastic=True)
    assert document["@type"] == "PhysicalResource"
    return card


@pytest.mark.parametrize("status", [409, 412, 422])
async def test_a_refusal_is_a_loss(status: int, inventory: Inventory, numbers: Numbers) -> None:
    with patches_answered(inventory, status):
        assert await inventory.reserve(NUMBER, MINE) is Marked.LOST
    assert numbers.state(NUMBER) == ("free", None)


@pytest.mark.parametrize("move", ["assign", "release", "rest"])
async def test_a_refusal_of_what_bears_our_mark_is_no_loss_and_no_success(move: str, inventory: Inventory) -> None:
    await inventory.reserve(NUMBER, MINE)
    with patches_answered(inventory, 409):
        assert await getattr(inventory, move)(NUMBER, MINE) is Marked.NOT_SENT


async def test_who_reads_before_another_writes_loses(
    sandbox_process: SandboxProcess, sandbox: SandboxControl, inventory: Inventory, numbers: Numbers, kind: str
) -> None:
    """On a blind server the reads in between decide; here the other one is through before our write."""
    if "blind" in kind:
        sandbox.habit("etag-present", api="TMF639")
    with before_the_patch(inventory, lambda: numbers.patch(NUMBER, **reserved_by(THEIRS))):
        assert await inventory.reserve(NUMBER, MINE) is Marked.LOST
    assert numbers.state(NUMBER) == ("reserved", THEIRS)


async def test_the_last_of_several_tries_is_read_back_too(inventory: Inventory, numbers: Numbers) -> None:
    refusals = [Reply(409, {}, b"{}")] * 2

    async def twice(_: bytes) -> Reply | None:
        return refusals.pop() if refusals else None

    with meddling(inventory, twice):
        assert await inventory.reserve(NUMBER, MINE) is Marked.DONE
    assert numbers.state(NUMBER) == ("reserved", MINE)


async def test_a_write_that_was_accepted_and_does_not_show_is_unknown(inventory: Inventory) -> None:
    with patches_answered(inventory, 202):
        assert await inventory.reserve(NUMBER, MINE) is Marked.UNKNOWN


@pytest.mark.usefixtures("hurry")
async def test_a_write_whose_answer_is_lost_is_read_back(inventory: Inventory, sandbox: SandboxControl) -> None:
    sandbox.habit("late-apply", api="TMF639", times=1)
    assert await inventory.reserve(NUMBER, MINE) is Marked.DONE


async def test_a_write_that_is_applied_later_is_unknown_and_not_repeated(
    inventory: Inventory, sandbox: SandboxControl, calls: Callable[[], list[str]]
) -> None:
    sandbox.habit("applied-later", api="TMF639", times=1)
    sandbox.reset_calls()
    assert await inventory.reserve(NUMBER, MINE) is Marked.UNKNOWN
    assert calls().count("PATCH") == 1


async def test_what_was_unknown_is_settled_by_a_later_read(
    inventory: Inventory, sandbox: SandboxControl, numbers: Numbers
) -> None:
    sandbox.habit("applied-later", api="TMF639", times=1)
    await inventory.reserve(NUMBER, MINE)
    sandbox.apply_ghosts()
    assert await inventory.reserve(NUMBER, MINE) is Marked.DONE
    assert numbers.state(NUMBER) == ("reserved", MINE)


async def test_a_ghost_finds_the_number_taken_where_the_server_is_conditional(
    kind: str, inventory: Inventory, sandbox: SandboxControl, numbers: Numbers
) -> None:
    sandbox.habit("applied-later", api="TMF639", times=1)
    await inventory.reserve(NUMBER, MINE)
    assert await inventory.reserve(NUMBER, THEIRS) is Marked.DONE
    sandbox.apply_ghosts()
    assert numbers.state(NUMBER) == ("reserved", THEIRS if "conditional" in kind else MINE)


@pytest.mark.parametrize("fault", ["reset", "hang"])
@pytest.mark.usefixtures("hurry")
async def test_nothing_was_sent_while_the_inventory_cannot_be_read(
    fault: str, inventory: Inventory, sandbox: SandboxControl, numbers: Numbers
) -> None:
    sandbox.fault(fault, api="TMF639", times=1)
    assert await inventory.reserve(NUMBER, MINE) is Marked.NOT_SENT
    assert numbers.state(NUMBER) == ("free", None)


@pytest.mark.parametrize("fault", ["status", "html", "errorBody", "truncated", "half"])
async def test_an_answer_that_is_none_reserves_nothing(
    fault: str, inventory: Inventory, sandbox: SandboxControl, numbers: Numbers
) -> None:
    sandbox.fault(fault, api="TMF639", times=1)
    assert await inventory.reserve(NUMBER, MINE) is Marked.NOT_SENT
    assert numbers.state(NUMBER) == ("free", None)


async def test_a_locked_inventory_reserves_nothing(inventory: Inventory, sandbox: SandboxControl) -> None:
    sandbox.auth("apiKey", api="TMF639", header="X-API-Key", key="k")
    assert await inventory.reserve(NUMBER, MINE) is Marked.NOT_SENT


async def test_looking_tells_state_and_mark(inventory: Inventory) -> None:
    await inventory.reserve(NUMBER, MINE)
    seen = await inventory.look(NUMBER)
    assert seen is not None
    assert (seen.state, seen.mark) == (ResourceState.RESERVED, MINE)
    assert await inventory.look(NOBODY) is None


async def test_looking_says_when_nobody_answers(inventory: Inventory, sandbox: SandboxControl) -> None:
    sandbox.fault("status", api="TMF639")
    with pytest.raises(UpstreamError):
        await inventory.look(NUMBER)


def reserved_by(token: str) -> Json:
    party = {"id": token, "name": token, "role": "reserver", "@referredType": "Individual"}
    return {"resourceStatus": "reserved", "usageState": "idle", "relatedParty": [party]}
