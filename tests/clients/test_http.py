"""HTTP itself, against real sockets that misbehave."""

import asyncio
import gzip
import re
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from clients.http import AiohttpSender, HttpxSender
from kernel.errors import GatewayError, UpstreamInvalidError, UpstreamTimeoutError, UpstreamUnavailableError

HTML = b"<html>teapot</html>"
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """A server on loopback that answers each request with `answer`; keeps the requests' heads and bodies."""

    url: str = ""
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Server]:
    server, running = Server(), set[asyncio.Task[None] | None]()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        running.add(asyncio.current_task())
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while not writer.is_closing():
                    server.heads.append(await reader.readuntil(b"\r\n\r\n"))
                    told = re.search(rb"(?i)\r\ncontent-length: (\d+)", server.heads[-1])
                    server.bodies.append(await reader.readexactly(int(told[1]) if told else 0))
                    await answer(writer)
                    await writer.drain()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/x"
    try:
        yield server
    finally:
        listening.close()
        for task in running:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in running if task is not None), return_exceptions=True)
        await listening.wait_closed()


MakeSender = Callable[..., AbstractAsyncContextManager[HttpxSender | AiohttpSender]]


@pytest.fixture(params=[HttpxSender, AiohttpSender])
def sending(request: pytest.FixtureRequest) -> MakeSender:
    """Makes senders of either kind: what holds for one holds for the other."""

    @asynccontextmanager
    async def make(
        *, max_connections: int = 4, max_bytes: int = 1_000_000
    ) -> AsyncIterator[HttpxSender | AiohttpSender]:
        sender = request.param("tmf620", max_connections=max_connections, max_bytes=max_bytes)
        try:
            yield sender
        finally:
            await sender.aclose()

    return make


def whole(body: bytes, *headers: str, status: str = "200 OK") -> Answer:
    head = "\r\n".join([f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]).encode()

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head + body)

    return answer


def raw(data: bytes) -> Answer:
    """Bytes as they are, and then the end."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        writer.close()

    return answer


async def reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def hang(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def hang_in_the_middle(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[1,")
    await hang(writer)


async def drip(writer: asyncio.StreamWriter) -> None:
    """A byte now and then, for ever: no silence is ever long."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.005)


async def test_a_whole_answer(sending: MakeSender) -> None:
    """Status, headers by lower-case name and body come back; method, headers and content are sent as given."""
    async with serving(whole(b"[]", "X-Total-Count: 7")) as server, sending() as sender:
        reply = await sender.send("GET", server.url, headers={"accept-language": "de"}, seconds=5)
    assert (reply.status, reply.body, reply.headers["x-total-count"]) == (200, b"[]", "7")
    [head] = server.heads
    assert head.startswith(b"GET /x HTTP/1.1\r\n")
    assert b"accept-language: de\r\n" in head


async def test_writes(sending: MakeSender) -> None:
    """Whatever the method: the body as it is with its length and its type, once, and the answer as it comes."""
    merge = "application/merge-patch+json"
    async with serving(whole(b"done", status="201 Created")) as server, sending() as sender:
        for method, content in (("POST", b"{}"), ("PATCH", b'{"a":null}'), ("DELETE", None)):
            headers = {"content-type": merge} if content is not None else {}
            reply = await sender.send(method, server.url, headers=headers, content=content, seconds=5)
            assert (reply.status, reply.body) == (201, b"done")
    assert [head.partition(b" /x HTTP/1.1\r\n")[0] for head in server.heads] == [b"POST", b"PATCH", b"DELETE"]
    assert [b"content-type: " + merge.encode() in head.lower() for head in server.heads] == [True, True, False]
    assert not any(b"transfer-encoding" in head.lower() for head in server.heads)
    assert server.bodies == [b"{}", b'{"a":null}', b""]


async def test_content() -> None:
    """A body is sent with its length, also where something stands in for the network."""

    def echo(request: httpx.Request) -> httpx.Response:
        assert (request.method, request.headers["content-length"]) == ("POST", "3")
        return httpx.Response(201, content=request.read())

    sender = HttpxSender("x", transport=httpx.MockTransport(echo))
    reply = await sender.send("POST", "http://up.test/", headers={}, content=b"a=b", seconds=5)
    assert (reply.status, reply.body) == (201, b"a=b")
    await sender.aclose()


@pytest.mark.parametrize(
    "answer",
    [
        reset,
        raw(b""),
        raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[1,2"),
        raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n[1,2"),
        raw(b"HTTP/1.1 200 OK\r\ncontent-le"),
        raw(b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n[]"),
        raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    ],
    ids=["reset", "closed", "half body", "half chunk", "half head", "bad length", "not HTTP"],
)
async def test_broken_off(sending: MakeSender, answer: Answer) -> None:
    """An answer that is cut off anywhere, or is no HTTP, means that the upstream is not available."""
    async with serving(answer) as server, sending() as sender:
        with pytest.raises(UpstreamUnavailableError) as caught:
            await sender.send("GET", server.url, headers={}, seconds=5)
    assert len(server.heads) == 1
    assert caught.value.upstream == "tmf620"


async def test_refused(sending: MakeSender) -> None:
    """With nobody listening the upstream is not available."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        async with sending() as sender:
            with pytest.raises(UpstreamUnavailableError, match="not available"):
                await sender.send("GET", f"http://127.0.0.1:{taken.getsockname()[1]}/", headers={}, seconds=5)


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("http://[::1", {}),
        ("http://up.test/\x00", {}),
        ("ftp://up.test/", {}),
        ("http://127.0.0.1:1/", {"x": "a\r\nx-admin: 1"}),
    ],
)
async def test_cannot_be_sent(sending: MakeSender, url: str, headers: dict[str, str]) -> None:
    """What is no HTTP request, such as a header with a line break in it, is not sent."""
    async with sending() as sender:
        with pytest.raises(UpstreamUnavailableError):
            await sender.send("GET", url, headers=headers, seconds=5)


@pytest.mark.parametrize("answer", [hang, hang_in_the_middle, drip])
async def test_too_slow(sending: MakeSender, answer: Answer) -> None:
    """Silence, a stop in the middle, and a body that drips without end are all bounded by the overall time."""
    async with serving(answer) as server, sending() as sender:
        with pytest.raises(UpstreamTimeoutError):
            await sender.send("GET", server.url, headers={}, seconds=0.1)
    assert len(server.heads) == 1


async def test_no_time_left(sending: MakeSender) -> None:
    """With no time left nothing is sent."""
    async with serving(whole(b"[]")) as server, sending() as sender:
        with pytest.raises(UpstreamTimeoutError):
            await sender.send("GET", server.url, headers={}, seconds=0)
    assert server.heads == []


async def test_a_connection_given_up_is_given_back(sending: MakeSender) -> None:
    """A call that ran out of time does not keep its place in the pool, nor can its answer reach the next call."""
    first = True

    async def answer(writer: asyncio.StreamWriter) -> None:
        nonlocal first
        if first:
            first = False
            await hang(writer)
        await whole(b"[2]")(writer)

    async with serving(answer) as server, sending(max_connections=1) as sender:
        with pytest.raises(UpstreamTimeoutError):
            await sender.send("GET", server.url, headers={}, seconds=0.1)
        assert (await sender.send("GET", server.url, headers={}, seconds=5)).body == b"[2]"


async def test_waiting_for_a_connection_is_bounded(sending: MakeSender) -> None:
    """Whoever waits for a place in a full pool is bounded by the same time."""
    asked = asyncio.Event()

    async def answer(writer: asyncio.StreamWriter) -> None:
        asked.set()
        await hang(writer)

    async with serving(answer) as server, sending(max_connections=1) as sender:
        first = asyncio.create_task(sender.send("GET", server.url, headers={}, seconds=60))
        await asked.wait()
        for _ in range(2):
            with pytest.raises(UpstreamTimeoutError):
                await sender.send("GET", server.url, headers={}, seconds=0.05)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
    assert len(server.heads) == 1


async def test_a_huge_body_is_not_read(sending: MakeSender) -> None:
    """Of 50 MB only the allowed bytes and what the system's buffers hold are taken, then the connection is closed."""
    written, done = 0, asyncio.Event()

    async def flood(writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 50000000\r\n\r\n")
        try:
            for _ in range(500):
                writer.write(b" " * 100_000)
                await writer.drain()
                written += 100_000
        finally:
            done.set()

    async with serving(flood) as server, sending(max_bytes=1_000_000) as sender:
        with pytest.raises(UpstreamInvalidError) as caught:
            await sender.send("GET", server.url, headers={}, seconds=30)
        await asyncio.wait_for(done.wait(), 30)
    assert caught.value.detail == "tmf620: an answer of more than 1000000 bytes"
    assert written < 50_000_000


@pytest.mark.parametrize(("length", "fits"), [(1_000, True), (1_001, False)])
async def test_the_limit_itself(sending: MakeSender, length: int, fits: bool) -> None:
    """A body of exactly the limit is taken, one byte more is not."""
    async with serving(whole(b"x" * length)) as server, sending(max_bytes=1_000) as sender:
        call = sender.send("GET", server.url, headers={}, seconds=5)
        if fits:
            assert (await call).body == b"x" * 1_000
        else:
            with pytest.raises(UpstreamInvalidError):
                await call


async def test_a_compressed_body(sending: MakeSender) -> None:
    """A compressed answer is unpacked, and the limit counts unpacked bytes."""
    packed = gzip.compress(b"[" + b" " * 50_000_000 + b"]")
    small = whole(gzip.compress(b"[1]"), "content-encoding: gzip")
    async with serving(small) as server, sending() as sender:
        assert (await sender.send("GET", server.url, headers={}, seconds=5)).body == b"[1]"
    async with serving(whole(packed, "content-encoding: gzip")) as server, sending() as sender:
        with pytest.raises(UpstreamInvalidError):
            await sender.send("GET", server.url, headers={}, seconds=30)


async def test_broken_compression(sending: MakeSender) -> None:
    """A body that is not compressed as it says is unusable, not a sign of an upstream that is down."""
    async with serving(whole(b"no gzip", "content-encoding: gzip")) as server, sending() as sender:
        with pytest.raises(UpstreamInvalidError):
            await sender.send("GET", server.url, headers={}, seconds=5)


async def test_an_error_page_is_cut(sending: MakeSender) -> None:
    """Of an error's body 8 KB are kept for the log, whatever its length, and that is no error of its own."""
    async with serving(whole(HTML * 10_000, status="500 Oops")) as server, sending(max_bytes=100) as sender:
        reply = await sender.send("GET", server.url, headers={}, seconds=5)
    assert (reply.status, len(reply.body)) == (500, 8_192)
    assert reply.body.startswith(HTML)


async def test_cookies_are_not_kept(sending: MakeSender) -> None:
    """A cookie that one answer sets is not sent with the next request."""
    async with serving(whole(b"[]", "set-cookie: session=one; path=/")) as server, sending() as sender:
        for _ in range(2):
            await sender.send("GET", server.url, headers={}, seconds=5)
    assert len(server.heads) == 2
    assert not any(b"cookie" in head.lower() for head in server.heads)


async def test_redirects_are_not_followed(sending: MakeSender) -> None:
    """A redirect is an answer like any other: nothing is asked of where it points, and no token travels there."""
    async with serving(whole(b"[]")) as elsewhere:
        async with serving(whole(b"", f"location: {elsewhere.url}", status="302 Found")) as server, sending() as sender:
            reply = await sender.send("GET", server.url, headers={"authorization": "Bearer t"}, seconds=5)
        assert (reply.status, len(server.heads), elsewhere.heads) == (302, 1, [])


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
async def test_the_environment_is_ignored(sending: MakeSender, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A proxy of the environment gets nothing, neither requests nor tokens."""
    for other in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(other, raising=False)
    async with serving(whole(b"proxy")) as proxy, serving(whole(b"[]")) as server:
        monkeypatch.setenv(name, proxy.url.removesuffix("/x"))
        async with sending() as sender:
            assert (await sender.send("GET", server.url, headers={}, seconds=5)).body == b"[]"
    assert proxy.heads == []


async def test_netrc_is_ignored(
    sending: MakeSender, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Passwords of the machine's netrc go nowhere."""
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password sesame\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    async with serving(whole(b"[]")) as server, sending() as sender:
        await sender.send("GET", server.url, headers={}, seconds=5)
    assert b"authorization" not in server.heads[0].lower()


async def test_the_callers_end_is_its_end(sending: MakeSender) -> None:
    """A call whose caller is cancelled ends as cancelled, not as an upstream's error."""
    asked = asyncio.Event()

    async def answer(writer: asyncio.StreamWriter) -> None:
        asked.set()
        await hang(writer)

    async with serving(answer) as server, sending() as sender:
        call = asyncio.create_task(sender.send("GET", server.url, headers={}, seconds=5))
        await asked.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


async def download(answer: Answer, path: Path, **more: float) -> int:
    options: dict[str, Any] = {"max_bytes": 1_000_000, "idle_seconds": 5} | more
    sender = HttpxSender("tmf620")
    try:
        async with serving(answer) as server:
            return await sender.download(server.url, path, **options)
    finally:
        await sender.aclose()


async def test_download(tmp_path: Path) -> None:
    """A file comes down as it is on the wire, compressed if it is, and its size is told."""
    packed = gzip.compress(b"[]")
    assert await download(whole(packed, "content-encoding: gzip"), tmp_path / "x", max_bytes=len(packed)) == len(packed)
    assert (tmp_path / "x").read_bytes() == packed


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (whole(b"x" * 1_001), UpstreamInvalidError),
        (whole(b"", status="404 Not Found"), UpstreamUnavailableError),
        (whole(b"x", status="206 Partial Content"), UpstreamUnavailableError),
        (raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[1,2"), UpstreamUnavailableError),
        (hang_in_the_middle, UpstreamUnavailableError),
    ],
    ids=["too large", "missing", "a part", "cut off", "silent"],
)
async def test_download_fails(answer: Answer, error: type[GatewayError], tmp_path: Path) -> None:
    """A file that is too large, missing, partial, cut off, or stops coming is an upstream's error."""
    with pytest.raises(error):
        await download(answer, tmp_path / "x", max_bytes=1_000, idle_seconds=0.1)


async def test_a_redirect_that_leads_nowhere_is_an_answer_or_none() -> None:
    """httpx looks where it leads, and cannot read it; aiohttp does not look. Neither goes there."""
    nowhere = whole(b"", "location: http://up.test:port/", status="302 Found")
    fast, slow = AiohttpSender("tmf620"), HttpxSender("tmf620")
    try:
        async with serving(nowhere) as server:
            assert (await fast.send("GET", server.url, headers={}, seconds=5)).status == 302
            with pytest.raises(UpstreamUnavailableError):
                await slow.send("GET", server.url, headers={}, seconds=5)
    finally:
        await fast.aclose()
        await slow.aclose()
