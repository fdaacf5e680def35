"""Each habit of collection reads, off and on."""

from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import BASE
from tests.sandbox.habits.conftest import Switch

OFFERING = f"{BASE}/productOffering"
PRICE = f"{BASE}/productOfferingPrice"
WHOLE = 153


async def ids(client: httpx.AsyncClient, address: str) -> list[str]:
    return [document["id"] for document in (await client.get(address)).json()]


async def total(client: httpx.AsyncClient, address: str) -> int:
    return int((await client.get(address)).headers["x-total-count"])


async def test_gt_unknown(client: httpx.AsyncClient, habit: Switch) -> None:
    suffixed, symbol = f"{PRICE}?price.value.gt=500", f"{PRICE}?price.value%3E500"
    expected = await total(client, symbol)
    assert await total(client, suffixed) == expected > 0
    await habit("gt-unknown")
    assert (await total(client, suffixed), await total(client, symbol)) == (0, expected)
    assert await total(client, f"{OFFERING}?id.eq=po-esim") == 0
    await habit("gt-unknown", symbols=True)
    assert (await total(client, suffixed), await total(client, symbol)) == (0, 0)
    assert await total(client, f"{OFFERING}?id=po-esim") == 1


async def test_filter_ignored(client: httpx.AsyncClient, habit: Switch) -> None:
    address = f"{OFFERING}?category.id=cat-fibre&lifecycleStatus=Active"
    assert await total(client, address) == 5
    await habit("filter-ignored", attribute="category.id")
    assert await total(client, address) == await total(client, f"{OFFERING}?lifecycleStatus=Active") < WHOLE
    await habit("filter-ignored")
    assert await total(client, address) == WHOLE


async def test_digits_filter_as_number(client: httpx.AsyncClient, habit: Switch) -> None:
    await client.post(OFFERING, json={"id": "4711", "name": "0815"})
    text, number = f"{OFFERING}?id=4711,po-esim&name=0815,eSIM", f"{PRICE}?recurringChargePeriodLength=4"
    assert await ids(client, f"{OFFERING}?name=0815") == ["4711"]
    weeks = await total(client, number)
    await habit("digits-filter-as-number")
    assert await ids(client, f"{OFFERING}?name=0815") == []
    assert await ids(client, f"{OFFERING}?id=4711") == []
    assert await ids(client, f"{OFFERING}?id=4711,po-esim") == ["po-esim"]
    assert await total(client, number) == weeks > 0
    assert "4711" not in await ids(client, text)


async def test_id_list_unsupported(client: httpx.AsyncClient, habit: Switch) -> None:
    listed, states = f"{OFFERING}?id=po-esim,po-mobile-m", f"{OFFERING}?lifecycleStatus=Active,Launched"
    assert await total(client, listed) == 2
    both = await total(client, states)
    await habit("id-list-unsupported")
    assert (await total(client, listed), await total(client, states)) == (0, both)
    assert await total(client, f"{OFFERING}?id=po-esim") == 1
    assert await total(client, f"{OFFERING}?id=po-esim&id=po-mobile-m") == 2
    await habit("id-list-unsupported", attribute="")
    assert await total(client, states) == 0


async def test_unknown_filter_400(client: httpx.AsyncClient, habit: Switch) -> None:
    unknown, known = f"{OFFERING}?colour=red", f"{OFFERING}?category.id=cat-fibre"
    assert (await client.get(unknown)).json() == []
    await habit("unknown-filter-400")
    assert (await client.get(unknown)).status_code == 400
    assert (await client.get(known)).status_code == 200
    await habit("unknown-filter-400", only=["id"])
    assert (await client.get(known)).status_code == 400
    assert (await client.get(f"{OFFERING}?id=po-esim&fields=name&limit=3")).status_code == 200


async def test_sort_ignored(client: httpx.AsyncClient, habit: Switch) -> None:
    stored = await ids(client, f"{OFFERING}?limit=5")
    assert await ids(client, f"{OFFERING}?limit=5&sort=-name") != stored
    await habit("sort-ignored")
    assert await ids(client, f"{OFFERING}?limit=5&sort=-name") == stored


async def test_limit_refused(client: httpx.AsyncClient, habit: Switch) -> None:
    assert (await client.get(f"{OFFERING}?limit=101")).status_code == 206
    await habit("limit-refused")
    refused = await client.get(f"{OFFERING}?limit=101")
    assert (refused.status_code, refused.json()["code"]) == (422, "limitTooLarge")
    assert (await client.get(f"{OFFERING}?limit=100")).status_code == 206
    assert (await client.get(OFFERING)).status_code == 206
    await habit("limit-refused", limit=7)
    assert (await client.get(f"{OFFERING}?limit=8")).status_code == 422


async def test_limit_clamped(client: httpx.AsyncClient, habit: Switch) -> None:
    assert len(await ids(client, f"{OFFERING}?limit=50")) == 50
    await habit("limit-clamped")
    assert len(await ids(client, f"{OFFERING}?limit=50")) == 10
    await habit("limit-clamped", limit=3)
    assert len(await ids(client, OFFERING)) == 3
    assert len(await ids(client, f"{OFFERING}?limit=2")) == 2


async def test_offset_ignored(client: httpx.AsyncClient, habit: Switch) -> None:
    first = await ids(client, f"{OFFERING}?limit=3")
    assert await ids(client, f"{OFFERING}?limit=3&offset=3") != first
    await habit("offset-ignored")
    assert await ids(client, f"{OFFERING}?limit=3&offset=3") == first


async def test_counts_unfiltered(client: httpx.AsyncClient, habit: Switch) -> None:
    address = f"{OFFERING}?category.id=cat-fibre"
    assert await total(client, address) == 5
    await habit("counts-unfiltered")
    assert await total(client, address) == WHOLE
    assert len(await ids(client, address)) == 5


async def test_always_206(client: httpx.AsyncClient, habit: Switch) -> None:
    address = f"{OFFERING}?category.id=cat-fibre"
    assert (await client.get(address)).status_code == 200
    await habit("always-206")
    assert (await client.get(address)).status_code == 206
    assert (await client.get(f"{OFFERING}/po-esim")).status_code == 200


async def test_416_past_end(client: httpx.AsyncClient, habit: Switch) -> None:
    address = f"{OFFERING}?offset={WHOLE}"
    assert (await client.get(address)).json() == []
    await habit("416-past-end")
    assert (await client.get(address)).status_code == 416
    assert len(await ids(client, f"{OFFERING}?offset={WHOLE - 1}")) == 1
    assert (await client.get(f"{OFFERING}?id=nobody")).json() == []


async def test_404_for_empty(client: httpx.AsyncClient, habit: Switch) -> None:
    address = f"{OFFERING}?id=nobody"
    assert (await client.get(address)).json() == []
    await habit("404-for-empty")
    assert (await client.get(address)).status_code == 404
    assert await ids(client, f"{OFFERING}?id=po-esim") == ["po-esim"]


@pytest.mark.parametrize("path", ["/po-esim?fields=name", "?id=po-esim&fields=name"])
async def test_fields(client: httpx.AsyncClient, habit: Switch, path: str) -> None:
    async def names(address: str = OFFERING + path) -> set[str]:
        answer: Any = (await client.get(address)).json()
        return set(answer[0] if isinstance(answer, list) else answer)

    assert await names() == {"id", "href", "@type", "name"}
    await habit("fields-without-id")
    assert await names() == {"name"}
    assert await names(f"{OFFERING + path},id") == {"name", "id"}
    assert "category" in await names(
        OFFERING + path.replace("fields", "limit=1&x").replace("limit=1&x=name", "limit=1")
    )
    await habit("fields-ignored")
    assert {"category", "id", "lifecycleStatus"} < await names()
