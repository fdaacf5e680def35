"""Counting calls, going back to the seed, pictures."""

from xml.etree import ElementTree as ET

import httpx

from sandbox.images import picture
from tests.sandbox.conftest import BASE


async def test_every_call_is_counted_and_described(client: httpx.AsyncClient) -> None:
    await client.get(
        f"{BASE}/category?limit=1&fields=name",
        headers={"accept-language": "de", "x-channel": "app", "authorization": "Bearer t"},
    )
    await client.get(f"{BASE}/category/nobody")
    await client.post(f"{BASE}/productOffering", json={})
    await client.get(f"{BASE}/importJob")
    report = (await client.get("/sandbox/calls")).json()
    assert report["total"] == 4
    assert report["byResource"] == {"TMF620.category": 2, "TMF620.productOffering": 1, "TMF620.unknown": 1}
    assert report["log"][0] == {
        "api": "TMF620",
        "resource": "category",
        "method": "GET",
        "path": f"{BASE}/category",
        "query": "limit=1&fields=name",
        "status": 206,
        "held": False,
        "item": False,
        "headers": {"accept-language": "de", "x-channel": "app", "authorization-present": True},
    }
    assert [(call["method"], call["status"], call["item"]) for call in report["log"][1:]] == [
        ("GET", 404, True),
        ("POST", 400, False),
        ("GET", 404, False),
    ]
    assert "Bearer t" not in str(report)


async def test_control_health_and_pictures_are_not_counted(client: httpx.AsyncClient) -> None:
    for path in ("/sandbox/health", "/sandbox/faults", "/sandbox/images/phone-a.svg", "/sandbox/calls", "/elsewhere"):
        await client.get(path)
    assert (await client.get("/sandbox/calls")).json() == {"total": 0, "byResource": {}, "log": []}


async def test_counting_starts_again(client: httpx.AsyncClient) -> None:
    await client.get(f"{BASE}/category")
    await client.delete("/sandbox/calls")
    assert (await client.get("/sandbox/calls")).json()["total"] == 0


async def test_the_log_is_bounded_and_the_count_is_not(client: httpx.AsyncClient) -> None:
    for _ in range(1005):
        await client.get(f"{BASE}/category/cat-mobile")
    report = (await client.get("/sandbox/calls")).json()
    assert (report["total"], len(report["log"])) == (1005, 1000)


async def test_reset_goes_back_to_the_seed(client: httpx.AsyncClient) -> None:
    seeded = (await client.get(f"{BASE}/productOffering", params={"limit": 1000})).json()
    await client.delete(f"{BASE}/productOffering/po-esim")
    await client.patch(f"{BASE}/productOffering/po-mobile-m", json={"name": "Changed"})
    await client.post(f"{BASE}/productOffering", json={"name": "New"})
    await client.put("/sandbox/faults", json={"kind": "reset"})
    await client.put("/sandbox/auth", json={"kind": "apiKey", "key": "k"})
    assert (await client.post("/sandbox/reset")).json() == {"status": "ok"}
    assert (await client.get("/sandbox/calls")).json()["total"] == 0
    assert (await client.get("/sandbox/faults")).json() == (await client.get("/sandbox/auth")).json() == []
    assert (await client.get(f"{BASE}/productOffering", params={"limit": 1000})).json() == seeded


async def test_unknown_addresses_and_methods_are_errors(client: httpx.AsyncClient) -> None:
    for method, path, status in (
        ("GET", "/elsewhere", 404),
        ("POST", "/sandbox/health", 405),
        ("GET", "/sandbox/reset", 405),
    ):
        answer = await client.request(method, path)
        assert (answer.status_code, answer.json()["status"], answer.json()["@type"]) == (status, str(status), "Error")


async def test_pictures(client: httpx.AsyncClient) -> None:
    answer = await client.get("/sandbox/images/phone-kaiyo-k1.svg")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert answer.text == picture("phone-kaiyo-k1")
    assert (await client.get("/sandbox/images/phone-kaiyo-k1.svg")).content == answer.content


def test_every_picture_is_well_formed_and_of_its_own() -> None:
    names = [
        "phone-a",
        "phone-b",
        "tablet",
        "watch",
        "router",
        "sim",
        "fibre",
        "tv",
        "bundle",
        "business",
        "roaming",
        "else",
        "<&\"'>",
    ]
    for name in names:
        ET.fromstring(picture(name))
    assert len({picture(name) for name in names}) == len(names)
