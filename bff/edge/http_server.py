"""How uvicorn serves HTTP: what is at hand goes out in the very call that the request came in, all else in one write.

For each request uvicorn makes a task, which asks the application, which asks for the body and sends twice: that takes
longer than finding a whole answer that is kept. So when all of a request is there, the application is first asked for
such an answer; where it has none, everything goes on as ever. Imported by the server's own start alone, by its name.

It overrides what uvicorn does not promise to keep (`_start_asgi_task`, a cycle's `send`), so
`tests/bff/test_http_server.py` compares every answer with uvicorn's own, pipelined and in pieces.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from bff.edge.http import AtOnce, Reply
from kernel.tasks import begun

_NO_LENGTH = (204, 304)
_OURS = (b"connection", b"transfer-encoding")


class AtOnceProtocol(HttpToolsProtocol):
    """One connection. `_waiting` is a request whose head is there, until its body is, or the data has ended.

    Where uvicorn is to write a line for every request, all take the long way, on which it does.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        told = self.access_log and self.access_logger.isEnabledFor(logging.INFO)
        self._at_once = None if told else _at_once_of(self.app)
        self._in_head = False
        self._waiting: RequestResponseCycle | None = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        cycle, self._waiting = self._waiting, None
        if cycle is not None and not self.transport.is_closing():  # its body is still to come
            self._begin(cycle)

    def on_headers_complete(self) -> None:
        self._in_head = True
        super().on_headers_complete()
        self._in_head = False

    def on_message_complete(self) -> None:
        super().on_message_complete()
        cycle, self._waiting = self._waiting, None
        if cycle is None:
            return
        reply = None
        if self._at_once is not None and not self.flow.write_paused:
            reply = self._at_once(cycle.scope, bytes(cycle.body))
        if reply is None:
            self._begin(cycle)
        else:
            self.answer(cycle, reply.status, reply.head, reply.body)

    def answer(
        self, cycle: RequestResponseCycle, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes
    ) -> None:
        """Write a whole answer, whose length is among its headers if it has one, and go on to the next request."""
        lines = [b": ".join(named) for named in (*cycle.default_headers, *headers)]
        if not cycle.keep_alive:
            lines.append(b"connection: close")
        lines += (b"", body)
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        self.transport.write(STATUS_LINE[status] + b"\r\n".join(lines))
        cycle.message_event.set()
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """What waited in the pipeline, or is refused for want of room, is begun as ever."""
        if self._at_once is None or not self._in_head or app is not self.app or cycle.waiting_for_100_continue:
            super()._start_asgi_task(cycle, app)
        else:
            self._waiting = cycle

    def _begin(self, cycle: RequestResponseCycle) -> None:
        """Go as far as possible at once: what waits for nothing is answered before this returns."""
        cycle.send = _InOnePiece(self, cycle)  # type: ignore[method-assign]
        if not cycle.more_body:
            cycle.receive = _Whole(cycle)  # type: ignore[method-assign]
        task = begun(cycle.run_asgi(self.app))
        if task is not None:
            task.add_done_callback(self.tasks.discard)
            self.tasks.add(task)


class _Whole:
    """A cycle's `receive` where the body is all there: it need not be waited for. What comes after it is, as ever."""

    __slots__ = ("_cycle", "_given")

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle, self._given = cycle, False

    async def __call__(self) -> Any:
        cycle = self._cycle
        if self._given or cycle.disconnected or cycle.response_complete:
            return await RequestResponseCycle.receive(cycle)
        self._given = True
        cycle.__dict__.pop("receive", None)  # the two would keep each other
        cycle.flow.resume_reading()
        cycle.message_event.clear()
        body, cycle.body = bytes(cycle.body), bytearray()
        return {"type": "http.request", "body": body, "more_body": False}


class _InOnePiece:
    """A cycle's `send` that waits with the head for the body. An answer in several pieces is sent as ever.

    Who knows it sends a whole reply by `at_once`, which tells whether it could be.
    """

    __slots__ = ("_cycle", "_protocol", "_start")

    def __init__(self, protocol: AtOnceProtocol, cycle: RequestResponseCycle) -> None:
        self._protocol, self._cycle = protocol, cycle
        self._start: Any = None

    def at_once(self, reply: Reply) -> bool:
        cycle = self._cycle
        if not reply.body or cycle.response_started or not self._is_plain(reply.status, reply.headers):
            return False
        self._protocol.answer(cycle, reply.status, reply.head, reply.body)
        cycle.__dict__.pop("send", None)  # the two would keep each other
        return True

    async def __call__(self, message: Any) -> None:
        cycle, start = self._cycle, self._start
        if message["type"] == "http.response.start" and not cycle.response_started:
            self._start = message  # in the place of one whose body failed
            return
        self._start = None
        if start is not None and self._is_whole(start, message):
            self._protocol.answer(cycle, start["status"], start["headers"], message["body"])
        else:
            if start is not None:
                await RequestResponseCycle.send(cycle, start)
            await RequestResponseCycle.send(cycle, message)
        if cycle.response_complete:
            cycle.__dict__.pop("send", None)  # the two would keep each other

    def _is_whole(self, start: Any, message: Any) -> bool:
        """Whether all of an answer is there, as long as its head says."""
        body, headers = message.get("body"), start.get("headers", ())
        if body is None or message.get("more_body") or not self._is_plain(start["status"], headers):
            return False
        lengths = [value for name, value in headers if name == b"content-length"]
        return lengths == [b"%d" % len(body)]

    def _is_plain(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> bool:
        """Whether nothing about an answer needs uvicorn's care."""
        cycle = self._cycle
        if status in _NO_LENGTH or cycle.scope["method"] == "HEAD":
            return False
        if cycle.disconnected or self._protocol.flow.write_paused:
            return False
        names, values = zip(*headers, strict=True) if headers else ((), ())
        if HEADER_RE.search(b"".join(names)) or HEADER_VALUE_RE.search(b"".join(values)):
            return False
        return not any(name in names for name in _OURS)


def _at_once_of(app: Any) -> AtOnce | None:
    """Behind whatever uvicorn wraps around the application."""
    while app is not None:
        found: AtOnce | None = getattr(app, "at_once", None)
        if found is not None:
            return found
        app = getattr(app, "app", None)
    return None
