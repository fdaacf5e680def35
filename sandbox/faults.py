"""Upstream misbehaviour on request: slow, silent, broken off, or an answer that is not what it says.

Every fault that matches a call is asked, in the order set: delays add up, the first other kind decides the answer.
`rate` is not random: 0.25 hits every fourth matching call, so that a test sees the same each time.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox.calls import CALL
from sandbox.errors import error_body
from sandbox.serving import abort, transport_of

Kind = Literal["delay", "hang", "status", "reset", "html", "errorBody", "big", "half", "truncated", "off"]

JSON = "application/json"
_CHUNK = b"x" * 65_536
_HTML = b"<!doctype html><html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>"


class Fault(msgspec.Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """One fault, as PUT /sandbox/faults takes it; without `times` it stays until it is removed."""

    kind: Kind
    api: str | None = None
    resource: str | None = None
    delay_ms: float = 0
    status: int | None = None
    times: int | None = None
    rate: float = 1.0
    bytes: int = 50_000_000
    headers: dict[str, str] = {}
    seen: int = 0

    def concerns(self, api: str | None, resource: str | None) -> bool:
        return self.api in {None, api} and self.resource in {None, resource}

    def fires(self) -> bool:
        """Count one matching call, and tell whether it is hit."""
        if self.times == 0:
            return False
        self.seen += 1
        hit = int(self.seen * self.rate) > int((self.seen - 1) * self.rate)
        if hit and self.times is not None:
            self.times -= 1
        return hit


class Faults:
    """The faults that are set."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def remove(self, api: str | None = None, resource: str | None = None) -> None:
        """Remove the faults set for `api` and `resource`; None stands for every one."""
        kept = [fault for fault in self._faults if not _selected(fault, api, resource)]
        self._faults = kept

    def listing(self) -> list[dict[str, Any]]:
        listing: list[dict[str, Any]] = msgspec.to_builtins(self._faults)
        return listing

    def fire(self, api: str, resource: str | None) -> tuple[float, Fault | None]:
        """Seconds to wait and the fault that decides the answer, if one does."""
        delay = 0.0
        for fault in self._faults:
            if fault.concerns(api, resource) and fault.fires():
                delay += fault.delay_ms / 1000
                if fault.kind != "delay":
                    return delay, fault
        return delay, None


def _selected(fault: Fault, api: str | None, resource: str | None) -> bool:
    return api in {None, fault.api} and resource in {None, fault.resource}


async def pause(request: Request, seconds: float, stopping: asyncio.Event) -> None:
    """Wait, but no longer than the client or the server stays."""
    waits = [asyncio.ensure_future(_disconnected(request.receive)), asyncio.ensure_future(stopping.wait())]
    call = request.scope.get(CALL, {})
    call["held"] = True
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        call["held"] = False
        for wait in waits:
            wait.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def faulty(
    fault: Fault, request: Request, stopping: asyncio.Event, answer: Callable[[], Awaitable[Response]]
) -> Response:
    """The answer a fault gives instead of, or out of, the true one."""
    if fault.kind == "hang":
        await pause(request, 86_400, stopping)
        return BrokenOff()
    if fault.kind in {"reset", "off"}:
        return BrokenOff()
    if fault.kind in {"half", "truncated"}:
        return _cut(fault, bytes((await answer()).body))
    return _ANSWERS[fault.kind](fault)


def _cut(fault: Fault, body: bytes) -> Response:
    body = body or b"[{}]"
    kept = body[: max(1, len(body) // 2)]
    return Half(kept, len(body)) if fault.kind == "half" else Response(kept, fault.status or 200, media_type=JSON)


def _status(fault: Fault) -> Response:
    status = fault.status or 503
    body = error_body(status, "fault", "The sandbox was told to fail")
    return Response(body, status, fault.headers, JSON)


def _html(fault: Fault) -> Response:
    return Response(_HTML, fault.status or 502, fault.headers, "text/html; charset=utf-8")


def _error_body(fault: Fault) -> Response:
    body = error_body(500, "fault", "An error in an answer that says success")
    return Response(body, fault.status or 200, fault.headers, JSON)


class BrokenOff(Response):
    """No answer: the connection is reset. The call log shows status 0."""

    def __init__(self) -> None:
        super().__init__()
        self.status_code = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - it sends nothing
        transport = transport_of(scope)
        if transport is None:
            raise ConnectionResetError("the sandbox reset the connection")
        abort(transport)
        await _disconnected(receive)


class Half(Response):
    """Fewer bytes than its Content-Length promises, then the end of the connection."""

    def __init__(self, body: bytes, promised: int) -> None:
        super().__init__(body, headers={"content-length": str(promised)}, media_type=JSON)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": bytes(self.body), "more_body": True})
        transport = transport_of(scope)
        if transport is None:
            raise ConnectionResetError("the sandbox closed the connection")
        transport.close()
        await _disconnected(receive)


class Big(Response):
    """A JSON array with one very long string, streamed without saying how long it is."""

    def __init__(self, length: int) -> None:
        super().__init__(media_type=JSON)
        self.length = max(4, length)
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        whole, left = divmod(self.length - 4, len(_CHUNK))
        pieces = itertools.chain([b'["'], itertools.repeat(_CHUNK, whole), [_CHUNK[:left], b'"]'])
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


_ANSWERS: dict[str, Callable[[Fault], Response]] = {
    "status": _status,
    "html": _html,
    "errorBody": _error_body,
    "big": lambda fault: Big(fault.bytes),
}
