"""`scripts/bench compiled`: what compiling an operation saves, in one process without a network.

A page of 20 offerings, warm, as ASGI calls and as the bare execution; then what an operation costs when it is new.
"""

import asyncio
import gc
import logging
import statistics
import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

import structlog
from graphql import ExecutionResult, GraphQLSchema, execute, parse, validate
from graphql.execution.values import VariableValues
from starlette.types import ASGIApp, Message

from benchmarks.catalog import PAGE, body
from benchmarks.tables import replace_section, table
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
from tests.processes import ROOT

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
            first = await _first_time((state or {})["services"].catalog)
    return "\n\n".join((table(("page of 20, warm", "p50 µs", "CPU µs"), rows), first))


async def _executed(catalog: Any, *, compiled: bool) -> tuple[str, str]:
    operation = Operations(build_schema()._schema, enabled=compiled).prepare(parse(PAGE), None)  # noqa: SLF001

    async def call() -> None:
        result = await operation.execute(_context(catalog), {"first": 20})
        if result.errors:
            raise result.errors[0]

    return await _timed(call)


def _context(catalog: Any) -> Context:
    request = RequestContext(Audience("en", "web"), Deadline.after(10))
    return Context(request, catalog, Offers(catalog, "en"))


async def _first_time(catalog: Any) -> str:
    """What a document costs that nobody has sent before, turn by turn; each is another one."""
    schema, documents = build_schema()._schema, 0  # noqa: SLF001
    spent: dict[str, list[float]] = {name: [] for name in _WAYS}
    compiling: list[float] = []
    for _ in range(FIRST_TIMES):
        for name, answered in _WAYS.items():
            documents += 1
            text = PAGE.replace("Page", f"Page{documents}")
            began = time.process_time()
            result = await answered(schema, text, _context(catalog))
            spent[name].append(time.process_time() - began)
            if result.errors:
                raise result.errors[0]
        document = parse(text)
        began = time.process_time()
        plan_of(schema, document, document.definitions[0], VariableValues({}, {}))  # type: ignore[arg-type]
        compiling.append(time.process_time() - began)
    medians = {name: statistics.median(each) for name, each in spent.items()}
    least = medians[_CORE]
    rows = [(name, f"{each * 1e6:,.0f}", f"{each / least:.2f} ×") for name, each in medians.items()]
    rows.append(("of which compiling", f"{statistics.median(compiling) * 1e6:,.0f}", ""))
    return table(("page of 20, warm, an operation never seen before", "CPU µs", "against graphql-core"), rows)


async def _by_graphql_core(schema: GraphQLSchema, text: str, context: Context) -> ExecutionResult:
    document = parse(text)
    errors = validate(schema, document)
    if errors:
        raise errors[0]
    result = execute(schema, document, context_value=context, variable_values={"first": 20})
    return await result if isawaitable(result) else result


async def _seldom(schema: GraphQLSchema, text: str, context: Context) -> ExecutionResult:
    return await _ours(schema, text, context, worth_it=False)


async def _compiled_at_once(schema: GraphQLSchema, text: str, context: Context) -> ExecutionResult:
    return await _ours(schema, text, context, worth_it=True)


async def _ours(schema: GraphQLSchema, text: str, context: Context, *, worth_it: bool) -> ExecutionResult:
    known = Documents.of(schema, LimitSettings(), introspection=True).get(text)
    operation = known.operation(None)
    assert operation is not None
    return await operation.execute(context, {"first": 20}, worth_it=worth_it)


FIRST_TIMES = 60
_CORE = "graphql-core: parsed, validated, executed"
_WAYS: dict[str, Callable[[GraphQLSchema, str, Context], Awaitable[ExecutionResult]]] = {
    _CORE: _by_graphql_core,
    "the first time: parsed, measured, validated, executed by graphql-core": _seldom,
    "as if compiled the first time: parsed, measured, validated, compiled, executed": _compiled_at_once,
}


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))  # as in production
    text = asyncio.run(run())
    print(text)
    replace_section(ROOT / "docs" / "performance.md", "compiled", text)


if __name__ == "__main__":
    main()
