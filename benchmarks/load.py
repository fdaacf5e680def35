"""A load generator that costs little itself: raw HTTP/1.1 over kept-alive connections, bounded in requests."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Result:
    """Latencies in milliseconds, in the order the answers came, and how long it all took in seconds."""

    latencies: list[float]
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]

    @property
    def median(self) -> float:
        return statistics.median(self.latencies)


def post(url: str, body: bytes) -> bytes:
    """The bytes of a JSON POST."""
    return request("POST", url, body)


def request(method: str, url: str, body: bytes = b"", **headers: str) -> bytes:
    """The bytes of a request, its body JSON; `headers` with underscores for hyphens."""
    parts = urlsplit(url)
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = (
        f"{method} {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{more}\r\n"
    )
    return head.encode() + body


class Connection:
    """One kept-alive connection, for requests that follow from the answers before."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def ask(self, sent: bytes) -> tuple[bytes, float]:
        """The body of an answer that must be a success, and milliseconds."""
        started = time.perf_counter()
        self._writer.write(sent)
        status, body = await _answer(self._reader)
        taken = (time.perf_counter() - started) * 1000
        if status >= 300:
            raise RuntimeError(f"{status}: {body[:300]!r}")
        return body, taken

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await _open(self._url)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()


async def load(url: str, request: bytes, *, connections: int, requests: int) -> Result:
    """Send `requests` times the same request over so many connections; every answer must be a 200."""
    left = iter(range(requests))
    started = time.perf_counter()
    latencies = await asyncio.gather(*(_connection(url, request, left) for _ in range(connections)))
    return Result([each for some in latencies for each in some], time.perf_counter() - started)


async def fetch(url: str, request: bytes) -> tuple[int, bytes, float]:
    """One request: status, body, milliseconds."""
    reader, writer = await _open(url)
    try:
        started = time.perf_counter()
        writer.write(request)
        status, body = await _answer(reader)
        return status, body, (time.perf_counter() - started) * 1000
    finally:
        writer.close()


async def _connection(url: str, request: bytes, left: Iterator[int]) -> list[float]:
    reader, writer = await _open(url)
    latencies: list[float] = []
    try:
        for _ in left:
            started = time.perf_counter()
            writer.write(request)
            status, body = await _answer(reader)
            latencies.append((time.perf_counter() - started) * 1000)
            if status != 200 or b'"errors"' in body[:20]:
                raise RuntimeError(f"{status}: {body[:300]!r}")
    finally:
        writer.close()
    return latencies


async def _open(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port, limit=2**22)


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:"))
    return int(lines[0].split()[1]), await reader.readexactly(length)
