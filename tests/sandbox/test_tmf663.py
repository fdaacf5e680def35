"""Shopping carts as their clients use them, in both versions: the same store, whole arrays, ids for items."""

from typing import Any

import httpx
import pytest

from tests.sandbox.carts import FULL, NEWER, OLDER, SMALL
from tests.sandbox.listening import listening

NOW = "2026-11-23T08:30:00Z"
TMF620 = "http://sandbox.test/tmf-api/productCatalogManagement/v4"
PATCH = {"content-type": "application/json-patch+json"}
TMF620_V5 = "http://sandbox.test/productCatalogManagement/v5"
TYPED = {"@type": "ShoppingCart"}
both = pytest.mark.parametrize("path", [OLDER, NEWER])


async def create(client: httpx.AsyncClient, path: str = OLDER, **body: Any) -> Any:
    created = await client.post(path, json={**TYPED, **body})
    assert created.status_code == 201, created.text
    return created.json()


async def get(client: httpx.AsyncClient, address: str) -> Any:
    return (await client.get(address)).json()


async def test_an_empty_cart_gets_an_id(client: httpx.AsyncClient) -> None:
    answer = await client.post(OLDER, json={})
    cart = answer.json()
    assert (answer.status_code, cart) == (
        201,
        {"id": cart["id"], "href": f"http://sandbox.test{OLDER}/{cart['id']}", "@type": "ShoppingCart"},
    )
    assert answer.headers["location"] == cart["href"]
    assert await get(client, cart["href"]) == cart


@both
async def test_items_without_an_id_get_one_at_any_depth(client: httpx.AsyncClient, path: str) -> None:
    first, second = (await create(client, path, **SMALL))["cartItem"]
    inner, known = second["cartItem"]
    assert (first["id"], known["id"]) == ("a", "b")
    assert len({"a", "b", second["id"], inner["id"]}) == 4
    assert isinstance(second["id"], str)
    assert isinstance(inner["id"], str)


@both
async def test_a_patch_replaces_the_whole_array(client: httpx.AsyncClient, path: str) -> None:
    cart = await create(client, path, **SMALL)
    items = [{"quantity": 3, "productOffering": {"id": "po-esim"}}]
    after = (await client.patch(f"{path}/{cart['id']}", json={"cartItem": items})).json()
    (item,) = after["cartItem"]
    assert (item["quantity"], item["productOffering"]["id"], bool(item["id"])) == (3, "po-esim", True)
    assert after["relatedParty"] == cart["relatedParty"]
    assert await get(client, f"{path}/{cart['id']}") == after


@both
async def test_a_patch_of_something_else_leaves_items_and_their_ids(client: httpx.AsyncClient, path: str) -> None:
    cart = await create(client, path, **SMALL)
    after = (await client.patch(f"{path}/{cart['id']}", json={"validFor": {"endDateTime": NOW}})).json()
    assert after["cartItem"] == cart["cartItem"]


async def test_offerings_get_their_href_at_any_depth(client: httpx.AsyncClient) -> None:
    cart = await create(client, **SMALL)
    first, second = cart["cartItem"]
    assert first["productOffering"]["href"] == f"{TMF620}/productOffering/po-kaiyo-k1"
    assert second["cartItem"][0]["productOffering"]["href"] == f"{TMF620}/productOffering/po-mobile-m"
    newer = await get(client, f"{NEWER}/{cart['id']}")
    href = newer["cartItem"][1]["cartItem"][0]["productOffering"]["href"]
    assert href == "http://sandbox.test/productCatalogManagement/v5/productOffering/po-mobile-m"


@pytest.mark.parametrize(
    ("path", "total", "base"), [(OLDER, "ItemTotalPrice", TMF620), (NEWER, "itemTotalPrice", TMF620_V5)]
)
async def test_every_way_into_the_catalogue_has_an_href(
    client: httpx.AsyncClient, path: str, total: str, base: str
) -> None:
    cart = await create(client, **FULL)
    shown = await get(client, f"{path}/{cart['id']}")
    (item,) = shown["cartItem"]
    product = item["product"]
    assert {each["href"] for each in (item["productOffering"], product["productOffering"])} == {
        f"{base}/productOffering/r"
    }
    assert product["productSpecification"]["href"] == f"{base}/productSpecification/r"
    prices = (*item["itemPrice"], *item[total], *item["cartItem"][0][total], *shown["cartTotalPrice"])
    hrefs = [price["productOfferingPrice"]["href"] for price in prices]
    assert hrefs == [f"{base}/productOfferingPrice/r"] * 4


async def test_an_unknown_offering_is_taken(client: httpx.AsyncClient) -> None:
    cart = await create(client, cartItem=[{"productOffering": {"id": "po-nobody"}}])
    assert cart["cartItem"][0]["productOffering"]["id"] == "po-nobody"


@pytest.mark.parametrize(
    ("path", "attribute"), [(OLDER, "relatedParty.id"), (NEWER, "relatedParty.partyOrPartyRole.id")]
)
async def test_carts_are_found_by_their_party(client: httpx.AsyncClient, path: str, attribute: str) -> None:
    cart = await create(client, **SMALL)
    await create(client, relatedParty=[{"id": "ind-8", "@referredType": "Individual"}])
    assert [each["id"] for each in await get(client, f"{path}?{attribute}=ind-7")] == [cart["id"]]
    assert len(await get(client, f"{path}?{attribute}=ind-7,ind-8")) == 2
    assert await get(client, f"{path}?{attribute}=ind-9") == []


def test_the_party_is_indexed_in_both_versions(app: Any) -> None:
    assert "relatedParty.id" in app.state.store._index["TMF663.shoppingCart"]


@both
async def test_a_deleted_cart_is_gone(client: httpx.AsyncClient, path: str) -> None:
    cart = await create(client, path)
    assert (await client.delete(f"{path}/{cart['id']}")).status_code == 204
    assert (await client.get(f"{path}/{cart['id']}")).status_code == 404


async def test_v5_has_the_times_and_v4_has_not(client: httpx.AsyncClient, app: Any) -> None:
    cart = await create(client)
    stored = app.state.store.get("TMF663.shoppingCart", cart["id"])
    app.state.store.replace("TMF663.shoppingCart", {**stored, "creationDate": "2026-01-01T00:00:00Z"})
    await client.patch(f"{OLDER}/{cart['id']}", json=SMALL)
    newer = await get(client, f"{NEWER}/{cart['id']}")
    assert (newer["creationDate"], newer["lastUpdate"]) == ("2026-01-01T00:00:00Z", NOW)
    assert not {"creationDate", "lastUpdate"} & (await get(client, f"{OLDER}/{cart['id']}")).keys()


async def test_a_client_does_not_say_the_times(client: httpx.AsyncClient) -> None:
    cart = await create(client, NEWER, creationDate="2020-01-01T00:00:00Z", lastUpdate="2020-01-01T00:00:00Z")
    assert (cart["creationDate"], cart["lastUpdate"]) == (NOW, NOW)
    patch = {"creationDate": "2020-01-01T00:00:00Z"}
    assert (await client.patch(f"{NEWER}/{cart['id']}", json=patch)).json()["creationDate"] == NOW


async def test_v5_wants_a_type(client: httpx.AsyncClient) -> None:
    assert (await client.post(NEWER, json={})).status_code == 400


async def test_v5_nests_parties_and_types_everything(client: httpx.AsyncClient) -> None:
    cart = await create(client, **FULL)
    newer = await get(client, f"{NEWER}/{cart['id']}")
    assert newer["relatedParty"][0] == {
        "@type": "RelatedPartyOrPartyRole",
        "role": "customer",
        "partyOrPartyRole": {"@type": "PartyRef", "id": "p1", "name": "Ada", "@referredType": "Individual"},
    }
    (item,) = newer["cartItem"]
    assert [each["@type"] for each in item["product"]["productCharacteristic"]] == [
        "StringCharacteristic",
        "IntegerCharacteristic",
        "NumberCharacteristic",
        "BooleanCharacteristic",
        "ObjectCharacteristic",
        "StringArrayCharacteristic",
        "IntegerArrayCharacteristic",
        "ObjectArrayCharacteristic",
    ]
    assert (item["product"]["@type"], item["cartItem"][0]["product"]["@type"]) == ("Product", "ProductRef")
    media = [
        {key: each[key] for key in each if key not in {"preferred", "validFor"}} for each in newer["contactMedium"]
    ]
    assert media == [
        {"@type": "EmailContactMedium", "emailAddress": "a@b.example", "contactType": "home"},
        {"@type": "PhoneContactMedium", "phoneNumber": "+491701234567"},
        {"@type": "ContactMedium"},
    ]


async def test_each_version_spells_the_total_of_an_item_as_its_file_does(client: httpx.AsyncClient) -> None:
    total = [{"priceType": "recurring", "price": {"taxIncludedAmount": {"unit": "EUR", "value": 1.0}}}]
    cart = await create(client, cartItem=[{"ItemTotalPrice": total, "cartItem": [{"ItemTotalPrice": total}]}])
    (newer,) = (await get(client, f"{NEWER}/{cart['id']}"))["cartItem"]
    for item in (newer, newer["cartItem"][0]):
        assert "ItemTotalPrice" not in item
        assert item["itemTotalPrice"][0]["@type"] == "CartPrice"
    written = (await client.patch(f"{NEWER}/{cart['id']}", json={"cartItem": [newer]})).json()
    assert written["cartItem"] == [newer]
    (older,) = (await get(client, f"{OLDER}/{cart['id']}"))["cartItem"]
    assert older["ItemTotalPrice"][0]["price"]["taxIncludedAmount"] == {"unit": "EUR", "value": 1.0}
    assert "itemTotalPrice" not in older


async def test_what_v5_does_not_touch_stays_in_v4(client: httpx.AsyncClient) -> None:
    cart = await create(client, **FULL)
    await client.patch(f"{NEWER}/{cart['id']}", json={"cartTotalPrice": None})
    assert await get(client, f"{OLDER}/{cart['id']}") == {
        key: value for key, value in cart.items() if key != "cartTotalPrice"
    }


async def test_v5_takes_a_json_patch(client: httpx.AsyncClient) -> None:
    cart = await create(client, NEWER, **SMALL)
    item = {"@type": "CartItem", "quantity": 1, "productOffering": {"@type": "ProductOfferingRef", "id": "po-esim"}}
    operations = [
        {"op": "add", "path": "/cartItem/-", "value": item},
        {"op": "replace", "path": "/cartItem/0/quantity", "value": 2},
    ]
    answer = await client.patch(f"{NEWER}/{cart['id']}", json=operations, headers=PATCH)
    assert answer.status_code == 200
    first, second, third = answer.json()["cartItem"]
    assert (first, second) == ({**cart["cartItem"][0], "quantity": 2}, cart["cartItem"][1])
    assert (third["productOffering"]["id"], bool(third["id"])) == ("po-esim", True)
    assert (await client.patch(f"{OLDER}/{cart['id']}", json=[], headers=PATCH)).status_code == 415


@pytest.mark.parametrize("items", [None, "x", {}, [None, 1, "x", []], [{"cartItem": "x"}], [{"id": 5}]])
async def test_odd_items_break_nothing(client: httpx.AsyncClient, items: Any) -> None:
    cart = await create(client, cartItem=items)
    for path in (OLDER, NEWER):
        assert (await client.get(f"{path}/{cart['id']}")).status_code == 200


async def test_each_version_is_told_in_its_own_words(client: httpx.AsyncClient) -> None:
    async with listening() as listener:
        for path in (OLDER, NEWER):
            hub = f"{path.rpartition('/')[0]}/hub"
            assert (await client.post(hub, json={"callback": f"{listener.address}{hub}"})).status_code == 201
        cart = await create(client, **SMALL)
        await client.patch(f"{OLDER}/{cart['id']}", json={"cartItem": []})
        await client.delete(f"{OLDER}/{cart['id']}")
        heard = [await listener.next() for _ in range(6)]
    for path, times in ((OLDER, "timeOcurred"), (NEWER, "timeOccurred")):
        hub = f"{path.rpartition('/')[0]}/hub"
        events = [each for each in heard if each.path.startswith(hub)]
        kinds = [each.path.rpartition("/")[2] for each in events]
        assert kinds == [f"shoppingCart{kind}Event" for kind in ("Create", "AttributeValueChange", "Delete")]
        assert [times in each.body for each in events] == [True] * 3
        assert events[0].body["event"]["shoppingCart"]["href"] == f"http://sandbox.test{path}/{cart['id']}"
