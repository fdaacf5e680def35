"""Ways to the sandbox that do something on the way."""

import asyncio

import httpx


class Refusing(httpx.AsyncHTTPTransport):
    """Answers requests of one method itself, with this status; the rest goes through."""

    def __init__(self, method: str, status: int) -> None:
        super().__init__()
        self._method, self._status = method, status

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == self._method:
            return httpx.Response(self._status, json={"code": "x", "reason": "no"}, request=request)
        return await super().handle_async_request(request)


class Together(httpx.AsyncHTTPTransport):
    """Once closed, a gate lets requests through only when all who share it wait at it at the same time."""

    def __init__(self, gate: "Gate") -> None:
        super().__init__()
        self._gate = gate

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._gate.wait()
        return await super().handle_async_request(request)


class Gate:
    def __init__(self) -> None:
        self._barrier: asyncio.Barrier | None = None

    def close(self, parties: int) -> None:
        self._barrier = asyncio.Barrier(parties)

    async def wait(self) -> None:
        if self._barrier is not None:
            await self._barrier.wait()
