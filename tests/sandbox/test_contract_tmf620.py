"""Every answer of the TMF620 resources against TM Forum's own definitions, and nothing in it that they do not list."""

import httpx
import pytest

from tests.needs import need_spec
from tests.sandbox.conftest import BASE
from tests.sandbox.swagger import Contract

RESOURCES = {
    "catalog": "Catalog",
    "category": "Category",
    "productOffering": "ProductOffering",
    "productOfferingPrice": "ProductOfferingPrice",
    "productSpecification": "ProductSpecification",
}
both_languages = pytest.mark.parametrize("language", ["en", "de"])
every_resource = pytest.mark.parametrize(("resource", "definition"), RESOURCES.items())


@pytest.fixture(scope="session")
def contract() -> Contract:
    return Contract(need_spec("TMF620-ProductCatalog-v4.1.0.json"))


def test_the_contract_notices_what_it_has_to(contract: Contract) -> None:
    assert contract.problems("ProductOffering", {"id": "1", "isBundle": "no"}) == [
        "$.isBundle: 'no' is not of type 'boolean'"
    ]
    assert "Additional properties" in contract.problems("ProductOffering", {"id": "1", "_i18n": {}})[0]
    assert "Additional properties" in contract.problems("Category", {"subCategory": [{"id": "1", "odd": 1}]})[0]
    assert "date-time" in contract.problems("Category", {"lastUpdate": "2025-01-01"})[0]
    assert "uri" in contract.problems("ProductOfferingRef", {"id": "1", "href": "/relative"})[0]
    assert "required" in contract.problems("Error", {"code": "x"})[0]


@both_languages
@every_resource
async def test_every_document_keeps_the_contract(
    client: httpx.AsyncClient, contract: Contract, resource: str, definition: str, language: str
) -> None:
    answer = await client.get(f"{BASE}/{resource}", params={"limit": 1000}, headers={"accept-language": language})
    assert answer.status_code == 200
    assert answer.headers["content-language"] == language
    documents = answer.json()
    assert len(documents) > 1
    problems = {document["id"]: found for document in documents if (found := contract.problems(definition, document))}
    assert problems == {}


@both_languages
@every_resource
async def test_an_item_answers_what_the_collection_does(
    client: httpx.AsyncClient, contract: Contract, resource: str, definition: str, language: str
) -> None:
    headers = {"accept-language": language}
    listed = (await client.get(f"{BASE}/{resource}", params={"limit": 5}, headers=headers)).json()
    for document in listed:
        item = await client.get(f"{BASE}/{resource}/{document['id']}", headers=headers)
        assert item.json() == document
        assert contract.problems(definition, item.json()) == []
        assert document["@type"] == definition


@both_languages
@every_resource
async def test_what_is_written_comes_back_by_contract(
    client: httpx.AsyncClient, contract: Contract, resource: str, definition: str, language: str
) -> None:
    headers = {"accept-language": language}
    template = (await client.get(f"{BASE}/{resource}", params={"limit": 1}, headers=headers)).json()[0]
    body = {key: value for key, value in template.items() if key not in {"id", "href", "lastUpdate"}}
    assert contract.problems(f"{definition}_Create", body) == []
    created = await client.post(f"{BASE}/{resource}", json=body, headers=headers)
    assert created.status_code == 201
    assert contract.problems(definition, created.json()) == []
    patched = await client.patch(
        f"{BASE}/{resource}/{created.json()['id']}", json={"description": "changed"}, headers=headers
    )
    assert patched.status_code == 200
    assert contract.problems(definition, patched.json()) == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/productOffering?limit=x", None, 400),
        ("POST", "/productOffering", b"{", 400),
        ("GET", "/productOffering/none", None, 404),
        ("GET", "/importJob", None, 404),
        ("PUT", "/productOffering/po-esim", b"{}", 405),
        ("POST", "/productOffering", b'{"id": "po-esim", "name": "again"}', 409),
        ("POST", "/productOffering", b'{"name": "' + b"x" * 1_000_000 + b'"}', 413),
    ],
)
async def test_refusals_are_errors_by_contract(
    client: httpx.AsyncClient, contract: Contract, method: str, path: str, body: bytes | None, status: int
) -> None:
    answer = await client.request(method, BASE + path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert contract.problems("Error", answer.json()) == []
    assert answer.json()["status"] == str(status)
    assert answer.json()["@type"] == "Error"


async def test_a_wrong_media_type_is_refused_by_contract(client: httpx.AsyncClient, contract: Contract) -> None:
    answer = await client.post(f"{BASE}/category", content=b"name=x", headers={"content-type": "text/plain"})
    assert answer.status_code == 415
    assert contract.problems("Error", answer.json()) == []


async def test_a_failure_of_the_sandbox_is_an_error_by_contract(
    client: httpx.AsyncClient, app, contract: Contract
) -> None:
    app.state.store.close()
    answer = await client.get(f"{BASE}/category")
    assert answer.status_code == 500
    assert contract.problems("Error", answer.json()) == []
