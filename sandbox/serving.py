"""uvicorn, taught to hand the application its connection, to end hanging answers, and to leave with its parent.

ASGI has no way to break a connection; raising in the application answers 500. So the protocol class puts the transport
into the request's state, and `abort` resets it for real. Without uvicorn there is no transport, and nothing to abort.
"""

import asyncio
import os
import signal
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.types import ASGIApp, Scope
from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_TRANSPORT = "sandbox.transport"
_LINGER_AND_RESET = struct.pack("ii", 1, 0)


class Protocol(HttpToolsProtocol):
    """HTTP/1.1 whose requests know their connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {**self.app_state, _TRANSPORT: transport}
        super().connection_made(transport)


def transport_of(scope: Scope) -> asyncio.Transport | None:
    """The connection a request came on, or None when no uvicorn of ours serves it."""
    transport: asyncio.Transport | None = scope.get("state", {}).get(_TRANSPORT)
    return transport


def abort(transport: asyncio.Transport) -> None:
    """Close a connection with RST: `transport.abort()` alone would often end it politely, with FIN."""
    with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_AND_RESET)
    transport.abort()


class SandboxServer(Server):
    """A server that tells `stopping` before it waits for running requests, so that a hanging one ends at once.

    `ready` is called once it answers and a signal would already end it well.
    """

    def __init__(self, app: ASGIApp, stopping: asyncio.Event, ready: Callable[[], None], **options: Any) -> None:
        super().__init__(Config(app, http=Protocol, ws="none", timeout_graceful_shutdown=2, **options))
        self._stopping = stopping
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.set()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal and exit with 0: uvicorn's own raises the signal again once everything is closed."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def exit_with_stdin(self) -> None:
        """Stop when standard input ends: a parent that is killed closes it, whatever else it could not do."""
        threading.Thread(target=self._watch_stdin, daemon=True).start()

    def _watch_stdin(self) -> None:
        while os.read(0, 1024):
            pass
        self.should_exit = True
