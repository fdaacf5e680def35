"""`fields=`: what was asked for, and what comes anyway."""

from typing import Any

import httpx
import pytest

from sandbox.projection import parse_fields, project
from tests.sandbox.conftest import BASE

DOCUMENT = {
    "id": "1",
    "href": "http://h/1",
    "@type": "X",
    "name": "n",
    "price": {"unit": "EUR", "value": 2},
    "category": [{"id": "a", "name": "A"}, {"id": "b"}],
}
HEAD = {"id": "1", "href": "http://h/1", "@type": "X"}


@pytest.mark.parametrize(
    ("fields", "rest"),
    [
        (["name"], {"name": "n"}),
        (["name,unknown"], {"name": "n"}),
        (["name", "price"], {"name": "n", "price": {"unit": "EUR", "value": 2}}),
        (["price.value"], {"price": {"value": 2}}),
        (["price.value,price"], {"price": {"unit": "EUR", "value": 2}}),
        (["price,price.value"], {"price": {"unit": "EUR", "value": 2}}),
        (["price.value,price.unit"], {"price": {"unit": "EUR", "value": 2}}),
        (["category.name"], {"category": [{"name": "A"}, {}]}),
        (["id.x", "name.x"], {"name": "n"}),
        (["none"], {}),
        ([""], {}),
    ],
)
def test_projection(fields: list[str], rest: dict[str, Any]) -> None:
    tree = parse_fields(fields)
    assert tree is not None
    assert project(DOCUMENT, tree) == HEAD | rest


def test_without_fields_everything_comes() -> None:
    assert parse_fields([]) is None


async def test_lists_and_items_are_projected(client: httpx.AsyncClient) -> None:
    params = {"fields": "name,category.id"}
    item = (await client.get(f"{BASE}/productOffering/po-mobile-m", params=params)).json()
    assert item == {
        "id": "po-mobile-m",
        "href": f"http://sandbox.test{BASE}/productOffering/po-mobile-m",
        "@type": "ProductOffering",
        "name": "Mobile M",
        "category": [{"id": "cat-plans-postpaid"}],
    }
    listed = (await client.get(f"{BASE}/productOffering", params={**params, "id": "po-mobile-m"})).json()
    assert listed == [item]
