"""Whose WebSocket it is: the handshake's headers and, over them, what `connection_init` says under the same names.

A browser's script cannot set headers at a handshake, so they come in the payload. What a newcomer would get wrong: a
browser opens a socket to us from any page and sends our cookies with it; CORS does not ask first, as it does for HTTP.
So `Origin` is checked here, and cookies count only where it names a page of ours: that is a socket's CSRF header.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection, Request

from bff.edge.cart_token import HEADER as CART_TOKEN
from bff.edge.session import CSRF_HEADER
from kernel.errors import BadRequestError

_TOLD = frozenset({"authorization", CART_TOKEN, "accept-language", "x-channel"})
_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True)
class Origins:
    """Which pages may open sockets: those of this host, and those that `BFF_CORS_ORIGINS` lists."""

    listed: tuple[str, ...]

    def allow(self, handshake: HTTPConnection) -> bool:
        """Whether a handshake may go on; one without `Origin` comes from no browser."""
        origin = handshake.headers.get("origin")
        return origin is None or "*" in self.listed or origin in self.listed or _same_host(origin, handshake)

    def own(self, handshake: HTTPConnection) -> bool:
        """Whether a page of ours made it. `*` makes no page ours, nor does one that came over plain HTTP."""
        origin = handshake.headers.get("origin")
        if origin is None:
            return False
        return origin in self.listed or (origin.startswith("https://") and _same_host(origin, handshake))


def _same_host(origin: str, handshake: HTTPConnection) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    port = _PORTS.get(parts.scheme)
    if port is None or not parts.netloc:
        return False
    host = handshake.headers.get("host", "").lower()
    return parts.netloc.lower().removesuffix(port) == host.removesuffix(port)


def request_of(handshake: HTTPConnection, payload: Mapping[str, Any] | None, *, own: bool) -> Request:
    """The request that a caller would have made over HTTP. `own`: a page of ours made the handshake.

    Raises:
        BadRequestError: a header of the payload is none.
    """
    told = {name.lower(): _value(value) for name, value in (payload or {}).items() if name.lower() in _TOLD}
    left_out = {name.encode() for name in told} | (set() if own else {b"cookie", CSRF_HEADER.encode()})
    headers = [(name, value) for name, value in handshake.scope["headers"] if name not in left_out]
    headers += [(name.encode(), value) for name, value in told.items()]
    if own:
        headers.append((CSRF_HEADER.encode(), b"websocket"))
    return Request({**handshake.scope, "type": "http", "method": "GET", "headers": headers})


def _value(value: Any) -> bytes:
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        raise BadRequestError("A header in `payload` is printable ASCII text.")
    return value.strip().encode()
