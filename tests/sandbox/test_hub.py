"""Subscribing as a client of the API does it, and every event that then arrives."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.app import create_sandbox
from sandbox.process import SandboxProcess
from tests.needs import need_spec
from tests.sandbox.conftest import BASE
from tests.sandbox.listening import Listener, listening
from tests.sandbox.swagger import Contract

HUB = f"{BASE}/hub"
OFFERING = f"{BASE}/productOffering"
ESIM = f"{OFFERING}/po-esim"


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    async with listening() as listener:
        yield listener


async def subscribe(client: httpx.AsyncClient, callback: str, query: str | None = None, hub: str = HUB) -> str:
    body = {"callback": callback} | ({"query": query} if query is not None else {})
    answer = await client.post(hub, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def hubs(client: httpx.AsyncClient) -> list[Any]:
    listed: list[Any] = (await client.get("/sandbox/hubs")).json()
    return listed


async def test_a_subscription_is_made_listed_and_ended(client: httpx.AsyncClient) -> None:
    contract = Contract(need_spec("TMF620-ProductCatalog-v4.1.0.json"))
    answer = await client.post(HUB, json={"callback": "http://h/x", "query": "eventType=CatalogCreateEvent"})
    made = answer.json()
    assert made == {"id": made["id"], "callback": "http://h/x", "query": "eventType=CatalogCreateEvent"}
    assert contract.problems("EventSubscription", made) == []
    assert answer.headers["location"] == f"http://sandbox.test{HUB}/{made['id']}"
    assert await hubs(client) == [{**made, "api": "TMF620", "version": 4}]
    assert (await client.delete(f"{HUB}/{made['id']}")).status_code == 204
    assert await hubs(client) == []
    assert (await client.delete(f"{HUB}/{made['id']}")).status_code == 404
    assert (await client.get("/sandbox/calls")).json()["byResource"] == {"TMF620.hub": 3}


async def test_subscribing_again_makes_two(client: httpx.AsyncClient) -> None:
    first, second = await subscribe(client, "http://h"), await subscribe(client, "http://h")
    assert first != second
    assert [hub["id"] for hub in await hubs(client)] == [first, second]


async def test_hub_409(client: httpx.AsyncClient) -> None:
    await client.put("/sandbox/habits", json={"api": "TMF620", "name": "hub-409"})
    await subscribe(client, "http://h")
    assert (await client.post(HUB, json={"callback": "http://h"})).status_code == 409
    await subscribe(client, "http://h/other")
    assert len(await hubs(client)) == 2


@pytest.mark.parametrize(
    "body",
    [{}, {"callback": ""}, {"callback": 3}, {"callback": "ftp://h"}, {"callback": "http://h", "query": 3},
     {"callback": "http://h", "query": "no comparison"}, []],
)  # fmt: skip
async def test_a_wrong_subscription_is_refused(client: httpx.AsyncClient, body: Any) -> None:
    assert (await client.post(HUB, json=body)).status_code == 400
    assert await hubs(client) == []


@pytest.mark.parametrize(
    ("method", "path", "allow"), [("GET", "", "POST"), ("GET", "/x", "DELETE"), ("PATCH", "/x", "DELETE")]
)
async def test_v4_reads_no_subscription(client: httpx.AsyncClient, method: str, path: str, allow: str) -> None:
    answer = await client.request(method, HUB + path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)


async def test_faults_and_locks_strike_the_hub_too(client: httpx.AsyncClient) -> None:
    await client.put("/sandbox/faults", json={"kind": "status", "resource": "hub"})
    assert (await client.post(HUB, json={"callback": "http://h"})).status_code == 503
    await client.delete("/sandbox/faults")
    await client.put("/sandbox/auth", json={"kind": "apiKey", "key": "k"})
    assert (await client.post(HUB, json={"callback": "http://h"})).status_code == 401
    assert await hubs(client) == []


async def test_every_write_is_told(client: httpx.AsyncClient, listener: Listener) -> None:
    contract = Contract(need_spec("TMF620-ProductCatalog-v4.1.0.json"))
    await subscribe(client, listener.address)
    created = (await client.post(OFFERING, json={"id": "x", "name": "X"}, headers={"x-correlation-id": "c1"})).json()
    renamed = (await client.patch(f"{OFFERING}/x", json={"name": "Y", "lifecycleStatus": "Active"})).json()
    await client.delete(f"{OFFERING}/x")
    for name, document in (
        ("ProductOfferingCreateEvent", created),
        ("ProductOfferingAttributeValueChangeEvent", renamed),
        ("ProductOfferingStateChangeEvent", renamed),
        ("ProductOfferingDeleteEvent", renamed),
    ):
        heard = await listener.next()
        assert heard.path == f"/listener/p{name[1:]}"
        assert (heard.body["eventType"], heard.body["event"]) == (name, {"productOffering": document})
        assert heard.body["eventTime"] == heard.body["timeOcurred"] == "2026-11-23T08:30:00.000000Z"
        assert heard.body.get("correlationId") == ("c1" if name.endswith("CreateEvent") else None)
        assert contract.problems(name, heard.body) == []
    assert not listener.heard_more()


async def test_a_refused_write_is_not_told(client: httpx.AsyncClient) -> None:
    await client.patch(ESIM, json={"name": None})
    await client.delete(f"{OFFERING}/nobody")
    await client.post(OFFERING, json={"id": "po-esim", "name": "again"})
    assert (await client.get("/sandbox/events")).json() == []


async def test_a_query_chooses(client: httpx.AsyncClient, listener: Listener) -> None:
    await subscribe(client, f"{listener.address}/one", "eventType=ProductOfferingStateChangeEvent,CategoryCreateEvent")
    await subscribe(client, f"{listener.address}/two", "?eventType=CatalogDeleteEvent&eventType=CategoryCreateEvent")
    await subscribe(client, f"{listener.address}/three", "event.productOffering.id=po-esim")
    await client.patch(ESIM, json={"lifecycleStatus": "Retired", "name": "old"})
    await client.post(f"{BASE}/category", json={"name": "new"})
    paths = {(await listener.next()).path for _ in range(5)}
    assert paths == {
        "/one/listener/productOfferingStateChangeEvent",
        "/one/listener/categoryCreateEvent",
        "/two/listener/categoryCreateEvent",
        "/three/listener/productOfferingAttributeValueChangeEvent",
        "/three/listener/productOfferingStateChangeEvent",
    }
    assert not listener.heard_more()


async def test_a_callback_may_carry_a_token_a_query_or_a_user(client: httpx.AsyncClient, listener: Listener) -> None:
    with_user = listener.address.replace("http://", "http://me:secret@")
    await subscribe(client, f"{with_user}/in?token=t")
    await client.put("/sandbox/hubs", json={"authorization": "Bearer s"})
    await subscribe(client, listener.address)
    await client.delete(ESIM)
    heard = sorted([await listener.next(), await listener.next()], key=lambda each: each.path)
    assert [each.path for each in heard] == [
        "/in/listener/productOfferingDeleteEvent?token=t",
        "/listener/productOfferingDeleteEvent",
    ]
    assert [each.headers["authorization"] for each in heard] == ["Basic bWU6c2VjcmV0", "Bearer s"]


async def test_a_write_does_not_wait_for_a_dead_listener(client: httpx.AsyncClient) -> None:
    async with listening(0) as silent:
        await subscribe(client, silent.address)
        assert (await client.patch(ESIM, json={"version": "2"})).status_code == 200
        await silent.next()
        event = (await client.get("/sandbox/events")).json()[0]
        assert (event["deliveries"][0]["state"], event["deliveries"][0]["attempts"]) == ("pending", [])


async def test_the_log_tells_what_became_of_each_event(client: httpx.AsyncClient, app) -> None:
    async with listening(503, 204) as listener:
        hub = await subscribe(client, listener.address)
        await client.patch(ESIM, json={"version": "2"})
        heard = [await listener.next(), await listener.next()]
        await app.state.courier.settle()
    assert heard[0].body == heard[1].body
    event = (await client.get("/sandbox/events")).json()[0]
    assert event == {
        "eventId": heard[0].body["eventId"],
        "eventTime": "2026-11-23T08:30:00.000000Z",
        "api": "TMF620",
        "kind": "AttributeValueChange",
        "resource": "TMF620.productOffering",
        "id": "po-esim",
        "deliveries": [
            {
                "hub": hub,
                "url": f"{listener.address}/listener/productOfferingAttributeValueChangeEvent",
                "eventType": "ProductOfferingAttributeValueChangeEvent",
                "state": "delivered",
                "attempts": [503, 204],
            }
        ],
    }


async def test_an_old_event_is_sent_again(client: httpx.AsyncClient, listener: Listener) -> None:
    await client.patch(ESIM, json={"version": "2"})
    await client.patch(ESIM, json={"version": "3"})
    await subscribe(client, listener.address)
    first = (await client.get("/sandbox/events")).json()[0]
    assert (await client.post("/sandbox/events", json={"eventId": first["eventId"]})).status_code == 202
    heard = (await listener.next()).body
    assert (heard["eventId"], heard["event"]["productOffering"]["version"]) == (first["eventId"], "2")
    assert (await client.post("/sandbox/events", json={"eventId": "nobody"})).status_code == 404


async def test_a_hand_made_event_is_sent_as_it_is(client: httpx.AsyncClient, listener: Listener) -> None:
    await subscribe(client, listener.address, "eventType=SomethingElse")
    forged = {"eventType": "ProductOfferingDeleteEvent", "event": "nonsense"}
    for sending, path, body in (
        ({"event": forged}, "/listener/productOfferingDeleteEvent", forged),
        ({"event": forged, "path": "/odd"}, "/odd", forged),
        ({"event": [1], "path": ""}, "/", [1]),
        ({"event": "text"}, "/", "text"),
        ({"event": {"eventType": 7}, "padBytes": 3}, "/listener/7", {"eventType": 7, "padding": "xxx"}),
    ):
        answer = await client.post("/sandbox/events", json=sending)
        assert (answer.status_code, len(answer.json()["deliveries"])) == (202, 1)
        heard = await listener.next()
        assert (heard.path, heard.body) == (path, body)
    assert (await client.post("/sandbox/events", json={"api": "TMF999", "event": {}})).status_code == 400


async def test_a_reset_forgets_hubs_and_events(client: httpx.AsyncClient, listener: Listener) -> None:
    await subscribe(client, listener.address)
    await client.patch(ESIM, json={"version": "2"})
    await listener.next()
    await client.post("/sandbox/reset")
    assert (await hubs(client), (await client.get("/sandbox/events")).json()) == ([], [])


async def test_a_subscription_survives_a_restart(tmp_path: Path, listener: Listener) -> None:
    for restart in (False, True):
        app = create_sandbox(tmp_path / "s.sqlite", now=lambda: datetime.now(UTC))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox.test") as client:
            if not restart:
                await subscribe(client, listener.address)
            await client.patch(ESIM, json={"version": str(restart)})
            assert (await listener.next()).body["event"]["productOffering"]["version"] == str(restart)
        await app.state.courier.close()
        app.state.store.close()


async def test_the_control_speaks_of_hubs_and_events(server: SandboxProcess) -> None:
    async with listening() as listener, httpx.AsyncClient(base_url=server.base_url) as client:
        await subscribe(client, listener.address)
        server.control.authorize_events("Bearer s")
        await client.patch(ESIM, json={"version": "2"})
        first = await listener.next()
        assert first.headers["authorization"] == "Bearer s"
        [event] = server.control.events()
        assert event["eventId"] == first.body["eventId"] == server.control.redeliver(event["eventId"])["eventId"]
        assert (await listener.next()).body == first.body
        server.control.send_event({"eventType": "X"}, path="/here")
        assert (await listener.next()).path == "/here"
        assert [hub["callback"] for hub in server.control.hubs()] == [listener.address]
