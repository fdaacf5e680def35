"""What /metrics shows, from outside: something is asked, and a figure has moved by as much as it should."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bff.dev import SANDBOX_TMF663
from kernel.clock import FixedClock
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.carts.shopper import Shopper
from tests.client import Client
from tests.conftest import MakeGateway
from tests.events.test_listener import TOKEN, event, post
from tests.figures import Figures

NAMES = "{ productOfferings(first: 3) { nodes { name } } }"
PRICES = "{ productOfferings(first: 3) { nodes { name prices { kind } } } }"
REQUESTS, DOCUMENTS, CALLS = "bff_request_seconds_count", "bff_documents_total", "bff_upstream_call_seconds_count"
LOOKUPS, READS, OPEN = "bff_cache_lookups_total", "bff_cache_reads_total", "bff_upstream_circuit_open"
INTERPRETED, COMPILED = "bff_operations_interpreted_total", "bff_operations_compiled_total"
OFFERINGS, PAGES = "tmf620.productOffering", "tmf620.productOffering.pages"


@pytest.fixture
def counting(gateway: MakeGateway) -> Any:
    """Makes gateways that show their figures; without whole answers, so that each question is asked of all beneath."""

    def make(**given: Any) -> AbstractAsyncContextManager[Client]:
        return gateway(**{"metrics_enabled": True, "tmf620_attempts": 1, "answers_memory_mb": 0, **given})

    return make


async def moved(client: Client, document: str, name: str, **variables: Any) -> dict[tuple[str, ...], float]:
    """What asking once has moved."""
    before = await Figures.of(client)
    await client.query(document, **variables)
    return (await Figures.of(client)).since(before, name)


# ---------------------------------------------------------------- who sees it


async def test_there_are_no_figures_unless_they_are_switched_on(gateway: MakeGateway) -> None:
    async with gateway() as client:
        assert (await client.http.get("/metrics")).status_code == 404


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer wrong", "the-token", "Basic dGhlLXRva2Vu"])
async def test_without_the_token_nothing_is_shown(counting: Any, given: str) -> None:
    async with counting(metrics_token="the-token") as client:
        answer = await client.http.get("/metrics", headers={"authorization": given} if given else {})
    assert (answer.status_code, answer.content) == (401, b"")


async def test_with_the_token_figures_are_shown(counting: Any) -> None:
    async with counting(metrics_token="the-token") as client:
        answer = await client.http.get("/metrics", headers={"authorization": "Bearer the-token"})
    assert answer.status_code == 200
    assert "bff_request_seconds" in answer.text


async def test_they_come_as_prometheus_wants_them(counting: Any) -> None:
    async with counting() as client:
        assert (await client.http.get("/metrics")).headers["content-type"].startswith("text/plain; version=")


async def test_no_word_of_a_client_is_in_them(counting: Any) -> None:
    async with counting() as client:
        await client.query("query Zebra($quagga: Int) { productOfferings(first: $quagga) { okapi: nodes { name } } }")
        await client.query("query Zebra { okapi }")
        await client.query("query Zebra { __typename okapi: __schema { queryType { name } } }")
        text = (await client.http.get("/metrics")).text.lower()
    assert [word for word in ("zebra", "quagga", "okapi") if word in text] == []


# ---------------------------------------------------------------- requests


async def test_a_query_is_counted_once(counting: Any) -> None:
    async with counting() as client:
        assert await moved(client, NAMES, REQUESTS) == {("query", "whole"): 1}


async def test_a_query_takes_its_time_once(counting: Any) -> None:
    async with counting() as client:
        (seconds,) = (await moved(client, NAMES, "bff_request_seconds_sum")).values()
    assert 0 < seconds < 60


async def test_what_is_no_graphql_is_refused_and_no_operation(counting: Any) -> None:
    async with counting() as client:
        assert await moved(client, "{", REQUESTS) == {("none", "refused"): 1}


async def test_what_is_no_request_is_refused_and_no_operation(counting: Any) -> None:
    async with counting() as client:
        before = await Figures.of(client)
        await client.http.post("/graphql", content=b"?", headers={"content-type": "text/plain"})
        assert (await Figures.of(client)).since(before, REQUESTS) == {("none", "refused"): 1}


async def test_variables_that_do_not_fit_are_a_refused_query(counting: Any) -> None:
    async with counting() as client:
        document = "query($first: Int!) { productOfferings(first: $first) { nodes { name } } }"
        assert await moved(client, document, REQUESTS, first=None) == {("query", "refused"): 1}


async def test_an_answer_with_errors_is_partial(counting: Any, sandbox: SandboxControl) -> None:
    async with counting() as client:
        sandbox.fault("status", api="TMF620", resource="productOfferingPrice", status=503)
        assert await moved(client, PRICES, REQUESTS) == {("query", "partial"): 1}


async def test_a_mutation_is_counted_once(counting: Any, sandbox_process: SandboxProcess, tmp_path: Path) -> None:
    carts = {
        "tmf663_url": sandbox_process.base_url + SANDBOX_TMF663["v4"],
        "keys": "a-signing-key-for-tests-of-forty-letters",
        "database_url": f"sqlite:///{tmp_path}/bff.db",
        "cart_sweep": 3600,
    }
    async with counting(**carts) as client:
        before = await Figures.of(client)
        await Shopper(client).create()
        assert (await Figures.of(client)).since(before, REQUESTS) == {("mutation", "whole"): 1}


# ---------------------------------------------------------------- documents and plans


async def test_a_document_is_unknown_the_first_time(counting: Any) -> None:
    async with counting(compiled_after=3) as client:
        assert await moved(client, NAMES, DOCUMENTS) == {("unknown",): 1}


async def test_a_document_is_new_until_it_is_used_often(counting: Any) -> None:
    async with counting(compiled_after=3) as client:
        await client.data(NAMES)
        assert await moved(client, NAMES, DOCUMENTS) == {("new",): 1}


async def test_a_document_that_is_used_often_is_kept(counting: Any) -> None:
    async with counting(compiled_after=3) as client:
        await client.data(NAMES)
        await client.data(NAMES)
        assert await moved(client, NAMES, DOCUMENTS) == {("kept",): 1}


async def test_a_document_that_does_not_fit_is_refused(counting: Any) -> None:
    async with counting() as client:
        assert await moved(client, "{ nothing }", DOCUMENTS) == {("unknown",): 1, ("refused",): 1}


async def test_documents_in_memory_are_counted(counting: Any) -> None:
    async with counting() as client:
        assert await moved(client, NAMES, "bff_documents_remembered") == {(): 1}


async def test_a_plan_is_made_once(counting: Any) -> None:
    async with counting() as client:
        assert await moved(client, NAMES, "bff_operation_plans_total") == {(): 1}
        assert await moved(client, NAMES, "bff_operation_plans_total") == {}


async def test_a_compiled_operation_is_counted(counting: Any) -> None:
    async with counting() as client:
        await client.data(NAMES)
        assert await moved(client, NAMES, COMPILED) == {(): 1}


async def test_a_compiled_operation_in_which_something_fails_is_counted(counting: Any, sandbox: SandboxControl) -> None:
    async with counting() as client:
        sandbox.fault("status", api="TMF620", resource="productOfferingPrice", status=503)
        assert await moved(client, PRICES, "bff_operations_exact_total") == {(): 1}


@pytest.mark.parametrize(
    ("document", "given", "reason"),
    [(NAMES, {"compiled_after": 2}, "seldom"), (NAMES, {"compile": False}, "off"),
     ("{ __schema { queryType { name } } }", {}, "introspection")],
)  # fmt: skip
async def test_what_is_not_compiled_says_why(counting: Any, document: str, given: dict[str, Any], reason: str) -> None:
    async with counting(**given) as client:
        assert await moved(client, document, INTERPRETED) == {(reason,): 1}


# ---------------------------------------------------------------- upstream calls


async def test_a_call_is_counted_by_what_was_asked_and_what_came(counting: Any) -> None:
    async with counting() as client:
        assert await moved(client, NAMES, CALLS) == {(OFFERINGS, "GET", "2xx"): 1}


@pytest.mark.parametrize(
    ("fault", "options", "outcome"),
    [("status", {"status": 503}, "5xx"), ("status", {"status": 403}, "4xx"), ("reset", {}, "broken off"),
     ("hang", {}, "timeout")],
)  # fmt: skip
@pytest.mark.usefixtures("hurry")
async def test_a_call_that_fails_is_counted_by_how(
    counting: Any, sandbox: SandboxControl, fault: str, options: dict[str, Any], outcome: str
) -> None:
    async with counting() as client:
        sandbox.fault(fault, api="TMF620", **options)
        assert await moved(client, NAMES, CALLS) == {(OFFERINGS, "GET", outcome): 1}


async def test_a_call_that_reaches_nobody_is_counted(counting: Any) -> None:
    async with counting(tmf620_url="http://127.0.0.1:1") as client:
        assert await moved(client, NAMES, CALLS) == {(OFFERINGS, "GET", "unreached"): 1}


async def test_each_try_is_a_call(counting: Any, sandbox: SandboxControl) -> None:
    async with counting(tmf620_attempts=2) as client:
        sandbox.fault("status", api="TMF620", status=503, times=1)
        assert await moved(client, NAMES, CALLS) == {(OFFERINGS, "GET", "5xx"): 1, (OFFERINGS, "GET", "2xx"): 1}


async def test_a_circuit_is_shown_open(counting: Any, sandbox: SandboxControl) -> None:
    async with broken(counting, sandbox) as (client, _):
        assert (await Figures.of(client)).value(OPEN, collection=OFFERINGS) == 1


async def test_a_circuit_is_shown_closed_again(counting: Any, sandbox: SandboxControl) -> None:
    async with broken(counting, sandbox) as (client, clock):
        sandbox.clear_faults()
        clock.advance(10)
        await client.data(NAMES)
        assert (await Figures.of(client)).value(OPEN, collection=OFFERINGS) == 0


@asynccontextmanager
async def broken(counting: Any, sandbox: SandboxControl) -> AsyncIterator[tuple[Client, FixedClock]]:
    """A gateway whose circuit for offerings is open, for five seconds of its clock."""
    clock = FixedClock()
    async with counting(tmf620_breaker_threshold=1, clock=clock) as client:
        sandbox.fault("status", api="TMF620", resource="productOffering", status=503)
        await client.query(NAMES)
        yield client, clock


# ---------------------------------------------------------------- caches


async def test_what_is_read_the_first_time_comes_from_the_upstream(counting: Any) -> None:
    async with counting() as client:
        assert await moved(client, NAMES, READS) == {(PAGES, "upstream"): 1}


async def test_what_is_read_again_is_fresh_in_this_process(counting: Any) -> None:
    async with counting() as client:
        await client.data(NAMES)
        assert await moved(client, NAMES, LOOKUPS) == {("fresh", PAGES): 1, ("fresh", OFFERINGS): 4}


async def test_what_is_read_again_is_read_nowhere_else(counting: Any) -> None:
    async with counting() as client:
        await client.data(NAMES)
        assert await moved(client, NAMES, READS) == {}


async def test_what_another_process_has_read_comes_from_redis(counting: Any, redis_url: str) -> None:
    async with counting(redis_url=redis_url) as one:
        await one.data(NAMES)
    async with counting(redis_url=redis_url) as other:
        assert ((PAGES, "redis"), 1) in (await moved(other, NAMES, READS)).items()


async def test_what_cannot_be_read_has_failed(counting: Any, sandbox: SandboxControl) -> None:
    async with counting() as client:
        sandbox.fault("status", api="TMF620", resource="productOffering", status=503)
        assert await moved(client, NAMES, READS) == {(PAGES, "failed"): 1}


# ---------------------------------------------------------------- events


async def test_an_event_is_counted_by_what_it_is_about(counting: Any) -> None:
    async with counting(events_token=TOKEN, events_compare=0) as client:
        before = await Figures.of(client)
        await post(client, event())
        assert (await Figures.of(client)).since(before, "bff_events_total") == {("productOffering", "taken"): 1}


async def test_an_event_that_comes_twice_is_left_alone_once(counting: Any) -> None:
    async with counting(events_token=TOKEN, events_compare=0) as client:
        await post(client, event())
        before = await Figures.of(client)
        await post(client, event())
        assert (await Figures.of(client)).since(before, "bff_events_total") == {("productOffering", "left alone"): 1}


# ---------------------------------------------------------------- whole answers


async def test_whole_answers_tell_what_became_of_questions(counting: Any) -> None:
    async with counting(answers_memory_mb=1) as client:
        made = await moved(client, NAMES, "bff_answers_total")
        found = await moved(client, NAMES, "bff_answers_total")
    assert (made, found) == ({("misses",): 1}, {("hits",): 1})


async def test_a_kept_answer_is_a_request_like_any_other(counting: Any) -> None:
    async with counting(answers_memory_mb=1) as client:
        await client.data(NAMES)
        assert await moved(client, NAMES, REQUESTS) == {("query", "whole"): 1}
