"""WebSockets of a process: which handshakes are taken, how many at a time, and how each ends."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from bff.edge.address import address_of
from bff.edge.errors import request_error
from bff.edge.handshake import Origins
from bff.edge.http import HTTPError
from bff.edge.metrics import SOCKETS, SOCKETS_CLOSED, SOCKETS_REFUSED
from bff.edge.socket import Desk, Socket
from bff.edge.socket_messages import OTHER_PROTOCOL, PROTOCOL, End
from kernel.errors import ForbiddenError, RateLimitedError

_FORBIDDEN, _TOO_MANY, _UNAVAILABLE = 403, 429, 503


class _RefusedError(HTTPError):
    """A handshake that is not taken. `why`: the metric's word."""

    def __init__(self, why: str, status: int, error: ForbiddenError | RateLimitedError) -> None:
        super().__init__(status, error)
        self.why = why


class SocketEndpoint:
    """The WebSockets of one schema."""

    def __init__(self, desk: Desk, origins: Origins) -> None:
        self._desk, self._origins = desk, origins
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        try:
            with self._taken(websocket), suppress(WebSocketDisconnect):
                await self._serve(websocket)
        except _RefusedError as refused:
            SOCKETS_REFUSED.labels(refused.why).inc()
            answer = {"errors": [request_error(refused.error)]}
            await websocket.send_denial_response(JSONResponse(answer, refused.status))

    @contextmanager
    def _taken(self, handshake: HTTPConnection) -> Iterator[None]:
        address = address_of(handshake)
        self._check(handshake, address)
        self._open[address] += 1
        try:
            with SOCKETS.track_inprogress():
                yield
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]

    def _check(self, handshake: HTTPConnection, address: str) -> None:
        most = self._desk.settings
        if not self._origins.allow(handshake):
            raise _RefusedError("origin", _FORBIDDEN, ForbiddenError("Pages of this origin may not connect."))
        if self._open[address] >= most.per_address:
            raise _RefusedError("address", _TOO_MANY, RateLimitedError("Too many connections from your address."))
        if self._open.total() >= most.per_process:
            raise _RefusedError("process", _UNAVAILABLE, RateLimitedError("Too many connections; try again later."))

    async def _serve(self, websocket: WebSocket) -> None:
        spoken = PROTOCOL in websocket.scope["subprotocols"]
        await websocket.accept(PROTOCOL if spoken else None)
        end: End | None = OTHER_PROTOCOL
        if spoken:
            end = await Socket(websocket, self._desk, own=self._origins.own(websocket)).serve()
        SOCKETS_CLOSED.labels("gone" if end is None else end.code).inc()
        if end is not None:
            await websocket.close(end.code, end.reason)
