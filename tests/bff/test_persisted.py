"""Documents that are named by their hash: from the trusted list, registered by clients, and refused."""

import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from bff.app import create_app
from bff.settings_reader import SettingsError
from tests.client import JSON, Client
from tests.conftest import MakeGateway, settings_of

PAGE = "query P($first: Int) { productOfferings(first: $first) { nodes { name } } }"
OTHER = "{ categories { id } }"
CREATE = """mutation { createCart(input: {idempotencyKey: "0b1a3c5e-6d7f-4a2b-9c8d-1e2f3a4b5c6d"}) { __typename } }"""


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def apollo(text: str) -> str:
    return json.dumps({"persistedQuery": {"version": 1, "sha256Hash": sha(text)}})


async def get(client: Client, **params: str) -> httpx.Response:
    return await client.http.get("/graphql", params=params, headers={"accept": JSON})


async def post(client: Client, **sent: Any) -> httpx.Response:
    return await client.http.post("/graphql", json=sent, headers={"accept": JSON})


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["extensions"]["code"]


@pytest.fixture
def trusted(tmp_path: Path) -> Path:
    """A list as a client's build writes it, one hash bare and one with its kind before it."""
    path = tmp_path / "documents.json"
    path.write_text(json.dumps({sha(PAGE): PAGE, f"sha256:{sha(CREATE)}": CREATE}))
    return path


async def test_a_trusted_document_is_asked_for_by_its_id(gateway: MakeGateway, trusted: Path) -> None:
    """By GET with variables, so that a CDN can keep it; by POST as well."""
    async with gateway(documents_trusted=trusted) as client:
        first = await get(client, documentId=f"sha256:{sha(PAGE)}", variables='{"first": 2}')
        second = await get(client, documentId=f"sha256:{sha(PAGE)}", variables='{"first": 2}')
        posted = await post(client, documentId=sha(PAGE), variables={"first": 2})
    assert [len(each.json()["data"]["productOfferings"]["nodes"]) for each in (first, second, posted)] == [2, 2, 2]
    assert (second.headers["cache-status"], posted.headers["cache-status"]) == ("bff; hit", "bff; hit")
    assert first.headers["cache-control"].startswith("public")


async def test_a_client_registers_a_document_when_it_is_told_to(gateway: MakeGateway) -> None:
    """As Apollo's clients do: the hash, then hash and text, from then on the hash."""
    async with gateway() as client:
        unknown = await get(client, extensions=apollo(PAGE))
        registered = await post(client, query=PAGE, extensions=json.loads(apollo(PAGE)))
        known = await get(client, extensions=apollo(PAGE))
    assert code(unknown) == (400, "PERSISTED_QUERY_NOT_FOUND")
    assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    assert unknown.headers["cache-control"] == "private, no-store"
    assert registered.json() == known.json()


async def test_a_document_is_registered_although_its_answer_is_known(gateway: MakeGateway) -> None:
    """The memory of equal requests must not keep a client from being known."""
    async with gateway() as client:
        for _ in range(2):
            await post(client, query=PAGE)
        await post(client, query=PAGE, extensions=json.loads(apollo(PAGE)))
        assert (await get(client, documentId=sha(PAGE))).status_code == 200


@pytest.mark.parametrize("text", ["{ nope }", "{", "query { productOfferings(first: $x) { totalCount } }"])
async def test_what_is_not_valid_is_not_registered(gateway: MakeGateway, text: str) -> None:
    async with gateway() as client:
        refused = await post(client, query=text, extensions=json.loads(apollo(text)))
        assert refused.status_code == 400
        assert code(await get(client, documentId=sha(text))) == (400, "PERSISTED_QUERY_NOT_FOUND")


async def test_a_hash_of_another_text_registers_nothing(gateway: MakeGateway) -> None:
    """Or one client could make another's document mean something else."""
    async with gateway() as client:
        refused = await post(client, query=OTHER, extensions=json.loads(apollo(PAGE)))
        assert code(refused) == (400, "BAD_REQUEST")
        assert code(await get(client, documentId=sha(PAGE))) == (400, "PERSISTED_QUERY_NOT_FOUND")


async def test_clients_that_may_not_register_are_told_to_send_the_text(gateway: MakeGateway) -> None:
    async with gateway(documents_register_mb=0) as client:
        await post(client, query=PAGE, extensions=json.loads(apollo(PAGE)))
        assert code(await get(client, extensions=apollo(PAGE))) == (400, "PERSISTED_QUERY_NOT_FOUND")


async def test_where_only_trusted_documents_are_executed(gateway: MakeGateway, trusted: Path) -> None:
    """By their id or by their text; no other, registered or not."""
    async with gateway(documents_trusted=trusted, documents_only_trusted=True) as client:
        assert (await post(client, query=PAGE)).status_code == 200
        assert (await get(client, documentId=sha(PAGE))).status_code == 200
        assert code(await post(client, query=OTHER)) == (400, "DOCUMENT_NOT_TRUSTED")
        assert code(await post(client, query=OTHER, extensions=json.loads(apollo(OTHER)))) == (
            400,
            "DOCUMENT_NOT_TRUSTED",
        )
        assert code(await get(client, documentId=sha(OTHER))) == (400, "PERSISTED_QUERY_NOT_FOUND")


async def test_a_get_never_changes_anything_however_it_is_named(gateway: MakeGateway, trusted: Path) -> None:
    async with gateway(documents_trusted=trusted) as client:
        answer = await get(client, documentId=sha(CREATE))
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "sent",
    [
        {"documentId": "../../etc/passwd"},
        {"documentId": "md5:abc"},
        {"extensions": {"persistedQuery": 7}},
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": sha(PAGE)}}},
        {"extensions": {"persistedQuery": {"version": 1}}},
        {"extensions": {"persistedQuery": None}},
    ],
)
async def test_a_name_of_another_kind_is_refused(gateway: MakeGateway, sent: dict[str, Any]) -> None:
    async with gateway() as client:
        assert code(await post(client, **sent)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("sent", [{}, {"documentId": None}, {"extensions": {}}])
async def test_a_request_without_any_document_is_none(gateway: MakeGateway, sent: dict[str, Any]) -> None:
    """400 for older clients too."""
    async with gateway() as client:
        answer = await client.http.post("/graphql", json=sent, headers={"accept": "application/json"})
    assert code(answer) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"abc": "{ categories { id } }"}',
        '{"abc": 7}',
        pytest.param(json.dumps({sha(OTHER): OTHER, sha(PAGE): OTHER}), id="one document by another's hash too"),
    ],
)
def test_a_list_that_cannot_be_used_stops_the_start(tmp_path: Path, content: str) -> None:
    """With the variable's name."""
    path = tmp_path / "documents.json"
    path.write_text(content)
    with pytest.raises(SettingsError, match="BFF_DOCUMENTS_TRUSTED"):
        create_app(settings_of(tmf620_url="http://x", documents_trusted=path))


def test_only_trusted_documents_need_a_list() -> None:
    with pytest.raises(SettingsError, match="BFF_DOCUMENTS_TRUSTED"):
        create_app(settings_of(tmf620_url="http://x", documents_only_trusted=True))
