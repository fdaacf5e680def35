"""Each habit of hubs and events, off and on; off is what `tests/sandbox/test_hub.py` shows in full."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.sandbox.conftest import BASE
from tests.sandbox.habits.conftest import Switch
from tests.sandbox.listening import Listener, listening

ESIM = f"{BASE}/productOffering/po-esim"
CHANGED = "/in/listener/productOfferingAttributeValueChangeEvent?t=1"


@pytest.fixture
async def listener(client: httpx.AsyncClient) -> AsyncIterator[Listener]:
    """A listener that is subscribed and hears of one change before the test begins, without any habit."""
    async with listening() as listener:
        await client.post(f"{BASE}/hub", json={"callback": f"{listener.address}/in?t=1"})
        await client.patch(ESIM, json={"version": "1.1"})
        first = await listener.next()
        assert (first.path, first.body["eventType"]) == (CHANGED, "ProductOfferingAttributeValueChangeEvent")
        assert not listener.heard_more()
        yield listener


async def test_bare_callback(client: httpx.AsyncClient, habit: Switch, listener: Listener) -> None:
    await habit("hub-bare-callback")
    await client.patch(ESIM, json={"version": "2"})
    heard = await listener.next()
    assert (heard.path, heard.body["eventType"]) == ("/in?t=1", "ProductOfferingAttributeValueChangeEvent")


async def test_duplicates(client: httpx.AsyncClient, app, habit: Switch, listener: Listener) -> None:
    await habit("hub-duplicates")
    await client.patch(ESIM, json={"version": "2"})
    assert (await listener.next()).body == (await listener.next()).body
    await app.state.courier.settle()
    assert not listener.heard_more()


async def test_out_of_order(client: httpx.AsyncClient, habit: Switch, listener: Listener) -> None:
    async def versions() -> list[str]:
        for version in ("2", "3"):
            await client.patch(ESIM, json={"version": version})
        return [(await listener.next()).body["event"]["productOffering"]["version"] for _ in range(2)]

    assert await versions() == ["2", "3"]
    await habit("hub-out-of-order", holdMs=3_600_000)
    assert await versions() == ["3", "2"]
    await habit("hub-out-of-order", holdMs=1)
    await client.patch(ESIM, json={"version": "4"})
    assert (await listener.next()).body["event"]["productOffering"]["version"] == "4"


async def test_partial_payload(client: httpx.AsyncClient, habit: Switch, listener: Listener) -> None:
    await habit("hub-partial-payload")
    await client.patch(ESIM, json={"version": "2", "channel": None})
    about = {"id": "po-esim", "href": f"http://sandbox.test{ESIM}"}
    assert (await listener.next()).body["event"] == {"productOffering": {**about, "version": "2"}}
    await client.delete(ESIM)
    assert (await listener.next()).body["event"] == {"productOffering": about}
    created = (await client.post(f"{BASE}/category", json={"name": "new"})).json()
    assert (await listener.next()).body["event"] == {"category": created}


async def test_older_names(client: httpx.AsyncClient, habit: Switch, listener: Listener) -> None:
    await habit("event-names-notification")
    await client.patch(ESIM, json={"version": "2", "lifecycleStatus": "Retired"})
    await client.delete(ESIM)
    await client.post(f"{BASE}/category", json={"name": "new"})
    for name in (
        "ProductOfferingAttributeValueChangeNotification",
        "ProductOfferingStateChangeNotification",
        "ProductOfferingRemoveNotification",
        "CategoryCreationNotification",
    ):
        heard = await listener.next()
        assert (heard.body["eventType"], heard.path) == (name, f"/in/listener/{name[0].lower()}{name[1:]}?t=1")


async def test_silent(client: httpx.AsyncClient, habit: Switch, listener: Listener) -> None:
    await habit("hub-silent")
    await client.patch(ESIM, json={"version": "2"})
    assert (await client.get("/sandbox/events")).json()[-1]["deliveries"] == []
    await habit("hub-silent", on=False)
    await client.patch(ESIM, json={"version": "3"})
    assert (await listener.next()).body["event"]["productOffering"]["version"] == "3"


async def test_habits_of_documents_show_in_events(client: httpx.AsyncClient, habit: Switch, listener: Listener) -> None:
    await habit("extra-types")
    await client.patch(ESIM, json={"version": "2"})
    assert (await listener.next()).body["event"]["productOffering"]["@type"] == "LumaroProductOffering"
