"""Reading and writing: what a TMF630 client may rely on, and that a refused write changes nothing."""

from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import BASE

OFFERING = f"{BASE}/productOffering"
MERGE = {"content-type": "application/merge-patch+json"}


async def everything(client: httpx.AsyncClient) -> list[Any]:
    return [
        (await client.get(f"{BASE}/{name}", params={"limit": 1000})).json() for name in ("productOffering", "category")
    ]


async def test_ids_are_answered_in_the_order_of_the_collection(client: httpx.AsyncClient) -> None:
    answer = await client.get(OFFERING, params={"id": "po-esim,po-mobile-m,nobody,po-mobile-m", "fields": "none"})
    assert [item["id"] for item in answer.json()] == ["po-mobile-m", "po-esim"]
    assert (answer.status_code, answer.headers["x-total-count"]) == (200, "2")


async def test_an_unknown_attribute_matches_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.get(OFFERING, params={"colour": "red"})
    assert (answer.status_code, answer.json(), answer.headers["x-total-count"]) == (200, [], "0")


@pytest.mark.parametrize(
    "query",
    [
        "category.id=cat-fibre",
        "lifecycleStatus=Active&category.id=cat-fibre",
        "category.id.eq=cat-fibre",
        "category.id*=^cat-fibre$",
        "category.name=Fibre",
    ],
)
async def test_indexed_and_scanned_filters_agree(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"{OFFERING}?{query}")
    expected = ["po-fibre-250", "po-fibre-1000", "po-fibre-100", "po-fibre-500", "po-fibre-2000"]
    assert [item["id"] for item in answer.json()] == expected


async def test_a_created_document_is_found_by_every_way(client: httpx.AsyncClient) -> None:
    body = {
        "name": "Test",
        "category": [{"id": "cat-new", "href": "http://elsewhere/x"}],
        "lifecycleStatus": "Active",
        "href": "http://elsewhere/y",
    }
    created = await client.post(OFFERING, json=body)
    document = created.json()
    assert created.status_code == 201
    assert created.headers["location"] == document["href"] == f"http://sandbox.test{OFFERING}/{document['id']}"
    assert document["@type"] == "ProductOffering"
    assert document["lastUpdate"] == "2026-11-23T08:30:00Z"
    assert document["category"] == [{"id": "cat-new", "href": f"http://sandbox.test{BASE}/category/cat-new"}]
    assert (await client.get(document["href"])).json() == document
    assert (await client.get(OFFERING, params={"category.id": "cat-new"})).json() == [document]
    assert (await client.get(OFFERING, params={"offset": 153})).json() == [document]
    assert (await client.get(OFFERING, params={"limit": 1})).headers["x-total-count"] == "154"


async def test_a_client_s_own_href_is_not_kept(client: httpx.AsyncClient, app) -> None:
    await client.post(OFFERING, json={"id": "x", "name": "Test", "href": "http://elsewhere/y"})
    assert "href" not in app.state.store.get("TMF620.productOffering", "x")


async def test_a_patch_merges_and_moves_in_the_index(client: httpx.AsyncClient) -> None:
    before = (await client.get(f"{OFFERING}/po-mobile-m")).json()
    patch = {
        "validFor": {"endDateTime": "2030-01-01T00:00:00Z"},
        "channel": [{"id": "web"}],
        "statusReason": None,
        "productOfferingTerm": None,
    }
    after = (await client.patch(f"{OFFERING}/po-mobile-m", json=patch, headers=MERGE)).json()
    assert after["validFor"] == {"startDateTime": "2025-01-01T00:00:00Z", "endDateTime": "2030-01-01T00:00:00Z"}
    assert after["channel"] == [{"id": "web"}]
    assert "productOfferingTerm" not in after
    assert after["lastUpdate"] == "2026-11-23T08:30:00Z"
    untouched = before.keys() - patch.keys() - {"lastUpdate"}
    assert {key: after[key] for key in untouched} == {key: before[key] for key in untouched}
    in_shops = (await client.get(OFFERING, params={"channel.id": "shop", "limit": 1000})).json()
    assert "po-mobile-m" not in [offering["id"] for offering in in_shops]
    assert (await client.get(OFFERING, params={"limit": 1})).json()[0]["id"] == "po-mobile-m"


async def test_a_deleted_document_is_gone(client: httpx.AsyncClient) -> None:
    assert (await client.delete(f"{OFFERING}/po-esim")).status_code == 204
    assert (await client.get(f"{OFFERING}/po-esim")).status_code == 404
    assert (await client.delete(f"{OFFERING}/po-esim")).status_code == 404
    assert (await client.get(OFFERING, params={"id": "po-esim"})).json() == []
    assert (await client.get(OFFERING, params={"limit": 1})).headers["x-total-count"] == "152"
    in_category = (await client.get(OFFERING, params={"category.id": "cat-sim", "limit": 1000})).json()
    assert "po-esim" not in [offering["id"] for offering in in_category]


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("POST", "", {"json": {"description": "no name"}}, 400, "invalidRequest"),
        ("POST", "", {"json": {"name": ""}}, 400, "invalidRequest"),
        ("POST", "", {"json": {"name": "x", "id": 5}}, 400, "invalidRequest"),
        ("POST", "", {"json": {"name": "x", "lifecycleStatus": "Cooking"}}, 400, "invalidRequest"),
        ("POST", "", {"json": [1]}, 400, "invalidRequest"),
        ("POST", "", {"content": b"{", "headers": {"content-type": "application/json"}}, 400, "invalidRequest"),
        (
            "POST",
            "",
            {"content": b"[" * 100_000, "headers": {"content-type": "application/json"}},
            400,
            "invalidRequest",
        ),
        (
            "POST",
            "",
            {"content": b'{"name":"\xff"}', "headers": {"content-type": "application/json"}},
            400,
            "invalidRequest",
        ),
        ("POST", "", {"json": {"name": "x", "id": "po-mobile-m"}}, 409, "conflict"),
        ("POST", "", {"json": {"name": "x"}, "headers": MERGE}, 415, "unsupportedMediaType"),
        ("PATCH", "/po-mobile-m", {"json": {"id": "other"}}, 400, "invalidRequest"),
        ("PATCH", "/po-mobile-m", {"json": {"id": None}}, 400, "invalidRequest"),
        ("PATCH", "/po-mobile-m", {"json": {"href": "http://x"}}, 400, "invalidRequest"),
        ("PATCH", "/po-mobile-m", {"json": {"name": None}}, 400, "invalidRequest"),
        (
            "PATCH",
            "/po-mobile-m",
            {"json": [], "headers": {"content-type": "application/json-patch+json"}},
            415,
            "unsupportedMediaType",
        ),
        ("PATCH", "/nobody", {"json": {"name": "x"}}, 404, "notFound"),
        ("PATCH", "", {"json": {"name": "x"}}, 405, "methodNotAllowed"),
        ("POST", "/po-mobile-m", {"json": {"name": "x"}}, 405, "methodNotAllowed"),
        ("DELETE", "", {}, 405, "methodNotAllowed"),
    ],
)
async def test_a_refused_write_changes_nothing(
    client: httpx.AsyncClient, method: str, path: str, options: dict[str, Any], status: int, code: str
) -> None:
    before = await everything(client)
    answer = await client.request(method, OFFERING + path, **options)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await everything(client) == before


async def test_the_same_id_and_href_may_be_sent_back(client: httpx.AsyncClient) -> None:
    document = (await client.get(f"{OFFERING}/po-esim")).json()
    answer = await client.patch(f"{OFFERING}/po-esim", json={**document, "version": "1.1"})
    assert answer.json() == {**document, "version": "1.1", "lastUpdate": "2026-11-23T08:30:00Z"}


async def test_405_names_what_is_allowed(client: httpx.AsyncClient) -> None:
    assert (await client.put(f"{OFFERING}/po-esim", json={})).headers["allow"] == "GET, PATCH, DELETE"
    assert (await client.put(OFFERING, json={})).headers["allow"] == "GET, POST"


async def test_a_body_of_unknown_length_is_limited_too(client: httpx.AsyncClient) -> None:
    async def endless() -> Any:
        for _ in range(100):
            yield b" " * 100_000

    answer = await client.post(OFFERING, content=endless(), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "bodyTooLarge")


async def test_odd_ids_can_be_read(client: httpx.AsyncClient) -> None:
    for identifier in ("a b", "ü", "a/b", "x:(version=1.0)", "50%"):
        created = await client.post(OFFERING, json={"id": identifier, "name": "odd"})
        assert (await client.get(created.headers["location"])).json()["id"] == identifier


async def test_every_address_carries_the_host_that_was_asked(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{OFFERING}/po-kaiyo-k1", headers={"host": "shop.example:8443"})
    assert answer.json()["href"] == f"http://shop.example:8443{OFFERING}/po-kaiyo-k1"
    assert answer.json()["productOfferingPrice"][0]["href"].startswith(
        f"http://shop.example:8443{BASE}/productOfferingPrice/pop-"
    )
    assert answer.json()["attachment"][0]["url"] == "http://shop.example:8443/sandbox/images/phone-kaiyo-k1.svg"
