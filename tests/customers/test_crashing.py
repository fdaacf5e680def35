"""The gateway is killed in the middle of `createCustomer`, as its own process; the next one brings it to its end."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import text

from bff.dev import SANDBOX_TMF620
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from store.database import Database
from store.pipelines import steps_of, unfinished
from tests.customers.conftest import settings_over
from tests.customers.people import CREATE, VIEWER, person
from tests.customers.records import Records
from tests.databases import cut_off
from tests.processes import PATIENCE, ROOT, free_ports, wait_for

STEPS = ["individual", "customer", "billingAccount"]


@contextmanager
def gateway(sandbox_url: str, database_url: str, **more: Any) -> Iterator[tuple[str, int]]:
    """A gateway in a process of its own; its URL and process id. It may be killed inside."""
    settings = {**settings_over(sandbox_url, database_url), "tmf620_url": sandbox_url + SANDBOX_TMF620}
    settings |= {"port": free_ports(1), "log_level": "error", "pipelines_sweep": 0.5, "customers_patience": 8, **more}
    environment = {**os.environ, **{f"BFF_{name.upper()}": str(value) for name, value in settings.items()}}
    process = subprocess.Popen([sys.executable, "-m", "tests.customers.server"], cwd=ROOT, env=environment)
    try:
        base = f"http://127.0.0.1:{settings['port']}"
        wait_for(f"{base}/readyz", process)
        yield base, process.pid
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def ask(base: str, document: str, **variables: Any) -> Any:
    body = json.dumps({"query": document, "variables": variables}).encode()
    headers = {"content-type": "application/json", "x-test-user": "user-ada", "connection": "close"}
    with urlopen(Request(f"{base}/graphql", body, headers), timeout=PATIENCE) as answer:
        return json.loads(answer.read())


async def killed_while_writing(
    sandbox: SandboxControl, records: Records, resource: str, base: str, pid: int, given: dict[str, Any]
) -> None:
    """Kill the gateway while it waits for the answer to the POST of `resource`, which has been carried out."""
    sandbox.habit("late-apply", api=None, resource=resource)
    asking = asyncio.create_task(asyncio.to_thread(ask, base, CREATE, input=given))
    await asyncio.wait_for(applied(records, resource), PATIENCE)
    os.kill(pid, signal.SIGKILL)
    (outcome,) = await asyncio.gather(asking, return_exceptions=True)
    assert isinstance(outcome, OSError)
    sandbox.clear_habits()


async def applied(records: Records, resource: str) -> None:
    """Until there is one; the POST that made it will have no answer."""
    while (await asyncio.to_thread(records.counts))[STEPS.index(resource)] == 0:
        await pause()


async def brought_to_its_end(database_url: str) -> None:
    """Until no pipeline is unfinished, asked of the database itself."""
    database = await Database.open(database_url, migrate=False)
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                async with database.reading() as connection:
                    if not await unfinished(connection, 9e12, limit=10):
                        return
                await pause()
    finally:
        await database.aclose()


async def pause() -> None:
    """Leave the machine to those who are waited for: they take seconds."""
    await asyncio.sleep(0.02)


@pytest.mark.parametrize("resource", STEPS)
async def test_a_gateway_killed_in_any_of_the_three_writes_is_carried_on_by_the_next(
    sandbox_process: SandboxProcess,
    sandbox: SandboxControl,
    records: Records,
    database_url: str,
    resource: str,
) -> None:
    """The write was applied, its answer never came, and nobody asks again: the restart alone does it."""
    url, key = sandbox_process.base_url, str(uuid.uuid4())
    given = {"idempotencyKey": key, **person()}
    with gateway(url, database_url) as (base, pid):
        await killed_while_writing(sandbox, records, resource, base, pid, given)
    assert records.counts()[STEPS.index(resource)] == 1
    with gateway(url, database_url) as (base, pid):
        await brought_to_its_end(database_url)
        payload = ask(base, CREATE, input=given)["data"]["createCustomer"]
        assert payload["errors"] == []
        edges = ask(base, VIEWER)["data"]["viewer"]["customers"]["edges"]
    assert [edge["node"]["id"] for edge in edges] == [payload["customer"]["id"]]
    assert records.counts() == (1, 1, 1)


async def test_steps_and_their_times_are_written_down(
    sandbox_process: SandboxProcess, sandbox: SandboxControl, records: Records, database_url: str
) -> None:
    """The step in which the gateway died was begun twice; those before it once."""
    url, given = sandbox_process.base_url, {"idempotencyKey": str(uuid.uuid4()), **person()}
    with gateway(url, database_url) as (base, pid):
        await killed_while_writing(sandbox, records, "customer", base, pid, given)
    database = await Database.open(database_url, migrate=False)
    async with database.reading() as connection:
        (pipeline,) = await unfinished(connection, 9e12, limit=10)
    with gateway(url, database_url):
        await brought_to_its_end(database_url)
    async with database.reading() as connection:
        steps = await steps_of(connection, pipeline.id)
    await database.aclose()
    assert [(step.name, step.state, step.attempts) for step in steps] == [
        ("identities", "DONE", 1),
        ("before", "DONE", 1),
        ("party", "DONE", 1),
        ("customer", "DONE", 2),
        ("billingAccount", "DONE", 1),
        ("link", "DONE", 1),
    ]
    times = [time for step in steps for time in (step.started_at, step.finished_at)]
    assert times == sorted(times)


async def test_a_living_process_carries_on_what_another_left(
    sandbox_process: SandboxProcess, sandbox: SandboxControl, records: Records, database_url: str
) -> None:
    """Two processes of one estate: one dies, and is not started again."""
    url, given = sandbox_process.base_url, {"idempotencyKey": str(uuid.uuid4()), **person()}
    with gateway(url, database_url) as (base, pid), gateway(url, database_url, port=free_ports(1, first=21_000)):
        await killed_while_writing(sandbox, records, "customer", base, pid, given)
        await brought_to_its_end(database_url)
    assert records.counts() == (1, 1, 1)


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_a_process_that_lives_and_was_taken_for_dead_makes_nothing_twice(
    sandbox_process: SandboxProcess, sandbox: SandboxControl, records: Records, database_url: str
) -> None:
    """The server has ended the connection by which it was known to live, and another process looks before it does."""
    url, given = sandbox_process.base_url, {"idempotencyKey": str(uuid.uuid4()), **person()}
    sandbox.fault("status", api="TMF666", status=503)
    with gateway(url, database_url, pipelines_sweep=3600) as (base, _):
        asking = asyncio.create_task(asyncio.to_thread(ask, base, CREATE, input=given))
        async with asyncio.timeout(PATIENCE):
            while not await asyncio.to_thread(records.all, "customer"):
                await pause()
        with gateway(url, database_url, port=free_ports(1, first=21_000)):
            before = await run(database_url)
            cut_off(database_url)
            async with asyncio.timeout(PATIENCE):
                while await run(database_url) == before:
                    await pause()
            sandbox.clear_faults()
            await brought_to_its_end(database_url)
        await asking
        payload = await asyncio.to_thread(ask, base, CREATE, input=given)
    assert payload["data"]["createCustomer"]["errors"] == []
    assert records.counts() == (1, 1, 1)


async def run(database_url: str) -> str:
    """That of the only pipeline which counts, as DBOS has it. It may be the same process that takes it up again."""
    database = await Database.open(database_url, migrate=False)
    try:
        async with database.reading() as connection:
            return str((await connection.execute(text("SELECT owner_xid FROM dbos.workflow_status"))).scalar_one())
    finally:
        await database.aclose()


async def test_what_was_accepted_and_not_begun_is_begun_by_a_sweep(
    sandbox_process: SandboxProcess, sandbox: SandboxControl, records: Records, tmp_path: Path
) -> None:
    """As if the process had died between the commit and the start: the engine knows nothing of it."""
    url, database_url = sandbox_process.base_url, f"sqlite:///{tmp_path}/bff.db"
    given = {"idempotencyKey": str(uuid.uuid4()), **person()}
    with gateway(url, database_url, unstarted="yes") as (base, _):
        payload = ask(base, CREATE, input=given)["data"]["createCustomer"]
        assert [error["code"] for error in payload["errors"]] == ["IN_PROGRESS"]
    assert records.counts() == (0, 0, 0)
    with gateway(url, database_url):
        await brought_to_its_end(database_url)
    assert records.counts() == (1, 1, 1)
