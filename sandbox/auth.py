"""Locks on the APIs: none, a key in a header, or OAuth 2.0 client credentials with tokens that expire.

Off by default. One lock per API, or one for all under None; PUT /sandbox/auth replaces it and so ends its tokens.
The token endpoint follows RFC 6749 section 4.4, its errors section 5.2.
"""

import base64
import binascii
import secrets
from collections.abc import Callable
from typing import Literal
from urllib.parse import parse_qsl, unquote_plus

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sandbox.errors import Refusal

Clock = Callable[[], float]
"""Seconds that only grow, as `time.monotonic`."""


class Lock(msgspec.Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """How calls to one API must identify themselves, as PUT /sandbox/auth takes it."""

    kind: Literal["none", "apiKey", "oauth2"]
    api: str | None = None
    header: str = "X-API-Key"
    key: str = ""
    client_id: str = ""
    client_secret: str = ""
    expires_in: int = 3600


class TokenError(Exception):
    """An error answer of the token endpoint."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


class Locks:
    """The locks that are set and the tokens given out for them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._locks: dict[str | None, Lock] = {}
        self._tokens: dict[str, tuple[str, float]] = {}

    def set(self, lock: Lock) -> None:
        self._locks[lock.api] = lock
        self._tokens = {token: held for token, held in self._tokens.items() if held[0] != lock.client_id}

    def clear(self) -> None:
        self._locks.clear()
        self._tokens.clear()

    def listing(self) -> list[Lock]:
        return list(self._locks.values())

    def check(self, api: str, request: Request) -> None:
        """Let a call to `api` pass, or raise a 401 Refusal."""
        lock = self._locks.get(api) or self._locks.get(None)
        if lock is None or lock.kind == "none":
            return
        if lock.kind == "apiKey":
            if not _same(request.headers.get(lock.header, ""), lock.key):
                raise _unauthorized("ApiKey", f"the header {lock.header} holds no valid key")
        elif not self._holds(request.headers.get("authorization", ""), lock.client_id):
            raise _unauthorized('Bearer error="invalid_token"', "no bearer token, or one that is expired or unknown")

    def _holds(self, authorization: str, client_id: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        client, expires = self._tokens.get(token.strip(), ("", 0.0))
        return scheme.lower() == "bearer" and client == client_id != "" and self._clock() < expires

    def token(self, authorization: str | None, body: bytes) -> Response:
        """The answer of the token endpoint to a form and perhaps a Basic header."""
        try:
            grant = self._grant(authorization, dict(_form(body)))
        except TokenError as error:
            return _token_refusal(error)
        return Response(msgspec.json.encode(grant), 200, _NO_STORE, "application/json")

    def _grant(self, authorization: str | None, form: dict[str, str]) -> dict[str, object]:
        client_id, secret = _credentials(authorization, form)
        lock = self._client(client_id, secret)
        if "grant_type" not in form:
            raise TokenError("invalid_request", "grant_type is missing")
        if form["grant_type"] != "client_credentials":
            raise TokenError("unsupported_grant_type", "only client_credentials is served here")
        token = secrets.token_urlsafe(32)
        self._tokens[token] = (client_id, self._clock() + lock.expires_in)
        return {"access_token": token, "token_type": "Bearer", "expires_in": lock.expires_in}

    def _client(self, client_id: str, secret: str) -> Lock:
        for lock in self._locks.values():
            if lock.kind == "oauth2" and lock.client_id == client_id and _same(lock.client_secret, secret):
                return lock
        raise TokenError("invalid_client", "unknown client or wrong secret", 401)


_NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}


def _same(left: str, right: str) -> bool:
    return bool(left) and secrets.compare_digest(left.encode(), right.encode())


def _unauthorized(challenge: str, message: str) -> Refusal:
    return Refusal(401, "unauthorized", "Authentication is needed", message, {"www-authenticate": challenge})


def _form(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode(), keep_blank_values=True)
    except ValueError as error:
        raise TokenError("invalid_request", "the body is no form") from error


def _credentials(authorization: str | None, form: dict[str, str]) -> tuple[str, str]:
    """Client id and secret from the header (client_secret_basic) or the form (client_secret_post), never from both."""
    if authorization is None:
        return form.get("client_id", ""), form.get("client_secret", "")
    if "client_secret" in form:
        raise TokenError("invalid_request", "two ways of client authentication in one request")
    scheme, _, encoded = authorization.partition(" ")
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise TokenError("invalid_client", "the Authorization header cannot be read", 401) from error
    if scheme.lower() != "basic":
        raise TokenError("invalid_client", "only Basic is known here", 401)
    return unquote_plus(user), unquote_plus(password)


def _token_refusal(error: TokenError) -> Response:
    body = {"error": error.error, "error_description": error.description}
    headers = {**_NO_STORE, **({"www-authenticate": 'Basic realm="sandbox"'} if error.status == 401 else {})}  # noqa: PLR2004
    return Response(msgspec.json.encode(body), error.status, headers, "application/json")
