"""The secret of a guest's cart, as it travels: in the header `X-Cart-Token`, or in a cookie no script can read."""

import re

from starlette.requests import Request

HEADER = "x-cart-token"
# The prefix makes browsers insist on Secure, on no Domain and on the path / (RFC 6265bis, section 4.1.3.2).
COOKIE = "__Host-cart"
_CARRYING = frozenset((HEADER.encode(), b"cookie"))
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def cart_token_of(request: Request, *, cookie: bool) -> str | None:
    """The token a request carries; the header's before the cookie's. What cannot be one is none."""
    if _CARRYING.isdisjoint(dict(request.scope["headers"])):  # as most requests of a shop
        return None
    for given in (request.headers.get(HEADER), request.cookies.get(COOKIE) if cookie else None):
        if given is not None and _TOKEN.fullmatch(given):
            return given
    return None


def cart_cookie(token: str | None, *, seconds: int) -> str:
    """A `Set-Cookie` that keeps the token from scripts and from requests that other sites make; None takes it away."""
    life = 0 if token is None else seconds
    return f"{COOKIE}={token or ''}; Path=/; Max-Age={life}; Secure; HttpOnly; SameSite=Lax"
