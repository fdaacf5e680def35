"""What the listener takes, what it refuses, and what an event does to what was read before."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from domain.catalog.events import EventIntake, parse_event
from kernel.clock import FixedClock
from kernel.errors import BadRequestError
from sandbox.control import SandboxControl
from tests.client import Client
from tests.conftest import MakeGateway
from tests.upstream import Upstream

TOKEN = "a-secret-word"
ADDRESS = f"/events/tmf620/{TOKEN}"
NAME = "{ productOfferings(first: 1) { nodes { name } } }"


def event(event_id: str = "e1", kind: str = "ProductOfferingAttributeValueChangeEvent", **resource: Any) -> bytes:
    payload = {"productOffering": {"id": "po-mobile-m", **resource}}
    return json.dumps({"eventId": event_id, "eventType": kind, "event": payload}).encode()


async def post(client: Client, body: bytes, address: str = ADDRESS) -> httpx.Response:
    """Deliver an event, and let the process do what it does behind; in one process nothing else gives it a turn."""
    answer = await client.http.post(address, content=body)
    for _ in range(10):
        await asyncio.sleep(0)
    return answer


def listings(sandbox: SandboxControl) -> int:
    return int(sandbox.calls()["byResource"].get("TMF620.productOffering", 0))


@pytest.mark.parametrize("address", [ADDRESS, f"{ADDRESS}/listener/productOfferingAttributeValueChangeEvent"])
async def test_an_event_makes_what_was_read_before_outdated(
    gateway: MakeGateway, sandbox: SandboxControl, address: str
) -> None:
    """Posted to the bare callback or below it, an event is answered at once, and the next query reads again."""
    async with gateway(events_token=TOKEN, events_compare=0) as client:
        await client.data(NAME)
        await client.data(NAME)
        assert listings(sandbox) == 1
        assert (await post(client, event(), address)).status_code == 204
        await client.data(NAME)
        await client.data(NAME)
        assert listings(sandbox) == 2


async def test_what_changed_while_the_upstream_was_away_is_shown_soon_after(
    gateway: MakeGateway, sandbox: SandboxControl, upstream: Upstream
) -> None:
    """Till then the old is shown, and no longer than a moment is it given again without asking."""
    clock = FixedClock()

    async def name() -> str:
        return str((await client.data(NAME))["productOfferings"]["nodes"][0]["name"])

    given = {"events_token": TOKEN, "events_compare": 0, "tmf620_attempts": 1, "answers_memory_mb": 0}
    async with gateway(clock=clock, **given) as client:
        assert [await name(), await name()] == ["Mobile M"] * 2
        clock.advance(10)
        upstream.patch("productOffering", "po-mobile-m", {"name": "Mobile Medium"})
        sandbox.fault("status", api="TMF620", status=503)
        await post(client, event())
        assert [await name(), await name()] == ["Mobile M"] * 2
        sandbox.clear_faults()
        clock.advance(2)
        assert await name() == "Mobile Medium"


async def test_a_repeated_event_is_taken_once(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """The same `eventId` again is answered as before and costs nothing."""
    async with gateway(events_token=TOKEN, events_compare=0) as client:
        for _ in range(3):
            assert (await post(client, event("same"))).status_code == 204
            await client.data(NAME)
        assert listings(sandbox) == 1


async def test_what_the_event_says_of_the_content_is_not_believed(gateway: MakeGateway) -> None:
    """A forged name in a payload is shown to nobody: the upstream is asked."""
    async with gateway(events_token=TOKEN, events_compare=0) as client:
        await post(client, event(name="Free for all"))
        assert (await client.data(NAME))["productOfferings"]["nodes"][0]["name"] == "Mobile M"


@pytest.mark.parametrize(
    ("address", "body", "status"),
    [
        ("/events/tmf620/wrong", event(), 404),
        ("/events/tmf622/" + TOKEN, event(), 404),
        (ADDRESS, b"no json", 400),
        (ADDRESS, b"[]", 400),
        (ADDRESS, b"{}", 400),
        (ADDRESS, b"[" * 900, 400),
        (ADDRESS, b"\xff\xfe", 400),
        (ADDRESS, event(name="x" * 2_000), 413),
    ],
)
async def test_what_is_no_event_changes_nothing(
    gateway: MakeGateway, sandbox: SandboxControl, address: str, body: bytes, status: int
) -> None:
    """A wrong token, another upstream, no event, a giant one: refused, and what was read is as good as before."""
    async with gateway(events_token=TOKEN, events_compare=0, events_max_bytes=1_000) as client:
        await client.data(NAME)
        assert (await post(client, body, address)).status_code == status
        await client.data(NAME)
        assert listings(sandbox) == 1


async def test_without_a_token_there_is_no_listener(gateway: MakeGateway) -> None:
    """Events are off until a secret is set."""
    async with gateway() as client:
        assert (await post(client, event(), "/events/tmf620/")).status_code == 404


async def test_a_server_that_wants_201_gets_it(gateway: MakeGateway) -> None:
    """v4's files name 201."""
    async with gateway(events_token=TOKEN, events_compare=0, events_answer=201) as client:
        assert (await post(client, event())).status_code == 201


async def test_an_upstream_that_is_down_when_it_matters(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """What is outdated is still better than nothing: while the upstream is down the old name is shown."""
    async with gateway(events_token=TOKEN, events_compare=0) as client:
        await client.data(NAME)
        sandbox.fault("status", api="TMF620", status=503)
        await post(client, event())
        assert (await client.data(NAME))["productOfferings"]["nodes"][0]["name"] == "Mobile M"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"eventType": "ProductOfferingDeleteEvent", "event": {"productOffering": {"id": "a"}}}, "productOffering/a"),
        ({"eventType": "productOfferingPriceCreationNotification"}, "productOfferingPrice/*"),
        ({"eventType": "CategoryStateChangeEvent", "event": {"category": {"id": "../x"}}}, "category/*"),
        ({"event": {"productSpecification": {"id": "s"}}}, "productSpecification/s"),
        ({"eventType": "X", "event": {"productOfferingPrice": "odd"}}, "productOfferingPrice/*"),
    ],
)
def test_what_an_event_is_about(body: dict[str, Any], name: str) -> None:
    """By its payload, else by its type; an id that cannot go into a URL means any of them."""
    change = parse_event(json.dumps(body).encode())
    assert change is not None
    assert change.name == name


def test_events_of_other_resources_are_about_nothing() -> None:
    """An order's event is an event, and none of the catalogue's business."""
    assert parse_event(b'{"eventType": "ProductOrderCreateEvent", "event": {"productOrder": {"id": "1"}}}') is None
    with pytest.raises(BadRequestError):
        parse_event(b"{}")


async def test_a_flood_becomes_one_look_at_everything() -> None:
    """However many events come before one is worked off, what waits is bounded."""
    intake = EventIntake(apply=lambda _: None)  # type: ignore[arg-type,return-value]
    for number in range(2_000):
        body = {"eventId": str(number), "eventType": "x", "event": {"category": {"id": f"c{number}"}}}
        intake.take(json.dumps(body).encode())
    assert "category/*" in intake._waiting
    assert len(intake._waiting) <= 1_001


async def test_one_id_for_two_things_hides_neither() -> None:
    """Servers that number the events of each resource, or give all of a write one id; repeated each is taken once."""
    intake = EventIntake(apply=lambda _: None)  # type: ignore[arg-type,return-value]
    for taken in (True, False):
        for path in ("productOffering", "productOfferingPrice"):
            body = {"eventId": "1", "eventType": "x", "event": {path: {"id": "a"}}}
            assert intake.take(json.dumps(body).encode()) is taken
    assert [*intake._waiting] == ["productOffering/a", "productOfferingPrice/a"]
