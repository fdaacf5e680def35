"""Every answer of TMF620 v5 against TM Forum's own v5.0.0 schemas, and nothing in it that they do not list."""

from typing import Any

import httpx
import pytest

from sandbox.apis import names620
from sandbox.apis.tmf620_v5 import TMF620_V5
from tests.needs import need_spec
from tests.sandbox.openapi import OpenContract
from tests.sandbox.swagger import Contract

BASE = TMF620_V5.base_path
RESOURCES = {
    "productCatalog": "ProductCatalog",
    "category": "Category",
    "productOffering": "ProductOffering",
    "productOfferingPrice": "ProductOfferingPrice",
    "productSpecification": "ProductSpecification",
}
both_languages = pytest.mark.parametrize("language", ["en", "de"])
every_resource = pytest.mark.parametrize(("resource", "schema"), RESOURCES.items())


@pytest.fixture(scope="session")
def contract() -> OpenContract:
    return OpenContract(need_spec("TMF620-ProductCatalog-v5.0.0.yaml"))


def test_the_contract_notices_what_it_has_to(contract: OpenContract) -> None:
    def offering(**more: Any) -> list[str]:
        return contract.problems("ProductOffering", {"@type": "ProductOffering", **more})

    assert offering(isBundle=True) == []
    assert contract.problems("ProductOffering", {"id": "1"}) == ["$: '@type' is a required property"]
    assert offering(isBundle="no") == ["$.isBundle: 'no' is not of type 'boolean'"]
    assert "unexpected" in offering(_i18n={})[0]
    assert "'@type' is a required" in offering(category=[{"id": "1"}])[0]
    assert "'id' is a required" in offering(category=[{"@type": "CategoryRef"}])[0]
    assert "not one of" in offering(category=[{"@type": "Category", "id": "1"}])[0]
    assert "unexpected" in offering(category=[{"@type": "CategoryRef", "id": "1", "odd": 1}])[0]
    assert "date-time" in offering(lastUpdate="2025-01-01")[0]
    assert offering(productOfferingPrice=[{"@type": "ProductOfferingPriceRef", "id": "1"}]) == []
    inline = {"@type": "ProductOfferingPrice", "price": {"unit": "EUR", "value": 1}}
    assert offering(productOfferingPrice=[inline]) == []
    assert offering(productOfferingPrice=[{**inline, "@type": "ProductOfferingPriceRef", "id": "1"}]) != []
    integer = {"@type": "IntegerCharacteristicValueSpecification", "value": "1"}
    use = {"@type": "ProductSpecificationCharacteristicValueUse", "productSpecCharacteristicValue": [integer]}
    assert "is not of type 'integer'" in offering(prodSpecCharValueUse=[use])[0]
    assert "required" in contract.problems("Error", {"@type": "Error", "code": "x"})[0]


@both_languages
@every_resource
async def test_every_document_keeps_the_contract(
    client: httpx.AsyncClient, contract: OpenContract, resource: str, schema: str, language: str
) -> None:
    answer = await client.get(f"{BASE}/{resource}", params={"limit": 1000}, headers={"accept-language": language})
    assert (answer.status_code, answer.headers["content-language"]) == (200, language)
    documents = answer.json()
    assert len(documents) > 1
    problems = {document["id"]: found for document in documents if (found := contract.problems(schema, document))}
    assert problems == {}


@both_languages
@every_resource
async def test_an_item_answers_what_the_collection_does(
    client: httpx.AsyncClient, resource: str, schema: str, language: str
) -> None:
    headers = {"accept-language": language}
    for document in (await client.get(f"{BASE}/{resource}", params={"limit": 5}, headers=headers)).json():
        item = (await client.get(f"{BASE}/{resource}/{document['id']}", headers=headers)).json()
        assert item == document
        assert (item["@type"], item["href"]) == (schema, f"http://sandbox.test{BASE}/{resource}/{item['id']}")


@both_languages
@every_resource
async def test_what_is_written_comes_back_by_contract_in_both_versions(
    client: httpx.AsyncClient, contract: OpenContract, resource: str, schema: str, language: str
) -> None:
    headers = {"accept-language": language}
    older = Contract(need_spec("TMF620-ProductCatalog-v4.1.0.json"))
    for template in (await client.get(f"{BASE}/{resource}", params={"limit": 1000}, headers=headers)).json()[::25]:
        body = {key: value for key, value in template.items() if key not in {"id", "href"}}
        assert contract.problems(f"{schema}_FVO", body) == []
        created = await client.post(f"{BASE}/{resource}", json=body, headers=headers)
        assert created.status_code == 201
        assert contract.problems(schema, created.json()) == []
        new = created.json()
        assert {**new, **{key: template[key] for key in ("id", "href", "lastUpdate")}} == template
        kept = next(each.kept_as for each in TMF620_V5.resources if each.path == resource)
        shown = (await client.get(f"/tmf-api/productCatalogManagement/v4/{kept}/{new['id']}", headers=headers)).json()
        assert older.problems(schema.removeprefix("Product") if kept == "catalog" else schema, shown) == []
        changed = await client.patch(f"{BASE}/{resource}/{new['id']}", json={"description": "changed"})
        assert changed.status_code == 200
        assert contract.problems(schema, changed.json()) == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/productOffering?limit=x", None, 400),
        ("GET", "/catalog", None, 404),
        ("PUT", "/productOffering/po-esim", b"{}", 405),
        ("POST", "/productOffering", b'{"name": "x", "@type": "ProductOffering"}', 400),
        ("POST", "/productOffering", b'{"name": "x", "lifecycleStatus": "Active"}', 400),
    ],
)
async def test_refusals_are_errors_by_contract(
    client: httpx.AsyncClient, contract: OpenContract, method: str, path: str, body: bytes | None, status: int
) -> None:
    answer = await client.request(method, BASE + path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert contract.problems("Error", answer.json()) == []


@pytest.mark.parametrize(
    "resource", ["catalog", "category", "productOffering", "productOfferingPrice", "productSpecification"]
)
def test_the_tables_of_names_are_those_of_the_files(contract: OpenContract, resource: str) -> None:
    name = resource[0].upper() + resource[1:]
    older = Contract(need_spec("TMF620-ProductCatalog-v4.1.0.json"))._schema["$defs"][name]["properties"]
    newer = contract.names("ProductCatalog" if resource == "catalog" else name)
    for major, listed in ((4, older), (5, newer)):
        assert names620.attributes(resource, major) == set(listed)
        assert set(names620.arrays(resource, major)) == {key for key in listed if listed[key].get("type") == "array"}
