"""`scripts/bench identity`: what it costs to know who is asking, and what signing in costs everybody else.

In this process, with the sandbox's user pool in another. Verifying is timed around the verifier itself, the principal
around what the edge does for a request. Known and unknown logins take turns, so that what else the machine does falls
on both.
"""

import asyncio
import statistics
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import jwt
from starlette.requests import Request

from benchmarks.processes import ROOT
from benchmarks.tables import replace_section, table
from bff.app import create_app
from bff.dev import SANDBOX_TMF620, embedded_redis
from bff.edge.session import principal_of
from domain.identity.identity import Identity
from sandbox.cognito.operations import CLIENT, POOL
from sandbox.process import SandboxProcess
from tests.client import Client
from tests.conftest import settings_of
from tests.identity.sessions.person import Person

TOKENS = 300
HITS = 20_000
REQUESTS = 300
SIGN_INS = 50
TRIES = 500
AT_ONCE = 5
MOST = 1_000_000
UNLIMITED = {"identity_sends": MOST, "identity_tries": MOST, "identity_sign_ins": MOST, "identity_by_address": MOST}
WRONG = "Wrong-Password-1!"
_ASKED = ("signIn", "signUp", "requestPasswordReset", "requestSignInCode")


@asynccontextmanager
async def _gateway(sandbox: SandboxProcess, **given: Any) -> AsyncIterator[tuple[Person, Identity]]:
    """Somebody at a gateway in this process, and its identity part from inside."""
    sandbox.control.reset()
    app = create_app(settings_of(tmf620_url=sandbox.base_url + SANDBOX_TMF620, **given))
    async with app.router.lifespan_context(app) as state:

        async def serve(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "state": dict(state or {})}, receive, send)

        async with Client(serve) as client:
            services: Any = (state or {})["services"]
            yield Person(client, sandbox.control), services.identity


def _shown(taken: list[float], unit: float) -> tuple[str, str]:
    ordered = sorted(taken)
    return f"{statistics.median(ordered) * unit:.1f}", f"{ordered[int(len(ordered) * 0.99)] * unit:.1f}"


def _row(name: str, taken: list[tuple[float, float]], unit: float, most: float) -> tuple[str, ...]:
    median, high = _shown([wall for wall, _ in taken], unit)
    work, _ = _shown([work for _, work in taken], unit)
    return (name, median, high, work, f"{most:g}", "met" if float(work) <= most else "**missed**")


async def _spent(call: Any) -> tuple[float, float]:
    """Seconds by the clock, and of this thread's CPU."""
    began, worked = time.perf_counter(), time.thread_time()
    await call
    return time.perf_counter() - began, time.thread_time() - worked


async def _timed(call: Any) -> float:
    began = time.perf_counter()
    await call
    return time.perf_counter() - began


def _minted(person: Person, count: int) -> list[str]:
    """Tokens of one user, each signed anew."""
    claims = dict(jwt.decode(person.token or "", options={"verify_signature": False}))
    return [person.sandbox.mint({**claims, "jti": str(uuid.uuid4())}) for _ in range(count)]


def _request(token: str) -> Request:
    return Request({"type": "http", "method": "POST", "headers": [(b"authorization", f"Bearer {token}".encode())]})


async def _verifying(person: Person, identity: Identity) -> list[tuple[str, ...]]:
    """The signature and the claims, without Redis; then a look into memory; then both as a request meets them."""
    access, token = identity.access, person.token or ""
    first = [await _spent(access._verify(each)) for each in _minted(person, TOKENS)]  # noqa: SLF001
    await access.principal(token)
    again = [await _spent(access.principal(token)) for _ in range(HITS)]
    minted = _minted(person, REQUESTS)
    cold = [await _spent(principal_of(_request(each), identity, cookies=False)) for each in minted]
    warm = [await _spent(principal_of(_request(token), identity, cookies=False)) for _ in range(HITS)]
    return [
        _row("verifying a token, µs", first, 1e6, 200),
        _row("the same token again, µs", again, 1e6, 5),
        _row("a principal for a request, first, with Redis, µs", cold, 1e6, 1_000),
        _row("the same again, µs", warm, 1e6, 100),
    ]


async def _stall(person: Person) -> tuple[float, float, int]:
    """How late the event loop comes back at worst while so many sign in: by the clock, and by what the process did.

    Seconds, and how many were refused. The second is the CPU time of all our threads in between, so it leaves out what
    else the machine does.
    """
    late: list[tuple[float, float]] = []

    async def tick() -> None:
        while True:
            began, worked = time.perf_counter(), time.process_time()
            await asyncio.sleep(0.001)
            late.append((time.perf_counter() - began - 0.001, time.process_time() - worked))

    watching = asyncio.create_task(tick())
    await asyncio.sleep(0.1)
    late.clear()
    coming = []
    for _ in range(
        SIGN_INS
    ):  # one after the other: to begin all at once would be this client's stall, not the gateway's
        coming.append(asyncio.create_task(person.sign_in()))
        await asyncio.sleep(0)
    answers = await asyncio.gather(*coming)
    watching.cancel()
    refused = sum(bool(answer["errors"]) for answer in answers)
    return max(wall for wall, _ in late), max(work for _, work in late), refused


async def _alike(person: Person, ask: str) -> tuple[str, ...]:
    """Medians of the time a wrong password, or asking for a code, takes for a login that exists and for another."""
    known: list[float] = []
    unknown: list[float] = []
    rng = Random(2_026)

    async def one(login: str, into: list[float]) -> None:
        given = {"login": login, **({"password": WRONG} if ask in {"signIn", "signUp"} else {})}
        if ask == "signUp":
            given["idempotencyKey"] = str(uuid.uuid4())
        into.append(await _timed(person.do(ask, **given)))

    for place in range(TRIES // AT_ONCE):
        both = [(f"user{number}@example.com", known) for number in range(AT_ONCE)]
        both += [(f"nobody{place}-{number}@example.com", unknown) for number in range(AT_ONCE)]
        rng.shuffle(both)
        await asyncio.gather(*(one(login, into) for login, into in both))
    apart = abs(statistics.median(known) - statistics.median(unknown)) * 1_000
    shown = (_shown(known, 1e3)[0], _shown(unknown, 1e3)[0], f"**{apart:.1f}**", "10")
    return (f"`{ask}`, {TRIES} each", *shown, "met" if apart <= 10 else "**missed**")


async def _people(person: Person) -> None:
    """Users for the known logins."""
    for number in range(AT_ONCE):
        user = Person(person.client, person.sandbox, f"user{number}@example.com")
        await user.joined()


async def run() -> str:
    """Everything; the section for docs/performance.md."""
    with (
        SandboxProcess() as sandbox,
        tempfile.TemporaryDirectory() as folder,
        embedded_redis(Path(folder) / "redis") as redis_url,
    ):
        settings = {
            "cognito_pool": POOL,
            "cognito_client_id": CLIENT,
            "cognito_endpoint": sandbox.base_url,
            "redis_url": redis_url,
            "keys": "a-signing-key-for-figures-of-forty-letters",
            "cognito_timeout": 60,  # so many proofs by SRP at once take longer than shoppers would wait
            "request_timeout": 60,
            **UNLIMITED,
        }
        costs, stalls, alike = [], [], []
        for flow in ("password", "srp"):
            given = {**settings, "database_url": f"sqlite:///{folder}/{flow}.db", "cognito_flow": flow}
            async with _gateway(sandbox, **given, identity_pace=0) as (person, identity):
                await person.joined()
                if flow == "password":
                    costs = await _verifying(person, identity)
                rounds = [await _stall(person) for _ in range(5)]
                wall, work = (statistics.median(each[place] for each in rounds) * 1_000 for place in (0, 1))
                refused = sum(each[2] for each in rounds)
                met = "met" if work <= 30 else "**missed**"
                verdict = met if flow == "password" else "not the default"
                stalls.append((flow, f"{wall:.0f}", f"{work:.1f}", "30", str(refused), verdict))
        given = {**settings, "database_url": f"sqlite:///{folder}/paced.db"}
        async with _gateway(sandbox, **given) as (person, _):
            await _people(person)
            alike = [await _alike(person, ask) for ask in _ASKED]
    return "\n\n".join(
        (
            table(("who is asking", "p50", "p99", "p50 of CPU", "at most", ""), costs),
            table(
                (f"{SIGN_INS} sign-ins at once, by", "longest stall, ms", "of it own work", "at most", "refused", ""),
                stalls,
            ),
            table(("logins", "known, ms", "unknown, ms", "apart", "at most", ""), alike),
        )
    )


def main() -> None:
    section = asyncio.run(run())
    print(section)
    replace_section(ROOT / "docs" / "performance.md", "identity", section)


if __name__ == "__main__":
    main()
