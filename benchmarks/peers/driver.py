"""The load: each connection asks its own request again and again until the time is up, and is then let finish."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import cast
from urllib.parse import urlsplit

_END_OF_CHUNKS = b"0\r\n\r\n"


@dataclass(frozen=True)
class Asking:
    """One connection's requests, which take turns, and how many bytes a right answer to any has at least."""

    requests: Sequence[bytes]
    least: int


class WrongAnswerError(Exception):
    """An answer under load that cannot be the one that was checked."""


class _Connection(asyncio.Protocol):
    def __init__(self, asking: Asking, deadline: float, latencies: list[float]) -> None:
        self._requests, self._least = cycle(asking.requests), asking.least
        self._deadline, self._latencies = deadline, latencies
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def _ask(self) -> None:
        self._head = b""
        self._length: int | None = None  # of the body; None while the head is not whole, -1 for chunks
        self._got = 0
        self._started = time.perf_counter()
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        try:
            if self._read(data):
                self._answered()
        except WrongAnswerError as error:
            self.done.set_exception(error)
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or WrongAnswerError("the connection was closed"))

    def _read(self, data: bytes) -> bool:
        """Whether the answer is whole."""
        if self._length is None:
            self._head += data
            head, found, data = self._head.partition(b"\r\n\r\n")
            if not found:
                return False
            self._length = body_length(head)
            if b'"errors"' in data[:30]:
                raise WrongAnswerError(data[:300].decode("utf-8", "replace"))
        self._got += len(data)
        return data.endswith(_END_OF_CHUNKS) if self._length < 0 else self._got >= self._length

    def _answered(self) -> None:
        if self._got < self._least:
            raise WrongAnswerError(f"{self._got} bytes, at least {self._least} were expected")
        now = time.perf_counter()
        self._latencies.append((now - self._started) * 1000)
        if now < self._deadline:
            self._ask()
        else:
            self.done.set_result(None)
            self._transport.close()


def body_length(head: bytes) -> int:
    """How long a body is by its answer's head; -1 where it comes in chunks.

    Raises:
        WrongAnswerError: the status is not 200.
    """
    first, *lines = head.lower().split(b"\r\n")
    if first.split()[1] != b"200":
        raise WrongAnswerError(head[:300].decode("utf-8", "replace"))
    named = dict(line.split(b":", 1) for line in lines)
    return int(named[b"content-length"]) if b"content-length" in named else -1


async def load(url: str, connections: Sequence[Asking], seconds: float) -> tuple[list[float], float]:
    """Latencies in milliseconds, and the seconds it all took, the last answers included.

    Raises:
        WrongAnswerError: any answer was no success.
    """
    parts = urlsplit(url)
    host, port = str(parts.hostname), int(parts.port or 80)
    latencies: list[float] = []
    started = time.perf_counter()
    loop, opened = asyncio.get_running_loop(), []
    for asking in connections:
        _, connection = await loop.create_connection(
            lambda asking=asking: _Connection(asking, started + seconds, latencies),  # type: ignore[misc]
            host,
            port,
        )
        opened.append(connection)
    await asyncio.gather(*(each.done for each in opened))
    return latencies, time.perf_counter() - started
