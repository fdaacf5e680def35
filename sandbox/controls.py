"""The sandbox's own endpoints under /sandbox: health, calls, faults, habits, locks, tokens, pictures, reset.

They are for whoever tests against the sandbox, never for a client of TM Forum APIs: nothing here is counted, faulted
or locked. `sandbox/control.py` is the client of the same endpoints.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.auth import Lock
from sandbox.bodies import JSON, json_object, read_body
from sandbox.errors import Refusal, bad_request
from sandbox.faults import Fault
from sandbox.images import picture
from sandbox.resources import Parts

T = TypeVar("T")


def control_routes(parts: Parts, reseed: Callable[[], None], apis: frozenset[str]) -> list[Route]:
    """Every route under /sandbox; `reseed` puts the seed's documents back, `apis` are the names there are."""
    control = Control(parts, reseed, apis)
    return [
        Route("/sandbox/health", control.health),
        Route("/sandbox/calls", control.calls, methods=["GET", "DELETE"]),
        Route("/sandbox/faults", control.faults, methods=["GET", "PUT", "DELETE"]),
        Route("/sandbox/habits", control.habits, methods=["GET", "PUT", "DELETE"]),
        Route("/sandbox/auth", control.auth, methods=["GET", "PUT", "DELETE"]),
        Route("/sandbox/oauth2/token", control.token, methods=["POST"]),
        Route("/sandbox/reset", control.reset, methods=["POST"]),
        Route("/sandbox/images/{name}.svg", control.image),
    ]


class Control:
    """The endpoints; each answers what is set after the call."""

    def __init__(self, parts: Parts, reseed: Callable[[], None], apis: frozenset[str]) -> None:
        self._parts = parts
        self._reseed = reseed
        self._apis = apis

    async def health(self, _: Request) -> Response:
        return _json({"status": "ok"})

    async def calls(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._parts.calls.reset()
        return _json(self._parts.calls.report())

    async def faults(self, request: Request) -> Response:
        if request.method == "PUT":
            fault = await _body(request, Fault)
            self._known(fault.api)
            self._parts.faults.add(fault)
        if request.method == "DELETE":
            self._parts.faults.remove(request.query_params.get("api"), request.query_params.get("resource"))
        return _json(self._parts.faults.listing())

    async def habits(self, request: Request) -> Response:
        if request.method == "PUT":
            self._parts.habits.switch(json_object(await read_body(request)), self._apis)
        if request.method == "DELETE":
            self._parts.habits.clear(request.query_params.get("api"))
        return _json(self._parts.habits.listing())

    async def auth(self, request: Request) -> Response:
        if request.method == "PUT":
            lock = await _body(request, Lock)
            self._known(lock.api)
            self._parts.locks.set(lock)
        if request.method == "DELETE":
            self._parts.locks.clear()
        return _json(self._parts.locks.listing())

    async def token(self, request: Request) -> Response:
        return self._parts.locks.token(request.headers.get("authorization"), await read_body(request))

    async def reset(self, _: Request) -> Response:
        self._reseed()
        self._parts.calls.reset()
        self._parts.faults.remove()
        self._parts.locks.clear()
        self._parts.habits.clear()
        return _json({"status": "ok"})

    async def image(self, request: Request) -> Response:
        headers = {"cache-control": "public, max-age=86400"}
        return Response(picture(request.path_params["name"]), 200, headers, "image/svg+xml")

    def _known(self, api: str | None) -> None:
        if api is not None and api not in self._apis:
            raise bad_request(f"api {api}: one of {', '.join(sorted(self._apis))} was expected")


async def _body(request: Request, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(await read_body(request), type=kind)
    except msgspec.DecodeError as error:
        raise Refusal(400, "invalidRequest", "The request is not valid", str(error)) from error


def _json(body: Any) -> Response:
    return Response(msgspec.json.encode(body), media_type=JSON)
