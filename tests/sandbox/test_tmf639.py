"""Numbers and cards: three views of one inventory, two versions of one state, and moves that can be refused."""

from typing import Any

import httpx
import pytest

from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from sandbox.seed.numbers import Numbers
from tests.sandbox.conftest import NUMBERS
from tests.sandbox.inventory import FREE, FULL, LOGICAL, NEWER, PHYSICAL, RESOURCE, V4, V5
from tests.sandbox.listening import listening

SEED = [Numbers(NUMBERS).document(position) for position in range(NUMBERS * 2)]
RESERVED = ("reserved", "idle")
PARTY = {"id": "cart-1", "role": "reserver", "@referredType": "Cart"}


def of(state: str, *, kind: str = "LogicalResource") -> list[str]:
    return [each["id"] for each in SEED if each["allocationStatus"] == state and each["@type"] == kind]


async def total(client: httpx.AsyncClient, address: str) -> int:
    answer = await client.get(address)
    assert answer.status_code in {200, 206}
    return int(answer.headers["x-total-count"])


async def status(client: httpx.AsyncClient, body: dict[str, Any], *, of: str = FREE, at: str = RESOURCE) -> int:
    return (await client.patch(f"{at}/{of}", json=body)).status_code


async def switch(client: httpx.AsyncClient, name: str, **options: Any) -> None:
    answer = await client.put("/sandbox/habits", json={"api": "TMF639", "name": name, **options})
    assert answer.status_code == 200


async def test_each_view_shows_its_own(client: httpx.AsyncClient) -> None:
    assert await total(client, RESOURCE) == await total(client, NEWER) == 600
    assert await total(client, LOGICAL) == 450
    assert await total(client, PHYSICAL) == 150


async def test_an_item_is_found_only_where_its_view_shows_it(client: httpx.AsyncClient) -> None:
    card = of("available", kind="PhysicalResource")[0]
    found = [(await client.get(f"{view}/{card}")).status_code for view in (RESOURCE, PHYSICAL, LOGICAL, NEWER)]
    assert found == [200, 200, 404, 200]
    assert await status(client, {"description": "x"}, of=card, at=LOGICAL) == 404
    assert (await client.delete(f"{LOGICAL}/{card}")).status_code == 404


async def test_an_item_s_address_is_that_of_the_view_it_was_asked_of(client: httpx.AsyncClient) -> None:
    for view in (RESOURCE, LOGICAL, NEWER):
        assert (await client.get(f"{view}/{FREE}")).json()["href"] == f"http://sandbox.test{view}/{FREE}"


async def test_a_type_of_the_vendor_s_own_stays_in_the_view_it_was_posted_to(client: httpx.AsyncClient) -> None:
    created = (await client.post(LOGICAL, json={"id": "v", "@type": "MSISDN", "value": "1"})).json()
    assert (created["@type"], created["@baseType"]) == ("MSISDN", "LogicalResource")
    assert [(await client.get(f"{view}/v")).status_code for view in (RESOURCE, LOGICAL, PHYSICAL)] == [200, 200, 404]
    assert await total(client, f"{LOGICAL}?value=1") == 1


async def test_a_view_gives_its_type_where_none_is_sent(client: httpx.AsyncClient) -> None:
    types = [(await client.post(view, json={"name": "n"})).json()["@type"] for view in (RESOURCE, LOGICAL, PHYSICAL)]
    assert types == ["Resource", "LogicalResource", "PhysicalResource"]


async def test_a_count_that_ignores_the_filter_still_keeps_to_the_view(client: httpx.AsyncClient) -> None:
    await switch(client, "counts-unfiltered")
    assert await total(client, f"{PHYSICAL}?resourceStatus=available") == 150


@pytest.mark.parametrize(
    ("query", "test"),
    [
        ("category=Gold", lambda each: each["category"] == "Gold"),
        ("category=Gold,Silver", lambda each: each["category"] in {"Gold", "Silver"}),
        ("resourceStatus=suspended", lambda each: each["resourceStatus"] == "suspended"),
        ("resourceStatus=reserved&usageState=idle", lambda each: each["allocationStatus"] == "reserved"),
        ("value=4915772222220", lambda each: each.get("value") == "4915772222220"),
        ("value.regex=77$", lambda each: each.get("value", "").endswith("77")),
        ("value=~77$", lambda each: each.get("value", "").endswith("77")),
        ("value%3D~77$", lambda each: each.get("value", "").endswith("77")),
        ("value*=77$", lambda each: each.get("value", "").endswith("77")),
        ("value=*123*", lambda each: "123" in each.get("value", "")),
        ("value=*77", lambda each: each.get("value", "").endswith("77")),
        ("value=4915771*", lambda each: each.get("value", "").startswith("4915771")),
        ("resourceCharacteristic.name=numberClass", lambda each: each["id"].startswith("msisdn")),
        ("resourceCharacteristic.value=ESIM", lambda each: each["resourceSpecification"]["id"] == "esim-profile-spec"),
        ("resourceSpecification.id=sim-card-spec", lambda each: each["@type"] == "PhysicalResource"),
        ("serialNumber=8949770000010000030", lambda each: each.get("serialNumber") == "8949770000010000030"),
        ("relatedParty.id=channel-callcenter", lambda each: each["allocationStatus"] == "reserved"),
        ("place.name=Warehouse West", lambda each: "place" in each),
    ],
)
async def test_filters_find_what_is_in_the_seed(client: httpx.AsyncClient, query: str, test: Any) -> None:
    expected = [each["id"] for each in SEED if test(each)]
    assert expected
    found = (await client.get(f"{RESOURCE}?limit=1000&{query}")).json()
    assert [each["id"] for each in found] == expected


def test_a_page_deep_in_fifty_thousand_is_where_it_should_be(server: SandboxProcess) -> None:
    with httpx.Client(base_url=server.base_url) as client:
        page = client.get(f"{LOGICAL}?offset=49995&limit=10")
        assert (page.status_code, page.headers["x-total-count"]) == (206, "75000")
        numbers = Numbers()
        expected = [numbers.document(at)["id"] for at in (*range(49_995, 50_000), *range(75_000, 75_005))]
        assert [each["id"] for each in page.json()] == expected


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ({"resourceStatus": "available", "usageState": "idle"}, "available"),
        ({"resourceStatus": "available", "usageState": "active"}, "available"),
        ({"resourceStatus": "reserved", "usageState": "idle"}, "reserved"),
        ({"resourceStatus": "reserved"}, "reserved"),
        ({"resourceStatus": "reserved", "usageState": "active"}, "allocated"),
        ({"resourceStatus": "reserved", "usageState": "busy"}, "allocated"),
        ({"resourceStatus": "suspended", "usageState": "idle"}, "suspended"),
        ({"resourceStatus": "standby"}, "standby"),
        ({"resourceStatus": "alarm"}, "alarm"),
        ({"resourceStatus": "unknown"}, "unknown"),
    ],
)
async def test_a_state_of_v4_in_the_words_of_v5(client: httpx.AsyncClient, older: dict[str, str], newer: str) -> None:
    identifier = (await client.post(LOGICAL, json={"name": "n", **older})).json()["id"]
    shown = (await client.get(f"{NEWER}/{identifier}")).json()
    assert (shown["allocationStatus"], "resourceStatus" in shown) == (newer, False)
    assert await total(client, f"{NEWER}?id={identifier}&allocationStatus={newer}") == 1
    again = (await client.get(f"{LOGICAL}/{identifier}")).json()
    assert {key: again[key] for key in older} == older
    assert "allocationStatus" not in again
    await client.patch(f"{NEWER}/{identifier}", json={"description": "x"})
    assert {**again, "description": "x"} == (await client.get(f"{LOGICAL}/{identifier}")).json()


@pytest.mark.parametrize(
    ("before", "patch", "newer", "older"),
    [
        ("available", {"allocationStatus": "reserved"}, ("reserved", "idle"), ("reserved", "idle")),
        ("reserved", {"allocationStatus": "allocated"}, ("allocated", "active"), ("reserved", "active")),
        ("reserved", {"usageState": "busy"}, ("allocated", "busy"), ("reserved", "busy")),
        ("allocated", {"allocationStatus": "available"}, ("available", "idle"), ("available", "idle")),
        ("allocated", {"allocationStatus": "suspended"}, ("suspended", "active"), ("suspended", "active")),
        ("allocated", {"usageState": "idle", "allocationStatus": "reserved"}, ("reserved", "idle"), RESERVED),
        ("suspended", {"allocationStatus": "available"}, ("available", "idle"), ("available", "idle")),
    ],
)  # fmt: skip
async def test_a_write_of_v5_is_read_in_v4(
    client: httpx.AsyncClient, before: str, patch: dict[str, str], newer: tuple[str, str], older: tuple[str, str]
) -> None:
    number = of(before)[0]
    shown = (await client.patch(f"{NEWER}/{number}", json=patch)).json()
    assert (shown["allocationStatus"], shown["usageState"]) == newer
    shown = (await client.get(f"{RESOURCE}/{number}")).json()
    assert (shown["resourceStatus"], shown["usageState"]) == older


async def test_a_place_is_one_object_in_v4_and_an_array_in_v5(client: httpx.AsyncClient) -> None:
    identifier = (await client.post(LOGICAL, json=FULL)).json()["id"]
    newer = (await client.get(f"{NEWER}/{identifier}")).json()
    (place,) = newer["place"]
    assert (place["role"], place["place"]["id"], place["@type"]) == ("storage", "p", "RelatedPlaceRef")
    second = {"@type": "RelatedPlaceRef", "role": "shop", "place": {"@type": "PlaceRef", "id": "q"}}
    await client.patch(f"{NEWER}/{identifier}", json={"place": [second, place]})
    assert (await client.get(f"{LOGICAL}/{identifier}")).json()["place"]["id"] == "q"
    newer = (await client.get(f"{NEWER}/{identifier}")).json()
    assert [each["place"]["id"] for each in newer["place"]] == ["q", "p"]


async def test_other_words_of_v5(client: httpx.AsyncClient) -> None:
    identifier = (await client.post(LOGICAL, json=FULL)).json()["id"]
    newer = (await client.get(f"{NEWER}/{identifier}")).json()
    assert (newer["administrativeState"], newer["operationalState"]) == ("shuttingDown", "disabled")
    assert newer["relatedParty"][0]["partyOrPartyRole"]["id"] == "ind-1"
    assert [each["@type"] for each in newer["resourceCharacteristic"]][:3] == [
        "StringCharacteristic", "IntegerCharacteristic", "NumberCharacteristic",
    ]  # fmt: skip
    patched = await client.patch(f"{NEWER}/{identifier}", json={"administrativeState": "unlocked"})
    assert patched.json()["operationalState"] == "disabled"
    older = (await client.get(f"{LOGICAL}/{identifier}")).json()
    assert (older["administrativeState"], older["operationalState"]) == ("unlocked", "disable")


async def test_a_relationship_is_read_as_either_file_of_v4_writes_it(client: httpx.AsyncClient) -> None:
    card = of("available", kind="PhysicalResource")[0]
    for related in ({"id": card}, {"resource": {"id": card, "value": "whole"}}):
        body = {"resourceRelationship": [{"relationshipType": "pairedWith", **related}]}
        await client.patch(f"{RESOURCE}/{FREE}", json=body)
        (shown,) = (await client.get(f"{NEWER}/{FREE}")).json()["resourceRelationship"]
        assert shown == {
            "@type": "ResourceRelationship",
            "relationshipType": "pairedWith",
            "resource": {"@type": "ResourceRef", "id": card, "href": f"http://sandbox.test{NEWER}/{card}"},
        }


async def test_a_server_that_enforces_nothing_takes_every_move(client: httpx.AsyncClient) -> None:
    assert await status(client, {"resourceStatus": "reserved", "relatedParty": [PARTY]}) == 200
    assert await status(client, {"resourceStatus": "reserved", "relatedParty": []}) == 200
    assert await status(client, {"resourceStatus": "available", "usageState": "active"}) == 200
    assert await status(client, {"allocationStatus": "allocated"}, of=of("available")[1], at=NEWER) == 200


@pytest.mark.parametrize("view", [RESOURCE, LOGICAL, NEWER])
async def test_what_is_reserved_cannot_be_reserved_again_where_moves_are_enforced(
    client: httpx.AsyncClient, view: str
) -> None:
    await switch(client, "transitions-enforced")
    attribute = "allocationStatus" if view == NEWER else "resourceStatus"
    assert await status(client, {attribute: "reserved", "description": "mine"}, at=view) == 200
    refused = await client.patch(f"{view}/{FREE}", json={attribute: "reserved", "description": "theirs"})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert (await client.get(f"{view}/{FREE}")).json()["description"] == "mine"
    assert await status(client, {"description": "extended"}, at=view) == 200
    assert await status(client, {attribute: "available"}, at=view) == 200
    assert await status(client, {attribute: "reserved"}, at=view) == 200


async def test_the_refusal_of_a_move_can_be_another_status(client: httpx.AsyncClient) -> None:
    await switch(client, "transitions-enforced", status=422)
    assert await status(client, {"resourceStatus": "reserved"}, of=of("reserved")[0]) == 422


@pytest.mark.parametrize(
    ("before", "patch", "expected"),
    [
        ("reserved", {"usageState": "active"}, 200),
        ("reserved", {"resourceStatus": "reserved", "usageState": "active"}, 200),
        ("reserved", {"resourceStatus": "suspended"}, 200),
        ("available", {"resourceStatus": "reserved", "usageState": "active"}, 409),
        ("available", {"resourceStatus": "available"}, 200),
        ("allocated", {"resourceStatus": "reserved"}, 409),
        ("allocated", {"usageState": "idle"}, 409),
        ("allocated", {"usageState": "busy"}, 200),
        ("allocated", {"resourceStatus": "available", "usageState": "idle"}, 200),
        ("allocated", {"resourceStatus": "suspended"}, 200),
        ("suspended", {"resourceStatus": "reserved"}, 409),
        ("suspended", {"resourceStatus": "available"}, 200),
        ("suspended", {"resourceStatus": "sold"}, 400),
    ],
)
async def test_moves_of_v4_where_they_are_enforced(
    client: httpx.AsyncClient, before: str, patch: dict[str, str], expected: int
) -> None:
    await switch(client, "transitions-enforced")
    assert await status(client, patch, of=of(before)[0]) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("available", "reserved", 200),
        ("available", "allocated", 409),
        ("reserved", "allocated", 200),
        ("reserved", "available", 200),
        ("allocated", "reserved", 409),
        ("allocated", "allocated", 409),
        ("suspended", "allocated", 409),
    ],
)
async def test_moves_of_v5_where_they_are_enforced(
    client: httpx.AsyncClient, before: str, after: str, expected: int
) -> None:
    await switch(client, "transitions-enforced")
    assert await status(client, {"allocationStatus": after}, of=of(before)[0], at=NEWER) == expected


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"op": "replace", "path": "/allocationStatus", "value": "reserved"}, 409),
        ({"op": "test", "path": "/allocationStatus", "value": "reserved"}, 200),
        ({"op": "add", "path": "/description", "value": "x"}, 200),
    ],
)
async def test_a_json_patch_reserves_once_too(client: httpx.AsyncClient, step: dict[str, str], expected: int) -> None:
    await switch(client, "transitions-enforced")
    answer = await client.request(
        "PATCH", f"{NEWER}/{of('reserved')[0]}", json=[step], headers={"content-type": "application/json-patch+json"}
    )
    assert answer.status_code == expected


async def test_an_etag_guards_a_number(client: httpx.AsyncClient) -> None:
    await switch(client, "etag-present")
    tag = (await client.get(f"{RESOURCE}/{FREE}")).headers["etag"]
    body, headers = {"resourceStatus": "reserved"}, {"if-match": tag}
    first = await client.patch(f"{RESOURCE}/{FREE}", json=body, headers=headers)
    second = await client.patch(f"{RESOURCE}/{FREE}", json=body, headers=headers)
    assert (first.status_code, second.status_code) == (200, 412)


@pytest.mark.parametrize(
    ("address", "patch", "kinds"),
    [
        (RESOURCE, {"resourceStatus": "reserved"}, ["StateChange"]),
        (LOGICAL, {"resourceStatus": "reserved", "usageState": "active"}, ["StateChange"]),
        (NEWER, {"allocationStatus": "reserved"}, ["StateChange"]),
        (NEWER, {"allocationStatus": "reserved", "description": "x"}, ["AttributeValueChange", "StateChange"]),
        (RESOURCE, {"description": "x"}, ["AttributeValueChange"]),
    ],
)
async def test_both_versions_hear_of_a_change_whoever_made_it(
    client: httpx.AsyncClient, address: str, patch: dict[str, str], kinds: list[str]
) -> None:
    async with listening() as older, listening() as newer:
        await client.post(f"{V4}/hub", json={"callback": older.address})
        await client.post(f"{V5}/hub", json={"callback": newer.address})
        await client.patch(f"{address}/{FREE}", json=patch)
        for kind in kinds:
            first, second = await older.next(), await newer.next()
            assert first.path == second.path == f"/listener/resource{kind}Event"
            assert first.body["event"]["resource"] == (await client.get(f"{RESOURCE}/{FREE}")).json()
            assert second.body["event"]["resource"] == (await client.get(f"{NEWER}/{FREE}")).json()
        assert not older.heard_more()
        assert not newer.heard_more()


async def test_a_reset_gives_every_number_back(client: httpx.AsyncClient) -> None:
    await client.patch(f"{RESOURCE}/{FREE}", json={"resourceStatus": "reserved"})
    await client.delete(f"{RESOURCE}/{of('available')[1]}")
    assert await total(client, f"{LOGICAL}?resourceStatus=available") == len(of("available")) - 2
    await client.post("/sandbox/reset")
    assert await total(client, f"{LOGICAL}?resourceStatus=available") == len(of("available"))


def test_a_process_has_as_many_numbers_as_it_is_told() -> None:
    with SandboxProcess(numbers=5) as sandbox, httpx.Client(base_url=sandbox.base_url) as client:
        assert client.get(f"{RESOURCE}?limit=1").headers["x-total-count"] == "10"
        SandboxControl(sandbox.base_url).reset()
        assert client.get(f"{RESOURCE}?limit=1").headers["x-total-count"] == "10"
