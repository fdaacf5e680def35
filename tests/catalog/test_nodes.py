"""`node` and `nodes`: any object again by its id."""

from typing import Any

import pytest

from sandbox.control import SandboxControl
from tests.conftest import MakeGateway
from tests.upstream import counts, gid, offering_id

ANY = """{ __typename id
  ... on ProductOffering { name sellable prices { kind } }
  ... on OfferingPrice { title: name kind gross { amount } }
  ... on ProductSpecification { brand }
  ... on Category { label: name parent { name } children { name } }
}"""


async def test_every_kind_of_object(gateway: MakeGateway) -> None:
    """Offering, price, specification and category are found again by their ids, a discount as a price."""
    document = "query($ids: [ID!]!) { nodes(ids: $ids) " + ANY + " }"
    wanted = [
        gid("OfferingPrice", "pop-mobile-m-monthly"),
        offering_id("po-esim"),
        gid("Category", "cat-roaming"),
        gid("ProductSpecification", "ps-kaiyo-k1"),
        gid("OfferingPrice", "pop-promo-half-6"),
    ]
    async with gateway() as client:
        found = (await client.data(document, ids=wanted))["nodes"]
        single = [
            (await client.data("query($id: ID!) { node(id: $id) " + ANY + " }", id=each))["node"] for each in wanted
        ]
    assert found == single
    assert [each["id"] for each in found] == wanted
    price, offering, category, specification, promotion = found
    assert price == {
        "__typename": "OfferingPrice",
        "id": wanted[0],
        "title": "Mobile M: monthly charge",
        "kind": "RECURRING",
        "gross": {"amount": "24.99"},
    }
    assert offering["prices"] == [{"kind": "PAY_NOW"}]
    assert (category["label"], category["parent"], [each["name"] for each in category["children"]]) == (
        "Roaming",
        {"name": "Mobile"},
        ["Europe", "World"],
    )
    assert specification == {"__typename": "ProductSpecification", "id": wanted[3], "brand": "Kaiyo"}
    assert promotion["title"] == "Half price for 6 months"


async def test_in_order_with_gaps_and_doubles(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """Each at its place, null for what is not there or of no type we know; one call for all offerings."""
    ids = [
        offering_id("po-esim"),
        gid("Category", "cat-no"),
        offering_id("po-no"),
        gid("Order", "1"),
        offering_id("po-buds"),
    ]
    async with gateway() as client:
        found = (await client.data("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[*ids, ids[0]]))["nodes"]
        none = await client.data("{ nodes(ids: []) { id } }")
    assert found == [{"id": ids[0]}, None, None, None, {"id": ids[4]}, {"id": ids[0]}]
    assert none == {"nodes": []}
    # the list, and one by one what the list left out: po-no, cat-no
    assert counts(sandbox) == {"offerings": 2, "categories": 1}


async def test_a_hundred_and_no_more(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """A hundred ids are found, 101 refused before anything is asked."""
    document = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    async with gateway() as client:
        answer = await client.query(document, ids=[offering_id(f"po-{each}") for each in range(101)])
        assert (answer.data, answer.codes, answer.paths) == (None, ["LIMIT_EXCEEDED"], [["nodes"]])
        assert counts(sandbox) == {}
        found = await client.data(document, ids=[offering_id("po-esim")] * 100)
    assert found["nodes"] == [{"id": offering_id("po-esim")}] * 100
    assert counts(sandbox) == {"offerings": 1}


async def test_one_dead_upstream_costs_its_own_nodes(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """What fails fails alone: the others are there, the error names its place."""
    sandbox.fault("status", api="TMF620", resource="productSpecification", status=500)
    ids = [offering_id("po-esim"), gid("ProductSpecification", "ps-esim"), gid("Category", "cat-sim")]
    async with gateway(tmf620_attempts=1) as client:
        answer = await client.query("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)
    assert answer.data == {"nodes": [{"id": ids[0]}, None, {"id": ids[2]}]}
    assert (answer.codes, answer.paths) == (["UPSTREAM_UNAVAILABLE"], [["nodes", 1]])


async def test_a_defect_in_one_node_is_no_upstreams_fault(
    gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody prepared for fails the whole field and is masked."""

    async def broken(*_: Any) -> Any:
        raise RuntimeError("secret")

    async with gateway() as client:
        monkeypatch.setattr("domain.catalog.catalog.Catalog.category", broken)
        ids = [offering_id("po-esim"), gid("Category", "cat-sim")]
        answer = await client.query("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)
    assert (answer.data, answer.codes, answer.paths) == (None, ["INTERNAL"], [["nodes"]])
    assert "secret" not in str(answer.body)
