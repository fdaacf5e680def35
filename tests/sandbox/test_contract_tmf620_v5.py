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


REF = {"id": "r", "name": "R"}
VALUES = [{"value": value} for value in ("a", 1, 1.5, True, {"a": 1}, ["a"])]
USE = {**REF, "productSpecCharacteristicValue": VALUES, "productSpecification": REF}
INLINE = {"id": "p", "name": "P", "priceType": "oneTime", "price": {"unit": "EUR", "value": 1.0}}
FULL: dict[str, Any] = {
    "catalog": {"category": [REF], "relatedParty": [{**REF, "role": "seller", "@referredType": "Supplier"}]},
    "category": {"parentId": "cat-plans", "subCategory": [REF], "productOffering": [REF]},
    "productOffering": {
        "agreement": [REF],
        "attachment": [{**REF, "url": "http://h/x"}, {**REF, "@referredType": "Attachment"}],
        "bundledProductOffering": [{**REF, "lifecycleStatus": "Active", "bundledProductOfferingOption": {}}],
        "category": [REF],
        "channel": [REF],
        "marketSegment": [REF],
        "place": [REF],
        "prodSpecCharValueUse": [USE],
        "productOfferingPrice": [REF, {**INLINE, "constraint": [REF], "tax": [{"id": "t", "taxRate": 19.0}]}],
        "productOfferingRelationship": [{**REF, "relationshipType": "requires", "role": "x"}],
        "productOfferingTerm": [{"name": "x", "duration": {"amount": 1, "units": "month"}}],
        "productSpecification": {**REF, "version": "1"},
        "resourceCandidate": REF,
        "serviceCandidate": REF,
        "serviceLevelAgreement": REF,
    },
    "productOfferingPrice": {
        "bundledPopRelationship": [REF],
        "constraint": [{**REF, "version": "1"}],
        "place": [REF],
        "popRelationship": [{**REF, "relationshipType": "discount"}],
        "pricingLogicAlgorithm": [{**REF, "plaSpecId": "x"}],
        "prodSpecCharValueUse": [USE],
        "productOfferingTerm": [{"name": "x"}],
        "tax": [{"id": "t", "href": "http://h/t", "taxCategory": "VAT"}],
        "unitOfMeasure": {"amount": 1.0, "units": "GB"},
    },
    "productSpecification": {
        "attachment": [{**REF, "url": "http://h/x"}],
        "bundledProductSpecification": [REF],
        "productSpecCharacteristic": [
            {
                **REF,
                "productSpecCharacteristicValue": VALUES,
                "productSpecCharRelationship": [{**REF, "charSpecSeq": 1}],
            }
        ],
        "productSpecificationRelationship": [{**REF, "relationshipType": "requires"}],
        "relatedParty": [{**REF, "role": "owner", "@referredType": "Individual"}],
        "resourceSpecification": [REF],
        "serviceSpecification": [REF],
        "targetProductSchema": {"@type": "x", "@schemaLocation": "http://h/x"},
    },
}


@pytest.mark.parametrize("resource", FULL)
async def test_a_document_with_everything_v4_knows_keeps_the_contract_of_v5(
    client: httpx.AsyncClient, contract: OpenContract, resource: str
) -> None:
    """The seed does not use every attribute; here each array of v4 is filled, without any `@type`."""
    assert set(names620.arrays(resource, 4)) <= FULL[resource].keys()
    older, body = "/tmf-api/productCatalogManagement/v4", {"id": "full", "name": "Full", **FULL[resource]}
    assert (await client.post(f"{older}/{resource}", json=body)).status_code == 201
    newer = next(each for each in TMF620_V5.resources if each.kept_as == resource)
    shown = (await client.get(f"{BASE}/{newer.path}/full")).json()
    assert contract.problems(newer.type, shown) == []
    assert len(shown.keys() & names620.attributes(resource, 5)) == len(shown)
    before = (await client.get(f"{older}/{resource}/full")).json()
    await client.patch(f"{BASE}/{newer.path}/full", json={**shown, "version": "2"})
    after = (await client.get(f"{older}/{resource}/full")).json()
    assert {**after, "version": None, "lastUpdate": None} == {**before, "version": None, "lastUpdate": None}


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
