"""An upstream that is away, slow, refuses, or applies without answering: one customer or none, and never a lie."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from sandbox.control import SandboxControl
from tests.customers.conftest import MakeShop
from tests.customers.people import VIEWER, Someone, new_key, person
from tests.customers.records import Records
from tests.customers.transports import Refusing
from tests.processes import PATIENCE

STEPS = ["individual", "customer", "billingAccount"]
PATIENT = {
    "customers_patience": 30,
    "request_timeout": 60,
    "customers_look_before": "",  # what is tried here are the writes; `test_before` has the looks before them
    **{f"{name}_breaker_threshold": 100 for name in ("tmf629", "tmf632", "tmf666")},
}


async def settled(someone: Someone, key: str, given: dict[str, Any]) -> dict[str, Any]:
    """Ask with the same key until it is no longer being done."""
    async with asyncio.timeout(PATIENCE):
        while True:
            payload = await someone.create(given, key=key)
            if [error["code"] for error in payload["errors"]] != ["IN_PROGRESS"]:
                return payload


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("resource", STEPS)
async def test_a_write_that_is_applied_and_not_answered_is_found_again(
    shop: MakeShop, sandbox: SandboxControl, records: Records, resource: str
) -> None:
    async with shop(**PATIENT) as ada:
        sandbox.habit("late-apply", api=None, resource=resource, times=1)
        payload = await ada.create()
    assert payload["errors"] == []
    assert records.counts() == (1, 1, 1)


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("version", ["v4", "v5"])
@pytest.mark.parametrize("resource", STEPS)
async def test_it_is_found_again_where_the_server_ignores_filters(
    shop: MakeShop, sandbox: SandboxControl, records: Records, resource: str, version: str
) -> None:
    """The listing then has strangers in it, and it takes several pages to get to ours."""
    pages = {f"{name}_page_size": 2 for name in ("tmf629", "tmf632", "tmf666")}
    async with shop(version=version, **PATIENT, **pages) as ada:
        sandbox.habit("filter-ignored", api=None)
        sandbox.habit("late-apply", api=None, resource=resource, times=1)
        payload = await ada.create()
    assert payload["errors"] == []
    assert records.counts() == (1, 1, 1)


@pytest.mark.parametrize("resource", STEPS)
async def test_an_error_that_passes_costs_time_alone(
    shop: MakeShop, sandbox: SandboxControl, records: Records, resource: str
) -> None:
    async with shop(**PATIENT) as ada:
        sandbox.fault("status", resource=resource, status=503, times=2)
        payload = await ada.create()
    assert payload["errors"] == []
    assert records.counts() == (1, 1, 1)


@pytest.mark.parametrize("habit", ["sparse-write-answers", "post-answers-200", "fields-ignored", "extra-types"])
async def test_servers_that_answer_in_other_ways_make_no_difference(
    shop: MakeShop, sandbox: SandboxControl, records: Records, habit: str
) -> None:
    async with shop(**PATIENT) as ada:
        sandbox.habit(habit, api=None)
        payload = await ada.create()
        assert (payload["errors"], payload["customer"]["displayName"]) == ([], "Ada Winter")
        sandbox.clear_habits()
    assert records.counts() == (1, 1, 1)


@pytest.mark.parametrize("resource", STEPS)
async def test_what_the_operator_refuses_is_undone_and_said(
    shop: MakeShop, sandbox: SandboxControl, records: Records, resource: str
) -> None:
    async with shop(**PATIENT) as ada:
        key = new_key()
        sandbox.fault("status", resource=resource, status=422, times=1)
        payload = await ada.create(key=key)
        (error,) = payload["errors"]
        assert (payload["customer"], error["code"], error["retryable"]) == (None, "INVALID", False)
        assert records.counts() == (0, 0, 0)
        assert (await ada.create(key=key))["errors"] == [error]
        assert (await ada.create())["errors"] == []
    assert records.counts() == (1, 1, 1)


async def test_a_system_that_cannot_be_reached_is_said_at_once_and_the_same_key_works_later(
    shop: MakeShop, sandbox: SandboxControl, records: Records
) -> None:
    async with shop(**PATIENT) as ada:
        key = new_key()
        sandbox.fault("status", resource="individual", status=500)
        with capture_logs() as logs:
            asking = asyncio.create_task(ada.create(key=key))
            async with asyncio.timeout(PATIENCE):
                while "pipeline.undo_failed" not in [each["event"] for each in logs]:  # noqa: ASYNC110  (a log has no event)
                    await asyncio.sleep(0.01)
        sandbox.clear_faults()
        payload = await asking
        (error,) = payload["errors"]
        assert (error["code"], error["retryable"]) == ("UPSTREAM_UNAVAILABLE", True)
        assert records.counts() == (0, 0, 0)
        assert (await ada.create(key=key))["errors"] == []
    assert records.counts() == (1, 1, 1)


async def test_nothing_listens_and_nothing_is_undone(shop: MakeShop, records: Records) -> None:
    """Nobody was reached: there is nothing to look for, and the answer does not wait for anybody's return."""
    async with shop(tmf632_url="http://127.0.0.1:9/party", **PATIENT) as ada:
        (error,) = (await ada.create())["errors"]
    assert (error["code"], error["retryable"], error["retryAfterSeconds"]) == ("UPSTREAM_UNAVAILABLE", True, 5)
    assert records.counts() == (0, 0, 0)


async def test_who_asks_while_it_runs_is_told_so_and_gets_it_later(
    shop: MakeShop, sandbox: SandboxControl, records: Records
) -> None:
    async with shop(customers_patience=0.2) as ada:
        key = new_key()
        sandbox.fault("delay", resource="billingAccount", delayMs=1500, times=1)
        payload = await ada.create(key=key)
        (error,) = payload["errors"]
        assert (payload["customer"], error["code"], error["retryable"]) == (None, "IN_PROGRESS", True)
        assert (error["path"], error["retryAfterSeconds"]) == (["input", "idempotencyKey"], 2)
        assert (await settled(ada, key, person()))["errors"] == []
    assert records.counts() == (1, 1, 1)


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize(
    ("api", "lost"),
    [
        ("TMF629", {"displayName", "status"}),
        ("TMF632", {"profile"}),
        ("TMF666", {"billingAccounts"}),
    ],
)
@pytest.mark.parametrize("kind", ["status", "hang", "truncated", "reset"])
async def test_one_dead_system_costs_its_own_fields_alone(
    shop: MakeShop, sandbox: SandboxControl, api: str, lost: set[str], kind: str
) -> None:
    async with shop() as ada:
        await ada.create()
        sandbox.fault(kind, api=api)
        answer = await ada.ask(VIEWER)
    (edge,) = answer.data["viewer"]["customers"]["edges"]
    expected = {name: None if name in lost else value for name, value in ada.customer.items()}
    assert (edge["role"], edge["node"]) == ("OWNER", expected)
    assert {path[-1] for path in answer.paths} == lost
    assert set(answer.codes) <= {"UPSTREAM_UNAVAILABLE", "UPSTREAM_TIMEOUT", "UPSTREAM_INVALID"}


async def test_a_server_that_ignores_filters_shows_nobody_anothers_account(
    shop: MakeShop, sandbox: SandboxControl
) -> None:
    async with shop() as ada:
        await ada.create()
        sandbox.habit("filter-ignored", api="TMF666")
        (edge,) = (await ada.viewer())["customers"]["edges"]
    assert edge["node"]["billingAccounts"] == ada.customer["billingAccounts"]


@pytest.mark.usefixtures("hurry")
async def test_another_contact_that_is_applied_and_not_answered_is_seen(
    shop: MakeShop, sandbox: SandboxControl, records: Records
) -> None:
    async with shop(**PATIENT) as ada:
        await ada.create()
        sandbox.habit("late-apply", api="TMF632", times=1)
        payload = await ada.update({"email": "new@example.com", "reminderConsent": False})
    assert payload["errors"] == []
    assert payload["customer"]["profile"]["contact"]["email"] == "new@example.com"


async def test_what_may_not_be_deleted_is_closed(shop: MakeShop, records: Records) -> None:
    """The account is refused; the customer before it stays, and says that it is closed. The party is gone."""
    refusing = {"tmf629": Refusing("DELETE", 405), "tmf666": Refusing("POST", 422)}
    async with shop(transports=refusing, **PATIENT) as ada:
        (error,) = (await ada.create())["errors"]
    assert error["code"] == "INVALID"
    assert records.one("customer")["status"] == "Closed"
    assert records.counts() == (0, 1, 0)
