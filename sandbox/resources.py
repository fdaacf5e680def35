"""The generic TMF630 resource server: GET, POST, PATCH and DELETE over any resource of any table.

The order of a call is fixed: it is counted, its body is read, faults have their say, then the lock, then the work.
So a fault strikes callers without a key too, as a broken proxy in front of the real system would. Where real servers
differ, a value goes `through` the habits that are on (`sandbox/habits`); usually there are none.
"""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sandbox.announcing import Announcer
from sandbox.auth import Locks
from sandbox.bodies import JSON, json_object, media_type, read_body
from sandbox.calls import CallLog
from sandbox.checks import check, refuse_transition
from sandbox.desk import Desk, Kinds
from sandbox.errors import Refusal, bad_request, conflict, not_found, refusal_response
from sandbox.events import Change
from sandbox.faults import BrokenOff, Faults, faulty, pause
from sandbox.filters import Condition, Group, matches, parse_filters
from sandbox.ghosts import Ghosts
from sandbox.habits import Active, Found, Habits, Question
from sandbox.habits.model import FOREVER, Postponed, as_stored
from sandbox.hub import HUB, Hub
from sandbox.items import identified
from sandbox.languages import DEFAULT, negotiate
from sandbox.outbox import Outbox
from sandbox.paging import Page, parse_page, parse_sort
from sandbox.patching import names, patches
from sandbox.projection import parse_fields, project
from sandbox.rendering import Window
from sandbox.store import Store
from sandbox.tables import TYPED, Api, Document, Resource


@dataclass(frozen=True, slots=True)
class Parts:
    """What every resource shares."""

    store: Store
    calls: CallLog
    faults: Faults
    locks: Locks
    habits: Habits
    announcer: Announcer
    ghosts: Ghosts
    outbox: Outbox
    now: Callable[[], datetime]
    stopping: asyncio.Event
    kinds: Kinds

    def desk(self, base: str, correlation: str | None = None) -> Desk:
        return Desk(self.store, self.announcer, self.kinds, self.now, self.outbox, base, correlation)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one resource; `identifier` is None for the collection."""

    request: Request
    body: bytes
    api: Api
    resource: Resource
    identifier: str | None
    language: str
    active: Active

    @property
    def base(self) -> str:
        return str(self.request.base_url).rstrip("/")

    @property
    def correlation(self) -> str | None:
        return self.request.headers.get("x-correlation-id")


class ResourceServer:
    """Serves the resources of one API."""

    def __init__(self, window: Window, parts: Parts) -> None:
        self._api = window.api
        self._window = window
        self._parts = parts
        self._hub = Hub(window.api, parts.announcer)
        self._resources = {resource.path: resource for resource in window.api.resources}

    async def answer(self, request: Request) -> Response:
        """Answer one call: the endpoint of every route of this API."""
        name, identifier = request.path_params["resource"], request.path_params.get("id")
        known = name if name in self._resources or name == HUB else None
        entry = self._parts.calls.start(request, self._api.name, known, item=identifier is not None)
        response = await self._answer(request, name, identifier)
        entry["status"] = response.status_code
        return response

    async def _answer(self, request: Request, name: str, identifier: str | None) -> Response:
        active = self._parts.habits.active(self._api.name, name)
        try:
            body = await read_body(request)
            seconds, fault = self._parts.faults.fire(self._api.name, name)
            if seconds:
                await pause(request, seconds, self._parts.stopping)

            async def answer() -> Response:
                usual: Postponed | None = None
                postponed = active.through("postpone", usual, request)
                if postponed:
                    work = partial(self._work, request, body, name, identifier, active)
                    return await self._parts.ghosts.take(postponed, request, work, self._parts.stopping)
                response = self._work(request, body, name, identifier, active)
                return await self._late(request, response, active)

            return await (faulty(fault, request, self._parts.stopping, answer) if fault else answer())
        except Refusal as refusal:
            return active.through("refuse", refusal_response(refusal), refusal)

    async def _late(self, request: Request, response: Response, active: Active) -> Response:
        """The answer to work that is done: now, later or never."""
        seconds = active.through("late", 0.0, request)
        if seconds:
            await pause(request, seconds, self._parts.stopping)
        return BrokenOff() if seconds >= FOREVER else response

    def _work(self, request: Request, body: bytes, name: str, identifier: str | None, active: Active) -> Response:
        self._parts.locks.check(self._api.name, request)
        if name == HUB:
            return self._hub.answer(request, body, identifier, active)
        if name not in self._resources:
            raise not_found(f"{self._api.name} resource {name}")
        language = negotiate(request.headers.get("accept-language"))
        call = Call(request, body, self._api, self._resources[name], identifier, language, active)
        for _, resource in self._parts.kinds.values():
            if resource.due:
                resource.due(self._desk(call))
        return self._handler(call)(call)

    def _desk(self, call: Call) -> Desk:
        return self._parts.desk(call.base, call.correlation)

    def _handler(self, call: Call) -> Callable[[Call], Response]:
        handlers = self._of_item if call.identifier is not None else self._of_collection
        allowed = {method: handler for method, handler in handlers().items() if method in call.resource.methods}
        if call.request.method not in allowed:
            raise Refusal(405, "methodNotAllowed", "Method not allowed", headers={"allow": ", ".join(allowed)})
        return allowed[call.request.method]

    def _of_collection(self) -> dict[str, Callable[[Call], Response]]:
        return {"GET": self._list, "POST": self._create}

    def _of_item(self) -> dict[str, Callable[[Call], Response]]:
        return {"GET": self._read, "PATCH": self._patch, "DELETE": self._delete}

    def _list(self, call: Call) -> Response:
        if call.resource.computed:
            return self._reply(call, call.resource.computed(self._desk(call), call.request.query_params), 200, {})
        query, raw = call.request.query_params, str(call.request.scope["query_string"], "latin-1")
        question = Question(raw, parse_filters(raw), parse_sort(query.get("sort")), parse_page(query))
        question = call.active.through("ask", question, call.resource)
        found = self._find(call, question)
        shown = call.active.through("listed", [self._show(call, document) for document in found.documents])
        headers = {"x-total-count": str(found.total), "x-result-count": str(len(shown))}
        return self._reply(call, shown, found.status, headers)

    def _find(self, call: Call, question: Question) -> Found:
        kind, store = call.api.kind(call.resource), self._parts.store
        groups, sort = as_stored(question, call.resource)
        groups = [*groups, *_view(call.resource)]
        documents, total = store.find(kind, groups, sort, question.page, call.language)
        found = Found(documents, total, 200 if len(documents) == total else 206)
        whole = partial(store.find, kind, _view(call.resource), [], Page(0, 0), "")
        return call.active.through("found", found, question, lambda: whole()[1])

    def _read(self, call: Call) -> Response:
        return self._reply_with(call, self._stored(call))

    def _create(self, call: Call) -> Response:
        media_type(call.request, {JSON})
        body = json_object(call.body)
        body.setdefault("id", str(uuid.uuid4()))
        if call.api.major < TYPED:
            body.setdefault("@type", call.resource.type)
        if call.resource.only and body["@type"] != call.resource.only:
            body.setdefault("@baseType", call.resource.only)
        self._check(call, body)
        body = self._taken(call, body)
        document = self._stamped(call, call.resource.shape.inward(body) if call.resource.shape else body, None)
        kind = call.api.kind(call.resource)
        if self._parts.store.get(kind, document["id"]):
            raise conflict(f"{call.resource.path} {document['id']} exists already")
        document = self._effected(call, None, document)
        self._parts.store.add(kind, document)
        self._announce(call, None, document)
        return self._reply_with(call, document, 201, {"location": self._href(call, document)})

    def _patch(self, call: Call) -> Response:
        patch = patches(call.api)[media_type(call.request, patches(call.api))]
        before, shape = self._guarded(call), call.resource.shape
        shown = {**self._window.shaped(before, call.resource), "href": self._href(call, before)}
        patched = patch(shown, call.body, call.language)
        self._refuse_changes(call, shown, patched)
        self._check(call, patched)
        patched = self._taken(call, patched)
        after = self._stamped(call, shape.written(before, patched) if shape else patched, before)
        after = self._effected(call, before, after)
        self._parts.store.replace(call.api.kind(call.resource), after)
        self._announce(call, before, after)
        return self._reply_with(call, after)

    def _delete(self, call: Call) -> Response:
        before = self._guarded(call)
        self._parts.store.remove(call.api.kind(call.resource), before["id"])
        self._announce(call, before, None)
        return call.active.through("respond", Response(status_code=204), call.request, None)

    def _announce(self, call: Call, before: Document | None, after: Document | None) -> None:
        kind, name = call.api.kind(call.resource), call.api.name
        change = Change(api=name, kind=kind, before=before, after=after, base=call.base, correlation=call.correlation)
        self._parts.announcer.announce(change, call.resource)

    def _guarded(self, call: Call) -> Document:
        """The stored document, if this call may change it."""
        return call.active.through("guard", self._stored(call), call.request)

    def _stored(self, call: Call) -> Document:
        document = self._parts.store.get(call.api.kind(call.resource), str(call.identifier))
        if document is None or not matches(document, _view(call.resource), DEFAULT):
            raise not_found(f"{call.resource.path} {call.identifier}")
        return document

    def _check(self, call: Call, document: Document) -> None:
        """Refuse a document that must not be stored, and take from it what never is."""
        document.pop("href", None)
        check(call.resource, document)

    def _taken(self, call: Call, document: Document) -> Document:
        """What the server makes of a document it will store."""
        if call.resource.items:
            document = identified(document, call.resource.items)
        return call.active.through("take", document, call.resource, self._parts.store.get)

    def _effected(self, call: Call, before: Document | None, after: Document) -> Document:
        """What is stored, once everything else that the write does is done."""
        return call.resource.effect(self._desk(call), before, after) if call.resource.effect else after

    def _stamped(self, call: Call, document: Document, before: Document | None) -> Document:
        now, resource = self._parts.now().strftime("%Y-%m-%dT%H:%M:%SZ"), call.resource
        if resource.stamped:
            document[resource.stamped] = now
        if resource.created:
            document[resource.created] = before.get(resource.created, now) if before else now
        return document

    def _refuse_changes(self, call: Call, before: Document, after: Any) -> None:
        if not isinstance(after, dict):
            raise bad_request("an object must stay one")
        for name in ("id", "href"):
            if after.get(name) != before[name]:
                raise bad_request(f"{name} cannot be changed")
        lifecycle = call.resource.lifecycle
        if lifecycle:
            lifecycle = call.active.through("states", lifecycle)
            refuse_transition(lifecycle, before, after, named=names(call.body, lifecycle.attribute))

    def _href(self, call: Call, document: Document) -> str:
        return self._window.href(document, call.resource, call.base)

    def _show(self, call: Call, document: Document) -> Any:
        shown = self._window.show(document, call.resource, call.base, call.language)
        shown = call.active.through("show", shown, call.resource)
        wanted = call.request.query_params.getlist("fields")
        fields = call.active.through("fields", parse_fields(wanted), wanted)
        return shown if fields is None else project(shown, fields)

    def _reply_with(
        self, call: Call, document: Document, status: int = 200, headers: dict[str, str] | None = None
    ) -> Response:
        return self._reply(call, self._show(call, document), status, headers or {}, document)

    def _reply(
        self, call: Call, body: Any, status: int, headers: dict[str, str], document: Document | None = None
    ) -> Response:
        spoken = {"content-language": call.language, "vary": "Accept-Language", **headers}
        response = Response(msgspec.json.encode(body), status, spoken, JSON)
        return call.active.through("respond", response, call.request, document)


def _view(resource: Resource) -> list[Group]:
    """The filter of a resource that shows only some of the documents it is kept with."""
    if resource.only is None:
        return []
    return [tuple(Condition((name,), "eq", (resource.only,)) for name in ("@type", "@baseType"))]
