"""Account number, authorisation code and the number itself: where they must not be found afterwards."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from sandbox.process import SandboxProcess
from tests.conftest import gateway_over
from tests.hurry import hurried
from tests.porting.conftest import given
from tests.porting.shopper import ACCOUNT, CODE, DIGITS, NUMBER, PORTABILITY, PortingShopper
from tests.porting.systems import Systems

WRONG = "canary-wrong-code-5511"


def everything_in(folder: Path) -> bytes:
    """The database's files, the log of what is not yet in them included."""
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


async def test_proofs_are_stored_nowhere(
    porting_process: SandboxProcess, systems: Systems, redis_url: str, tmp_path: Path
) -> None:
    """Not in SQL, Redis, a log, or an answer; though each reached the provider."""
    settings = given(porting_process.base_url, f"sqlite:///{tmp_path}/bff.db", {"redis_url": redis_url})
    answers: list[Any] = []
    with capture_logs() as logs:
        async with gateway_over(porting_process.base_url, **settings) as client, Redis.from_url(redis_url) as redis:
            shopper = await PortingShopper(client).begin()
            first = (await shopper.port(accountNumber=ACCOUNT, authorisationCode="0000"))["portIn"]
            answers.append(await shopper.correct(first["id"], accountNumber=ACCOUNT, authorisationCode=CODE))
            assert systems.port_in()["authorisationCode"] == CODE
            systems.move("rejected", reason="ACCOUNT_UNKNOWN")
            other = await shopper.another().begin()
            answers.append((await other.ask(msisdn="+4917212345678", authorisationCode=WRONG)).body)
            kept = everything_in(tmp_path)
            raw = b"".join([await redis.dump(key) for key in await redis.keys("*")])
    kept += everything_in(tmp_path) + raw + repr(logs).encode() + json.dumps(answers).encode()
    assert DIGITS.encode() in kept
    assert [each for each in (CODE, ACCOUNT, WRONG) if each.encode() in kept] == []


@pytest.mark.parametrize("status", [200, 400, 409, 422, 500, 503])
async def test_what_a_provider_repeats_goes_no_further(
    porting_process: SandboxProcess, systems: Systems, tmp_path: Path, status: int
) -> None:
    """A refusal, a failure or a page that quotes what it was sent: neither log nor answer has it."""

    def repeat(request: httpx.Request) -> httpx.Response:
        if "portability" in request.url.path:
            return httpx.Response(200, json={"portable": True, "donor": "D", "requires": []})
        quoted = f"cannot do {request.content.decode()} of {request.url}"
        return httpx.Response(status, text=quoted)

    settings = given(porting_process.base_url, f"sqlite:///{tmp_path}/bff.db", {})
    transports = {"porting": httpx.MockTransport(repeat)}
    with capture_logs() as logs:
        async with gateway_over(porting_process.base_url, transports=transports, **settings) as client:
            shopper = await PortingShopper(client).begin()
            answer = await shopper.ask(accountNumber=ACCOUNT)
    assert answer.data["requestPortIn"]["errors"] != []
    told = repr(logs) + json.dumps(answer.body)
    assert [each for each in (CODE, ACCOUNT) if each in told] == []
    assert DIGITS not in repr(logs)


@pytest.mark.parametrize("api", ["PORTING", "TMF639"])
@pytest.mark.parametrize("kind", ["status", "off", "html", "hang"])
async def test_a_number_stands_in_no_log(
    porting_process: SandboxProcess, systems: Systems, tmp_path: Path, api: str, kind: str
) -> None:
    """Whatever goes wrong with the call that names it."""
    settings = given(porting_process.base_url, f"sqlite:///{tmp_path}/bff.db", {})
    with capture_logs() as logs:
        async with gateway_over(porting_process.base_url, **settings) as client:
            shopper = await PortingShopper(client).begin()
            systems.control.fault(kind, api=api)
            async with hurried(systems.control):
                await shopper.client.query(PORTABILITY, msisdn=NUMBER)
                await shopper.ask()
    assert logs != []
    assert DIGITS not in repr(logs)
