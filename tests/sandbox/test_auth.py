"""Locks: open by default, a key, or tokens that end."""

import httpx
import pytest

from tests.sandbox.conftest import BASE, Seconds

PATH = f"{BASE}/category/cat-mobile"
OAUTH = {"api": "TMF620", "kind": "oauth2", "clientId": "shop", "clientSecret": "s3cret+&", "expiresIn": 60}
GRANT = {"grant_type": "client_credentials"}
POSTED = {**GRANT, "client_id": "shop", "client_secret": "s3cret+&"}


async def token(client: httpx.AsyncClient) -> str:
    return str((await client.post("/sandbox/oauth2/token", data=POSTED)).json()["access_token"])


async def status(client: httpx.AsyncClient, **headers: str) -> int:
    return (await client.get(PATH, headers=headers)).status_code


async def test_an_api_key(client: httpx.AsyncClient) -> None:
    assert await status(client) == 200
    await client.put("/sandbox/auth", json={"api": "TMF620", "kind": "apiKey", "header": "X-Key", "key": "k1"})
    refused = await client.get(PATH)
    assert (refused.status_code, refused.json()["code"], refused.headers["www-authenticate"]) == (
        401,
        "unauthorized",
        "ApiKey",
    )
    assert await status(client, **{"X-Key": "k2"}) == 401
    assert await status(client, **{"x-key": "k1"}) == 200
    await client.put("/sandbox/auth", json={"api": "TMF620", "kind": "none"})
    assert await status(client) == 200


async def test_a_lock_without_a_key_opens_to_nobody(client: httpx.AsyncClient) -> None:
    await client.put("/sandbox/auth", json={"kind": "apiKey"})
    assert await status(client, **{"X-API-Key": ""}) == 401
    await client.put("/sandbox/auth", json={"kind": "oauth2"})
    assert await status(client, authorization="Bearer ") == 401


async def test_a_refused_write_writes_nothing(client: httpx.AsyncClient) -> None:
    await client.put("/sandbox/auth", json={"kind": "apiKey", "key": "k1"})
    assert (await client.delete(PATH)).status_code == 401
    assert await status(client, **{"X-API-Key": "k1"}) == 200


@pytest.mark.parametrize("way", ["basic", "post"])
async def test_client_credentials(client: httpx.AsyncClient, seconds: Seconds, way: str) -> None:
    await client.put("/sandbox/auth", json=OAUTH)
    assert await status(client) == 401
    if way == "basic":
        answer = await client.post("/sandbox/oauth2/token", data=GRANT, auth=("shop", "s3cret%2B%26"))
    else:
        answer = await client.post("/sandbox/oauth2/token", data=POSTED)
    grant = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert (grant["token_type"], grant["expires_in"]) == ("Bearer", 60)
    bearer = {"authorization": f"Bearer {grant['access_token']}"}
    assert await status(client, **bearer) == 200
    seconds.now += 59.9
    assert await status(client, **bearer) == 200
    seconds.now += 0.1
    expired = await client.get(PATH, headers=bearer)
    assert (expired.status_code, expired.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')


async def test_each_token_is_new_and_ends_with_its_lock(client: httpx.AsyncClient) -> None:
    await client.put("/sandbox/auth", json=OAUTH)
    first, second = await token(client), await token(client)
    assert first != second
    await client.put("/sandbox/auth", json=OAUTH)
    assert await status(client, authorization=f"Bearer {first}") == 401


async def test_a_token_opens_only_the_locks_of_its_client(client: httpx.AsyncClient) -> None:
    await client.put("/sandbox/auth", json={**OAUTH, "api": None})
    foreign = await token(client)
    await client.put("/sandbox/auth", json={**OAUTH, "clientId": "other"})
    assert await status(client, authorization=f"Bearer {foreign}") == 401


@pytest.mark.parametrize(
    ("form", "auth", "expected", "error"),
    [
        ({}, ("shop", "s3cret+&"), 401, "invalid_client"),
        ({"client_id": "shop", "client_secret": "s3cret+&"}, None, 400, "invalid_request"),
        ({**POSTED, "grant_type": "password"}, None, 400, "unsupported_grant_type"),
        ({**POSTED, "client_secret": "wrong"}, None, 401, "invalid_client"),
        ({**POSTED, "client_secret": ""}, None, 401, "invalid_client"),
        (GRANT, None, 401, "invalid_client"),
        (POSTED, ("shop", "s3cret%2B%26"), 400, "invalid_request"),
    ],
)
async def test_errors_of_the_token_endpoint(
    client: httpx.AsyncClient, form: dict[str, str], auth: tuple[str, str] | None, expected: int, error: str
) -> None:
    await client.put("/sandbox/auth", json=OAUTH)
    answer = await client.post("/sandbox/oauth2/token", data=form, auth=auth or httpx.USE_CLIENT_DEFAULT)
    assert (answer.status_code, answer.json()["error"]) == (expected, error)
    assert answer.headers["cache-control"] == "no-store"
    assert ("www-authenticate" in answer.headers) == (expected == 401)


@pytest.mark.parametrize("header", ["Basic !!!", "Basic //8=", "Bearer abc", "nonsense"])
async def test_unreadable_credentials(client: httpx.AsyncClient, header: str) -> None:
    await client.put("/sandbox/auth", json=OAUTH)
    answer = await client.post("/sandbox/oauth2/token", data=GRANT, headers={"authorization": header})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_only_the_locked_api_is_locked_and_control_never_is(client: httpx.AsyncClient) -> None:
    await client.put("/sandbox/auth", json={"kind": "apiKey", "key": "k"})
    assert (await client.get("/sandbox/health")).status_code == 200
    assert (await client.get("/sandbox/images/phone-x.svg")).status_code == 200
    assert (await client.put("/sandbox/auth", json={"api": "TMF999", "kind": "none"})).status_code == 400
    await client.delete("/sandbox/auth")
    assert await status(client) == 200
