"""The sandbox's own endpoints under /sandbox: health, calls, faults, habits, ghosts, events, porting, locks, tokens,
dumps, pictures, reset.

They are for whoever tests against the sandbox, never for a client of TM Forum APIs: nothing here is counted, faulted
or locked. `sandbox/control.py` is the client of the same endpoints.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.apis import porting
from sandbox.auth import Lock
from sandbox.bodies import JSON, json_object, read_body
from sandbox.cognito.server import API as COGNITO
from sandbox.desk import Desk
from sandbox.dump import dump
from sandbox.errors import Refusal, bad_request, not_found
from sandbox.faults import Fault
from sandbox.images import picture
from sandbox.rendering import Window
from sandbox.resources import Parts

T = TypeVar("T")


class HubSetting(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """PUT /sandbox/hubs: the Authorization header every event is sent with; null for none."""

    authorization: str | None


class Sending(msgspec.Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """POST /sandbox/events: `eventId` of an event to send again, or an `event` to send as it is.

    `path` goes after the callback instead of `/listener/<eventType>`; `padBytes` makes the event that much larger.
    """

    event_id: str | None = None
    api: str = "TMF620"
    event: Any = None
    path: str | None = None
    pad_bytes: int = 0


class Move(msgspec.Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """POST /sandbox/porting/{id}: the state a port-in shall be in."""

    state: str
    reason: str | None = None
    scheduled_at: str | None = None


def control_routes(parts: Parts, reseed: Callable[[], None], windows: Sequence[Window]) -> list[Route]:
    """Every route under /sandbox; `reseed` puts the seed's documents back, `windows` are the APIs there are."""
    control = Control(parts, reseed, windows)
    return [
        Route("/sandbox/health", control.health),
        Route("/sandbox/calls", control.calls, methods=["GET", "DELETE"]),
        Route("/sandbox/faults", control.faults, methods=["GET", "PUT", "DELETE"]),
        Route("/sandbox/habits", control.habits, methods=["GET", "PUT", "DELETE"]),
        Route("/sandbox/ghosts", control.ghosts, methods=["GET", "POST"]),
        Route("/sandbox/hubs", control.hubs, methods=["GET", "PUT", "DELETE"]),
        Route("/sandbox/events", control.events, methods=["GET"]),
        Route("/sandbox/events", control.send, methods=["POST"]),
        Route("/sandbox/porting", control.port_ins),
        Route("/sandbox/porting/{id}", control.port, methods=["POST"]),
        Route("/sandbox/auth", control.auth, methods=["GET", "PUT", "DELETE"]),
        Route("/sandbox/oauth2/token", control.token, methods=["POST"]),
        Route("/sandbox/reset", control.reset, methods=["POST"]),
        Route("/sandbox/dump", control.dump),
        Route("/sandbox/images/{name}.svg", control.image),
    ]


class Control:
    """The endpoints; each answers what is set after the call."""

    def __init__(self, parts: Parts, reseed: Callable[[], None], windows: Sequence[Window]) -> None:
        self._parts = parts
        self._reseed = reseed
        self._windows = windows
        self._apis = frozenset({*(window.api.name for window in windows), COGNITO})

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

    async def ghosts(self, request: Request) -> Response:
        if request.method == "POST":
            self._parts.ghosts.apply()
        return _json(self._parts.ghosts.listing())

    async def hubs(self, request: Request) -> Response:
        announcer = self._parts.announcer
        if request.method == "PUT":
            announcer.authorization = (await _body(request, HubSetting)).authorization
        if request.method == "DELETE":
            announcer.clear()
        return _json([subscription.listing() for subscription in announcer.subscriptions])

    async def events(self, _: Request) -> Response:
        return _json(self._parts.announcer.listing())

    async def send(self, request: Request) -> Response:
        """Send an old event again, or one that was made by hand."""
        wanted, announcer = await _body(request, Sending), self._parts.announcer
        if wanted.event_id is not None:
            record = announcer.again(wanted.event_id)
            if record is None:
                raise not_found(f"event {wanted.event_id}")
            return _json(record.listing(), 202)
        self._known(wanted.api)
        body = wanted.event
        if wanted.pad_bytes and isinstance(body, dict):
            body = {**body, "padding": "x" * wanted.pad_bytes}
        return _json(announcer.hand_made(wanted.api, body, wanted.path).listing(), 202)

    async def port_ins(self, request: Request) -> Response:
        return _json(porting.disclosed(self._desk(request)))

    async def port(self, request: Request) -> Response:
        wanted = await _body(request, Move)
        identifier, desk = request.path_params["id"], self._desk(request)
        return _json(porting.move(desk, identifier, wanted.state, wanted.reason, wanted.scheduled_at))

    def _desk(self, request: Request) -> Desk:
        return self._parts.desk(str(request.base_url).rstrip("/"))

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
        self._parts.ghosts.clear()
        self._parts.announcer.clear()
        return _json({"status": "ok"})

    async def dump(self, request: Request) -> Response:
        return dump(request, self._windows, self._parts.store)

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


def _json(body: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type=JSON)
