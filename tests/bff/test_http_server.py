"""The server's short way: the same bytes as uvicorn's own, however the request comes in."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bff.edge.http import Reply
from bff.edge.http_server import AtOnceProtocol
from sandbox.process import SandboxProcess
from tests.client import JSON
from tests.processes import free_ports, serving

LARGE = b"x" * 300_000


class App:
    """Answers by the long way whatever it is asked; by the short one what is asked with `known` in its body or URL."""

    def __init__(self) -> None:
        self.ways: list[str] = []
        self.long = asyncio.Event()

    def at_once(self, scope: Any, body: bytes) -> Reply | None:
        if b"known" not in body + scope["query_string"] or scope["method"] == "HEAD":
            return None
        self.ways.append("short")
        return _reply(scope, body)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.ways.append("gone")
                return
            body, more = body + message["body"], message["more_body"]
        if b"slow" in body:
            await asyncio.sleep(0)
        self.ways.append("long")
        self.long.set()
        reply, query = _reply(scope, body), scope["query_string"]
        length = [] if not reply.body or b"unmeasured" in query else [(b"content-length", b"%d" % len(reply.body))]
        last = [(b"connection", b"close")] if b"goodbye" in query else []
        if b"bad-header" in query:
            last = [(b"x", b"1\r\nset-cookie: a=b")]
        at_once = getattr(send, "at_once", None)
        if b"as-a-whole" in query and at_once is not None:
            done = at_once(Reply(reply.status, [*reply.headers, *last], reply.body))
            self.ways[-1] = WHOLE if done else NOT_WHOLE
            if done:
                return
        await send({"type": "http.response.start", "status": reply.status, "headers": [*reply.headers, *length, *last]})
        if b"fails" in query:
            raise RuntimeError("in the middle")
        if b"in-pieces" in query:
            await send({"type": "http.response.body", "body": reply.body[:2], "more_body": True})
            await send({"type": "http.response.body", "body": reply.body[2:]})
        else:
            await send({"type": "http.response.body", "body": reply.body})


def _reply(scope: Any, body: bytes) -> Reply:
    if b"same" in scope["query_string"]:
        return Reply(304, [(b"etag", b'"1"')], b"")
    if b"large" in scope["query_string"]:
        return Reply(200, [(b"content-type", b"text/plain")], LARGE)
    return Reply(
        200, [(b"content-type", b"text/plain")], scope["method"].encode() + b" " + scope["query_string"] + body
    )


@asynccontextmanager
async def served(protocol: type[HttpToolsProtocol], app: Any) -> AsyncIterator[int]:
    port = free_ports(1)
    config = uvicorn.Config(app, port=port, http=protocol, lifespan="off", log_config=None, access_log=False, ws="none")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve())  # `serve` would take over the process's signals
    try:
        while not server.started:
            assert not running.done()
            await asyncio.sleep(0.01)
        yield port
    finally:
        server.should_exit = True
        await running


async def told(port: int, *pieces: bytes, ends: bool) -> bytes:
    """All that the server says to these pieces, each sent by itself; the date left out."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        if not ends:
            writer.write(b"GET /graphql?last HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        with suppress(ConnectionError):
            answer = await reader.read()
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    return re.sub(rb"date: [^\r]*\r\n", b"", answer)


def post(body: bytes, *headers: bytes, version: bytes = b"1.1") -> bytes:
    head = [b"POST /graphql HTTP/" + version, b"host: x", b"content-length: %d" % len(body), *headers]
    return b"\r\n".join((*head, b"", body))


def get(query: bytes, method: bytes = b"GET") -> bytes:
    return method + b" /graphql?" + query + b" HTTP/1.1\r\nhost: x\r\n\r\n"


KNOWN, UNKNOWN, SLOW = post(b"known"), post(b"other"), post(b"other, slow")
CHUNKED = b"POST /graphql HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nknown\r\n0\r\n\r\n"
WHOLE, NOT_WHOLE = "long, whole: True", "long, whole: False"
ONE_ZERO = b"GET /graphql?as-a-whole HTTP/1.0\r\nhost: x\r\n\r\n"
CASES: dict[str, tuple[tuple[bytes, ...], bool, list[str]]] = {
    "post": ((KNOWN,), False, ["short", "long"]),
    "get": ((get(b"known"),), False, ["short", "long"]),
    "nothing has changed": ((get(b"known&same"),), False, ["short", "long"]),
    "head": ((get(b"known", b"HEAD"),), False, ["long", "long"]),
    "not at hand": ((UNKNOWN,), False, ["long", "long"]),
    "large, several times": ((get(b"known&large") * 4,), False, []),
    "pipelined": ((KNOWN + KNOWN + KNOWN,), False, ["short", "short", "short", "long"]),
    "pipelined behind one that is not at hand": ((UNKNOWN + KNOWN + KNOWN,), False, ["long", "short", "short", "long"]),
    "pipelined behind one that takes longer": ((SLOW + KNOWN + KNOWN,), False, ["long"] * 4),
    "pipelined before one that takes longer": ((KNOWN + SLOW,), False, ["short", "long", "long"]),
    "one that takes longer": ((SLOW,), False, ["long", "long"]),
    "byte by byte": (tuple(KNOWN[at : at + 1] for at in range(len(KNOWN))), False, ["long", "long"]),
    "the body later": ((KNOWN[:-5], KNOWN[-5:]), False, ["long", "long"]),
    "in chunks": ((CHUNKED,), False, ["short", "long"]),
    "the last on its connection": ((post(b"known", b"connection: close"),), True, ["short"]),
    "HTTP/1.0": ((post(b"known", version=b"1.0"),), True, ["short"]),
    "asked whether to go on": ((post(b"known", b"expect: 100-continue"),), False, ["long", "long"]),
    "the long way, nothing has changed": ((get(b"same"),), False, ["long", "long"]),
    "the long way, large": ((get(b"large"),), False, ["long", "long"]),
    "the long way, in pieces": ((get(b"in-pieces"),), False, ["long", "long"]),
    "the long way, of unknown length": ((get(b"unmeasured"),), False, ["long", "long"]),
    "the long way, head": ((get(b"large", b"HEAD"),), False, ["long", "long"]),
    "the long way, and no more": ((get(b"goodbye"),), True, ["long"]),
    "the long way, HTTP/1.0": ((post(b"other", version=b"1.0"),), True, ["long"]),
    "the long way, as a whole": ((get(b"as-a-whole"),), False, [WHOLE, "long"]),
    "the long way, as a whole, HTTP/1.0": ((ONE_ZERO,), True, [WHOLE]),
    "the long way, as a whole, pipelined": ((get(b"as-a-whole") * 3,), False, [WHOLE] * 3 + ["long"]),
    "the long way, as a whole, and no more": ((get(b"as-a-whole&goodbye"),), True, [NOT_WHOLE]),
    "the long way, as a whole, large": ((get(b"as-a-whole&large"),), False, [WHOLE, "long"]),
    "the long way, as a whole, head": ((get(b"as-a-whole", b"HEAD"),), False, [NOT_WHOLE, "long"]),
    "the long way, as a whole, nothing has changed": ((get(b"as-a-whole&same"),), False, [NOT_WHOLE, "long"]),
    "a body that is no HTTP": ((CHUNKED.replace(b"\r\n5\r\n", b"\r\nz\r\n"),), True, []),
}


@pytest.mark.parametrize("name", CASES)
async def test_as_uvicorn_itself_would_say_it(name: str) -> None:
    pieces, ends, ways = CASES[name]
    answers, apps = [], []
    for protocol in (AtOnceProtocol, HttpToolsProtocol):
        apps.append(App())
        async with served(protocol, apps[-1]) as port:
            answers.append(await told(port, *pieces, ends=ends))
    ours, theirs = answers
    assert ours == theirs
    assert b"HTTP/1.1 " in ours
    if name not in _TIMED_BY_THE_NETWORK:
        assert apps[0].ways == ways


_TIMED_BY_THE_NETWORK = {"large, several times", "byte by byte", "the body later"}


async def test_what_is_no_http_takes_nothing_from_what_came_before_it() -> None:
    """The request is answered, then the rest is refused; uvicorn's own would have closed on both."""
    async with served(AtOnceProtocol, App()) as port:
        answer = await told(port, KNOWN + b"\0\0\0\r\n\r\n", ends=True)
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"400"]


async def test_an_answer_that_fails_in_the_middle_is_an_error() -> None:
    """Nothing of it had gone out yet; uvicorn's own would have sent its head."""
    async with served(AtOnceProtocol, App()) as port:
        answer = await told(port, get(b"fails"), ends=True)
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"500"]


async def test_a_header_that_is_two_is_not_sent() -> None:
    async with served(AtOnceProtocol, App()) as port:
        assert await told(port, get(b"bad-header"), ends=True) == b""
    app = App()
    async with served(AtOnceProtocol, app) as port:
        assert b"set-cookie" not in await told(port, get(b"as-a-whole&bad-header"), ends=True)
    assert app.ways == [NOT_WHOLE]


async def test_who_does_not_read_is_waited_for() -> None:
    """A reply of which nobody takes the bytes is not followed by others in memory: those wait for the socket."""
    app = App()
    async with served(AtOnceProtocol, app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1_000)
        writer.write(get(b"known&large") * 100)
        await app.long.wait()
        begun = len(app.ways)
        await asyncio.sleep(0.1)
        assert len(app.ways) == begun < 100
        for _ in range(100):
            await reader.readuntil(b"content-length: 300000\r\n\r\n")
            assert len(await reader.readexactly(len(LARGE))) == len(LARGE)
        writer.close()
        await writer.wait_closed()


async def test_the_real_server_answers_what_is_kept_the_short_way() -> None:
    """Over a real connection: the miss, then the hit with the same bytes, counted; but not for a body that only looks
    like the query of a GET that is known."""
    body = b'{"query":"{ productOfferings(first: 2) { nodes { id name } } }"}'
    asked = post(body, b"content-type: application/json", f"accept: {JSON}".encode())
    query = b"?query=%7BproductOfferings(first:1)%7Bnodes%7Bid%7D%7D%7D"
    got = b"GET /graphql" + query + b" HTTP/1.1\r\nhost: x\r\n\r\n"
    looks_like_it = post(query, b"content-type: application/json", f"accept: {JSON}".encode())
    with (
        SandboxProcess() as sandbox,
        serving(tmf620_url=sandbox.base_url + "/tmf-api/productCatalogManagement/v4", metrics_enabled=True) as (
            base,
            _,
        ),
    ):
        port = int(base.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        seen = []
        statuses = []
        for each in (asked, asked, asked, got, looks_like_it):
            writer.write(each)
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head)
            assert length is not None
            seen.append((re.findall(rb"cache-status: bff; ([^\r]*)", head), await reader.readexactly(int(length[1]))))
            statuses.append(int(head.split(maxsplit=2)[1]))
        writer.write(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        metrics = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert [how for how, _ in seen] == [[b"fwd=miss"], [b"hit"], [b"hit"], [b"fwd=miss"], []]
    assert statuses == [200, 200, 200, 200, 400]
    assert len({content for _, content in seen[:3]}) == 1
    assert b'bff_request_seconds_count{operation="query",outcome="whole"} 4.0' in metrics
    assert b'bff_answers_total{found="hits"} 2.0' in metrics
