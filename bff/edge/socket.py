"""One WebSocket by graphql-transport-ws: who it is, and the subscriptions on it.

The protocol is https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md. What a newcomer would get wrong: a
socket outlives what was true when it was opened. So the caller is verified anew for each event, which also gets a
context and a deadline of its own, and a clock runs for the whole socket: first until the caller must have said who it
is, then until the token is good no more.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec
from graphql import ExecutionResult, GraphQLError
from starlette.requests import Request
from starlette.websockets import WebSocket, WebSocketDisconnect

from bff.edge.documents import Documents
from bff.edge.errors import answer_of, execution_error, request_error, unexpected
from bff.edge.handshake import request_of
from bff.edge.http import GraphQLRequest, HTTPError, MakeContext, document_of
from bff.edge.metrics import SUBSCRIPTIONS
from bff.edge.persisted import Persisted
from bff.edge.socket_messages import (
    BAD_MESSAGE,
    BROKEN,
    NOT_BEGUN,
    NOT_VALID,
    TOO_MANY_INITS,
    TOO_SLOW,
    TRY_LATER,
    Complete,
    End,
    EndedError,
    Init,
    Message,
    Ping,
    Subscribe,
    already_there,
    parse,
)
from bff.edge.turns import Turns
from bff.settings import SocketSettings
from engine import Prepared
from kernel.clock import Clock
from kernel.context import RequestContext
from kernel.errors import BadRequestError, GatewayError, LimitExceededError
from kernel.tasks import held, stop
from resolvers.context import Context

_UNAUTHORIZED = 401


@dataclass(frozen=True)
class Desk:
    """What all sockets of a process share with each other, and with HTTP."""

    documents: Documents
    persisted: Persisted
    make_context: MakeContext
    turns: Turns
    clock: Clock
    settings: SocketSettings
    most_bytes: int


class Socket:
    """One socket, accepted. `own`: a page of ours opened it."""

    def __init__(self, websocket: WebSocket, desk: Desk, *, own: bool) -> None:
        self._websocket, self._desk, self._own = websocket, desk, own
        self._end: End | None = TOO_SLOW
        self._caller: Request | None = None
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._sending = asyncio.Lock()

    async def serve(self) -> End | None:
        """Until it ends; how it is to be closed, None when the other side has done that."""
        try:
            async with asyncio.timeout(self._desk.settings.init_seconds) as self._clock:
                await self._read()
        except TimeoutError:
            pass  # the clock: `_end` says which time was over
        except EndedError as ended:
            self._end = ended.end
        except WebSocketDisconnect:
            self._end = None
        except Exception as error:  # noqa: BLE001  (the last line: it goes to the log under an id, and the socket ends)
            unexpected(error)
            self._end = BROKEN
        finally:
            await stop(self._running)
        return self._end

    async def _read(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message["code"])
            await self._handle(parse(message.get("text"), self._desk.most_bytes))

    async def _handle(self, message: Message) -> None:
        match message:
            case Init():
                await self._begin(message)
            case Subscribe():
                await self._subscribe(message.id, message.payload)
            case Complete():
                ended = self._operations.pop(message.id, None)
                if ended is not None:
                    ended.cancel()
            case Ping():
                await self._send({"type": "pong"})
            case _:
                pass

    async def _send(self, message: dict[str, Any]) -> None:
        text = msgspec.json.encode(message).decode()
        async with self._sending:
            await self._websocket.send_text(text)

    # ---------------------------------------------------------------- who it is

    async def _begin(self, message: Init) -> None:
        if self._caller is not None:
            raise EndedError(TOO_MANY_INITS)
        try:
            caller = request_of(self._websocket, message.payload, own=self._own)
            context = await self._desk.make_context(caller)
        except BadRequestError:
            raise EndedError(BAD_MESSAGE) from None
        except HTTPError as refused:
            raise EndedError(_end_of(refused)) from None
        self._caller, self._end = caller, NOT_VALID
        until = context.request.principal.until
        self._ring_in(None if until is None else until - self._desk.clock.now())
        await self._send({"type": "connection_ack"})

    def _ring_in(self, seconds: float | None) -> None:
        """End the socket, as `_end` says, after so many seconds; None: never."""
        with suppress(RuntimeError):  # it rings already
            self._clock.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)

    async def _context(self) -> Context:
        """For one event: the caller verified anew, a deadline of its own.

        Raises:
            HTTPError: the caller may ask no more.
        """
        assert self._caller is not None  # noqa: S101  (`_subscribe` sees to it)
        context = await self._desk.make_context(self._caller)
        context.ask_again = self._asking
        return context

    async def _asking(self) -> RequestContext:
        return (await self._context()).request

    # ---------------------------------------------------------------- operations

    async def _subscribe(self, name: str, asked: GraphQLRequest) -> None:
        if self._caller is None:
            raise EndedError(NOT_BEGUN)
        if name in self._operations:
            raise EndedError(already_there(name))
        try:
            operation = await self._prepared(asked)
        except GatewayError as refused:
            await self._send(_failed(name, request_error(refused)))
            return
        self._operations[name] = held(self._run(name, operation, asked.variables), self._running)

    async def _prepared(self, asked: GraphQLRequest) -> Prepared:
        if len(self._running) >= self._desk.settings.operations:
            raise LimitExceededError(f"A WebSocket has at most {self._desk.settings.operations} subscriptions.")
        await self._desk.turns.take()
        _, known = document_of(asked, self._desk.persisted, self._desk.documents)
        operation = known.operation(asked.operation_name)
        if operation is None:
            raise BadRequestError("Which operation? The document has none of that name, or several.")
        if operation.kind != "subscription":
            raise BadRequestError("Only subscriptions are served over WebSocket; POST queries and mutations.")
        return operation

    async def _run(self, name: str, operation: Prepared, variables: dict[str, Any] | None) -> None:
        with SUBSCRIPTIONS.track_inprogress(), suppress(WebSocketDisconnect):  # the reader hears of that too
            last = await self._last(name, operation, variables)
            if last is not None and self._is_mine(name):
                del self._operations[name]  # before the client hears of it, and uses the id again
                await self._send(last)

    async def _last(self, name: str, operation: Prepared, variables: dict[str, Any] | None) -> dict[str, Any] | None:
        """Send all events of an operation; the message that ends it."""
        try:
            return await self._stream(name, operation, variables)
        except HTTPError as refused:
            self._end = _end_of(refused)
            self._ring_in(0)
            return None
        except GatewayError as error:
            return _failed(name, execution_error(GraphQLError(error.message, original_error=error)))
        except WebSocketDisconnect:
            raise
        except Exception as error:  # noqa: BLE001  (masked, as over HTTP)
            return _failed(name, unexpected(error))

    async def _stream(self, name: str, operation: Prepared, variables: dict[str, Any] | None) -> dict[str, Any]:
        events = await operation.subscribe(await self._context(), variables)
        if isinstance(events, ExecutionResult):
            return _failed(name, *(execution_error(error) for error in (events.errors or ())[:1]))
        try:
            async for event in events:
                await self._desk.turns.take()
                result = await operation.execute(await self._context(), variables, event)
                if not self._is_mine(name):
                    break
                await self._send({"id": name, "type": "next", "payload": answer_of(result)})
        finally:
            await events.aclose()
        return {"id": name, "type": "complete"}

    def _is_mine(self, name: str) -> bool:
        """Whether the operation of that name still is the one that is running here."""
        return self._operations.get(name) is asyncio.current_task()


def _end_of(refused: HTTPError) -> End:
    return NOT_VALID if refused.status == _UNAUTHORIZED else TRY_LATER


def _failed(name: str, *errors: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "type": "error", "payload": errors}
