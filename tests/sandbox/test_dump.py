"""Whole collections in one answer."""

import json

import httpx
import pytest

from sandbox.process import SandboxProcess
from tests.sandbox.conftest import BASE

DUMP = "/sandbox/dump"


@pytest.mark.parametrize(
    ("query", "base", "path"),
    [("", BASE, "productOffering"), ("&version=5", "/productCatalogManagement/v5", "productCatalog")],
)
@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("page", [1, 7, 500])
async def test_a_dump_is_the_collection(
    client: httpx.AsyncClient, monkeypatch, page: int, query: str, base: str, path: str, language: str
) -> None:
    monkeypatch.setattr("sandbox.dump.PAGE", page)
    address = f"{DUMP}?resource={path}&language={language}{query}"
    whole = await client.get(f"{base}/{path}", params={"limit": 1000}, headers={"accept-language": language})
    lines = await client.get(address)
    assert lines.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in lines.text.splitlines()] == whole.json()
    assert lines.text.endswith("}\n")
    array = await client.get(f"{address}&format=json")
    assert (array.headers["content-type"], array.json()) == ("application/json", whole.json())


async def test_an_empty_dump_is_empty(client: httpx.AsyncClient) -> None:
    for catalog in ("catalog-consumer", "catalog-business"):
        await client.delete(f"{BASE}/catalog/{catalog}")
    assert (await client.get(f"{DUMP}?resource=catalog")).content == b""
    assert (await client.get(f"{DUMP}?resource=catalog&format=json")).json() == []


@pytest.mark.parametrize(
    "query",
    ["", "resource=x", "resource=productCatalog", "resource=category&format=xml", "resource=category&api=X"],
)
async def test_a_wrong_dump_is_refused(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"{DUMP}?{query}")).status_code == 400


def test_a_dump_comes_over_http(server: SandboxProcess) -> None:
    answer = httpx.get(f"{server.base_url}{DUMP}?resource=productOfferingPrice")
    total = httpx.get(f"{server.base_url}{BASE}/productOfferingPrice?limit=1").headers["x-total-count"]
    assert len(answer.text.splitlines()) == int(total) > 200
