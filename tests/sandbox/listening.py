"""A listener for events: a real server of a few lines that keeps what it is sent and answers what the test says."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Heard:
    """One POST that arrived."""

    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


class Listener:
    """`statuses` are answered in turn, then 204; 0 answers nothing and keeps the connection, -1 is no HTTP."""

    def __init__(self, statuses: Iterable[int] = ()) -> None:
        self._statuses = list(statuses)
        self._heard: asyncio.Queue[Heard] = asyncio.Queue()
        self.address = ""
        self.stop = asyncio.Event()

    async def next(self) -> Heard:
        return await asyncio.wait_for(self._heard.get(), 20)

    def heard_more(self) -> bool:
        return not self._heard.empty()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) if ": " in line else (line, "") for line in head[1:-2])
        values = {name: line.partition(": ")[2] for name, line in zip(headers, head[1:-2], strict=True)}
        raw = await reader.readexactly(int(values["content-length"]))
        await self._heard.put(Heard(head[0].split()[1], values, raw))
        status = self._statuses.pop(0) if self._statuses else 204
        if status == 0:
            await self.stop.wait()
        elif status > 0:
            writer.write(f"HTTP/1.1 {status} Said\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        else:
            writer.write(b"HELLO\r\n\r\n")
        writer.close()


@asynccontextmanager
async def listening(*statuses: int) -> AsyncIterator[Listener]:
    listener = Listener(statuses)
    server = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
    listener.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield listener
    finally:
        listener.stop.set()
        server.close()
        await server.wait_closed()
