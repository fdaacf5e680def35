"""The edge in its parts: GraphQL over HTTP with a schema that has mutations, errors, documents, languages."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from graphql import GraphQLError, build_schema, parse
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from structlog.testing import capture_logs

from bff.edge.audience import audience_of, best_language
from bff.edge.documents import Documents
from bff.edge.errors import execution_error, request_error, unexpected
from bff.edge.http import GraphQLEndpoint
from bff.edge.limits import check_limits
from bff.settings import LimitSettings
from engine import LateError
from kernel.context import Audience, Deadline, RequestContext
from kernel.errors import BadRequestError, GatewayError, StoreUnavailableError, UpstreamTimeoutError
from resolvers.context import Context
from tests.client import JSON

SCHEMA = build_schema("""
type Query { a: Int b(n: Int!): Query }
type Mutation { change: Int other: Int }
type Subscription { changes: Int }
""")
LIMITS = LimitSettings()


async def make_context(_: Request) -> Context:
    return Context(RequestContext(Audience("en", "web"), Deadline(0.0)), None, None)  # type: ignore[arg-type]


@pytest.fixture
def endpoint() -> httpx.AsyncClient:
    documents = Documents.of(SCHEMA, LIMITS, introspection=True)
    app = GraphQLEndpoint(documents, make_context, max_body=10_000)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x", headers={"accept": JSON})


@pytest.mark.parametrize(
    ("document", "method", "status", "code"),
    [
        ("mutation { change }", "POST", 200, None),
        ("mutation { change }", "GET", 405, "BAD_REQUEST"),
        ("subscription { changes }", "GET", 405, "BAD_REQUEST"),
        ("subscription { changes }", "POST", 400, "BAD_REQUEST"),
        ("mutation { change other }", "POST", 400, "LIMIT_EXCEEDED"),
        ("mutation { a: change b: change }", "POST", 400, "LIMIT_EXCEEDED"),
        ("mutation { ...F } fragment F on Mutation { change ... { other } }", "POST", 400, "LIMIT_EXCEEDED"),
        ("{ a }", "GET", 200, None),
        ("{ a }", "PUT", 405, "BAD_REQUEST"),
    ],
)
async def test_what_may_be_asked_how(
    endpoint: httpx.AsyncClient, document: str, method: str, status: int, code: str | None
) -> None:
    """Mutations only by POST and one at a time; subscriptions not over plain HTTP."""
    sent: dict[str, Any] = {"params": {"query": document}} if method == "GET" else {"json": {"query": document}}
    reply = await endpoint.request(method, "/", **sent)
    codes = [error["extensions"]["code"] for error in reply.json().get("errors", [])]
    assert (reply.status_code, codes) == (status, [code] if code else [])
    if status == 405:
        assert reply.headers["allow"] == ("POST" if method == "GET" else "GET, POST")


async def test_nothing_is_kept_by_browsers(endpoint: httpx.AsyncClient) -> None:
    """Answers are not stored, not sniffed, and vary by what shapes them."""
    reply = await endpoint.post("/", json={"query": "{ a }"})
    assert {
        name: reply.headers[name] for name in ("cache-control", "x-content-type-options", "vary", "content-type")
    } == {
        "cache-control": "private, no-store",
        "x-content-type-options": "nosniff",
        "vary": "Accept, Accept-Language, X-Channel",
        "content-type": f"{JSON}; charset=utf-8",
    }


# ---------------------------------------------------------------- errors


def located(cause: Exception | None, message: str = "m", path: list[str | int] | None = None) -> GraphQLError:
    return GraphQLError(message, path=path, original_error=cause)


def test_upstream_failures_are_told_by_code_and_logged_by_id() -> None:
    """The client gets a text of ours and an id; what the upstream said stands in the log under the same id."""
    cause = UpstreamTimeoutError("tmf620", detail="GET http://10.0.0.1/secret")
    with capture_logs() as logs:
        shown = execution_error(located(cause, path=["a", 0]))
    (logged,) = logs
    assert shown == {
        "message": "A system behind the shop did not answer in time.",
        "extensions": {"code": "UPSTREAM_TIMEOUT", "errorId": logged["error_id"]},
        "path": ["a", 0],
    }
    assert logged["detail"] == "tmf620: GET http://10.0.0.1/secret"


def test_a_field_that_took_longer_than_its_operation_may_is_told_like_an_upstream_that_did() -> None:
    with capture_logs() as logs:
        shown = execution_error(located(LateError(), path=["cart"]))
    (logged,) = logs
    assert (shown["extensions"]["code"], logged["event"], logged["log_level"]) == (
        "UPSTREAM_TIMEOUT",
        "field.failed",
        "warning",
    )


def test_a_database_that_fails_is_told_and_logged_like_an_upstream() -> None:
    with capture_logs() as logs:
        shown = execution_error(located(StoreUnavailableError(detail="OperationalError: database is locked")))
    (logged,) = logs
    assert shown == {
        "message": "The shop cannot keep this just now.",
        "extensions": {"code": "UPSTREAM_UNAVAILABLE", "errorId": logged["error_id"]},
    }
    assert logged["detail"] == "OperationalError: database is locked"


def test_our_own_refusals_are_no_news() -> None:
    """A client's mistake has a code and a text, no id, and nothing in the log."""
    with capture_logs() as logs:
        assert execution_error(located(BadRequestError("No."), path=["a"])) == {
            "message": "No.",
            "extensions": {"code": "BAD_REQUEST"},
            "path": ["a"],
        }
        assert request_error(BadRequestError("No.")) == {"message": "No.", "extensions": {"code": "BAD_REQUEST"}}
    assert logs == []


@pytest.mark.parametrize("wrap", [lambda e: e, lambda e: located(e, "outer")])
def test_whatever_else_is_masked(wrap: Callable[[Exception], Exception]) -> None:
    """An exception that nobody prepared for, however wrapped, and an error of GraphQL's about our own data."""
    for error in (
        located(wrap(KeyError("secret")), "secret", ["a"]),
        located(None, "Abstract type must resolve, secret", ["a"]),
    ):
        with capture_logs() as logs:
            shown = execution_error(error)
        assert "secret" not in str(shown)
        assert shown["extensions"] == {"code": "INTERNAL", "errorId": logs[0]["error_id"]}
    with capture_logs() as logs:
        shown = unexpected(RuntimeError("secret"))
    assert (shown["extensions"]["code"], logs[0]["path"], "secret" in str(shown)) == ("INTERNAL", None, False)


# ---------------------------------------------------------------- limits, one by one


@pytest.mark.parametrize(
    ("limits", "document", "fine"),
    [
        ({"depth": 3}, "{ b { b { a } } }", True),
        ({"depth": 3}, "{ b { b { b { a } } } }", False),
        ({"depth": 3}, "{ b { ... { ... on Query { b { a } } } } }", True),
        ({"depth": 3}, "{ b { ...F } } fragment F on Query { b { b { a } } }", False),
        ({"fields": 4}, "{ a b { a } c: a }", True),
        ({"fields": 4}, "{ a b { a } c: a d: a }", False),
        ({"fields": 4}, "{ ...F ...F } fragment F on Query { a }", True),
        ({"fields": 4}, "{ ...F ...F a } fragment F on Query { a }", False),
        ({"fields": 4}, "{ a a } query B { a a }", True),
        ({"fields": 4}, "{ a a } query B { a a a }", False),
        ({"fields": 1}, "{ ...Unknown }", True),
        ({"fields": 1}, "{ ...Unknown ...Unknown }", False),
        ({"aliases": 2}, "{ x: a y: b { z: a } }", False),
        ({"aliases": 2}, "{ x: a y: b { a } }", True),
        ({"aliases": 2}, "{ ...F ...F } fragment F on Query { x: a }", True),
        ({"aliases": 2}, "{ ...F ...F ...F } fragment F on Query { x: a }", False),
        ({"directives": 2}, "{ a @x ... @y { a } }", True),
        ({"directives": 2}, "{ a @x ... @y { a @z } }", False),
        ({"directives": 2}, "query($v: Int @x) @y { a }", True),
        ({"directives": 2}, "query($v: Int @x) @y { a @z }", False),
        ({"directives": 2}, "{ ...F @x } fragment F on Query @y { a }", True),
        ({"directives": 2}, "{ ...F @x } fragment F on Query @y { a @z }", False),
        ({"overlaps": 3}, "{ a a a }", True),
        ({"overlaps": 3}, "{ a a a a }", False),
        ({"overlaps": 3}, "{ a a a x: a x: a }", False),
        ({"overlaps": 3}, "{ b { a a } b { a } }", False),
        ({"overlaps": 4}, "{ b { a a } b { a } }", True),
        ({"overlaps": 3}, "{ b { a } ...F } fragment F on Query { b { a a } }", False),
        ({"overlaps": 0}, "{ a b { a } }", True),
    ],
)
def test_each_limit_to_the_last_one(limits: dict[str, int], document: str, fine: bool) -> None:
    """Exactly as many as allowed pass, one more does not; fragments count as if written out."""
    allowed = LimitSettings(**limits)
    if fine:
        check_limits(parse(document), allowed)
    else:
        with pytest.raises(GatewayError) as raised:
            check_limits(parse(document), allowed)
        assert raised.value.code == "LIMIT_EXCEEDED"


def in_a_row(length: int) -> str:
    spreads = (f" fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(length))
    return "{ ...F0 }" + "".join(spreads) + f" fragment F{length} on Query {{ a }}"


def test_too_many_fragments_in_a_row() -> None:
    """Neither measuring nor validating them overflows the stack, and none of them passes for that."""
    with pytest.raises(GatewayError, match="nested too deeply"):
        check_limits(parse(in_a_row(420)), LIMITS)
    documents = Documents.of(SCHEMA, LimitSettings(tokens=20_000), introspection=True)
    for length in (205, 420):
        with pytest.raises(GatewayError, match="nested too deeply"):
            documents.get(in_a_row(length))
    assert documents.get(in_a_row(150)).document.definitions


def test_documents_are_remembered_within_bounds() -> None:
    """A good document is parsed once; a refused one is not kept."""
    documents = Documents.of(SCHEMA, LIMITS, introspection=True)
    assert documents.get("{ a }") is documents.get("{ a }")
    with pytest.raises(GatewayError, match="Cannot query"):
        documents.get("{ nope }")
    assert len(documents.memory) == 1
    documents.get("{ a } # " + "x" * 500_000)
    assert len(documents.memory) == 1  # larger than all newcomers may be


# ---------------------------------------------------------------- who asks


@given(st.text(max_size=300), st.text(max_size=50))
def test_no_header_makes_an_audience_of_its_own(language: str, channel: str) -> None:
    """Whatever is sent, the audience is one of those that the settings name."""
    found = audience_of(language, channel, languages=("en", "de-AT"), channels=("web", "shop"))
    assert (found.language in ("en", "de-AT"), found.channel in ("web", "shop")) == (True, True)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("de-AT-1996", "de-AT"),
        ("de", "en"),
        ("fr-CA, *;q=0.1", "en"),
        ("en;q=0, *", "de-AT"),
        ("*;q=0", "en"),
        ("en;q=0,de-at;q=0,*", "en"),
        ("de-AT;q=0.5;x=1, en;q=0.4", "en"),
        ("de-AT;level=1", "de-AT"),
    ],
)
def test_languages_by_the_book(header: str, expected: str) -> None:
    """RFC 4647's lookup: ever shorter beginnings of what is wanted, never a longer one."""
    assert best_language(header, ("en", "de-AT")) == expected
