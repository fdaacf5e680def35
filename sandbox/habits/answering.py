"""Habits of answers and writes: statuses, headers, error bodies, writes that are applied but never answered, ETags."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sandbox.bodies import JSON
from sandbox.errors import Refusal
from sandbox.habits.model import FOREVER, Habit, On, Postponed
from sandbox.projection import ALWAYS
from sandbox.tables import Document, Lifecycle

WRITES = frozenset({"POST", "PATCH", "DELETE"})


def _status(method: str, usual: int, instead: int) -> Callable[[Response, On, Request, Document | None], Response]:
    def respond(response: Response, _: On, request: Request, __: Document | None) -> Response:
        if request.method == method and response.status_code == usual:
            response.status_code = instead
        return response

    return respond


def _without_counts(response: Response, _: On, __: Request, ___: Document | None) -> Response:
    for name in ("x-total-count", "x-result-count"):
        if name in response.headers:
            del response.headers[name]
    return response


def _detail(refusal: Refusal) -> Response:
    return Response(msgspec.json.encode({"detail": refusal.message or refusal.reason}), media_type=JSON)


def _html(refusal: Refusal) -> Response:
    page = f"<!doctype html><html><head><title>Error {refusal.status}</title></head><body><h1>Error</h1></body></html>"
    return Response(page, media_type="text/html; charset=utf-8")


def _number(refusal: Refusal) -> Response:
    body = {"code": refusal.status * 100 + 1, "reason": refusal.reason, "status": refusal.status}
    return Response(msgspec.json.encode(body), media_type=JSON)


SHAPES: dict[str, Callable[[Refusal], Response]] = {
    "detail": _detail,
    "html": _html,
    "empty": lambda _: Response(),
    "number": _number,
}


def _shaped(response: Response, on: On, refusal: Refusal) -> Response:
    names = list(SHAPES)
    name = names[on.turn() % len(names)] if on["shape"] == "rotate" else on["shape"]
    shaped = SHAPES[name](refusal)
    shaped.status_code = response.status_code
    return shaped


def _late(seconds: float, on: On, request: Request) -> float:
    if request.method not in WRITES or (on["times"] and on.turn() >= on["times"]):
        return seconds
    return on["delayMs"] / 1000 if on["delayMs"] else FOREVER


def _ghost(postponed: Postponed | None, on: On, request: Request) -> Postponed | None:
    if request.method not in WRITES or (on["times"] and on.turn() >= on["times"]):
        return postponed
    return Postponed(on["delayMs"] / 1000 or None, on["closed"])


def _sparse(response: Response, _: On, request: Request, document: Document | None) -> Response:
    if request.method not in {"POST", "PATCH"} or document is None:
        return response
    whole = msgspec.json.decode(bytes(response.body), type=Document)
    response.body = msgspec.json.encode({key: whole[key] for key in ALWAYS if key in whole})
    response.headers["content-length"] = str(len(response.body))
    return response


def etag(document: Document, *, weak: bool = False) -> str:
    """The tag of a stored document: the same in every language, another after each write that changes it."""
    digest = hashlib.sha256(msgspec.json.encode(document)).hexdigest()[:20]
    return f'{"W/" if weak else ""}"{digest}"'


def _tagged(response: Response, on: On, _: Request, document: Document | None) -> Response:
    if document is not None:
        response.headers["etag"] = etag(document, weak=on["weak"])
    return response


def _guarded(document: Document, on: On, request: Request) -> Document:
    """If-Match, RFC 9110 section 13.1.1; weak tags compare by their opaque part, as the servers that give them do."""
    wanted = request.headers.get("if-match")
    if wanted is None:
        if on["required"]:
            raise Refusal(428, "preconditionRequired", "If-Match is required")
        return document
    tags = {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
    if "*" not in tags and etag(document) not in tags:
        raise Refusal(412, "preconditionFailed", "The resource has changed", "If-Match names another state of it")
    return document


def _strict(lifecycle: Lifecycle, on: On) -> Lifecycle:
    return replace(lifecycle, transitions=lifecycle.usual or lifecycle.transitions, status=on["status"])


ANSWERING = (
    Habit(
        name="counts-missing",
        about="No X-Total-Count and no X-Result-Count.",
        section="1.3",
        seen="Either may be missing.",
        respond=_without_counts,
    ),
    Habit(
        name="patch-answers-201",
        about="PATCH answers 201.",
        section="1.5",
        seen="servers answer 200 or 201 to PATCH",
        respond=_status("PATCH", 200, 201),
    ),
    Habit(
        name="post-answers-200",
        about="POST answers 200.",
        section="1.5",
        seen="Some answer 200.",
        respond=_status("POST", 201, 200),
    ),
    Habit(
        name="sparse-write-answers",
        about="POST and PATCH answer `id`, `href` and `@type` alone; the write is applied whole.",
        section="1.5",
        seen="After a PATCH, compare the returned body with what was asked.",
        respond=_sparse,
    ),
    Habit(
        name="etag-present",
        about="ETag on items and writes; If-Match on PATCH and DELETE is honoured with 412, with `required` also 428.",
        section="1.5",
        seen="send If-Match when the server gave an ETag",
        options={"weak": False, "required": False},
        respond=_tagged,
        guard=_guarded,
    ),
    Habit(
        name="transitions-enforced",
        about="A wrong move of the lifecycle state answers `status`; so does reserving what is reserved.",
        section="1.5",
        seen="rely on the server's state machine",
        options={"status": 409},
        states=_strict,
    ),
    Habit(
        name="transitions-free",
        about="Every move of a lifecycle state is taken, also where the API usually refuses some.",
        section="2.3",
        seen="Transitions are not in the spec; servers enforce their own",
        states=lambda lifecycle, _: replace(lifecycle, transitions=None),
    ),
    Habit(
        name="error-shapes",
        about="Refusals have another body: `shape` detail, html, empty, number (a number code), or rotate.",
        section="1.6",
        seen='code as a number; other shapes (`{"detail": ...}`, HTML pages, empty body)',
        options={"shape": "rotate"},
        refuse=_shaped,
    ),
    Habit(
        name="late-apply",
        about="A write is applied, but answered only after `delayMs`, or never (0); `times` ends it after so many.",
        section="3",
        seen='Timeouts on writes are "unknown", not "failed".',
        options={"delayMs": 0, "times": 0},
        late=_late,
    ),
    Habit(
        name="applied-later",
        about="A write is applied only after `delayMs`, or when it is told (0), and never answered: the connection is "
        "reset at once, or hangs without `closed`; `times` ends it after so many.",
        section="3",
        seen='Timeouts on writes are "unknown", not "failed".',
        options={"delayMs": 0, "closed": True, "times": 0},
        postpone=_ghost,
    ),
)
