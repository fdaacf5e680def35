"""Another API, or another version of one, is another table: nothing else is written here, and everything works."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.apis.tmf620 import TMF620
from sandbox.app import create_sandbox
from sandbox.tables import Api, Lifecycle, Resource

STATES = Lifecycle(
    "resourceStatus",
    frozenset({"available", "reserved", "assigned"}),
    {"available": frozenset({"reserved"}), "reserved": frozenset({"available", "assigned"})},
)
INVENTORY = Api(
    name="TMF639",
    base_path="/tmf-api/resourceInventoryManagement/v4",
    version="4.0.0",
    seed=lambda _: iter([("TMF639.resource", {"id": "m1", "value": "491701234567", "resourceStatus": "available"})]),
    resources=(
        Resource(
            path="resource",
            type="LogicalResource",
            references={"offering": "TMF620.productOffering"},
            indexed=("value",),
            lifecycle=STATES,
            methods=frozenset({"GET", "POST", "PATCH"}),
        ),
    ),
)
RESOURCE = f"{INVENTORY.base_path}/resource"


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = create_sandbox(tmp_path / "s.sqlite", apis=(TMF620, INVENTORY))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox.test") as client:
        yield client
    app.state.store.close()


async def test_it_is_seeded_read_and_written(both: httpx.AsyncClient) -> None:
    assert [number["id"] for number in (await both.get(RESOURCE, params={"value": "491701234567"})).json()] == ["m1"]
    body = {"offering": {"id": "po-esim"}}
    created: Any = (await both.post(RESOURCE, json=body)).json()
    assert created["@type"] == "LogicalResource"
    assert created["offering"]["href"] == f"http://sandbox.test{TMF620.base_path}/productOffering/po-esim"
    assert "lastUpdate" not in created


async def test_transitions_hold(both: httpx.AsyncClient) -> None:
    async def move(state: str) -> int:
        return (await both.patch(f"{RESOURCE}/m1", json={"resourceStatus": state})).status_code

    assert await move("assigned") == 409
    assert await move("available") == 200
    assert await move("reserved") == 200
    assert await move("sold") == 400
    assert (await both.get(f"{RESOURCE}/m1")).json()["resourceStatus"] == "reserved"
    assert await move("assigned") == 200
    assert await move("available") == 409


async def test_a_method_it_does_not_have_is_refused(both: httpx.AsyncClient) -> None:
    answer = await both.delete(f"{RESOURCE}/m1")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, PATCH")


async def test_faults_and_counts_tell_the_apis_apart(both: httpx.AsyncClient) -> None:
    await both.put("/sandbox/faults", json={"api": "TMF639", "kind": "status"})
    await both.put("/sandbox/auth", json={"api": "TMF620", "kind": "apiKey", "key": "k"})
    assert (await both.get(RESOURCE)).status_code == 503
    assert (await both.get(f"{TMF620.base_path}/category")).status_code == 401
    assert (await both.get("/sandbox/calls")).json()["byResource"] == {"TMF639.resource": 1, "TMF620.category": 1}


async def test_two_versions_serve_the_same_documents(tmp_path: Path) -> None:
    catalog, *others = TMF620.resources
    renamed = replace(catalog, path="productCatalog", kept_as="catalog", type="ProductCatalog")
    later = replace(
        TMF620, base_path="/productCatalogManagement/v5", version="5.0.0", resources=(renamed, *others), seed=None
    )
    app = create_sandbox(tmp_path / "s.sqlite", apis=(TMF620, later))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox.test") as client:
        await client.patch(f"{later.base_path}/productCatalog/catalog-consumer", json={"version": "2.0"})
        for base, path in ((TMF620.base_path, "catalog"), (later.base_path, "productCatalog")):
            document = (await client.get(f"{base}/{path}/catalog-consumer")).json()
            assert document["version"] == "2.0"
            assert document["href"] == f"http://sandbox.test{base}/{path}/catalog-consumer"
            assert document["category"][0]["href"] == f"http://sandbox.test{base}/category/cat-mobile"
    app.state.store.close()
