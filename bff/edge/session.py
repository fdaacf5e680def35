"""A session as it travels: `Authorization: Bearer` for anybody, or cookies that no script can read for a web app.

With cookies, the access token goes to every path; the refresh token to one alone, where the same API is served for it
to be used. A request that brings one of them must show by the header `X-Requested-With` that a page of ours made it:
another site's cannot set one without asking first (CORS), which is not granted. A token that is none is refused, not
overlooked; a cookie with one is taken away by the same answer, so that the next request is a guest's.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import Request

from bff.edge.http import ACCESS_COOKIE, REFRESH_COOKIE, HTTPError
from domain.identity.outcomes import Session
from kernel.clock import Clock
from kernel.context import GUEST, Principal
from kernel.errors import ForbiddenError, UnauthenticatedError, UpstreamError

if TYPE_CHECKING:
    from domain.identity.identity import Identity

SESSION_PATH = "/graphql/session"
CSRF_HEADER = "x-requested-with"
_TELLING = frozenset((b"authorization", b"cookie"))
_CHALLENGE = {"www-authenticate": 'Bearer error="invalid_token"'}  # RFC 6750, section 3.1
_UNAUTHORIZED, _FORBIDDEN, _UNAVAILABLE = 401, 403, 503


@dataclass(frozen=True)
class SessionCookies:
    """The cookies. `same_site` as in a `Set-Cookie`, `seconds` the life of a refresh token."""

    same_site: str
    seconds: int
    clock: Clock

    def kept(self, session: Session | None) -> list[str]:
        """The `Set-Cookie`s that keep a session, or that end one."""
        if session is None:
            return [self._access("", 0), self._refresh("", 0)]
        life = max(0, int(session.expires_at - self.clock.now()))
        cookies = [self._access(session.access or "", life)]
        return cookies if session.refresh is None else [*cookies, self._refresh(session.refresh, self.seconds)]

    def _access(self, token: str, seconds: int) -> str:
        return f"{ACCESS_COOKIE}={token}; Path=/; Max-Age={seconds}; {self._rest}"

    def _refresh(self, token: str, seconds: int) -> str:
        return f"{REFRESH_COOKIE}={token}; Path={SESSION_PATH}; Max-Age={seconds}; {self._rest}"

    @property
    def _rest(self) -> str:
        return f"Secure; HttpOnly; SameSite={self.same_site.capitalize()}"


def refresh_token_of(request: Request) -> str | None:
    """The refresh token that a cookie brings."""
    return request.cookies.get(REFRESH_COOKIE) or None


def from_own_page(request: Request) -> bool:
    """Whether a request shows that no other site's page made it."""
    return bool(request.headers.get(CSRF_HEADER))


async def principal_of(request: Request, identity: "Identity | None", *, cookies: bool) -> Principal:
    """Who is asking; a guest who brings no token.

    Raises:
        HTTPError: the token is not valid, it cannot be verified now, or a cookie came without the header.
    """
    if _TELLING.isdisjoint(dict(request.scope["headers"])):  # as most requests of a shop
        return GUEST
    header = request.headers.get("authorization")
    cookie = request.cookies.get(ACCESS_COOKIE) if cookies else None
    if cookies and (cookie or refresh_token_of(request)) and not from_own_page(request):
        raise HTTPError(_FORBIDDEN, ForbiddenError("With a session's cookies, send the header X-Requested-With too."))
    if header is None and not cookie:
        return GUEST
    try:
        return await _verified(identity, header, cookie)
    except UnauthenticatedError as error:
        gone = {} if header is not None else {"set-cookie": f"{ACCESS_COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly"}
        raise HTTPError(_UNAUTHORIZED, error, {**_CHALLENGE, **gone}) from None
    except UpstreamError as error:
        raise HTTPError(_UNAVAILABLE, error, {"retry-after": "5"}) from None


async def _verified(identity: "Identity | None", header: str | None, cookie: str | None) -> Principal:
    if identity is None:
        raise UnauthenticatedError(detail="BFF_COGNITO_POOL is not set")
    return await identity.access.principal(_bearer(header) if header is not None else cookie or "")


def _bearer(header: str) -> str:
    """The token of an Authorization header (RFC 6750, section 2.1)."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise UnauthenticatedError(detail="another scheme than Bearer")
    return token.strip()
