"""One process's reservations, put together as the gateway does, and the inventory as the operator sees it."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

import httpx

from clients.http import HttpxSender, Reply, Sender
from clients.tmf import TMFClient, UpstreamOptions
from domain.reservations.assigning import Assignments
from domain.reservations.desk import Desk, Times
from domain.reservations.holds import Holds
from domain.reservations.inventory import Backend, Inventory
from domain.reservations.model import Candidate, ResourceKind, StatusWords
from domain.reservations.pool import Pool, PoolWords
from domain.reservations.reservations import Ask, Reservations
from domain.reservations.sweeping import ReservationSweeper
from kernel.clock import Clock, FixedClock
from kernel.context import Audience
from sandbox.apis.tmf685 import TMF685
from sandbox.seed.numbers import Numbers as SeedNumbers
from store.database import Database
from store.leases import Leases
from store.reservations import Entry, Journal
from tests.sandbox.inventory import V4, V5

Json = dict[str, Any]
AUDIENCE = Audience("en", "web")
TIMES = Times()


def inventory_over(
    base_url: str,
    clock: Clock,
    *,
    version: str = "v4",
    transport: httpx.AsyncBaseTransport | None = None,
    timeout: float = 5.0,
    marks: bool = True,
    assigns: bool = True,
) -> Inventory:
    """The gateway's view of the inventory. Its circuits stay closed: these tests ask what one call does."""
    path = V5 if version == "v5" else V4
    options = UpstreamOptions(
        base_url + path, version=version, timeout=timeout, attempts=1, breaker_threshold=1_000_000
    )
    client = TMFClient("tmf639", options, HttpxSender("tmf639", transport=transport), clock)
    return Inventory(client, StatusWords(), lambda _: "resource", AUDIENCE, marks, assigns)


def pool_over(
    base_url: str, clock: Clock, *, transport: httpx.AsyncBaseTransport | None = None, timeout: float = 5.0, **more: Any
) -> Pool:
    """The gateway's view of the pools, over that of the inventory."""
    options = UpstreamOptions(base_url + TMF685.base_path, timeout=timeout, attempts=1, breaker_threshold=1_000_000)
    client = TMFClient("tmf685", options, HttpxSender("tmf685", transport=transport), clock)
    inventory = inventory_over(base_url, clock, transport=transport, timeout=timeout, **more)
    return Pool(client, inventory, PoolWords(), clock, seconds=86_400.0)


@dataclass(frozen=True)
class Estate:
    """One process."""

    desk: Desk
    reservations: Reservations
    assignments: Assignments
    sweeper: ReservationSweeper
    clock: FixedClock

    @classmethod
    def over(cls, database: Database, holds: Holds, inventory: Backend, clock: FixedClock) -> "Estate":
        desk = Desk(Journal(database), holds, inventory, clock, TIMES)
        sweeper = ReservationSweeper(desk, Leases(database, clock), every=5.0, keep=30 * 86_400.0)
        return cls(desk, Reservations(desk), Assignments(desk), sweeper, clock)

    async def entry(self, reservation_id: str) -> Entry:
        found = await self.desk.journal.by_id(reservation_id)
        assert found is not None
        return found

    async def sweep_after(self, seconds: float) -> None:
        """Let time pass, then sweep."""
        self.clock.advance(seconds)
        await self.sweeper.sweep()

    async def aclose(self) -> None:
        await closed(self.desk.inventory)


async def closed(backend: Backend) -> None:
    """Whatever it has open."""
    assert isinstance(backend, Inventory | Pool)
    if isinstance(backend, Pool):
        await closed(backend.inventory)
    assert isinstance(backend.client.sender, HttpxSender)
    await backend.client.sender.aclose()


def ask(shopper: str = "ada", key: str = "k1", address: str = "192.0.2.1") -> Ask:
    return Ask(shopper, f"c-{shopper}", key, address)


def free_numbers(count: int) -> list[Candidate]:
    """The first numbers of the seed that are free."""
    return [_number(document) for document in _seeded(0, 4 * count) if _is_free(document)][:count]


def free_card(*, plastic: bool = False) -> tuple[Candidate, Json]:
    """A card that is free, and what the seed says of it; an eSIM unless `plastic`."""
    document = next(each for each in _seeded(50_000 if plastic else 75_000, 50) if _is_free(each))
    iccid = document["serialNumber" if plastic else "value"]
    return Candidate(ResourceKind.SIM, document["id"], iccid), document


@dataclass(frozen=True)
class Meddling:
    """A sender that shows `meddle` every write first: what that answers is the answer, unless it is None."""

    inner: Sender
    meddle: Callable[[bytes], Awaitable[Reply | None]]

    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes | None = None, seconds: float
    ) -> Reply:
        answer = await self.meddle(content or b"") if method != "GET" else None
        return answer or await self.inner.send(method, url, headers=headers, content=content, seconds=seconds)


@contextmanager
def meddling(backend: Backend, meddle: Callable[[bytes], Awaitable[Reply | None]]) -> Iterator[None]:
    """While it lasts, `meddle` stands before every write by which resources are reserved."""
    assert isinstance(backend, Inventory | Pool)
    calls = backend.client.calls
    inner = calls.sender
    calls.sender = Meddling(inner, meddle)
    try:
        yield
    finally:
        calls.sender = inner


def patches_answered(inventory: Backend, status: int) -> AbstractContextManager[None]:
    """No PATCH gets through; each is answered with this status."""

    async def refuse(_: bytes) -> Reply:
        return Reply(status, {}, b'{"code": "1", "reason": "no"}')

    return meddling(inventory, refuse)


def before_the_patch(inventory: Backend, work: Callable[[], object]) -> AbstractContextManager[None]:
    """Somebody else does `work` between our read and our first write."""
    waiting = [work]

    async def once(_: bytes) -> None:
        if waiting:
            waiting.pop()()

    return meddling(inventory, once)


def _seeded(start: int, count: int) -> list[Json]:
    rule = SeedNumbers()
    return [rule.document(at) for at in range(start, start + count)]


def _number(document: Json) -> Candidate:
    return Candidate(ResourceKind.NUMBER, document["id"], document["value"])


def _is_free(document: Json) -> bool:
    return bool(document["resourceStatus"] == "available")


class Numbers:
    """Reads and writes TMF639 v4 straight, as other channels of the operator do."""

    def __init__(self, base_url: str) -> None:
        self._base = base_url + V4

    def get(self, candidate: Candidate) -> Json:
        found: Json = self._send("GET", candidate)
        return found

    def patch(self, candidate: Candidate, **changes: Any) -> None:
        self._send("PATCH", candidate, changes)

    def state(self, candidate: Candidate) -> tuple[str, str | None]:
        """`free`, `reserved`, `assigned` or `suspended`, and the mark."""
        found = self.get(candidate)
        marks = [party["id"] for party in found.get("relatedParty") or [] if party["role"] == "reserver"]
        used = found.get("usageState") in ("active", "busy")
        words = {"available": "free", "reserved": "assigned" if used else "reserved"}
        return words.get(found["resourceStatus"], found["resourceStatus"]), marks[0] if marks else None

    def _send(self, method: str, candidate: Candidate, body: Json | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Connection": "close"}
        url = f"{self._base}/resource/{candidate.upstream_id}"
        with urlopen(Request(url, data, headers, method=method), timeout=60) as answer:
            return json.loads(answer.read())
