"""Stock: every thing that is sold has some, by contract, and it is found by the offerings of a page."""

import httpx
import pytest

from sandbox.apis.tmf687 import TMF687
from sandbox.seed.stock import FEW
from tests.needs import need_spec
from tests.sandbox.conftest import BASE
from tests.sandbox.swagger import Contract

STOCK = "/tmf-api/stockManagement/v4/productStock"
RESOURCE = TMF687.resources[0]


@pytest.fixture(scope="session")
def contract() -> Contract:
    return Contract(need_spec("TMF687-Stock-v4.0.0.json"))


async def amounts(client: httpx.AsyncClient, query: str = "limit=1000") -> dict[str, int]:
    stock = (await client.get(f"{STOCK}?{query}")).json()
    return {each["stockedProduct"]["productOffering"]["id"]: each["productStockLevel"]["amount"] for each in stock}


async def offerings(client: httpx.AsyncClient, query: str) -> set[str]:
    return {each["id"] for each in (await client.get(f"{BASE}/productOffering?limit=1000&{query}")).json()}


@pytest.mark.parametrize("language", ["en", "de"])
async def test_every_document_keeps_the_contract(client: httpx.AsyncClient, contract: Contract, language: str) -> None:
    documents = (await client.get(f"{STOCK}?limit=1000", headers={"accept-language": language})).json()
    problems = {
        document["id"]: found for document in documents if (found := contract.problems("ProductStock", document))
    }
    assert (len(documents), problems) == (35, {})


async def test_devices_accessories_and_cards_have_stock_and_nothing_else_has(client: httpx.AsyncClient) -> None:
    things = "cat-phones-top,cat-phones-value,cat-phones-refurbished,cat-watches,cat-routers,cat-accessories,"
    things += "cat-accessories-audio,cat-accessories-power"
    expected = await offerings(client, f"category.id={things}")
    expected |= await offerings(client, "category.id=cat-tablets&isBundle=false")
    expected |= await offerings(client, "productSpecification.id=ps-sim-card")
    assert set(await amounts(client)) == expected


async def test_amounts_are_believable(client: httpx.AsyncClient) -> None:
    found = await amounts(client)
    assert {offering: amount for offering, amount in found.items() if amount < 20} == FEW
    assert sorted(FEW.values()) == [0, 0, 0, 1]
    assert max(found.values()) <= 400
    assert len(set(found.values())) > 25


async def test_a_document_says_what_it_counts(client: httpx.AsyncClient) -> None:
    (stock,) = (await client.get(f"{STOCK}?stockedProduct.productOffering.id=po-veldt-note-9")).json()
    assert stock["stockedProduct"] == {
        "@type": "Product",
        "productOffering": {
            "id": "po-veldt-note-9",
            "name": "Veldt Note 9",
            "href": f"http://sandbox.test{BASE}/productOffering/po-veldt-note-9",
            "@referredType": "ProductOffering",
        },
    }
    assert (stock["id"], stock["name"], stock["@type"]) == ("stock-veldt-note-9", "Stock: Veldt Note 9", "ProductStock")
    assert (stock["productStockStatusType"], stock["productStockLevel"]) == (
        "available",
        {"amount": 0, "units": "piece"},
    )


async def test_stock_of_several_offerings_comes_in_one_answer(client: httpx.AsyncClient) -> None:
    wanted = "po-kaiyo-k1,po-sim-card,po-mobile-m,po-glass-k1"
    assert set(await amounts(client, f"stockedProduct.productOffering.id={wanted}")) == {
        "po-kaiyo-k1",
        "po-sim-card",
        "po-glass-k1",
    }


def test_the_offering_is_indexed(app) -> None:
    assert "stockedProduct.productOffering.id" in app.state.store._index["TMF687.productStock"]


async def test_what_is_written_comes_back_by_contract(client: httpx.AsyncClient, contract: Contract) -> None:
    body = {
        "productStockStatusType": "available",
        "productStockLevel": {"amount": 3, "units": "piece"},
        "stockedProduct": {"@type": "Product", "productOffering": {"id": "po-esim"}},
    }
    assert contract.problems("ProductStock_Create", body) == []
    created = await client.post(STOCK, json=body)
    assert (created.status_code, contract.problems("ProductStock", created.json())) == (201, [])
    assert created.json()["creationDate"] == created.json()["lastUpdate"] == "2026-11-23T08:30:00Z"
    level = {"productStockLevel": {"amount": 0}}
    patched = await client.patch(f"{STOCK}/{created.json()['id']}", json=level)
    assert patched.json()["productStockLevel"] == {"amount": 0, "units": "piece"}
    assert contract.problems("ProductStock", patched.json()) == []
    assert await amounts(client, "stockedProduct.productOffering.id=po-esim") == {"po-esim": 0}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "", {"productStockLevel": {}, "stockedProduct": {}}, 400),
        ("PATCH", "/stock-kaiyo-k1", {"productStockStatusType": "gone"}, 400),
        ("GET", "/none", None, 404),
        ("PUT", "/stock-kaiyo-k1", {}, 405),
    ],
)
async def test_refusals_are_errors_by_contract(
    client: httpx.AsyncClient, contract: Contract, method: str, path: str, body: object, status: int
) -> None:
    answer = await client.request(method, STOCK + path, json=body)
    assert (answer.status_code, contract.problems("Error", answer.json())) == (status, [])


def test_the_table_of_names_is_that_of_the_file(contract: Contract) -> None:
    listed = contract._schema["$defs"]["ProductStock"]["properties"]
    assert RESOURCE.attributes == set(listed)
    assert set(RESOURCE.arrays) == {name for name in listed if listed[name].get("type") == "array"}
