"""The hub of each API: subscribing to its events and no longer.

Subscribing twice makes two subscriptions, as TM Forum's text has it. The v4 files know POST and DELETE alone; one
subscription can be read where the API's major version is 5 or more, as some v5 files have it.
"""

import uuid

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sandbox.announcing import Announcer
from sandbox.bodies import JSON, json_object, media_type
from sandbox.errors import Refusal, bad_request, conflict, not_found
from sandbox.filters import parse_filters
from sandbox.habits import Active
from sandbox.outgoing import callback_problem
from sandbox.subscriptions import Subscription
from sandbox.tables import TYPED, Api

HUB = "hub"


class Hub:
    """POST /hub, DELETE /hub/{id} and, from v5 on, GET /hub/{id}, of one version of one API."""

    def __init__(self, api: Api, announcer: Announcer) -> None:
        self._api = api
        self._announcer = announcer

    def answer(self, request: Request, body: bytes, identifier: str | None, active: Active) -> Response:
        if identifier is None:
            if request.method == "POST":
                return self._subscribe(request, body, active)
            raise _not_allowed("POST")
        if request.method == "DELETE":
            self._announcer.unsubscribe(self._known(identifier).id)
            return Response(status_code=204)
        if self._typed and request.method == "GET":
            return self._reply(request, self._known(identifier))
        raise _not_allowed("GET, DELETE" if self._typed else "DELETE")

    @property
    def _typed(self) -> bool:
        return self._api.major >= TYPED

    def _subscribe(self, request: Request, body: bytes, active: Active) -> Response:
        media_type(request, {JSON})
        wanted = json_object(body)
        callback, query = wanted.get("callback"), wanted.get("query")
        problem = callback_problem(callback) if isinstance(callback, str) else "a text was expected"
        if problem or not isinstance(callback, str):
            raise bad_request(f"callback: {problem}")
        if not isinstance(query, str | None):
            raise bad_request("query: a text was expected")
        query = query and query.removeprefix("?")
        parse_filters(query or "")
        new = Subscription(str(uuid.uuid4()), self._api.name, self._api.major, callback, query)
        if active.through("subscribe", False) and any(_same(new, old) for old in self._announcer.subscriptions):
            raise conflict(f"{callback} is subscribed already")
        self._announcer.subscriptions.add(new)
        return self._reply(request, new, 201)

    def _known(self, identifier: str) -> Subscription:
        subscription = self._announcer.subscriptions.get(identifier)
        if subscription is None or (subscription.api, subscription.major) != (self._api.name, self._api.major):
            raise not_found(f"hub {identifier}")
        return subscription

    def _reply(self, request: Request, subscription: Subscription, status: int = 200) -> Response:
        href = f"{str(request.base_url).rstrip('/')}{self._api.base_path}/{HUB}/{subscription.id}"
        shown = {
            "id": subscription.id,
            **({"href": href, "@type": "Hub"} if self._typed else {}),
            "callback": subscription.callback,
            **({"query": subscription.query} if subscription.query else {}),
        }
        headers = {"location": href} if status == 201 else {}  # noqa: PLR2004 - Created
        return Response(msgspec.json.encode(shown), status, headers, JSON)


def _same(one: Subscription, other: Subscription) -> bool:
    return (one.api, one.major, one.callback) == (other.api, other.major, other.callback)


def _not_allowed(allowed: str) -> Refusal:
    return Refusal(405, "methodNotAllowed", "Method not allowed", headers={"allow": allowed})
