"""Holding a number: what the gateway adds to the upstream's own GET, PATCH and GET, and how many a second."""

import asyncio
import json
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.load import Connection, request
from benchmarks.processes import gateway
from benchmarks.tables import table
from bff.dev import SANDBOX_TMF639, SANDBOX_TMF663, embedded_redis
from sandbox.process import SandboxProcess

KEY = "a-signing-key-for-figures-of-forty-letters"
ROUNDS = 200
CONNECTIONS = 16
HOLDS = 640
MOST_MS = 10.0
_SEED = 5_000
_PATH = SANDBOX_TMF639["v4"]
_CREATE = "mutation($input: CreateCartInput!) { createCart(input: $input) { cart { id } guestCartToken } }"
_OFFERS = "{ availableNumbers(count: 50) { msisdn offerToken } }"
_RESERVE = """mutation($input: ReserveNumberInput!) {
  reserveNumber(input: $input) { reservation { id expiresAt } errors { code message } } }"""


class Shopper:
    """A guest with a cart, on a connection of its own."""

    def __init__(self, url: str, connection: Connection) -> None:
        self._url, self._connection, self._headers = f"{url}/graphql", connection, dict[str, str]()

    async def ask(self, document: str, **variables: Any) -> tuple[Any, float]:
        body = msgspec.json.encode({"query": document, "variables": variables})
        answer, taken = await self._connection.ask(request("POST", self._url, body, **self._headers))
        told = msgspec.json.decode(answer)
        if "errors" in told:
            raise RuntimeError(str(told["errors"]))
        return told["data"], taken

    async def begin(self) -> None:
        data, _ = await self.ask(_CREATE, input={"idempotencyKey": str(uuid.uuid4())})
        self.cart = data["createCart"]["cart"]["id"]
        self._headers = {"x_cart_token": data["createCart"]["guestCartToken"]}

    async def offers(self) -> list[dict[str, str]]:
        return list((await self.ask(_OFFERS))[0]["availableNumbers"])

    async def hold(self, offer: str) -> tuple[bool, float]:
        given = {"idempotencyKey": str(uuid.uuid4()), "cartId": self.cart, "offerToken": offer}
        data, taken = await self.ask(_RESERVE, input=given)
        codes = [each["code"] for each in data["reserveNumber"]["errors"]]
        if set(codes) - {"NUMBER_UNAVAILABLE"}:
            raise RuntimeError(str(data))
        return not codes, taken


@contextmanager
def _estate(processes: int, **settings: Any) -> Iterator[tuple[SandboxProcess, list[str]]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sandbox = stack.enter_context(SandboxProcess(numbers=_SEED))
        given = {
            "tmf639_url": sandbox.base_url + _PATH,
            "tmf663_url": sandbox.base_url + SANDBOX_TMF663["v4"],
            "redis_url": stack.enter_context(embedded_redis(folder)),
            "database_url": f"sqlite:///{folder}/bff.db",
            "keys": KEY,
            "tmf639_page_size": 1_000,
            "numbers_per_shopper": 100_000,
            "numbers_per_address": 100_000,
            **settings,
        }
        opened = [stack.enter_context(gateway(sandbox.base_url, **given)) for _ in range(processes)]
        yield sandbox, [url for url, _ in opened]


async def _warm(shopper: Shopper, sandbox: SandboxProcess) -> None:
    """Until the index is built and holds are allowed."""
    before = -1
    while before != (before := sandbox.control.calls()["total"]):
        await shopper.offers()
        await asyncio.sleep(1)


async def _beside() -> list[tuple[str, ...]]:
    """A hold beside the three calls that it makes."""
    with _estate(1) as (sandbox, (url,)):
        async with Connection(url) as ours, Connection(sandbox.base_url) as theirs:
            shopper = Shopper(url, ours)
            await shopper.begin()
            await _warm(shopper, sandbox)
            mine, upstream, offers = [], [], list[dict[str, str]]()
            while len(mine) < ROUNDS + 20:
                offers = offers or await shopper.offers()
                held, taken = await shopper.hold(offers.pop()["offerToken"])
                if not held:
                    continue
                mine.append(taken)
                upstream.append(await _three(sandbox.base_url, theirs, offers or await shopper.offers()))
    on_top = statistics.median(mine[20:]) - statistics.median(upstream[20:])
    return [
        ("reserveNumber", *_times(mine[20:]), ""),
        ("the upstream's own GET, PATCH, GET", *_times(upstream[20:]), ""),
        (f"on top (at most {MOST_MS:.0f})", f"**{on_top:.1f}**", "", "met" if on_top <= MOST_MS else "**missed**"),
    ]


async def _three(base: str, connection: Connection, offers: list[dict[str, str]]) -> float:
    """The same three calls for a number nobody wants, straight at the inventory; then it is as before."""
    target = f"{base}{_PATH}/resource/msisdn-{offers[0]['msisdn'].removeprefix('+')}"
    body = {"resourceStatus": "reserved", "usageState": "idle", "relatedParty": [{"id": "x", "role": "reserver"}]}
    taken = (await connection.ask(request("GET", target)))[1]
    taken += (await connection.ask(request("PATCH", target, json.dumps(body).encode())))[1]
    taken += (await connection.ask(request("GET", target)))[1]
    free = {"resourceStatus": "available", "relatedParty": []}
    await connection.ask(request("PATCH", target, json.dumps(free).encode()))
    return taken


async def _many(processes: int, **settings: Any) -> tuple[str, ...]:
    with _estate(processes, **settings) as (sandbox, urls):
        async with Connection(urls[0]) as first:
            opener = Shopper(urls[0], first)
            await opener.begin()
            await _warm(opener, sandbox)
        left = iter(range(HOLDS))
        latencies: list[float] = []

        async def shop(url: str) -> None:
            async with Connection(url) as connection:
                shopper = Shopper(url, connection)
                await shopper.begin()
                offers = await shopper.offers()
                for _ in left:
                    held = False
                    while not held:
                        offers = offers or await shopper.offers()
                        held, taken = await shopper.hold(offers.pop()["offerToken"])
                    latencies.append(taken)

        began = time.perf_counter()
        await asyncio.gather(*(shop(urls[place % processes]) for place in range(CONNECTIONS)))
        seconds = time.perf_counter() - began
    return str(processes), f"{HOLDS / seconds:.0f}", *_times(latencies)


def _times(taken: list[float]) -> tuple[str, str]:
    ordered = sorted(taken)
    return f"{statistics.median(ordered):.1f}", f"{ordered[int(len(ordered) * 0.99)]:.1f}"


async def tables() -> str:
    """Both tables, for docs/performance.md."""
    beside = await _beside()
    many = [await _many(processes) for processes in (1, 2, 4)]
    return "\n\n".join(
        (
            table(("holding a number, one connection, SQLite", "p50 ms", "p99", ""), beside),
            table((f"processes; {CONNECTIONS} shoppers, SQLite", "holds per second", "p50 ms", "p99"), many),
        )
    )


if __name__ == "__main__":
    print(asyncio.run(tables()))
