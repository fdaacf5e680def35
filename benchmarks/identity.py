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
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Self

import jwt
from starlette.requests import Request

from benchmarks.processes import ROOT
from benchmarks.tables import replace_section, table
from bff.app import create_app
from bff.dev import (
    SANDBOX_TMF620,
    SANDBOX_TMF629,
    SANDBOX_TMF632,
    SANDBOX_TMF637,
    SANDBOX_TMF666,
    embedded_redis,
)
from bff.edge.session import principal_of
from bff.upstreams import Services
from clients.http import AiohttpSender
from domain.identity.identity import Identity
from kernel.context import Principal
from sandbox.cognito.operations import CLIENT, POOL
from sandbox.process import SandboxProcess
from tests.client import Client
from tests.conftest import settings_of
from tests.identity.sessions.person import Person

TOKENS = 300
HITS = 20_000
REQUESTS = 300
SIGN_INS = 50
IDLE = 1.0
ROUNDS = 5
DASHBOARDS = 200
TRIES = 500
AT_ONCE = 5
MOST = 1_000_000
UNLIMITED = {"identity_sends": MOST, "identity_tries": MOST, "identity_sign_ins": MOST, "identity_by_address": MOST}
WRONG = "Wrong-Password-1!"
_ASKED = ("signIn", "signUp", "requestPasswordReset", "requestSignInCode")


@asynccontextmanager
async def _gateway(sandbox: SandboxProcess, **given: Any) -> AsyncIterator[tuple[Person, Services]]:
    """Somebody at a gateway in this process, and its services from inside."""
    sandbox.control.reset()
    app = create_app(settings_of(tmf620_url=sandbox.base_url + SANDBOX_TMF620, **given))
    async with app.router.lifespan_context(app) as state:

        async def serve(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "state": dict(state or {})}, receive, send)

        async with Client(serve) as client:
            services: Services = (state or {})["services"]
            yield Person(client, sandbox.control), services


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


@dataclass(frozen=True)
class Late:
    """One time that the event loop came back late, in seconds.

    By the clock; without what it waited for a processor that others had; and the CPU time of all our threads meanwhile.
    """

    wall: float
    own: float
    work: float


def _kept_waiting() -> float:
    """Seconds for which the kernel has kept this thread from a processor, though it had something to do. Only that is
    the machine's doing: waiting for another thread of ours to let go of the interpreter is sleep to the kernel.
    """
    return int(Path("/proc/thread-self/schedstat").read_text("ascii").split()[1]) / 1e9


async def _shelves(services: Services) -> list[tuple[str, ...]]:
    """What of the catalogue a user sees: read from SQL, and remembered."""
    assert services.customers is not None
    seen = services.customers.segments
    cold = [await _spent(seen(Principal(id=f"user-{number}"))) for number in range(REQUESTS)]
    warm = [await _spent(seen(Principal(id="user-1"))) for _ in range(HITS)]
    return [
        _row("which segments a user sees, first, with SQL, µs", cold, 1e6, 1_000),
        _row("the same segments again, µs", warm, 1e6, 100),
    ]


async def _stall(person: Person, count: int = SIGN_INS) -> tuple[Late, int]:
    """How late the event loop comes back at worst while so many sign in, and how many were refused. With none of them
    it is what the machine does by itself.
    """
    late: list[Late] = []

    async def tick() -> None:
        while True:
            began, worked, waited = time.perf_counter(), time.process_time(), _kept_waiting()
            await asyncio.sleep(0.001)
            wall = time.perf_counter() - began - 0.001
            own = max(0.0, wall - (_kept_waiting() - waited))
            late.append(Late(wall, own, time.process_time() - worked))

    watching = asyncio.create_task(tick())
    await asyncio.sleep(0.1)
    late.clear()
    coming = []
    for _ in range(count):  # one by one: to begin all at once would be this client's stall, not the gateway's
        coming.append(asyncio.create_task(person.sign_in()))
        await asyncio.sleep(0)
    answers = await asyncio.gather(*coming)
    if not count:
        await asyncio.sleep(IDLE)
    watching.cancel()
    refused = sum(bool(answer["errors"]) for answer in answers)
    worst = Late(*(max(getattr(each, name) for each in late) for name in ("wall", "own", "work")))
    return worst, refused


def _stalls(flow: str, rounds: list[tuple[Late, int]]) -> tuple[str, ...]:
    """The medians of the rounds' worst."""
    wall, own, work = (
        statistics.median(getattr(each, name) for each, _ in rounds) * 1_000 for name in ("wall", "own", "work")
    )
    verdict = {"password": "met" if own <= 30 else "**missed**", "srp": "not the default"}.get(flow, "the machine's")
    return flow, f"{wall:.0f}", f"**{own:.0f}**", f"{work:.1f}", "30", str(sum(each for _, each in rounds)), verdict


# ---------------------------------------------------------------- the dashboard

DASHBOARD = """{ viewer { customers { edges { role node {
  displayName
  billingAccounts { name balance { amount currency } }
  products(first: 5) { nodes { name status msisdn } }
} } } } }"""
_APIS = {"tmf629": SANDBOX_TMF629, "tmf632": SANDBOX_TMF632, "tmf637": SANDBOX_TMF637, "tmf666": SANDBOX_TMF666}
DELAY_MS = 20


class _Watched:
    """The time that each upstream call takes, from within the gateway."""

    def __init__(self) -> None:
        self.taken: list[float] = []
        self._send = AiohttpSender.send

    def __enter__(self) -> Self:
        watched = self

        async def send(reads: AiohttpSender, *given: Any, **more: Any) -> Any:
            began = time.perf_counter()
            try:
                return await watched._send(reads, *given, **more)
            finally:
                watched.taken.append(time.perf_counter() - began)

        AiohttpSender.send = send  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        AiohttpSender.send = self._send  # type: ignore[method-assign]


async def _dashboard(person: Person) -> list[tuple[str, ...]]:
    """Name, lines and balances of a customer: how much longer they take than the slowest of the calls for them."""
    told = {"givenName": "Ada", "familyName": "Winter", "birthDate": "1987-04-12"}
    party = {"individual": {**told, "contact": {"email": person.login, "reminderConsent": False}}}
    address = {"line1": "Lindenweg 4", "city": "Hamburg", "postcode": "20095", "country": "DE"}
    given = {"idempotencyKey": str(uuid.uuid4()), "party": party, "billingAddress": address}
    create = "mutation($input: CreateCustomerInput!) { createCustomer(input: $input) { errors { code } } }"
    made = await person.client.data(create, headers=person.headers, input=given)
    assert made["createCustomer"]["errors"] == []
    person.sandbox.fault("delay", delayMs=DELAY_MS)
    whole: list[float] = []
    slowest: list[float] = []
    more: list[float] = []
    own: list[float] = []
    work: list[float] = []
    for place in range(DASHBOARDS + 20):
        with _Watched() as watched:
            worked, waited = time.thread_time(), _kept_waiting()
            wall = await _timed(person.client.data(DASHBOARD, headers=person.headers))
        assert len(watched.taken) == 3
        if place >= 20:  # the first ones compile the operation and open connections
            whole.append(wall)
            slowest.append(max(watched.taken))
            more.append(wall - max(watched.taken))
            own.append(max(0.0, more[-1] - (_kept_waiting() - waited)))
            work.append(time.thread_time() - worked)
    person.sandbox.clear_faults()
    over = statistics.median(own) * 1_000
    shown = (_shown(whole, 1e3)[0], _shown(slowest, 1e3)[0], _shown(more, 1e3)[0], f"**{over:.1f}**")
    return [
        ("name, balances, lines", *shown, _shown(work, 1e3)[0], "5", "met" if over <= 5 else "**missed**"),
    ]


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
            async with _gateway(sandbox, **given, identity_pace=0) as (person, services):
                await person.joined()
                if flow == "password":
                    assert services.identity is not None
                    costs = await _verifying(person, services.identity)
                rounds, idle = [], []
                for _ in range(ROUNDS):  # in turns, so that what else the machine does falls on both
                    idle.append(await _stall(person, 0))
                    rounds.append(await _stall(person))
                stalls += [_stalls(flow, rounds), _stalls("nobody", idle)]
        apis = {f"{name}_url": sandbox.base_url + each["v4"] for name, each in _APIS.items()}
        more = {"customers_duplicate_key": "a-key-for-figures-that-tells-customers-apart"}
        given = {**settings, **apis, **more, "database_url": f"sqlite:///{folder}/people.db"}
        async with _gateway(sandbox, **given, identity_pace=0) as (person, services):
            await person.joined()
            dashboards = await _dashboard(person)
            costs += await _shelves(services)
        given = {**settings, "database_url": f"sqlite:///{folder}/paced.db"}
        async with _gateway(sandbox, **given) as (person, _):
            await _people(person)
            alike = [await _alike(person, ask) for ask in _ASKED]
    return "\n\n".join(
        (
            table(("who is asking", "p50", "p99", "p50 of CPU", "at most", ""), costs),
            table(
                (
                    f"{SIGN_INS} sign-ins at once, by",
                    "longest stall, ms",
                    "without waiting for a processor",
                    "own work",
                    "at most",
                    "refused",
                    "",
                ),
                stalls,
            ),
            table(
                ("dashboard, ms", "p50", "slowest call", "on top of it", "without waiting", "CPU", "at most", ""),
                dashboards,
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
