"""`scripts/bench compiled`: what compiling an operation saves, in one process without a network.

A page of 20 offerings, warm, as ASGI calls and as the bare execution; then what an operation costs when it is new.
"""

import asyncio
import gc
import logging
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from graphql import parse
from graphql.execution.values import VariableValues
from starlette.types import ASGIApp, Message

from benchmarks.catalog import PAGE, body
from benchmarks.tables import table
from bff.app import create_app
from bff.edge.documents import Documents
from bff.settings import LimitSettings
from bff.settings_reader import read_settings
from domain.carts.offers import Offers
from engine import Operations
from engine.compile.operation import plan_of
from kernel.context import Audience, Deadline, RequestContext
from resolvers.context import Context
from sandbox.process import SandboxProcess
from schema.root import build_schema

ROUNDS, WARM = 400, 50


async def _answer(app: ASGIApp, sent: bytes, state: dict[str, Any]) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] != 200:
            raise RuntimeError(str(message))

    headers = [(b"content-type", b"application/json"), (b"host", b"x")]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "raw_path": b"/graphql", "query_string": b""}
    await app({**scope, "headers": headers, "state": state, "scheme": "http", "server": ("x", 80)}, receive, send)


async def _timed(call: Callable[[], Awaitable[Any]], rounds: int = ROUNDS) -> tuple[str, str]:
    """Median wall and mean CPU time of a call, in microseconds."""
    for _ in range(WARM):
        await call()
    gc.collect()
    times, cpu = [], time.process_time()
    for _ in range(rounds):
        began = time.perf_counter()
        await call()
        times.append(time.perf_counter() - began)
    spent = (time.process_time() - cpu) / rounds
    return f"{statistics.median(times) * 1e6:,.0f}", f"{spent * 1e6:,.0f}"


async def run() -> str:
    """Everything, as tables."""
    rows: list[tuple[str, ...]] = []
    with SandboxProcess() as sandbox:
        url = f"{sandbox.base_url}/tmf-api/productCatalogManagement/v4"
        for compiled in (False, True):
            name = "compiled" if compiled else "graphql-core"
            given = {"BFF_TMF620_URL": url, "BFF_COMPILE": str(compiled), "BFF_ANSWERS_MEMORY_MB": "0"}
            settings = read_settings(given)
            app = create_app(settings)
            async with app.router.lifespan_context(app) as state:
                services = dict(state or {})
                sent = body(PAGE, first=20)
                rows.append((f"{name}, ASGI", *await _timed(lambda: _answer(app, sent, dict(services)))))  # noqa: B023
                rows.append((f"{name}, execution", *await _executed(services["services"].catalog, compiled=compiled)))
        app = create_app(read_settings({"BFF_TMF620_URL": url}))
        async with app.router.lifespan_context(app) as state:
            rows.append(
                ("whole answer, ASGI", *await _timed(lambda: _answer(app, sent, dict(state or {})), 10 * ROUNDS))
            )
    return "\n\n".join((table(("page of 20, warm", "p50 µs", "CPU µs"), rows), _first_time()))


async def _executed(catalog: Any, *, compiled: bool) -> tuple[str, str]:
    operation = Operations(build_schema()._schema, enabled=compiled).prepare(parse(PAGE), None)  # noqa: SLF001

    async def call() -> None:
        request = RequestContext(Audience("en", "web"), Deadline.after(10))
        context = Context(request, catalog, Offers(catalog, "en"))
        result = await operation.execute(context, {"first": 20})
        if result.errors:
            raise result.errors[0]

    return await _timed(call)


def _first_time() -> str:
    schema = build_schema()._schema  # noqa: SLF001
    parsing, compiling = [], []
    for number in range(60):
        text = PAGE.replace("Page", f"Page{number}")
        documents = Documents.of(schema, LimitSettings(), introspection=True)
        began = time.perf_counter()
        document = documents.get(text).document
        parsed = time.perf_counter()
        plan_of(schema, document, document.definitions[0], VariableValues({}, {}))  # type: ignore[arg-type]
        parsing.append(parsed - began)
        compiling.append(time.perf_counter() - parsed)
    rows = [
        (name, f"{statistics.median(each) * 1e6:,.0f}")
        for name, each in (("parse, measure, validate", parsing), ("compile", compiling))
    ]
    return table(("an operation never seen before", "µs"), rows)


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))  # as in production
    print(asyncio.run(run()))


if __name__ == "__main__":
    main()
