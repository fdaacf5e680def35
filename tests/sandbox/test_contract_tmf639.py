"""Every answer of TMF639 v4 against both of TM Forum's files of 4.0.0: that of 2020, and that with one resource."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sandbox.apis.tmf639 import TMF639
from tests.needs import need_spec
from tests.sandbox.inventory import FREE, FULL, LOGICAL, NEWER, PHYSICAL, RESOURCE, V4
from tests.sandbox.listening import listening
from tests.sandbox.swagger import Contract

LATER, FIRST = "TMF639-ResourceInventory-v4.0.0-2020.json", "TMF639-ResourceInventory-v4.0.0.json"
both_files = pytest.mark.parametrize("contract", [LATER, FIRST], indirect=True)
every_view = pytest.mark.parametrize("view", [RESOURCE, LOGICAL, PHYSICAL])


@pytest.fixture(scope="module")
def contract(request: pytest.FixtureRequest) -> Contract:
    return Contract(need_spec(getattr(request, "param", LATER)))


@pytest.fixture(scope="module")
def problems(contract: Contract) -> Callable[[Any], list[str]]:
    """A document against the definition its `@type` names."""
    return lambda document: contract.problems(document["@type"], document)


def test_the_contract_notices_what_it_has_to(contract: Contract) -> None:
    number = {"id": "1", "href": "https://a.example/1"}
    assert contract.problems("LogicalResource", {**number, "value": "1"}) == []
    assert "Additional properties" in contract.problems("Resource", {**number, "value": "1"})[0]
    assert "Additional properties" in contract.problems("LogicalResource", {**number, "allocationStatus": "x"})[0]
    assert "is not one of" in contract.problems("Resource", {**number, "resourceStatus": "allocated"})[0]
    assert "required" in contract.problems("Resource", {**number, "resourceSpecification": {"id": "1"}})[0]


@both_files
@every_view
async def test_every_document_keeps_the_contract(client: httpx.AsyncClient, problems: Any, view: str) -> None:
    documents = (await client.get(f"{view}?limit=1000")).json()
    assert len(documents) >= 150
    assert {document["id"]: found for document in documents if (found := problems(document))} == {}
    one = (await client.get(f"{view}/{documents[0]['id']}")).json()
    assert one == documents[0]


@both_files
@every_view
async def test_what_is_written_comes_back_by_contract(client: httpx.AsyncClient, problems: Any, view: str) -> None:
    kind = "PhysicalResource" if view == PHYSICAL else "LogicalResource"
    body = {key: value for key, value in FULL.items() if key != "value"} | {"@type": kind}
    created = await client.post(view, json=body)
    assert (created.status_code, problems(created.json())) == (201, [])
    patched = await client.patch(f"{view}/{created.json()['id']}", json={"resourceStatus": "available"})
    assert (patched.status_code, patched.json()["resourceStatus"], problems(patched.json())) == (200, "available", [])


async def test_a_body_by_the_file_s_own_definition_is_taken_as_it_is(
    client: httpx.AsyncClient, contract: Contract
) -> None:
    body = {key: value for key, value in FULL.items() if key not in {"place", "resourceSpecification"}}
    assert contract.problems("LogicalResource_Create", body) == []
    created = (await client.post(LOGICAL, json=body)).json()
    assert {key: value for key, value in created.items() if key not in {"id", "href"}} == body


@both_files
async def test_what_v5_writes_keeps_the_contract_of_v4(client: httpx.AsyncClient, problems: Any) -> None:
    template = (await client.get(f"{NEWER}/{(await client.post(LOGICAL, json=FULL)).json()['id']}")).json()
    created = await client.post(NEWER, json={key: template[key] for key in template if key not in {"id", "href"}})
    assert problems((await client.get(f"{LOGICAL}/{created.json()['id']}")).json()) == []
    await client.patch(f"{NEWER}/{FREE}", json={"allocationStatus": "allocated"})
    assert problems((await client.get(f"{LOGICAL}/{FREE}")).json()) == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", RESOURCE, {}, 400),
        ("POST", PHYSICAL, {}, 400),
        ("POST", LOGICAL, {"id": FREE}, 409),
        ("PATCH", f"{RESOURCE}/{FREE}", {"resourceStatus": "assigned"}, 400),
        ("PATCH", f"{RESOURCE}/{FREE}", {"id": "other"}, 400),
        ("GET", f"{PHYSICAL}/{FREE}", None, 404),
        ("PUT", f"{LOGICAL}/{FREE}", {}, 405),
    ],
)
async def test_refusals_are_errors_by_contract(
    client: httpx.AsyncClient, contract: Contract, method: str, path: str, body: object, status: int
) -> None:
    answer = await client.request(method, path, json=body)
    assert (answer.status_code, contract.problems("Error", answer.json())) == (status, [])


async def test_events_keep_the_contract_but_for_what_only_their_type_has(
    client: httpx.AsyncClient, contract: Contract
) -> None:
    async with listening() as listener:
        await client.post(f"{V4}/hub", json={"callback": listener.address})
        address = (await client.post(RESOURCE, json={"name": "n", "resourceStatus": "available"})).json()["href"]
        await client.patch(address, json={"description": "x"})
        await client.patch(address, json={"resourceStatus": "reserved"})
        await client.delete(address)
        for kind in ("Create", "AttributeValueChange", "StateChange", "Delete"):
            heard = await listener.next()
            assert heard.path == f"/listener/resource{kind}Event"
            assert contract.problems(f"Resource{kind}Event", heard.body) == []


@pytest.mark.parametrize(
    ("number", "definitions"),
    [
        (0, ("Resource", "LogicalResource", "PhysicalResource")),
        (1, ("LogicalResource",)),
        (2, ("PhysicalResource",)),
    ],
)
def test_the_table_of_names_is_that_of_both_files(number: int, definitions: tuple[str, ...]) -> None:
    files = [Contract(need_spec(name))._schema["$defs"] for name in (LATER, FIRST)]
    listed = {name: value for file in files for each in definitions for name, value in file[each]["properties"].items()}
    resource = TMF639.resources[number]
    assert resource.attributes == set(listed)
    assert set(resource.arrays) == {name for name in listed if listed[name].get("type") == "array"}
