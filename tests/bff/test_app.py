"""The application's other answers: life, readiness, origins; and how it opens what it needs."""

import json
import logging
from typing import Any

import httpx
import msgspec
import pytest
import structlog

from bff.app import create_app
from bff.dev import SANDBOX_TMF620
from bff.settings_reader import SettingsError
from bff.telemetry import configure_logging
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.client import Client
from tests.conftest import MakeGateway, _with_state, settings_of
from tests.upstream import counts

BOOM = "invalid literal for int() with base 10: 'boom'"
NAMES = {"query": "{ productOfferings(first: 1) { nodes { name } } }"}


async def test_alive_and_ready_touch_nothing(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """Neither asks an upstream; readiness names the circuits of what was asked so far."""
    async with gateway() as client:
        assert (await client.http.get("/livez")).json() == {"status": "ok"}
        assert (await client.http.get("/readyz")).json()["circuits"] == {}
        assert counts(sandbox) == {}
        await client.http.post("/graphql", json=NAMES)
        assert (await client.http.get("/readyz")).json()["circuits"] == {"tmf620.productOffering": "closed"}


async def test_other_origins(gateway: MakeGateway) -> None:
    """A web app of the settings may ask, with its language and channel; no other page may."""
    asking = {"access-control-request-method": "POST", "access-control-request-headers": "content-type,x-channel"}
    async with gateway(cors_origins="https://shop.example") as client:
        for origin, allowed in (("https://shop.example", True), ("https://evil.example", False)):
            reply = await client.http.options("/graphql", headers={"origin": origin, **asking})
            assert (reply.status_code == 200, "access-control-allow-origin" in reply.headers) == (allowed, allowed)
            answer = await client.http.post("/graphql", json=NAMES, headers={"origin": origin})
            assert ("access-control-allow-origin" in answer.headers) is allowed
            assert "access-control-allow-credentials" not in answer.headers


def test_an_app_without_upstream_is_not_made() -> None:
    """What is missing is named at once."""
    with pytest.raises(SettingsError, match="BFF_TMF620_URL is not set"):
        create_app(settings_of())


@pytest.mark.parametrize(
    ("lock", "given"),
    [
        (
            {"kind": "apiKey", "header": "x-shop-key", "key": "k"},
            {"auth": "api_key", "api_key_header": "x-shop-key", "api_key": "k"},
        ),
        (
            {"kind": "oauth2", "clientId": "shop", "clientSecret": "s"},
            {"auth": "oauth2", "client_id": "shop", "client_secret": "s", "scope": "catalog.read"},
        ),
    ],
)  # fmt: skip
async def test_a_locked_upstream(
    gateway: MakeGateway, sandbox: SandboxControl, sandbox_process: Any, lock: dict[str, str], given: dict[str, str]
) -> None:
    """By API key or client credentials the gateway gets in; without them it is refused and says nothing of why."""
    sandbox.auth(**lock)
    given = {f"tmf620_{name}": value for name, value in given.items()}
    if "tmf620_client_id" in given:
        given["tmf620_token_url"] = sandbox_process.base_url + "/sandbox/oauth2/token"
    async with gateway(**given) as client, gateway(tmf620_attempts=1) as stranger:
        answer = await client.http.post("/graphql", json=NAMES)
        refused = await stranger.http.post("/graphql", json=NAMES)
    assert answer.json() == {"data": {"productOfferings": {"nodes": [{"name": "Mobile M"}]}}}
    (error,) = refused.json()["errors"]
    assert error["extensions"]["code"] == "UPSTREAM_INVALID"
    assert error["message"] == "A system behind the shop gave an unusable answer."


async def test_a_transport_of_ones_own() -> None:
    """Tests can stand in for an upstream without a server."""
    offering = {"id": "po-1", "name": None, "lifecycleStatus": "active"}
    transport = httpx.MockTransport(
        lambda asked: httpx.Response(200, json=[offering] if asked.url.params["offset"] == "0" else [])
    )
    app = create_app(settings_of(tmf620_url="http://nowhere.test"), transports={"tmf620": transport})
    async with app.router.lifespan_context(app) as state:
        served = httpx.ASGITransport(
            lambda scope, receive, send: app({**scope, "state": dict(state or {})}, receive, send)
        )
        async with httpx.AsyncClient(transport=served, base_url="http://x") as client:
            reply = await client.post("/graphql", json={"query": "{ productOfferings { nodes { name sellable } } }"})
    assert reply.json()["data"]["productOfferings"]["nodes"] == [{"name": "po-1", "sellable": True}]


def test_logs_are_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON for machines with the exception's text and no local variables; readable lines for people; by level."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers, root.level
    try:
        configure_logging(settings_of(log_level="warning"))
        log = structlog.get_logger()
        log.info("unheard")
        log_failure(log)
        first, *more = capsys.readouterr().err.splitlines()
        configure_logging(settings_of(log_format="console"))
        log.info("heard", path="x")
        log_failure(log)
        people = capsys.readouterr().err
    finally:
        structlog.configure(**before)
        root.handlers, root.level = handlers, level
    logged = json.loads(first)
    assert more == []
    assert (logged["event"], logged["level"], logged["exception"][0]["exc_value"]) == ("failed", "error", BOOM)
    assert "hunter2" not in first
    assert "heard" in people
    assert f"ValueError: {BOOM}" in people
    assert "hunter2" not in people


@pytest.mark.parametrize("library", ["psycopg", "sqlalchemy.engine"])
def test_what_is_written_into_the_database_is_not_logged(library: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Statements come with their values: shoppers' addresses, hashes of their tokens."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers, root.level
    try:
        configure_logging(settings_of(log_level="debug"))
        logging.getLogger(library).debug("executing UPDATE carts SET contact=?, ('ada@shop.example',)")
        logging.getLogger("another").debug("heard")
        logged = capsys.readouterr().err
    finally:
        structlog.configure(**before)
        root.handlers, root.level = handlers, level
    assert "heard" in logged
    assert "ada@" not in logged


def log_failure(log: Any) -> None:
    password = "hunter" + "2"
    try:
        int(password and "boom")
    except ValueError:
        log.exception("failed")


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize(
    "settings",
    [{}, {"cors_origins": "https://shop.example"}, {"cors_origins": "*"}, {"cors_origins": "*", "cart_cookie": "true"}],
    ids=["none", "one", "any", "any, with cookies"],
)
async def test_what_is_at_hand_tells_pages_of_other_origins_the_same(
    sandbox_process: SandboxProcess, settings: dict[str, str]
) -> None:
    """A browser's POST has an origin: it takes the short way too, and hears what CORS's middleware says on the long."""
    url = sandbox_process.base_url + SANDBOX_TMF620
    app = create_app(settings_of(tmf620_url=url, **settings))
    body = msgspec.json.encode(NAMES)
    async with app.router.lifespan_context(app) as state, Client(_with_state(app, dict(state or {}))) as client:
        for origin in (None, "https://shop.example", "https://evil.example"):
            for cookie in (None, "a=b"):
                named = {"origin": origin, "cookie": cookie, "content-type": "application/json"}
                headers = {name: value for name, value in named.items() if value is not None}
                await client.http.post("/graphql", content=body, headers=headers)
                long = await client.http.post("/graphql", content=body, headers=headers)
                scope = {
                    "type": "http",
                    "method": "POST",
                    "path": "/graphql",
                    "query_string": b"",
                    "state": state,
                    "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
                }
                short = app.at_once(scope, body)
                assert long.headers["cache-status"] == "bff; hit"
                assert short is not None
                assert (short.status, short.body) == (long.status_code, long.content)
                assert sorted(short.head) == sorted(long.headers.raw)
