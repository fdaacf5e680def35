"""TMF620 v5 as its clients use it: the same store, other words, JSON Patch, and events written as v5."""

from typing import Any

import httpx
import pytest

from tests.needs import need_spec
from tests.sandbox.conftest import BASE as OLDER
from tests.sandbox.listening import listening
from tests.sandbox.openapi import OpenContract

BASE = "/productCatalogManagement/v5"
OFFERING = f"{BASE}/productOffering"
ESIM = f"{OFFERING}/po-esim"
PATCH = {"content-type": "application/json-patch+json"}


async def get(client: httpx.AsyncClient, address: str, language: str = "en") -> Any:
    return (await client.get(address, headers={"accept-language": language})).json()


async def test_a_category_has_a_parent(client: httpx.AsyncClient) -> None:
    category = await get(client, f"{BASE}/category/cat-plans")
    assert category["parent"] == {
        "id": "cat-mobile",
        "href": f"http://sandbox.test{BASE}/category/cat-mobile",
        "@referredType": "Category",
        "@type": "CategoryRef",
    }
    assert "parentId" not in category
    assert "parent" not in await get(client, f"{BASE}/category/cat-mobile")
    found = await get(client, f"{BASE}/category?parent.id=cat-plans&sort=-name&fields=parent")
    assert {each["parent"]["id"] for each in found} == {"cat-plans"}
    assert len(found) == len(await get(client, f"{OLDER}/category?parentId=cat-plans")) == 4


async def test_filters_and_order_know_the_names_of_v5(client: httpx.AsyncClient) -> None:
    value = "productSpecCharacteristic.characteristicValueSpecification.value=LTE-M"
    assert [each["id"] for each in await get(client, f"{BASE}/productSpecification?{value}")] == ["ps-iot"]
    party = await client.get(f"{BASE}/productCatalog?relatedParty.partyOrPartyRole.id=org-lumaro")
    assert party.headers["x-total-count"] == "2"
    by_parent = [each["id"] for each in await get(client, f"{BASE}/category?sort=-parent.id,name&limit=3")]
    assert by_parent == [each["id"] for each in await get(client, f"{OLDER}/category?sort=-parentId,name&limit=3")]


async def test_both_versions_write_the_same_documents(client: httpx.AsyncClient) -> None:
    await client.patch(f"{OLDER}/category/cat-plans", json={"parentId": "cat-home"})
    assert (await get(client, f"{BASE}/category/cat-plans"))["parent"]["id"] == "cat-home"
    await client.patch(f"{BASE}/category/cat-plans", json={"parent": {"id": "cat-mobile", "@type": "CategoryRef"}})
    assert (await get(client, f"{OLDER}/category/cat-plans"))["parentId"] == "cat-mobile"
    await client.patch(f"{BASE}/category/cat-plans", json={"parent": None})
    assert "parentId" not in await get(client, f"{OLDER}/category/cat-plans")
    price = {"@type": "ProductOfferingPrice", "name": "x", "lifecycleStatus": "Active", "priceType": "oneTime"}
    policy = [{"id": "p", "@type": "PolicyRef"}]
    created = (await client.post(f"{BASE}/productOfferingPrice", json={**price, "policy": policy})).json()
    assert created["policy"] == policy
    older = await get(client, f"{OLDER}/productOfferingPrice/{created['id']}")
    assert (older["constraint"], "policy" in older) == ([{"id": "p"}], False)
    assert (await client.delete(f"{BASE}/productOfferingPrice/{created['id']}")).status_code == 204
    assert (await client.get(f"{OLDER}/productOfferingPrice/{created['id']}")).status_code == 404


async def test_what_a_patch_does_not_touch_stays(client: httpx.AsyncClient) -> None:
    before = {language: await get(client, f"{OLDER}/productOffering", language) for language in ("en", "de")}
    bundle = next(each for each in before["en"] if "bundledProductOffering" in each)
    for headers, body in (({}, {"version": "9"}), (PATCH, [{"op": "replace", "path": "/version", "value": "9"}])):
        answer = await client.patch(f"{OFFERING}/{bundle['id']}", json=body, headers=headers)
        assert (answer.status_code, answer.json()["version"]) == (200, "9")
    for language, offerings in before.items():
        stored = next(each for each in offerings if each["id"] == bundle["id"])
        after = await get(client, f"{OLDER}/productOffering/{bundle['id']}", language)
        assert after == {**stored, "version": "9", "lastUpdate": "2026-11-23T08:30:00Z"}


async def test_json_patch_reaches_into_arrays(client: httpx.AsyncClient) -> None:
    address = f"{BASE}/productSpecification/ps-iot"
    at = "/productSpecCharacteristic/1/characteristicValueSpecification"
    value = {"@type": "StringCharacteristicValueSpecification", "value": "6G"}
    operations = [
        {"op": "test", "path": f"{at}/0/value", "value": "LTE-M"},
        {"op": "add", "path": f"{at}/-", "value": value},
        {"op": "replace", "path": "/productSpecCharacteristic/1/name", "value": "Radio"},
        {"op": "remove", "path": f"{at}/0"},
        {"op": "copy", "from": "/brand", "path": "/statusNote"},
    ]
    patched = (await client.patch(address, json=operations, headers=PATCH)).json()
    values = patched["productSpecCharacteristic"][1]["characteristicValueSpecification"]
    assert [each["value"] for each in values] == ["NB-IoT", "5G", "6G"]
    assert patched["statusNote"] == "Lumaro"
    older = await get(client, f"{OLDER}/productSpecification/ps-iot", "de")
    assert older["productSpecCharacteristic"][1]["name"] == "Radio"
    assert older["productSpecCharacteristic"][0]["name"] == "Karten"
    assert older["productSpecCharacteristic"][1]["productSpecCharacteristicValue"][2] == {
        "value": "6G",
        "@type": "CharacteristicValueSpecification",
    }


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "replace", "path": "/version", "value": "9"}, {"op": "test", "path": "/name", "value": "no"}],
        [{"op": "replace", "path": "/id", "value": "other"}],
        [{"op": "remove", "path": "/id"}],
        [{"op": "replace", "path": "/href", "value": "http://elsewhere"}],
        [{"op": "remove", "path": "/name"}],
        [{"op": "replace", "path": "/lifecycleStatus", "value": "Cooking"}],
        [{"op": "replace", "path": "/lifecycleStatus", "value": ["Active"]}],
        [{"op": "remove", "path": "/@type"}],
        [{"op": "replace", "path": "", "value": []}],
        [{"op": "replace", "path": "", "value": {}}],
        {"version": "9"},
        "text",
    ],
)
async def test_a_bad_json_patch_changes_nothing(client: httpx.AsyncClient, operations: Any) -> None:
    before = await get(client, ESIM)
    answer = await client.patch(ESIM, json=operations, headers=PATCH)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalidRequest")
    assert await get(client, ESIM) == before
    assert (await get(client, "/sandbox/events")) == []


async def test_what_is_no_json_or_of_another_type_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.patch(ESIM, content=b"[{", headers=PATCH)).status_code == 400
    query = {"content-type": "application/json-patch-query+json"}
    assert (await client.patch(ESIM, json=[], headers=query)).status_code == 415
    same = await client.patch(ESIM, json=[{"op": "test", "path": "/id", "value": "po-esim"}], headers=PATCH)
    assert same.status_code == 200


@pytest.mark.parametrize(
    ("resource", "body"),
    [
        ("productOffering", {"name": "x", "lifecycleStatus": "Active"}),
        ("productOffering", {"name": "x", "@type": "ProductOffering"}),
        ("productOfferingPrice", {"name": "x", "lifecycleStatus": "Active", "@type": "ProductOfferingPrice"}),
        ("category", {"name": "x"}),
    ],
)
async def test_a_post_carries_what_the_file_requires(client: httpx.AsyncClient, resource: str, body: Any) -> None:
    assert (await client.post(f"{BASE}/{resource}", json=body)).status_code == 400


async def test_habits_are_those_of_the_api_in_every_version(client: httpx.AsyncClient) -> None:
    for name in ("null-arrays", "unknown-filter-400", "etag-present"):
        await client.put("/sandbox/habits", json={"api": "TMF620", "name": name})
    assert (await get(client, ESIM))["allowedAction"] is None
    assert (await client.get(f"{BASE}/category?parent.id=cat-plans")).status_code == 200
    assert (await client.get(f"{BASE}/category?parentId=cat-plans")).status_code == 400
    assert (await client.get(ESIM)).headers["etag"] == (await client.get(f"{OLDER}/productOffering/po-esim")).headers[
        "etag"
    ]


async def test_the_hub_and_its_events_are_those_of_v5(client: httpx.AsyncClient) -> None:
    contract = OpenContract(need_spec("TMF620-ProductCatalog-v5.0.0.yaml"))
    async with listening() as listener:
        answer = await client.post(f"{BASE}/hub", json={"@type": "Hub", "callback": f"{listener.address}/v5"})
        hub = answer.json()
        assert answer.headers["location"] == hub["href"] == f"http://sandbox.test{BASE}/hub/{hub['id']}"
        assert contract.problems("Hub", hub) == []
        assert await get(client, hub["href"]) == hub
        assert (await client.delete(f"{OLDER}/hub/{hub['id']}")).status_code == 404
        await client.post(f"{OLDER}/hub", json={"callback": f"{listener.address}/v4"})
        await client.patch(f"{OLDER}/category/cat-plans", json={"parentId": "cat-home"})
        await client.patch(f"{BASE}/productCatalog/catalog-consumer", json={"lifecycleStatus": "Retired"})
        heard = {}
        for _ in range(4):
            each = await listener.next()
            heard[each.path] = each.body
    changed = heard["/v5/listener/categoryAttributeValueChangeEvent"]
    assert changed["event"] == {"category": await get(client, f"{BASE}/category/cat-plans")}
    assert changed["timeOccurred"] == changed["eventTime"]
    assert "timeOcurred" not in changed
    retired = heard["/v5/listener/productCatalogStateChangeEvent"]
    assert retired["event"] == {"productCatalog": await get(client, f"{BASE}/productCatalog/catalog-consumer")}
    for event in (changed, retired):
        assert contract.problems(event["eventType"], event) == []
    assert heard["/v4/listener/catalogStateChangeEvent"]["eventId"] == retired["eventId"]
    assert heard["/v4/listener/categoryAttributeValueChangeEvent"]["event"]["category"]["parentId"] == "cat-home"


async def test_a_partial_payload_has_the_names_of_v5(client: httpx.AsyncClient) -> None:
    await client.put("/sandbox/habits", json={"name": "hub-partial-payload"})
    async with listening() as listener:
        await client.post(f"{BASE}/hub", json={"callback": listener.address})
        await client.patch(f"{OLDER}/category/cat-plans", json={"parentId": "cat-home"})
        payload = (await listener.next()).body["event"]["category"]
    assert payload.keys() == {"id", "href", "parent", "lastUpdate"}
