"""Every answer of TMF663 v4 against TM Forum's own definitions, and nothing in it that they do not list."""

from typing import Any

import httpx
import pytest

from sandbox.apis.tmf663 import TMF663
from tests.needs import need_spec
from tests.sandbox.carts import FULL, OLDER, SMALL
from tests.sandbox.listening import listening
from tests.sandbox.swagger import Contract

CART = TMF663.resources[0]
carts = pytest.mark.parametrize("body", [{}, SMALL, FULL], ids=["empty", "small", "full"])


@pytest.fixture(scope="session")
def contract() -> Contract:
    return Contract(need_spec("TMF663-ShoppingCart-v4.0.0.json"))


def definitions(contract: Contract) -> Any:
    return contract._schema["$defs"]


def test_the_contract_notices_what_it_has_to(contract: Contract) -> None:
    assert contract.problems("ShoppingCart", {"cartItem": [{"quantity": "2"}]}) != []
    assert "Additional properties" in contract.problems("ShoppingCart", {"cartItem": [{"itemTotalPrice": []}]})[0]
    assert "Additional properties" in contract.problems("ShoppingCart", {"lastUpdate": "2026-01-01T00:00:00Z"})[0]
    assert "required" in contract.problems("ShoppingCart", {"relatedParty": [{"id": "1"}]})[0]


@pytest.mark.parametrize(
    ("definition", "written"),
    [
        ("ShoppingCart", FULL),
        ("CartItem", FULL["cartItem"][0]),
        ("ProductRefOrValue", FULL["cartItem"][0]["product"]),
        ("CartPrice", FULL["cartTotalPrice"][0]),
    ],
)
def test_the_full_cart_leaves_nothing_out(contract: Contract, definition: str, written: dict[str, Any]) -> None:
    """So that what v5 makes of it is shown for every attribute there is."""
    meta = {"id", "href", "@type", "@baseType", "@schemaLocation", "@referredType"}
    assert set(definitions(contract)[definition]["properties"]) - meta == written.keys() - meta


@carts
async def test_what_is_written_comes_back_by_contract(
    client: httpx.AsyncClient, contract: Contract, body: dict[str, Any]
) -> None:
    assert contract.problems("ShoppingCart_Create", body) == []
    created = await client.post(OLDER, json=body)
    assert (created.status_code, contract.problems("ShoppingCart", created.json())) == (201, [])
    address = f"{OLDER}/{created.json()['id']}"
    patched = await client.patch(address, json={"cartItem": [*body.get("cartItem", []), {"quantity": 1}]})
    assert (patched.status_code, contract.problems("ShoppingCart", patched.json())) == (200, [])
    assert (await client.get(address)).json() == patched.json()
    assert (await client.get(OLDER)).json() == [patched.json()]


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "?limit=x", None, 400),
        ("POST", "", b"{", 400),
        ("GET", "/none", None, 404),
        ("PUT", "/none", b"{}", 405),
        ("POST", "/none", b"{}", 405),
    ],
)
async def test_refusals_are_errors_by_contract(
    client: httpx.AsyncClient, contract: Contract, method: str, path: str, content: bytes | None, status: int
) -> None:
    answer = await client.request(method, OLDER + path, content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, contract.problems("Error", answer.json())) == (status, [])


async def test_events_keep_the_contract(client: httpx.AsyncClient, contract: Contract) -> None:
    async with listening() as listener:
        await client.post("/tmf-api/shoppingCart/v4/hub", json={"callback": listener.address})
        address = (await client.post(OLDER, json=FULL)).json()["href"]
        await client.patch(address, json={"validFor": None})
        await client.delete(address)
        for kind in ("Create", "AttributeValueChange", "Delete"):
            heard = await listener.next()
            assert heard.path == f"/listener/shoppingCart{kind}Event"
            assert contract.problems(f"ShoppingCart{kind}Event", heard.body) == []


def test_the_table_of_names_is_that_of_the_file(contract: Contract) -> None:
    listed = definitions(contract)["ShoppingCart"]["properties"]
    assert CART.attributes == set(listed)
    assert set(CART.arrays) == {name for name in listed if listed[name].get("type") == "array"}
