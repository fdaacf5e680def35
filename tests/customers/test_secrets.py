"""What customers tell of themselves is found in no log, figure, cache key or error text, whatever goes wrong.

The systems behind the shop repeat in their refusals what they were sent, and log lines of every level are looked at.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis as redis_client
import structlog

from bff.dev import SANDBOX_TMF681
from bff.settings import Settings
from bff.telemetry import configure_logging
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.customers.conftest import MakeShop
from tests.customers.people import CUSTOMER, INVITE, LINK, Someone, company, new_key, person
from tests.customers.records import Records
from tests.customers.test_linking import ADAS, code_to

CANARIES = {
    "given name": "Kanarina",
    "family name": "Vogelsang-Zimtstern",
    "birth date": "1971-03-09",
    "document number": "C7CANARY99",
    "e-mail": "kanari@voegel.example",
    "phone": "+4915112300077",
    "address": "Piepmatzgasse 77",
    "legal name": "Kanari 4929123456789016 GmbH",
    "card number": "4929123456789016",
    "registration number": "HRB CANARY 7",
    "tax id": "DE-CANARY-8",
    "invited login": "gast@voegel.example",
    "billing word": "card-4000056655665556",
    "line": ADAS.removeprefix("+"),
    "token": "eyJhbGciOiJub25lIn0.Q2FuYXJ5.c2ln",
    "challenge": "Q0FOQVJZLWNoYWxsZW5nZQ",
}
ADDRESS = {"line1": CANARIES["address"], "city": "Hamburg", "postcode": "20095", "country": "DE"}
CONTACT = {"email": CANARIES["e-mail"], "phone": CANARIES["phone"], "address": ADDRESS, "reminderConsent": True}
SHOWN = f"{{ viewer {{ customers {{ nodes {{ {CUSTOMER.split('profile')[0]} }} }} }} }}"


class Echoing(httpx.AsyncHTTPTransport):
    """While it is told to, answers every request with a refusal that repeats all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.status: int | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.status is None:
            return await super().handle_async_request(request)
        if self.status == 0:
            raise httpx.ReadError(f"{request.url} {request.content!r}", request=request)
        said = {"code": "x", "reason": f"{request.url} {request.content.decode()}"}
        return httpx.Response(self.status, json=said, request=request)


def consumer(**more: Any) -> dict[str, Any]:
    told = {
        "givenName": CANARIES["given name"],
        "familyName": CANARIES["family name"],
        "birthDate": CANARIES["birth date"],
        "documentNumber": CANARIES["document number"],
        "contact": CONTACT,
        **more,
    }
    return {"party": {"individual": told}, "billingAddress": ADDRESS}


def firm() -> dict[str, Any]:
    return company(
        CANARIES["registration number"],
        legalName=CANARIES["legal name"],
        taxId=CANARIES["tax id"],
        contact=CONTACT,
    )


async def everything(ada: Someone, systems: dict[str, Echoing], texts: Callable[[str], list[str]]) -> dict[str, Any]:
    """Every operation of customers, done, refused and failing; what all of them said of errors, and the code."""
    said: list[Any] = []

    async def ask(document: str, **given: Any) -> None:
        answer = await ada.client.query(document, headers={"authorization": f"Bearer {CANARIES['token']}"}, **given)
        said.append([answer.body.get("errors"), (answer.data or {}) and _errors(answer.data)])

    async def every() -> None:
        for given in (firm(), {**consumer(), "billing": {"cycle": CANARIES["billing word"]}}, consumer()):
            said.extend((await ada.create(given))["errors"])
        if ada.customer:
            said.extend((await ada.update({**CONTACT, "reminderConsent": False}))["errors"])
            said.extend((await ada.invite(CANARIES["invited login"], "VIEWER"))["errors"])
            said.extend((await ada.link(ADAS))["errors"])
            more = {"challengeToken": CANARIES["challenge"], "code": "918273"}
            said.extend((await ada.link(ADAS, **more))["errors"])
            await ask(SHOWN)

    for status in (422, 503, 0):
        for each in systems.values():
            each.status = status
        await every()
    for each in systems.values():
        each.status = None
    await every()  # the firm and the consumer come about, and what is between them is refused
    await every()  # everything is a duplicate
    bad = consumer(birthDate=CANARIES["birth date"] + "x", contact={**CONTACT, "email": CANARIES["e-mail"] + " "})
    said.extend((await ada.create(bad))["errors"])
    for status in (422, 0, None):  # the message, too
        systems["tmf681"].status = status
        sent = await ada.link(ADAS)
    code = await code_to(texts, ADAS, 3)
    for status in (422, 0, None):
        systems["tmf637"].status = status
        answer = {"challengeToken": sent["challengeToken"], "code": code}
        said.extend((await ada.link(ADAS, **answer))["errors"])
    await ask(INVITE, input={"idempotencyKey": CANARIES["token"], "customerId": CANARIES["e-mail"]})
    await ask(LINK, input={"idempotencyKey": new_key(), "customerId": "x", "msisdn": CANARIES["e-mail"]})
    return {"said": said, "code": code, "challenge": sent["challengeToken"]}


def _errors(data: dict[str, Any]) -> Any:
    return [each.get("errors") for each in data.values() if isinstance(each, dict)]


@pytest.fixture
def systems() -> dict[str, Echoing]:
    return {name: Echoing() for name in ("tmf629", "tmf632", "tmf637", "tmf666", "tmf681")}


@pytest.fixture
def echoing(shop: MakeShop, sandbox_process: SandboxProcess, redis_url: str, systems: dict[str, Echoing]) -> Any:
    """Opens a shop that counts nothing away, over systems that repeat what they are sent."""
    given = {
        "redis_url": redis_url,
        "tmf681_url": sandbox_process.base_url + SANDBOX_TMF681,
        "identity_pace": 0,
        "identity_sends": 100,
        "customers_tries": 100,
        "customers_patience": 8,
        "request_timeout": 30,
        "metrics_enabled": True,
        **{f"{name}_breaker_threshold": 1_000 for name in systems},
    }
    return lambda: shop(transports=systems, **given)


@contextmanager
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], str]]:
    """Everything that is said at any level from now on."""
    root = logging.getLogger()
    handlers, level, configured = root.handlers, root.level, structlog.get_config()
    try:
        configure_logging(Settings(log_level="debug"))
        root.addHandler(caplog.handler)
        with structlog.testing.capture_logs() as events:
            yield lambda: str(events) + str([(each.getMessage(), each.__dict__) for each in caplog.records])
    finally:
        root.handlers, root.level = handlers, level
        structlog.configure(**configured)


def found(secrets: dict[str, str], text: str) -> list[str]:
    return [name for name, secret in secrets.items() if secret in text]


async def test_nothing_of_it_is_logged_counted_kept_as_a_key_or_said_again(
    echoing: Any,
    systems: dict[str, Echoing],
    sandbox: SandboxControl,
    records: Records,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    redis_url: str,
) -> None:
    def texts(number: str) -> list[str]:
        return [each["text"] for each in sandbox.outbox() if each["to"] == number]

    with logged(caplog) as told:
        async with echoing() as ada:
            done = await everything(ada, systems, texts)
            figures = (await ada.client.http.get("/metrics")).text
    secrets = {**CANARIES, "code": done["code"], "own challenge": done["challenge"]}
    assert records.counts() == (2, 2, 2)  # what was to be done was done
    assert "pipeline.step_failed" in told()
    assert "bff_" in figures
    assert found(secrets, told()) == []
    assert found(secrets, figures) == []
    assert found(secrets, str(done["said"])) == []
    assert found(secrets, in_redis(redis_url)) == []
    assert found(secrets, in_database(tmp_path / "bff.db")) == []


def in_redis(url: str) -> str:
    with redis_client.Redis.from_url(url) as server:
        keys = list(server.scan_iter())
        assert keys
        kept = [server.zrange(key, 0, -1) if server.type(key) == b"zset" else server.get(key) for key in keys]
        return str([keys, kept])


def in_database(file: Path) -> str:
    """Every row of every table, once everything has ended."""
    with sqlite3.connect(file) as connection:
        text = "\n".join(connection.iterdump())
    assert "INSERT INTO" in text
    return text


def test_a_canary_is_seen_where_there_is_one() -> None:
    assert found(CANARIES, f"GET /x?phone={CANARIES['phone']}: 422") == ["phone"]
    assert person()["party"]
