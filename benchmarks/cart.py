"""`scripts/bench cart`: what an update and a read of a cart cost on top of the cart system's own call.

Times are good against each other within one run: calls of the gateway and straight ones take turns.
"""

import asyncio
import statistics
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from benchmarks.load import Connection, request
from benchmarks.processes import ROOT, gateway
from benchmarks.tables import replace_section, table
from bff.app import create_app
from bff.dev import SANDBOX_TMF620, SANDBOX_TMF663
from clients.http import AiohttpSender
from kernel.ids import GlobalId, local_id
from sandbox.process import SandboxProcess
from store.database import Database
from tests.conftest import settings_of
from tests.databases import postgresql

KEY = "a-signing-key-for-figures-of-forty-letters"
TOTALS = "totals { kind period net { amount currency } gross { amount currency } }"
LINE = "id quantity offering { id name } configuration { name value }"
CREATE = "mutation($input: CreateCartInput!) { createCart(input: $input) { cart { id version } guestCartToken } }"
UPDATE = """mutation($input: UpdateCartInput!) { updateCart(input: $input) {
  cart { id version lines(first: 50) { nodes { id quantity } } } errors { __typename code message } } }"""
READ = f"""query($id: ID) {{ cart(id: $id) {{ id version state {TOTALS} lines(first: 50) {{ nodes {{
  {LINE} prices {{ kind period gross {{ amount currency }} }} }} }} }} }}"""
READ_ALL = f"""query($id: ID) {{ cart(id: $id) {{ id version state {TOTALS} lines(first: 50) {{ nodes {{
  {LINE} prices {{ kind name period every net {{ amount currency }} gross {{ amount currency }} }} }} }} }} }}"""
OFFERINGS = ("po-mobile-s", "po-mobile-m", "po-mobile-l")
ROUNDS = 300
CARTS, UPDATES = 16, 50


class Shopper:
    """A guest with a cart, over one connection."""

    def __init__(self, url: str, connection: Any) -> None:
        self._url, self._connection = f"{url}/graphql", connection
        self.id, self.token, self.version, self.lines = "", "", 0, [""]

    async def ask(self, document: str, **variables: Any) -> tuple[Any, float]:
        body = msgspec.json.encode({"query": document, "variables": variables})
        headers = {"x_cart_token": self.token} if self.token else {}
        answer, taken = await self._connection.ask(request("POST", self._url, body, **headers))
        return msgspec.json.decode(answer)["data"], taken

    async def create(self, lines: int) -> None:
        data, _ = await self.ask(CREATE, input={"idempotencyKey": str(uuid.uuid4())})
        cart = data["createCart"]["cart"]
        self.id, self.version, self.token = cart["id"], cart["version"], data["createCart"]["guestCartToken"]
        offerings = [str(GlobalId("ProductOffering", OFFERINGS[place % 3])) for place in range(lines)]
        await self.update(*({"addLine": {"offeringId": each, "quantity": 1}} for each in offerings))

    async def update(self, *operations: dict[str, Any]) -> float:
        given = {
            "idempotencyKey": str(uuid.uuid4()),
            "cartId": self.id,
            "expectedVersion": self.version,
            "operations": list(operations),
        }
        data, taken = await self.ask(UPDATE, input=given)
        if data["updateCart"]["errors"]:
            raise RuntimeError(str(data))
        cart = data["updateCart"]["cart"]
        self.version, self.lines = cart["version"], [line["id"] for line in cart["lines"]["nodes"]]
        return taken

    async def count(self, quantity: int) -> float:
        return await self.update({"updateLine": {"lineId": self.lines[0], "quantity": quantity}})


class InProcess:
    """The gateway in this process, instead of a connection to one."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def ask(self, sent: bytes) -> tuple[bytes, float]:
        head, _, body = sent.partition(b"\r\n\r\n")
        pairs = [line.split(b": ", 1) for line in head.split(b"\r\n")[1:]]
        started = time.perf_counter()
        reply = await self._http.post("/graphql", content=body, headers={k.decode(): v.decode() for k, v in pairs})
        return reply.content, (time.perf_counter() - started) * 1000


def _upstream(sandbox: SandboxProcess, shopper: Shopper) -> tuple[str, Any]:
    """The cart's own URL in the cart system, and what is kept."""
    base = f"{sandbox.base_url}{SANDBOX_TMF663['v4']}/shoppingCart"
    mark = local_id(shopper.id, "Cart")
    kept = httpx.get(base, params={"relatedParty.id": str(mark)}).json()[0]
    return f"{base}/{kept['id']}", kept


async def _beside(url: str, sandbox: SandboxProcess) -> list[tuple[str, ...]]:
    """An update beside its PATCH, a read beside its GET."""
    rows: list[tuple[str, ...]] = []
    async with Connection(url) as ours, Connection(sandbox.base_url) as theirs:
        small, large, twin = Shopper(url, ours), Shopper(url, ours), Shopper(url, ours)
        await small.create(3)
        await twin.create(3)
        await large.create(30)
        twin_url, kept = _upstream(sandbox, twin)
        updates, patches = [], []
        for quantity in range(ROUNDS + 20):
            updates.append(await small.count(quantity % 900 + 1))
            kept["cartItem"][0]["quantity"] = quantity % 900 + 1
            body = msgspec.json.encode({"cartItem": kept["cartItem"]})
            patches.append((await theirs.ask(request("PATCH", twin_url, body)))[1])
        rows += _rows("updateCart, 3 lines", updates[20:], "its PATCH", patches[20:], 10)
        large_url, _ = _upstream(sandbox, large)
        reads, reads_all, gets = [], [], []
        for _ in range(ROUNDS + 20):
            reads.append((await large.ask(READ, id=large.id))[1])
            reads_all.append((await large.ask(READ_ALL, id=large.id))[1])
            gets.append((await theirs.ask(request("GET", large_url)))[1])
        rows += _rows("reading 30 lines", reads[20:], "its GET", gets[20:], 8)
        rows.append(("the same with all there is about prices", *_times(reads_all[20:]), ""))
    return rows


def _rows(name: str, mine: list[float], other: str, theirs: list[float], most: int) -> list[tuple[str, ...]]:
    on_top = statistics.median(mine) - statistics.median(theirs)
    return [
        (name, *_times(mine), ""),
        (other, *_times(theirs), ""),
        (f"on top (at most {most})", f"**{on_top:.1f}**", "", "met" if on_top <= most else "**missed**"),
    ]


def _times(taken: list[float]) -> tuple[str, str]:
    ordered = sorted(taken)
    return f"{statistics.median(ordered):.1f}", f"{ordered[int(len(ordered) * 0.99)]:.1f}"


async def _split(sandbox: SandboxProcess, database: str) -> list[tuple[str, ...]]:
    """Where the time of an update and of a read goes, by means, inside one process."""
    spent: defaultdict[str, float] = defaultdict(float)
    configured = settings_of(**_settings(sandbox, database), tmf620_url=sandbox.base_url + SANDBOX_TMF620)
    app = create_app(configured)
    async with app.router.lifespan_context(app) as state:

        async def serve(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "state": dict(state or {})}, receive, send)

        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=serve), base_url="http://gateway.test") as http:
            small, large = (
                Shopper("http://gateway.test", InProcess(http)),
                Shopper("http://gateway.test", InProcess(http)),
            )
            await small.create(3)
            await large.create(30)
            rows = []
            with _watched(spent):
                for name, one in (
                    ("updateCart", lambda place: small.count(place % 900 + 1)),
                    ("reading 30 lines", lambda _: large.ask(READ, id=large.id)),
                ):
                    for place in range(20):
                        await one(place)
                    spent.clear()
                    started = time.perf_counter()
                    for place in range(ROUNDS):
                        await one(place + 100)
                    total = time.perf_counter() - started
                    parts = (spent["sql"], spent["upstream"], total - spent["sql"] - spent["upstream"], total)
                    rows.append((name, *(f"{part / ROUNDS * 1000:.1f}" for part in parts)))
            return rows


@contextmanager
def _watched(spent: dict[str, float]) -> Iterator[None]:
    """Adds up the seconds in SQL and in calls of upstreams."""
    send, opened = AiohttpSender.send, {name: getattr(Database, name) for name in ("reading", "writing")}

    async def sending(self: AiohttpSender, *given: Any, **options: Any) -> Any:
        started = time.perf_counter()
        try:
            return await send(self, *given, **options)
        finally:
            spent["upstream"] += time.perf_counter() - started

    def timed(original: Any) -> Any:
        @asynccontextmanager
        async def using(self: Database) -> AsyncIterator[Any]:
            started = time.perf_counter()
            try:
                async with original(self) as connection:
                    yield connection
            finally:
                spent["sql"] += time.perf_counter() - started

        return using

    AiohttpSender.send = sending  # type: ignore[method-assign]
    for name, original in opened.items():
        setattr(Database, name, timed(original))
    try:
        yield
    finally:
        AiohttpSender.send = send  # type: ignore[method-assign]
        for name, original in opened.items():
            setattr(Database, name, original)


async def _many(url: str) -> str:
    """Updates a second over different carts, each on a connection of its own."""

    async def shop(connection: Connection) -> None:
        shopper = shoppers[connection]
        for place in range(UPDATES):
            await shopper.count(place + 1)

    connections = [await Connection(url).__aenter__() for _ in range(CARTS)]
    shoppers = {connection: Shopper(url, connection) for connection in connections}
    for shopper in shoppers.values():
        await shopper.create(3)
    started = time.perf_counter()
    await asyncio.gather(*map(shop, connections))
    seconds = time.perf_counter() - started
    for connection in connections:
        await connection.__aexit__()
    return f"{CARTS * UPDATES / seconds:.0f}"


def _settings(sandbox: SandboxProcess, database: str) -> dict[str, Any]:
    return {
        "tmf663_url": sandbox.base_url + SANDBOX_TMF663["v4"],
        "database_url": database,
        "keys": KEY,
        "cache_fresh": 3_600,
    }


async def run() -> str:
    """Everything; the section for docs/performance.md."""
    beside, split, many = [], [], []
    with SandboxProcess() as sandbox, postgresql() as server, tempfile.TemporaryDirectory() as folder:
        for name, database in (
            ("SQLite", f"sqlite:///{Path(folder)}/bff.db"),
            ("PostgreSQL", server.url(server.create())),
        ):
            with gateway(sandbox.base_url, **_settings(sandbox, database)) as (url, _):
                beside += [(name, *row) for row in await _beside(url, sandbox)]
                many.append((name, await _many(url)))
            split += [(name, *row) for row in await _split(sandbox, database)]
    return "\n\n".join(
        (
            table(("database", "one connection", "p50 ms", "p99 ms", ""), beside),
            table(("database", "split, means in ms", "SQL", "TMF663", "rest", "in all"), split),
            table(("database", f"updates a second, {CARTS} carts at once (at least 80)"), many),
        )
    )


def main() -> None:
    section = asyncio.run(run())
    print(section)
    replace_section(ROOT / "docs" / "performance.md", "cart", section)


if __name__ == "__main__":
    main()
