"""How uvicorn serves HTTP: what is at hand goes out in the very call that the request came in.

For each request uvicorn makes a task, which asks the application, which asks for the body and sends twice: that takes
longer than finding a whole answer that is kept. So when all of a request is there, the application is first asked for
such an answer; where it has none, everything goes on as ever. Imported by the server's own start alone, by its name.

It overrides what uvicorn does not promise to keep (`_start_asgi_task`), so `tests/bff/test_http_server.py` compares
every answer with uvicorn's own, pipelined and in pieces.
"""

import logging
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from bff.edge.http import AtOnce, Reply


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
            super()._start_asgi_task(cycle, self.app)

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
            super()._start_asgi_task(cycle, self.app)
        else:
            self._send(cycle, reply)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """What waited in the pipeline, or is refused for want of room, is begun as ever."""
        if self._at_once is None or not self._in_head or app is not self.app or cycle.waiting_for_100_continue:
            super()._start_asgi_task(cycle, app)
        else:
            self._waiting = cycle

    def _send(self, cycle: RequestResponseCycle, reply: Reply) -> None:
        content = [STATUS_LINE[reply.status]]
        for name, value in (*cycle.default_headers, *reply.headers):
            content += (name, b": ", value, b"\r\n")
        if reply.body:
            content.append(b"content-length: %d\r\n" % len(reply.body))
        content.append(b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n")
        content.append(reply.body)
        cycle.response_started = cycle.response_complete = True
        self.transport.write(b"".join(content))
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()


def _at_once_of(app: Any) -> AtOnce | None:
    """Behind whatever uvicorn wraps around the application."""
    while app is not None:
        found: AtOnce | None = getattr(app, "at_once", None)
        if found is not None:
            return found
        app = getattr(app, "app", None)
    return None
