"""The one place that imports an HTTP library. Everything above sees `Reply` and the errors of `kernel.errors`.

Two senders do the same. aiohttp is for every call to a TM Forum API, of which one through httpx costs as much time
here as ten (docs/performance.md); httpx is for what happens seldom, such as fetching keys or a dump, and where tests
put something in the network's place.

A newcomer would expect httpx's time-out to bound a call; it bounds the silence between two bytes. An upstream that
drips one byte a second is stopped here by the overall time given to `send`.
"""

import asyncio
import functools
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Protocol

import aiohttp
import httpx
from aiohttp.http_exceptions import ContentEncodingError
from yarl import URL

from kernel.errors import (
    UpstreamInvalidError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
    UpstreamUnreachedError,
)

_ERROR_BODY_LIMIT = 8_192
# Servers close what is idle for 5 s or more, some in the very moment in which a write is sent; nobody knows then what
# became of it. So we give it up before they do.
_IDLE = 4.0
_SENDABLE = re.compile(r"https?://[!-~]+")


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Whom we trust; read once for all upstreams, since it takes 20 ms and half a megabyte."""
    return httpx.create_ssl_context(trust_env=False)


@dataclass(frozen=True)
class Reply:
    """A whole answer. `headers` has lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Sender(Protocol):
    """What a client needs of HTTP; tests and faster libraries stand in here."""

    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes | None = None, seconds: float
    ) -> Reply: ...


class HttpxSender:
    """HTTP over httpx: one pool per upstream, no redirects, no cookies, nothing taken from the environment."""

    def __init__(
        self,
        upstream: str,
        *,
        max_connections: int = 64,
        max_bytes: int = 16_000_000,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._upstream = upstream
        self._max_bytes = max_bytes
        self._client = httpx.AsyncClient(
            limits=httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_connections),
            transport=transport,
            verify=_certificates(),
            timeout=None,  # noqa: S113  (bounded as a whole in `send`)
            trust_env=False,
        )
        # A cookie from one shopper's answer must never travel with the next shopper's request.
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes | None = None, seconds: float
    ) -> Reply:
        """One request, its whole answer read, within `seconds`.

        Raises:
            UpstreamTimeoutError: the time was up.
            UpstreamUnreachedError: nothing was sent, since no connection came about.
            UpstreamUnavailableError: refused, reset, or cut off in the middle.
            UpstreamInvalidError: the body is larger than allowed (the rest is not read), or badly compressed.
        """
        try:
            async with (
                asyncio.timeout(seconds),
                self._client.stream(method, url, headers=dict(headers), content=content) as answer,
            ):
                limit = self._max_bytes if answer.is_success else _ERROR_BODY_LIMIT
                body = await _read(self._upstream, answer.aiter_bytes(), limit, whole=answer.is_success)
                return Reply(answer.status_code, answer.headers, body)
        except TimeoutError:
            raise UpstreamTimeoutError(self._upstream, detail=f"{method} {url}: over {seconds:.2f} s") from None
        except httpx.DecodingError as error:  # the server is well; asking again would bring the same
            raise UpstreamInvalidError(self._upstream, detail=f"{method} {url}: {error}") from error
        except (httpx.ConnectError, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            detail = f"{method} {url}: {type(error).__name__}: {error}"
            raise UpstreamUnreachedError(self._upstream, detail=detail) from error
        except httpx.HTTPError as error:
            detail = f"{method} {url}: {type(error).__name__}: {error}"
            raise UpstreamUnavailableError(self._upstream, detail=detail) from error

    async def download(self, url: str, path: Path, *, max_bytes: int, idle_seconds: float) -> int:
        """Fetch a file to `path`, as it is on the wire, without holding it in memory; its size in bytes.

        Raises:
            UpstreamUnavailableError: refused, silent for `idle_seconds`, broken off, or another status than 200.
            UpstreamInvalidError: larger than `max_bytes`; the rest is not read.
            OSError: the file cannot be written.
        """
        size = 0
        try:
            async with self._client.stream("GET", url, timeout=idle_seconds) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise UpstreamUnavailableError(self._upstream, detail=f"GET {url}: {answer.status_code}")
                with path.open("wb") as file:
                    async for chunk in answer.aiter_raw():
                        size += len(chunk)
                        if size > max_bytes:
                            raise UpstreamInvalidError(self._upstream, detail=f"{url}: more than {max_bytes} bytes")
                        file.write(chunk)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UpstreamUnavailableError(self._upstream, detail=f"GET {url}: {error!r}") from error
        return size

    async def aclose(self) -> None:
        await self._client.aclose()


class AiohttpSender:
    """HTTP over aiohttp, as `HttpxSender` does it: no redirects, no cookies, nothing from the environment."""

    def __init__(self, upstream: str, *, max_connections: int = 64, max_bytes: int = 16_000_000) -> None:
        self._upstream, self._max_bytes = upstream, max_bytes
        # httpx's trust in certificates, so that the two never disagree about a server
        connector = aiohttp.TCPConnector(limit=max_connections, ssl=_certificates(), keepalive_timeout=_IDLE)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # bounded as a whole in `send`
            trust_env=False,
        )
        # Unasked, aiohttp sends a read again whose connection broke; here the budget for retries decides that.
        self._session._retry_connection = False  # noqa: SLF001  (it has no public name)

    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes | None = None, seconds: float
    ) -> Reply:
        """As `HttpxSender.send`, with the same errors."""
        told = f"{method} {url}"
        try:
            if not _SENDABLE.fullmatch(url):
                raise aiohttp.InvalidURL(url)
            async with (
                asyncio.timeout(seconds),
                self._session.request(
                    method, URL(url, encoded=True), headers=headers, data=content, allow_redirects=False
                ) as answer,
            ):
                limit = self._max_bytes if answer.ok else _ERROR_BODY_LIMIT
                body = await _read(self._upstream, answer.content.iter_any(), limit, whole=answer.ok)
                return Reply(answer.status, {name.lower(): value for name, value in answer.headers.items()}, body)
        except TimeoutError:
            raise UpstreamTimeoutError(self._upstream, detail=f"{told}: over {seconds:.2f} s") from None
        except (aiohttp.ClientConnectorError, ValueError) as error:  # an odd URL or header is a ValueError
            raise UpstreamUnreachedError(self._upstream, detail=f"{told}: {type(error).__name__}: {error}") from error
        except aiohttp.ClientError as error:
            if isinstance(error.__cause__, ContentEncodingError):  # the server is well; it would send the same again
                raise UpstreamInvalidError(self._upstream, detail=f"{told}: {error}") from error
            detail = f"{told}: {type(error).__name__}: {error}"
            raise UpstreamUnavailableError(self._upstream, detail=detail) from error

    async def aclose(self) -> None:
        await self._session.close()


async def _read(upstream: str, chunks: AsyncIterator[bytes], limit: int, *, whole: bool) -> bytes:
    """A body of at most `limit` bytes; of one that need not be whole, its beginning."""
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > limit:
            if whole:
                raise UpstreamInvalidError(upstream, detail=f"an answer of more than {limit} bytes")
            break
    return bytes(body[:limit])
