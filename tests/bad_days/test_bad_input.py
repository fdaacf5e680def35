"""Hostile and broken requests: one error each, with the right status and code, no upstream call, and little work."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from graphql import get_introspection_query

from bff.edge import documents, http
from sandbox.control import SandboxControl
from tests.client import JSON, Client
from tests.conftest import MakeGateway
from tests.upstream import counts

NAMES = "{ productOfferings(first: 1) { nodes { name } } }"
SENT = {"content-type": "application/json", "accept": JSON}


@pytest.fixture
async def client(gateway: MakeGateway, sandbox: SandboxControl) -> AsyncIterator[Client]:
    """A gateway that in the end must not have asked anything upstream, and still answers."""
    async with gateway() as client:
        yield client
        assert counts(sandbox) == {}
        assert (await client.data("{ __typename }")) == {"__typename": "Query"}


@pytest.fixture
def unparsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading JSON or GraphQL in this test is a failure."""

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("this should not have been parsed")

    monkeypatch.setattr(http, "_decode", never)
    monkeypatch.setattr(documents, "Parser", never)


@pytest.fixture
def unvalidated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Validating or executing a document in this test is a failure."""
    refused = {"__typename"}

    def never(_schema: Any, document: Any, *rest: Any, **more: Any) -> Any:
        (operation,) = document.definitions
        assert {each.name.value for each in operation.selection_set.selections} == refused
        return real(_schema, document, *rest, **more)

    real = documents.validate
    monkeypatch.setattr(documents, "validate", never)


async def refused(client: Client, status: int, code: str, **request: Any) -> str:
    """The message of the one error with which a request is refused."""
    headers = {**SENT, **request.pop("headers", {})}
    reply = await client.http.request(request.pop("method", "POST"), "/graphql", headers=headers, **request)
    body = reply.json()
    assert (reply.status_code, list(body), len(body["errors"])) == (status, ["errors"], 1)
    assert body["errors"][0]["extensions"]["code"] == code
    message: str = body["errors"][0]["message"]
    return message


def operation(document: str, **more: Any) -> bytes:
    return json.dumps({"query": document, **more}).encode()


# ---------------------------------------------------------------- bodies


@pytest.mark.usefixtures("unparsed")
async def test_a_large_body_is_not_parsed(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """Over 100 KB, said or not, is 413; when it is said, not a byte is read, and otherwise no more than the limit."""
    read = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(300):
            read += 10_000
            yield b" " * 10_000

    async with gateway() as client:
        await refused(client, 413, "LIMIT_EXCEEDED", content=b" " * 100_001)
        await refused(client, 413, "LIMIT_EXCEEDED", content=pieces(), headers={"content-length": "3000000"})
        said = read
        await refused(client, 413, "LIMIT_EXCEEDED", content=pieces())
    assert counts(sandbox) == {}
    assert said <= 3_000_000  # httpx hands over the whole body; the app below is asked without it
    assert read - said >= 100_001


async def test_of_a_large_body_no_more_than_the_limit_is_received(client: Client) -> None:
    """The application stops receiving: after 100,000 bytes of chunks, or at once when a length is declared."""
    app = client.http._transport.app  # type: ignore[attr-defined]
    for declared, most in ((None, 11), (b"3000000", 0), (b"\xb2", 11), (b"-5", 11)):
        received, sent = [0], []

        async def receive(received: list[int] = received) -> dict[str, Any]:
            received[0] += 1
            return {"type": "http.request", "body": b" " * 10_000, "more_body": True}

        async def send(message: Any, sent: list[Any] = sent) -> None:
            sent.append(message)

        length = [] if declared is None else [(b"content-length", declared)]
        headers = [(b"content-type", b"application/json"), *length]
        await app(scope(headers), receive, send)
        assert (sent[0]["status"], received[0]) == (413, most)


def scope(headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": b"",
        "headers": headers,
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
    }


async def test_a_client_that_hangs_up_is_no_error(client: Client, capsys: Any) -> None:
    """A connection that ends in the middle of a body gets no answer and makes no fuss."""
    app = client.http._transport.app  # type: ignore[attr-defined]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope([(b"content-type", b"application/json")]), receive, send)
    assert sent == []


async def test_exactly_the_limit_is_read(client: Client) -> None:
    """100,000 bytes are fine."""
    content = operation("{ __typename }").ljust(100_000)
    reply = await client.http.post("/graphql", content=content, headers=SENT)
    assert (reply.status_code, reply.json()) == (200, {"data": {"__typename": "Query"}})


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="half"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"[" + operation("{ __typename }") + b"]", id="batch"),
        pytest.param(b"[" * 50_000 + b"]" * 50_000, id="nested lists"),
        pytest.param(b'{"query":' + b"[" * 40_000 + b"]" * 40_000 + b"}", id="nested query"),
        pytest.param(b'{"query":"{a}","variables":' + b'{"a":' * 15_000 + b"1" + b"}" * 15_001, id="nested variables"),
        pytest.param(b'{"query":"{a}","x":' + b"[" * 40_000 + b"]" * 40_000 + b"}", id="nested unknown"),
        pytest.param(b'{"query":"\xff\xfe"}', id="not UTF-8"),
        pytest.param(b'\xff\xfe{\x00"\x00', id="UTF-16"),
        pytest.param(b'{"query":"\\ud800"}', id="half a surrogate pair"),
        pytest.param(b"query={__typename}", id="form"),
        pytest.param(b'{"query":5}', id="number for query"),
        pytest.param(b'{"query":null}', id="null for query"),
        pytest.param(b"{}", id="no query"),
        pytest.param(b'{"query":"{a}","variables":[1]}', id="list of variables"),
        pytest.param(b'{"query":"{a}","operationName":1}', id="number for operationName"),
        pytest.param(b'{"query":"{a}","extensions":"x"}', id="text for extensions"),
        pytest.param(b'{"query":"{a}","variables":{"a":1e999999}}', id="number out of range"),
        pytest.param(b"NaN", id="NaN"),
    ],
)
async def test_what_is_no_request(client: Client, content: bytes) -> None:
    """A body that is no GraphQL request in JSON is 400, and tells nothing but that."""
    message = await refused(client, 400, "BAD_REQUEST", content=content)
    assert len(message) < 150


async def test_json_nested_100_000_deep(gateway: MakeGateway) -> None:
    """So it is in a process that takes such bodies at all."""
    async with gateway(limit_body_bytes=2_000_000) as client:
        for opening, closing in ((b"[", b"]"), (b'{"query":', b"}")):
            await refused(client, 400, "BAD_REQUEST", content=opening * 100_000 + b"1" + closing * 100_000)
        assert (await client.data("{ __typename }")) == {"__typename": "Query"}


@pytest.mark.usefixtures("unparsed")
@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/graphql", "",
     "application/json; charset=latin-1", "application/json-patch+json"],
)  # fmt: skip
async def test_other_content_types(gateway: MakeGateway, content_type: str) -> None:
    """Only JSON in UTF-8 is read, so that a form on another site cannot send an operation."""
    async with gateway() as client:
        reply = await client.http.post(
            "/graphql", content=operation("{ __typename }"), headers={"content-type": content_type}
        )
    assert (reply.status_code, reply.json()["errors"][0]["extensions"]["code"]) == (415, "BAD_REQUEST")


# ---------------------------------------------------------------- by URL


def by_get(**parameters: str) -> dict[str, Any]:
    return {"method": "GET", "params": parameters}


async def test_get_reads_and_nothing_else(client: Client) -> None:
    """No mutation and no subscription runs by GET; a query with nonsense for variables is 400."""
    for document in ("mutation { a }", "subscription { a }", "mutation M { a } query Q { __typename }"):
        name = {"operationName": "M"} if " M " in document else {}
        await refused(client, 400, "GRAPHQL_VALIDATION_FAILED", **by_get(query=document, **name))
    for variables in ("x", "[]", "null", '"a"', "{", '{"a":' * 1000):
        await refused(client, 400, "BAD_REQUEST", **by_get(query="{ __typename }", variables=variables))
    await refused(client, 400, "BAD_REQUEST", **by_get(query="{ __typename }", extensions="[]"))
    await refused(client, 400, "BAD_REQUEST", **by_get(variables="{}"))
    await refused(client, 414, "LIMIT_EXCEEDED", **by_get(query="{ __typename }" + " " * 16_000))
    reply = await client.http.get("/graphql?query=%ff%fe", headers={"accept": JSON})
    assert reply.status_code == 400
    reply = await client.http.get("/graphql?" + "&".join(f"a{n}=1" for n in range(30)), headers={"accept": JSON})
    assert reply.status_code == 400
    reply = await client.http.get("/graphql", params={"query": "{__typename}", "variables": "", "operationName": ""})
    assert reply.json() == {"data": {"__typename": "Query"}}


async def test_other_methods(client: Client) -> None:
    """GET, HEAD and POST; anything else is 405 and says so."""
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        reply = await client.http.request(method, "/graphql", headers={"accept": JSON})
        assert (reply.status_code, reply.headers["allow"]) == (405, "GET, POST")
    reply = await client.http.head("/graphql", params={"query": "{__typename}"}, headers={"accept": JSON})
    assert reply.status_code == 200


async def test_what_a_client_takes(client: Client) -> None:
    """The answer's media type is the first that the client names and we have; with none of ours, 406."""
    answered = {}
    for accept in (
        "application/json",
        "application/graphql-response+json",
        "text/html, application/json;q=0.9",
        "*/*",
        "application/*",
        "",
    ):
        reply = await client.http.post("/graphql", content=operation("{ nope }"), headers={**SENT, "accept": accept})
        answered[accept] = (reply.status_code, reply.headers["content-type"])
    older = (200, "application/json; charset=utf-8")
    assert answered == {
        "application/json": older,
        "application/graphql-response+json": (400, "application/graphql-response+json; charset=utf-8"),
        "text/html, application/json;q=0.9": older,
        "*/*": older,
        "application/*": older,
        "": older,
    }
    await refused(client, 406, "BAD_REQUEST", content=operation("{ __typename }"), headers={"accept": "image/png"})


# ---------------------------------------------------------------- operations


async def test_operations_that_cannot_run(client: Client) -> None:
    """Broken documents, unknown fields and names, wrong variables: 400 and one error, however many faults."""
    several = "query A { __typename } query B { __typename }"
    search = "query($f: ProductOfferingFilter!) { productOfferings(filter: $f) { totalCount } }"
    refusals: list[tuple[str, dict[str, Any], str]] = [
        ("", {}, "BAD_REQUEST"),
        ("{", {}, "BAD_REQUEST"),
        ("\x00", {}, "BAD_REQUEST"),
        ("{ a b c d }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ productOfferings { nodes } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ productOfferings(first: 1.5) { totalCount } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ('{ productOfferings(sort: "NAME") { totalCount } }', {}, "GRAPHQL_VALIDATION_FAILED"),
        ("type Query { a: Int }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("fragment F on Query { __typename }", {}, "GRAPHQL_VALIDATION_FAILED"),
        (several, {}, "BAD_REQUEST"),
        (several, {"operationName": "C"}, "BAD_REQUEST"),
        ("mutation { a }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { a }", {}, "GRAPHQL_VALIDATION_FAILED"),
        (search, {}, "BAD_REQUEST"),
        (search, {"variables": {"f": None}}, "BAD_REQUEST"),
        (search, {"variables": {"f": {"segment": "B2X", "sellable": "yes", "more": 1}}}, "BAD_REQUEST"),
        (search, {"variables": {"f": [1, 2]}}, "BAD_REQUEST"),
        ("query($n: Int) { productOfferings(first: $n) { totalCount } }", {"variables": {"n": 2**31}}, "BAD_REQUEST"),
        ("query($n: Int) { productOfferings(first: $n) { totalCount } }", {"variables": {"n": "1"}}, "BAD_REQUEST"),
        ("query($n: [ID!]!) { nodes(ids: $n) { id } }", {"variables": {"n": [None]}}, "BAD_REQUEST"),
    ]
    for document, more, code in refusals:
        await refused(client, 400, code, content=operation(document, **more))


async def test_a_null_where_a_default_was_is_the_clients_fault(client: Client) -> None:
    """A null for a variable with a default passes validation and is found only when the field runs: no INTERNAL."""
    answer = await client.query('query($id: ID = "x") { node(id: $id) { id } }', id=None)
    assert (answer.data, answer.codes, answer.paths) == ({"node": None}, ["BAD_REQUEST"], [["node"]])
    flag = 'query($yes: Boolean = true) { node(id: "x") @include(if: $yes) { id } }'
    answer = await client.query(flag, yes=None)
    assert answer.codes == ["BAD_REQUEST"]


def doubling(levels: int, inner: str) -> str:
    spread = "".join(f" fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels))
    return "{ ...F0 }" + spread + inner


DEEP = "{ productOfferings { nodes " + "{ relatedOfferings " * 98 + "{ id }" + " }" * 100
HOSTILE = [
    pytest.param("{ " + " ".join(f"a{n}: __typename" for n in range(5_000)) + " }", id="5,000 aliases"),
    pytest.param("{ " + " ".join(f"a{n}: __typename" for n in range(61)) + " }", id="61 aliases"),
    pytest.param("{ " + "__typename " * 1_000 + "}", id="1,000 duplicated fields"),
    pytest.param(
        "{ productOfferings { nodes { " + "prices { net { amount } } " * 200 + "} } }", id="200 nested doubles"
    ),
    pytest.param(doubling(13, " fragment F13 on Query { __typename }"), id="fragments doubling 13 levels"),
    pytest.param(doubling(13, ""), id="unknown fragments doubling 13 levels"),
    pytest.param(doubling(200, " fragment F200 on Query { __typename }"), id="fragments doubling 200 levels"),
    pytest.param("{ __typename " + "@include(if: true) " * 500 + "}", id="500 directives"),
    pytest.param("{ __typename " + "@a" * 2_000 + " }", id="2,000 directives"),
    pytest.param("query(" + "".join(f"$a{n}: Int @a @b " for n in range(60)) + ") { __typename }", id="on variables"),
    pytest.param("{ ...F } fragment F on Query " + "@a " * 101 + "{ __typename }", id="directives on a fragment"),
    pytest.param(
        "{ ...F0 }" + "".join(f" fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(420)), id="420 in a row"
    ),
    pytest.param(DEEP, id="depth 100"),
    pytest.param("{ a " * 21 + "}" * 21, id="depth 21"),
    pytest.param("{ a " * 1_300 + "}" * 1_300, id="depth 1,300"),
    pytest.param("{ ... " * 600 + "{ __typename }" + " }" * 600, id="600 inline fragments"),
    pytest.param("{ a(b: " + "[" * 1_900 + "]" * 1_900 + ") }", id="1,900 lists"),
    pytest.param("# " + "x" * 20_000 + "\n{ " + "a " * 4_000 + "}", id="4,000 tokens"),
    pytest.param(
        "".join(f"query Q{n} {{ ...F }} " for n in range(200)) + "fragment F on Query { " + "a " * 90 + "}",
        id="200 operations",
    ),
    pytest.param(
        "{ ...A } "
        + "".join(f"fragment {c} on Query {{ ...{d} }} " for c, d in zip("ABCDEFGHIJ", "BCDEFGHIJK", strict=True))
        + "fragment K on Query { "
        + "a " * 990
        + "}",
        id="chain",
    ),
]


@pytest.mark.usefixtures("unvalidated")
@pytest.mark.parametrize("document", HOSTILE)
async def test_too_much(gateway: MakeGateway, sandbox: SandboxControl, document: str) -> None:
    """Rejected for what it asks, before it is validated, with one error; not only because it is long."""
    async with gateway() as client, gateway(limit_tokens=20_000) as patient:
        await refused(client, 400, "LIMIT_EXCEEDED", content=operation(document))
        await refused(patient, 400, "LIMIT_EXCEEDED", content=operation(document))
    assert counts(sandbox) == {}


FRAGMENTS = [
    pytest.param("{ ...A } fragment A on Query { ...A }", id="in itself"),
    pytest.param("{ ...A } fragment A on Query { ...B } fragment B on Query { __typename ...A }", id="in a circle"),
    pytest.param("{ __typename } fragment A on Query { __typename }", id="unused"),
    pytest.param("{ __typename } fragment A on Query { ...A }", id="unused in itself"),
    pytest.param("{ ...A } fragment A on Query { a } fragment A on Query { __typename }", id="twice"),
]


@pytest.mark.usefixtures("unvalidated")
@pytest.mark.parametrize("document", FRAGMENTS)
async def test_fragments_that_could_hide_work(client: Client, document: str) -> None:
    """Fragments that cannot be measured are refused, also before validation."""
    await refused(client, 400, "GRAPHQL_VALIDATION_FAILED", content=operation(document))


@pytest.mark.usefixtures("unvalidated")
async def test_a_cyclic_fragment_cannot_hide_a_costly_one(client: Client) -> None:
    """A document with one fault for validation is not let through to the rules that take long."""
    costly = "fragment U on ProductOffering { " + "prices { net { amount } } " * 200 + "} "
    for other in ("fragment C on Query { ...C }", "fragment U on ProductOffering { id }"):
        document = "{ productOfferings { nodes { ...U } } ...C } " + costly + other
        await refused(client, 400, "GRAPHQL_VALIDATION_FAILED", content=operation(document))


async def test_how_much_is_still_allowed(client: Client) -> None:
    """Just within each limit an operation runs."""
    for document in (
        "{ " + " ".join(f"a{n}: __typename" for n in range(60)) + " }",
        "{ " + "__typename " * 45 + "}",
        "{ __typename " + "@include(if: true) " * 1 + "}",
        "{ a: __schema { " + "queryType { fields { type { ofType " * 1 + "{ name }" + " } } } } }",
    ):
        assert "errors" not in (await client.query(document)).body


async def test_introspection_by_setting(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """On: the whole schema. Off: refused, and no suggestion of what fields there are."""
    async with gateway() as development, gateway(introspection=False, graphiql=False) as production:
        whole = await development.data(get_introspection_query())
        assert len(whole["__schema"]["types"]) > 20
        suggestion = await development.query("{ productOffering }")
        hint = await development.query("{ productOfferingz { a } }")
        for document in ("{ __schema { types { name } } }", '{ __type(name: "Query") { name } }'):
            await refused(production, 400, "GRAPHQL_VALIDATION_FAILED", content=operation(document))
        silent = await refused(production, 400, "GRAPHQL_VALIDATION_FAILED", content=operation("{ productOfferingz }"))
        assert (await production.data("{ __typename }")) == {"__typename": "Query"}
        page = await production.http.get("/graphql", headers={"accept": "text/html"})
        assert page.status_code == 406
        assert (await production.http.get("/graphql/static/main.js")).status_code == 404
        page = await development.http.get("/graphql", headers={"accept": "text/html"})
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert suggestion.codes == ["GRAPHQL_VALIDATION_FAILED"]
    assert "productOfferings" in hint.body["errors"][0]["message"]
    assert "productOfferings" not in silent
    assert counts(sandbox) == {}


async def test_errors_point_at_their_place(client: Client) -> None:
    """A validation error tells line and column."""
    answer = await client.query("{\n  nope\n}")
    assert answer.body == {
        "errors": [
            {
                "message": "Cannot query field 'nope' on type 'Query'. Did you mean 'node' or 'nodes'?",
                "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"},
                "locations": [{"line": 2, "column": 3}],
            }
        ]
    }


async def test_a_document_is_parsed_and_validated_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second request with the same text costs neither."""
    seen: Iterator[int] = iter(range(100))
    real = documents.validate
    monkeypatch.setattr(documents, "validate", lambda *a, **k: (next(seen), real(*a, **k))[1])
    for _ in range(3):
        await client.data("{ once: __typename }")
    assert next(seen) == 1


async def test_an_unexpected_failure_is_masked(gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of ours tells the client an id and nothing else; outside an operation it is a 500."""
    async with gateway() as client:
        monkeypatch.setattr("resolvers.catalog._page_length", broken_now)
        answer = await client.query(NAMES)
        assert (answer.data, answer.codes, answer.paths) == (
            {"productOfferings": None},
            ["INTERNAL"],
            [["productOfferings"]],
        )
        assert "secret" not in str(answer.body)
        assert len(answer.body["errors"][0]["extensions"]["errorId"]) == 32
        monkeypatch.setattr("bff.edge.http.document_of", broken_now)
        reply: httpx.Response = await client.http.post("/graphql", content=operation(NAMES), headers=SENT)
    assert (reply.status_code, reply.json()["errors"][0]["extensions"]["code"]) == (500, "INTERNAL")
    assert "secret" not in reply.text


def broken_now(*_: Any, **__: Any) -> Any:
    raise RuntimeError("secret host db.internal")
