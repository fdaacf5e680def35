"""Each habit of what a server makes of the items it is sent, off and on, in both versions of the cart."""

from copy import deepcopy
from typing import Any

import httpx
import pytest

from tests.sandbox.carts import NEWER, OLDER, SMALL
from tests.sandbox.conftest import BASE
from tests.sandbox.habits.conftest import Switch

both = pytest.mark.parametrize("path", [OLDER, NEWER])
PRICE = {"priceType": "recurring", "price": {"dutyFreeAmount": {"unit": "EUR", "value": 1.0}}}


async def write(client: httpx.AsyncClient, path: str, items: list[Any]) -> list[Any]:
    """The items as they are stored after a POST without and a PATCH with them."""
    cart = (await client.post(path, json={"@type": "ShoppingCart"})).json()
    answered = (await client.patch(f"{path}/{cart['id']}", json={"cartItem": items})).json()
    assert (await client.get(f"{path}/{cart['id']}")).json() == answered
    stored: list[Any] = answered["cartItem"]
    return stored


def ids(items: list[Any]) -> list[str]:
    """Every id, those of nested items after their own."""
    return [found for item in items for found in (item["id"], *ids(item.get("cartItem", [])))]


@both
async def test_item_ids_replaced(client: httpx.AsyncClient, habit: Switch, path: str) -> None:
    given = [{"id": "a", "cartItem": [{"id": "b"}, {"id": "c"}]}]
    assert ids(await write(client, path, given)) == ["a", "b", "c"]
    await habit("item-ids-replaced", api="TMF663", resource="shoppingCart")
    items = await write(client, path, given)
    assert not {"a", "b", "c"} & set(ids(items))
    assert len(set(ids(items))) == 3
    cart = (await client.post(path, json={"@type": "ShoppingCart", "cartItem": given})).json()
    again = await client.patch(f"{path}/{cart['id']}", json={"validFor": {}})
    assert not {"a", *ids(cart["cartItem"])} & set(ids(again.json()["cartItem"]))


@both
async def test_unknown_dropped(client: httpx.AsyncClient, habit: Switch, path: str) -> None:
    item: Any = {
        "id": "a",
        "note": [{"text": "gift"}],
        "product": {"name": "n", "productCharacteristic": [{"name": "c", "value": "v"}]},
    }
    given = [{**item, "cartItem": [{**item, "id": "b"}]}]
    (whole,) = await write(client, path, given)
    assert {"note", "product"} < whole.keys()
    await habit("unknown-dropped", api="TMF663", attributes=["note", "product.productCharacteristic", "odd.path"])
    (poorer,) = await write(client, path, given)
    expected = deepcopy(whole)
    for each in (expected, expected["cartItem"][0]):
        del each["note"]
        del each["product"]["productCharacteristic"]
    assert poorer == expected
    await habit("unknown-dropped", api="TMF663", attributes=["product.productCharacteristic.value"])
    (poorer,) = await write(client, path, given)
    assert [each["name"] for each in poorer["product"]["productCharacteristic"]] == ["c"]
    assert "value" not in poorer["product"]["productCharacteristic"][0]


@both
async def test_items_dropped(client: httpx.AsyncClient, habit: Switch, path: str) -> None:
    def offerings(items: list[Any]) -> list[Any]:
        return [(item["productOffering"]["id"], offerings(item.get("cartItem", []))) for item in items]

    assert len(offerings(await write(client, path, SMALL["cartItem"]))) == 2
    await habit("items-dropped", api="TMF663", offerings=["po-kaiyo-k1"])
    stored = offerings(await write(client, path, SMALL["cartItem"]))
    assert stored == [("po-bundle-kaiyo-k1-mobile-m", [("po-mobile-m", [])])]
    await habit("items-dropped", api="TMF663", offerings=["po-bundle-kaiyo-k1-mobile-m"])
    assert offerings(await write(client, path, SMALL["cartItem"])) == [("po-kaiyo-k1", [])]
    await habit("items-dropped", api="TMF663")
    assert len(await write(client, path, SMALL["cartItem"])) == 2


@both
async def test_prices_computed(client: httpx.AsyncClient, habit: Switch, path: str) -> None:
    def given(offering: str) -> list[Any]:
        return [{"productOffering": {"id": offering}, "itemPrice": [PRICE]}]

    (before,) = await write(client, path, given("po-mobile-m"))
    assert before["itemPrice"][0]["price"]["dutyFreeAmount"]["value"] == 1.0
    await habit("prices-computed", api="TMF663")
    (item,) = await write(client, path, given("po-mobile-m"))
    shown = [
        (
            price["priceType"],
            price.get("recurringChargePeriod"),
            price["price"]["taxIncludedAmount"],
            price["productOfferingPrice"]["id"],
        )
        for price in item["itemPrice"]
    ]
    assert shown == [
        ("recurring", "month", {"unit": "EUR", "value": 24.99}, "pop-mobile-m-monthly"),
        ("oneTimeOnFirstBill", None, {"unit": "EUR", "value": 39.99}, "pop-mobile-m-activation"),
    ]
    assert item["itemPrice"][0]["price"]["dutyFreeAmount"] == {"unit": "EUR", "value": 21.0}
    assert {price["@type"] for price in item["itemPrice"]} == {"CartPrice"}
    for offering in ("po-kaiyo-k1", "po-nobody"):
        (unpriced,) = await write(client, path, given(offering))
        assert "itemPrice" not in unpriced


async def test_computed_prices_follow_the_catalogue(client: httpx.AsyncClient, habit: Switch) -> None:
    await habit("prices-computed", api="TMF663")
    price = f"{BASE}/productOfferingPrice/pop-mobile-m-monthly"
    await client.patch(price, json={"price": {"value": 50.0}})
    nested = [{"cartItem": [{"productOffering": {"id": "po-mobile-m"}}]}]
    (item,) = (await write(client, OLDER, nested))[0]["cartItem"]
    assert item["itemPrice"][0]["price"]["taxIncludedAmount"] == {"unit": "EUR", "value": 59.5}
    for odd in ({"price": "free"}, {"price": {"unit": "EUR", "value": "much"}}, {"tax": [7]}, {"tax": 7}):
        await client.patch(price, json=odd)
        (item,) = (await write(client, OLDER, nested))[0]["cartItem"]
        assert "itemPrice" not in item
    await client.patch(f"{BASE}/productOffering/po-mobile-m", json={"productOfferingPrice": [{"name": "no id"}]})
    assert len(await write(client, OLDER, nested)) == 1


async def test_habits_of_items_leave_other_resources_alone(client: httpx.AsyncClient, habit: Switch) -> None:
    options: dict[str, dict[str, Any]] = {"unknown-dropped": {"attributes": ["name"]}, "item-ids-replaced": {}}
    for name, chosen in options.items():
        await habit(name, api="TMF620", **chosen)
    body = {"name": "x", "cartItem": [{"id": "a", "name": "n"}]}
    created = (await client.post(f"{BASE}/category", json=body)).json()
    assert created["cartItem"] == [{"id": "a", "name": "n"}]
