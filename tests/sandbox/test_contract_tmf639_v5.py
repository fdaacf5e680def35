"""Every answer of TMF639 v5 against TM Forum's own schemas, whichever version wrote it."""

from typing import Any

import httpx
import pytest

from sandbox.apis.tmf639_v5 import TMF639_V5
from tests.needs import need_spec
from tests.sandbox.inventory import FREE, FULL, LOGICAL, NEWER, V5
from tests.sandbox.listening import listening
from tests.sandbox.openapi import OpenContract

RESOURCE = TMF639_V5.resources[0]


@pytest.fixture(scope="module")
def contract() -> OpenContract:
    return OpenContract(need_spec("TMF639-ResourceInventory-v5.0.0.yaml"))


def test_the_contract_notices_what_it_has_to(contract: OpenContract) -> None:
    def told(**attributes: Any) -> str:
        return "".join(contract.problems("Resource", {"@type": "LogicalResource", "id": "1", **attributes}))

    assert told(value="1", allocationStatus="available") == ""
    assert "unexpected" in told(resourceStatus="available")
    assert "is not one of" in told(operationalState="enable")
    assert "is not of type 'array'" in told(place={"@type": "RelatedPlaceRef"})
    assert "'@type' is a required" in told(resourceCharacteristic=[{"name": "x", "value": "y"}])
    assert "unexpected" in told(serialNumber="1")


async def test_every_document_keeps_the_contract(client: httpx.AsyncClient, contract: OpenContract) -> None:
    documents = (await client.get(f"{NEWER}?limit=1000")).json()
    assert len(documents) == 600
    found = {each["id"]: told for each in documents if (told := contract.problems("Resource", each))}
    assert found == {}
    assert set().union(*documents) - RESOURCE.attributes == set()


@pytest.mark.parametrize("more", [{}, {"resourceRelationship": [{"relationshipType": "uses", "id": FREE}]}])
async def test_what_v4_writes_keeps_the_contract_of_v5(
    client: httpx.AsyncClient, contract: OpenContract, more: dict[str, Any]
) -> None:
    identifier = (await client.post(LOGICAL, json={**FULL, **more})).json()["id"]
    assert contract.problems("Resource", (await client.get(f"{NEWER}/{identifier}")).json()) == []


async def test_a_resource_by_the_file_s_own_schema_for_writing_is_taken_as_it_is(
    client: httpx.AsyncClient, contract: OpenContract
) -> None:
    body = {
        "@type": "LogicalResource",
        "name": "4915112345678",
        "value": "4915112345678",
        "allocationStatus": "allocated",
        "usageState": "active",
        "administrativeState": "shuttingDown",
        "operationalState": "enabled",
        "lifecycleState": "installed",
        "validFor": {"startDateTime": "2026-01-01T00:00:00Z"},
        "externalIdentifier": [{"@type": "ExternalIdentifier", "id": "x", "owner": "shop"}],
        "place": [{"@type": "RelatedPlaceRef", "role": "shop", "place": {"@type": "PlaceRef", "id": "p", "name": "P"}}],
        "relatedParty": [
            {
                "@type": "RelatedPartyRefOrPartyRoleRef",
                "role": "owner",
                "partyOrPartyRole": {"@type": "PartyRef", "id": "i", "name": "Ada", "@referredType": "Individual"},
            }
        ],
        "resourceCharacteristic": [
            {"@type": "StringCharacteristic", "name": "portInStatus", "value": "requested"},
            {"@type": "BooleanCharacteristic", "name": "ported", "value": True},
        ],
        "resourceSpecification": {"@type": "ResourceSpecificationRef", "id": "msisdn-spec"},
    }
    assert contract.problems("Resource_FVO", body) == []
    created = (await client.post(NEWER, json=body)).json()
    assert contract.problems("Resource", created) == []
    del created["resourceSpecification"]["href"], created["place"][0]["place"]["href"]
    assert created.pop("creationDate") == "2026-11-23T08:30:00Z"
    assert {key: value for key, value in created.items() if key not in {"id", "href"}} == body


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", NEWER, {"name": "n"}, 400),
        ("PATCH", f"{NEWER}/{FREE}", {"allocationStatus": "mine"}, 400),
        ("GET", f"{NEWER}/none", None, 404),
        ("PUT", f"{NEWER}/{FREE}", {}, 405),
    ],
)
async def test_refusals_are_errors_by_contract(
    client: httpx.AsyncClient, contract: OpenContract, method: str, path: str, body: object, status: int
) -> None:
    answer = await client.request(method, path, json=body)
    assert (answer.status_code, contract.problems("Error", answer.json())) == (status, [])


async def test_events_keep_the_contract(client: httpx.AsyncClient, contract: OpenContract) -> None:
    async with listening() as listener:
        await client.post(f"{V5}/hub", json={"callback": listener.address})
        await client.patch(f"{NEWER}/{FREE}", json={"description": "x"})
        await client.patch(f"{NEWER}/{FREE}", json={"allocationStatus": "reserved"})
        await client.delete(f"{NEWER}/{FREE}")
        address = (await client.post(LOGICAL, json=FULL)).json()["href"]
        assert address
        for kind in ("AttributeValueChange", "StateChange", "Delete", "Create"):
            assert contract.problems(f"Resource{kind}Event", (await listener.next()).body) == []


def test_the_table_of_names_is_that_of_the_file(contract: OpenContract) -> None:
    listed = {
        name: value
        for each in ("Resource", "LogicalResource", "PhysicalResource")
        for name, value in contract.names(each).items()
    }
    assert RESOURCE.attributes == set(listed)
    assert set(RESOURCE.arrays) == {name for name in listed if listed[name].get("type") == "array"}
