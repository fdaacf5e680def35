"""One POST over a connection of its own, with the standard library alone: how events leave the sandbox.

Only the status counts; whatever a listener answers beyond its headers is never read.
"""

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

_PORTS = {"http": 80, "https": 443}


def callback_problem(url: str) -> str | None:
    """Why nothing can be posted to `url`, or None."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        return str(error)
    safe = url.isascii() and url.isprintable() and " " not in url
    return None if usable and safe else "an http or https address with a host was expected"


def target(callback: str, path: str) -> tuple[str, dict[str, str]]:
    """Where a callback's events go and with which headers: `path` goes before its query, its userinfo into Basic."""
    parts = urlsplit(callback)
    host = parts.netloc.rpartition("@")[2]
    below = parts.path.rstrip("/") + path if path else parts.path
    headers = {"authorization": _basic(parts)} if parts.username is not None else {}
    return urlunsplit((parts.scheme, host, below or "/", parts.query, "")), headers


def _basic(parts: SplitResult) -> str:
    pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    return f"Basic {b64encode(pair.encode()).decode()}"


async def post(url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> int:
    """The status of the answer to a JSON body.

    Raises:
        TimeoutError: there is no answer within `seconds`.
        OSError, EOFError, ValueError: there is no connection, it ended early, or what came is no HTTP.
    """
    parts = urlsplit(url)
    port = parts.port or _PORTS[parts.scheme]
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=parts.scheme == "https" or None)
        try:
            writer.write(_head(parts, len(body), headers) + body)
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            return int(head.split(maxsplit=2)[1])
        except (IndexError, asyncio.LimitOverrunError) as error:
            raise ValueError("the answer is no HTTP") from error
        finally:
            writer.close()
            with suppress(OSError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), 1)


def _head(parts: SplitResult, length: int, headers: Mapping[str, str]) -> bytes:
    place = urlunsplit(("", "", parts.path or "/", parts.query, ""))
    fields = {
        "host": parts.netloc,
        "content-type": "application/json",
        "content-length": str(length),
        "connection": "close",
        **headers,
    }
    lines = [f"POST {place} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
