"""Each habit of documents, off and on."""

from typing import Any

import httpx
import pytest

from sandbox.apis.tmf620 import TMF620
from tests.sandbox.conftest import BASE
from tests.sandbox.habits.conftest import Switch

OFFERING = f"{BASE}/productOffering"
ESIM = f"{OFFERING}/po-esim"


async def get(client: httpx.AsyncClient, address: str = ESIM) -> Any:
    return (await client.get(address)).json()


async def test_null_arrays(client: httpx.AsyncClient, habit: Switch) -> None:
    arrays = next(resource.arrays for resource in TMF620.resources if resource.path == "productOffering")
    plain = await get(client)
    absent = [name for name in arrays if name not in plain]
    assert "bundledProductOffering" in absent
    await habit("null-arrays")
    assert await get(client) == {**plain, **dict.fromkeys(absent)}
    assert await get(client, f"{ESIM}?fields=agreement") == {key: plain[key] for key in ("id", "href", "@type")} | {
        "agreement": None
    }


@pytest.mark.parametrize(
    ("kind", "odd"),
    [
        ("missingId", lambda true: {key: value for key, value in true.items() if key not in {"id", "href"}}),
        ("numberId", lambda true: {**true, "id": 7}),
        ("text", lambda _: "out of order"),
        ("null", lambda _: None),
    ],
)
async def test_odd_elements(client: httpx.AsyncClient, habit: Switch, kind: str, odd: Any) -> None:
    address = f"{OFFERING}?limit=5"
    plain = await get(client, address)
    await habit("odd-elements", kind=kind)
    assert await get(client, address) == [*plain[:2], odd(plain[2]), *plain[3:]]
    await habit("odd-elements", kind=kind, added=True)
    answer = await client.get(address)
    assert answer.json() == [*plain[:2], odd(plain[2]), *plain[2:]]
    assert answer.headers["x-result-count"] == "6"
    assert await get(client, f"{OFFERING}?id=nobody") == []
    assert (await get(client))["id"] == "po-esim"


async def test_odd_elements_take_turns(client: httpx.AsyncClient, habit: Switch) -> None:
    await habit("odd-elements")
    odd = [(await get(client, f"{OFFERING}?limit=1"))[0] for _ in range(6)]
    assert ("id" in odd[0], odd[1]["name"], odd[2]["id"], odd[3], odd[4]) == (False, 42, 7, "out of order", None)
    assert "id" not in odd[5]


async def test_extra_types(client: httpx.AsyncClient, habit: Switch) -> None:
    plain = await get(client)
    await habit("extra-types")
    shown = await get(client)
    assert (shown["@type"], shown["@baseType"]) == ("LumaroProductOffering", "ProductOffering")
    assert (shown["attachment"][0]["@type"], shown["attachment"][0]["@baseType"]) == ("LumaroAttachment", "Attachment")
    assert shown["vendorData"]["owner"] == {"id": "pm-7"}
    assert shown["@schemaLocation"] == "https://schema.example/LumaroProductOffering.schema.json"
    assert {key: value for key, value in shown.items() if key in {"id", "name", "category"}}.items() <= plain.items()
    await habit("extra-types", prefix="Acme")
    assert (await get(client, OFFERING))[0]["@type"] == "AcmeProductOffering"


async def test_times_without_zone(client: httpx.AsyncClient, habit: Switch) -> None:
    await client.patch(ESIM, json={"validFor": {"startDateTime": "2025-01-01T01:00:00.5+01:00"}, "version": "2025-01"})
    assert (await get(client))["lastUpdate"] == "2026-11-23T08:30:00Z"
    await habit("times-without-zone")
    shown = await get(client)
    assert (shown["lastUpdate"], shown["version"]) == ("2026-11-23T08:30:00", "2025-01")
    assert shown["validFor"] == {"startDateTime": "2025-01-01T01:00:00.5"}
    await habit("times-without-zone", seconds=False)
    assert (await get(client))["validFor"] == {"startDateTime": "2025-01-01T01:00"}


async def test_href_of_inner_host(client: httpx.AsyncClient, habit: Switch) -> None:
    assert (await get(client))["href"] == f"http://sandbox.test{ESIM}"
    await habit("href-of-inner-host")
    shown = await get(client)
    assert shown["href"] == f"http://tmf-backend.internal:8080{ESIM}"
    assert shown["category"][0]["href"] == f"http://tmf-backend.internal:8080{BASE}/category/cat-sim"
    await habit("href-of-inner-host", base="")
    assert (await get(client))["href"] == ESIM
