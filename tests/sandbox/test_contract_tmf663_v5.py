"""Every answer of TMF663 v5 against TM Forum's own v5.0.0 schemas, and nothing in it that they do not list."""

from typing import Any

import httpx
import pytest

from sandbox.apis.tmf663_v5 import TMF663_V5
from tests.needs import need_spec
from tests.sandbox.carts import FULL, NEWER, OLDER, SMALL
from tests.sandbox.listening import listening
from tests.sandbox.openapi import OpenContract
from tests.sandbox.swagger import Contract

CART = TMF663_V5.resources[0]
carts = pytest.mark.parametrize("body", [{}, SMALL, FULL], ids=["empty", "small", "full"])
SET_BY_THE_SERVER = {"id", "href", "creationDate", "lastUpdate", "cartTotalPrice"}


@pytest.fixture(scope="session")
def contract() -> OpenContract:
    return OpenContract(need_spec("TMF663-ShoppingCart-v5.0.0.yaml"))


def test_the_contract_notices_what_it_has_to(contract: OpenContract) -> None:
    def item(**more: Any) -> list[str]:
        return contract.problems("ShoppingCart", {"@type": "ShoppingCart", "cartItem": [{"@type": "CartItem", **more}]})

    assert item(quantity=1) == []
    assert "unexpected" in item(ItemTotalPrice=[])[0]
    assert "'@type' is a required" in item(productOffering={"id": "1"})[0]
    assert "unexpected" in item(product={"@type": "ProductRef", "id": "1", "description": "d"})[0]
    text = {"@type": "StringCharacteristic", "name": "x", "value": 1}
    assert "is not of type 'string'" in item(product={"@type": "Product", "productCharacteristic": [text]})[0]
    assert "'@type' is a required" in item(cartItem=[{"quantity": 1}])[0]


@carts
async def test_a_cart_of_v4_keeps_the_contract_of_v5(
    client: httpx.AsyncClient, contract: OpenContract, body: dict[str, Any]
) -> None:
    cart = (await client.post(OLDER, json=body)).json()
    shown = (await client.get(f"{NEWER}/{cart['id']}")).json()
    assert contract.problems("ShoppingCart", shown) == []
    assert (await client.get(NEWER)).json() == [shown]
    assert set(shown) - CART.attributes == set()


@carts
async def test_what_is_written_comes_back_by_contract_in_both_versions(
    client: httpx.AsyncClient, contract: OpenContract, body: dict[str, Any]
) -> None:
    older = Contract(need_spec("TMF663-ShoppingCart-v4.0.0.json"))
    template = (await client.get(f"{NEWER}/{(await client.post(OLDER, json=body)).json()['id']}")).json()
    created = await client.post(NEWER, json={key: template[key] for key in template if key not in {"id", "href"}})
    assert (created.status_code, contract.problems("ShoppingCart", created.json())) == (201, [])
    new = created.json()
    assert {**new, "id": None, "href": None} == {**template, "id": None, "href": None}
    assert older.problems("ShoppingCart", (await client.get(f"{OLDER}/{new['id']}")).json()) == []
    patched = await client.patch(f"{NEWER}/{new['id']}", json={"cartItem": [{"@type": "CartItem", "quantity": 1}]})
    assert (patched.status_code, contract.problems("ShoppingCart", patched.json())) == (200, [])


async def test_a_cart_by_the_file_s_own_schema_for_writing_is_taken_as_it_is(
    client: httpx.AsyncClient, contract: OpenContract
) -> None:
    body = {
        "@type": "ShoppingCart",
        "contactMedium": [{"@type": "EmailContactMedium", "preferred": True, "emailAddress": "a@b.example"}],
        "relatedParty": [
            {
                "@type": "RelatedPartyOrPartyRole",
                "role": "customer",
                "partyOrPartyRole": {"@type": "PartyRoleRef", "id": "c", "name": "Ada", "@referredType": "Customer"},
            }
        ],
        "cartItem": [
            {
                "@type": "CartItem",
                "id": "1",
                "quantity": 1,
                "action": "add",
                "productOffering": {"@type": "ProductOfferingRef", "id": "po-kaiyo-k1"},
                "product": {
                    "@type": "Product",
                    "productCharacteristic": [{"@type": "StringCharacteristic", "name": "color", "value": "Sand"}],
                },
                "itemPrice": [
                    {
                        "@type": "CartPrice",
                        "priceType": "oneTime",
                        "price": {"@type": "Price", "taxIncludedAmount": {"unit": "EUR", "value": 799.0}},
                    }
                ],
                "itemTerm": [{"@type": "CartTerm", "duration": {"amount": 24, "units": "month"}}],
            }
        ],
    }
    assert contract.problems("ShoppingCart_FVO", body) == []
    created = (await client.post(NEWER, json=body)).json()
    assert contract.problems("ShoppingCart", created) == []
    del created["cartItem"][0]["productOffering"]["href"]
    assert {key: value for key, value in created.items() if key not in SET_BY_THE_SERVER} == body


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [("POST", "", b"{}", 400), ("GET", "?limit=x", None, 400), ("GET", "/none", None, 404), ("PUT", "/x", b"{}", 405)],
)
async def test_refusals_are_errors_by_contract(
    client: httpx.AsyncClient, contract: OpenContract, method: str, path: str, content: bytes | None, status: int
) -> None:
    answer = await client.request(method, NEWER + path, content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, contract.problems("Error", answer.json())) == (status, [])


async def test_events_keep_the_contract(client: httpx.AsyncClient, contract: OpenContract) -> None:
    async with listening() as listener:
        await client.post("/shoppingCart/v5/hub", json={"callback": listener.address})
        address = (await client.post(OLDER, json=FULL)).json()["href"]
        await client.patch(address, json={"validFor": None})
        await client.delete(address)
        for kind in ("Create", "AttributeValueChange", "Delete"):
            heard = (await listener.next()).body
            assert contract.problems(f"ShoppingCart{kind}Event", heard) == []


def test_the_table_of_names_is_that_of_the_file(contract: OpenContract) -> None:
    listed = contract.names("ShoppingCart")
    assert CART.attributes == set(listed)
    assert set(CART.arrays) == {name for name in listed if listed[name].get("type") == "array"}
