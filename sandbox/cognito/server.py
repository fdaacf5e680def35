"""The pool over HTTP: Cognito's JSON 1.1 by `X-Amz-Target` at `/`, and its keys at `/<pool>/.well-known/jwks.json`.

Calls are counted and faults hold, both under the API `Cognito` and the operation's name (`jwks` for the keys). A fault
of kind `status` is told in Cognito's words: 429 (or 400) is throttling, anything else an internal error.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.bodies import json_object, read_body
from sandbox.cognito.keys import PoolKeys
from sandbox.cognito.operations import POOL, Operations
from sandbox.cognito.refusals import Refused
from sandbox.cognito.sessions import Sessions
from sandbox.cognito.users import Users
from sandbox.errors import Refusal
from sandbox.faults import Fault, faulty, pause
from sandbox.resources import Parts

API = "Cognito"
JWKS = "jwks"
_TARGET = "AWSCognitoIdentityProviderService."
_AMZ_JSON = "application/x-amz-json-1.1"
_THROTTLED = (400, 429)


class CognitoControl(msgspec.Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """PUT /sandbox/cognito: what a test changes of the pool. `ahead`: seconds its clock is ahead of the sandbox's."""

    ahead: float | None = None
    prevent_user_existence_errors: bool | None = None
    rotate: bool = False


class Minting(msgspec.Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """POST /sandbox/cognito: a token that the pool's own key signs, whatever it says."""

    claims: dict[str, Any]
    headers: dict[str, Any] = {}


class CognitoServer:
    """The pool's endpoints and its controls."""

    def __init__(self, parts: Parts) -> None:
        self._parts, self._outbox = parts, parts.outbox
        self._users = Users(parts.store, parts.outbox, parts.now)
        self._keys = PoolKeys(parts.store.connection)
        self._operations = Operations(self._users, Sessions(parts.store, self._users, self._keys), self._keys)

    def routes(self) -> list[Route]:
        return [
            Route("/", self.answer, methods=["POST"]),
            Route("/{pool}/.well-known/jwks.json", self.jwks),
            Route("/outbox", self.outbox),
            Route("/sandbox/cognito", self.control, methods=["PUT"]),
            Route("/sandbox/cognito", self.mint, methods=["POST"]),
        ]

    def clear(self) -> None:
        """Forget what is not in the store; the signing keys stay, since gateways remember them."""
        self._operations.clear()
        self._outbox.clear()

    async def answer(self, request: Request) -> Response:
        """One operation."""
        name = request.headers.get("x-amz-target", "").removeprefix(_TARGET)
        operation = self._operations.by_name.get(name)
        body = await read_body(request)

        async def work() -> Response:
            if operation is None:
                return _refusal(Refused("UnknownOperationException", f"{name} is not served here"))
            try:
                return _json(operation(json_object(body), issuer_of(request)))
            except Refused as refused:
                return _refusal(refused)
            except Refusal as refused:
                return _refusal(Refused("SerializationException", refused.message))

        return await self._through(request, name if operation else None, work)

    async def jwks(self, request: Request) -> Response:
        """The keys, as JSON Web Keys."""

        async def work() -> Response:
            if request.path_params["pool"] != POOL:
                return Response(b'{"message": "User pool does not exist."}', 404, media_type="application/json")
            return Response(msgspec.json.encode(self._keys.jwks()), media_type="application/json")

        return await self._through(request, JWKS, work)

    async def outbox(self, _: Request) -> Response:
        return Response(msgspec.json.encode(self._outbox.listing()), media_type="application/json")

    async def control(self, request: Request) -> Response:
        wanted = msgspec.json.decode(await read_body(request), type=CognitoControl)
        if wanted.ahead is not None:
            self._users.ahead = wanted.ahead
        if wanted.prevent_user_existence_errors is not None:
            self._operations.prevent = wanted.prevent_user_existence_errors
        if wanted.rotate:
            self._keys.rotate()
        return Response(b"{}", media_type="application/json")

    async def mint(self, request: Request) -> Response:
        wanted = msgspec.json.decode(await read_body(request), type=Minting)
        claims = {"iss": issuer_of(request), **wanted.claims}
        token = self._keys.sign(claims, wanted.headers)
        return Response(msgspec.json.encode({"token": token}), media_type="application/json")

    async def _through(self, request: Request, name: str | None, work: Callable[[], Awaitable[Response]]) -> Response:
        entry = self._parts.calls.start(request, API, name, item=False)
        seconds, fault = self._parts.faults.fire(API, name)
        if seconds:
            await pause(request, seconds, self._parts.stopping)
        if fault is None:
            response = await work()
        elif fault.kind == "status":
            response = _failed(fault)
        else:
            response = await faulty(fault, request, self._parts.stopping, work)
        entry["status"] = response.status_code
        return response


def issuer_of(request: Request) -> str:
    """The pool's URL, as the caller sees us."""
    return f"{str(request.base_url).rstrip('/')}/{POOL}"


def _json(body: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type=_AMZ_JSON)


def _refusal(refused: Refused) -> Response:
    return _json({"__type": refused.kind, "message": refused.message}, 400)


def _failed(fault: Fault) -> Response:
    if fault.status in _THROTTLED:
        return _json({"__type": "TooManyRequestsException", "message": "Rate exceeded"}, fault.status or 429)
    return _json({"__type": "InternalErrorException", "message": "Internal server error"}, fault.status or 500)
