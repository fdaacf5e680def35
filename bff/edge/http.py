"""GraphQL over HTTP: from bytes to an operation and from its result to bytes.

Follows the GraphQL-over-HTTP specification (September 2025 draft) to the letter of its audits. A bare ASGI callable:
it could stand in front of any router. `engine/compile` executes what is asked for often, graphql-core the rest.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from graphql import DocumentNode, OperationType, get_operation_ast
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bff.edge.documents import Documents
from bff.edge.errors import execution_error, request_error, unexpected
from bff.edge.metrics import TimedRequest
from bff.edge.turns import Turns
from kernel.errors import BadRequestError, GatewayError, LimitExceededError
from resolvers.context import Context

RESPONSE_JSON = "application/graphql-response+json"
JSON = "application/json"
_MAX_QUERY_STRING = 16_000
_GRACE = 0.5  # loaders keep the deadline themselves, and say better what was late; this is for what hangs

MakeContext = Callable[[Request], Awaitable[Context]]
T = TypeVar("T")


class HTTPError(Exception):
    """A request that is refused for what it is as HTTP. `error` says so in GraphQL's form."""

    def __init__(self, status: int, error: GatewayError, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error.message)
        self.status, self.error, self.headers = status, error, headers or {}


class GraphQLRequest(msgspec.Struct):
    """The parameters of a request (specification, section 5.1)."""

    query: str
    operation_name: str | None = msgspec.field(default=None, name="operationName")
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


_REQUEST = msgspec.json.Decoder(GraphQLRequest)
_OBJECT = msgspec.json.Decoder(dict[str, Any])


class GraphQLEndpoint:
    """The endpoint of one schema. `make_context` turns a request into what resolvers find in `info.context`."""

    def __init__(self, documents: Documents, make_context: MakeContext, *, max_body: int) -> None:
        self._documents = documents
        self._make_context, self._max_body = make_context, max_body
        self._turns = Turns()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        with TimedRequest() as timed:
            try:
                response = await self._respond(request, timed)
            except HTTPError as refused:
                response = _json({"errors": [request_error(refused.error)]}, refused.status, JSON, refused.headers)
            except ClientDisconnect:
                timed.outcome = "gone"
                return
            except Exception as error:  # noqa: BLE001  (the last line: whatever happens, the client gets an answer)
                timed.outcome = "fault"
                response = _json({"errors": [unexpected(error)]}, 500, JSON, {})
        await response(scope, receive, send)

    async def _respond(self, request: Request, timed: TimedRequest) -> Response:
        media_type = _media_type(request.headers.get("accept"))
        asked = await self._read(request)
        await self._turns.take()
        context = await self._make_context(request)
        headers = {"content-language": context.request.audience.language}
        try:
            known = self._documents.get(asked.query)
            kind = _check_operation(known.document, asked.operation_name, reading=request.method != "POST")
            timed.operation = kind.value
            operation = known.operation(asked.operation_name)
            seconds = max(context.request.deadline.remaining(), 0) + _GRACE
            result = await operation.execute(context, asked.variables, worth_it=known.kept, seconds=seconds)
        except GatewayError as error:
            return _json({"errors": [request_error(error)]}, _refused_status(media_type), media_type, headers)
        if result.data is None and result.errors and all(error.path is None for error in result.errors):
            refusal = {"errors": [execution_error(result.errors[0])]}  # the second only says that there are more
            return _json(refusal, _refused_status(media_type), media_type, headers)
        answer: dict[str, Any] = {}
        timed.outcome = "partial" if result.errors else "whole"
        if result.errors:
            answer["errors"] = [execution_error(error) for error in result.errors]
        answer["data"] = result.data
        response = _json(answer, 200, media_type, headers)
        for cookie in context.cookies:
            response.headers.append("set-cookie", cookie)
        return response

    async def _read(self, request: Request) -> GraphQLRequest:
        if request.method == "POST":
            _require_json(request.headers.get("content-type"))
            return _decode(_REQUEST, await read_body(request, self._max_body))
        if request.method in ("GET", "HEAD"):
            return _from_query(request.scope["query_string"])
        error = BadRequestError("GraphQL is asked with GET or POST.")
        raise HTTPError(405, error, {"allow": "GET, POST"})


def _check_operation(document: DocumentNode, name: str | None, *, reading: bool) -> OperationType:
    operation = get_operation_ast(document, name)
    if operation is None:
        raise BadRequestError("The document has no operation of that name." if name else "Which operation? Name one.")
    if reading and operation.operation is not OperationType.QUERY:
        raise HTTPError(405, BadRequestError("Only queries can be asked with GET."), {"allow": "POST"})
    if operation.operation is OperationType.SUBSCRIPTION:
        raise BadRequestError("Subscriptions are not served over plain HTTP.")
    return operation.operation


def _media_type(accept: str | None) -> str:
    """What the client takes, in its own order (section 6.1); without a wish the older type, as the audits want it."""
    wanted = [part.partition(";")[0].strip().lower() for part in (accept or "*/*").split(",")]
    for each in wanted:
        if each in (RESPONSE_JSON, JSON):
            return each
        if each in ("*/*", "application/*", ""):
            return JSON
    raise HTTPError(406, BadRequestError(f"Answers come as {RESPONSE_JSON} or {JSON}."))


def _refused_status(media_type: str) -> int:
    """A request that could not be executed: 400, but 200 for clients of the older type (sections 6.4.1, 6.4.2)."""
    return 400 if media_type == RESPONSE_JSON else 200


def _require_json(content_type: str | None) -> None:
    kind, _, parameters = (content_type or "").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if kind.strip().lower() != JSON or charset not in ("", "utf-8", "utf8"):
        raise HTTPError(415, BadRequestError(f"A request is sent as {JSON} in UTF-8."))


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body, unless it is over the limit: then no more of it is read."""
    too_large = HTTPError(413, LimitExceededError(f"A request has at most {limit} bytes."), {"connection": "close"})
    declared = request.headers.get("content-length", "0")
    if declared.isascii() and declared.isdigit() and int(declared) > limit:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise too_large
    return bytes(body)


def _from_query(raw: bytes) -> GraphQLRequest:
    """The parameters of a GET (section 5.4); `variables` and `extensions` are JSON text."""
    if len(raw) > _MAX_QUERY_STRING:
        raise HTTPError(414, LimitExceededError(f"A URL's query has at most {_MAX_QUERY_STRING} bytes."))
    try:
        given = dict(parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20))
    except (UnicodeDecodeError, ValueError):
        raise HTTPError(400, BadRequestError("The URL's query cannot be read.")) from None
    if "query" not in given:
        raise HTTPError(400, BadRequestError("There is no `query`."))
    objects = {name: _decode(_OBJECT, given[name].encode()) for name in ("variables", "extensions") if given.get(name)}
    return GraphQLRequest(given["query"], given.get("operationName") or None, **objects)


def _decode(decoder: msgspec.json.Decoder[T], raw: bytes) -> T:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise HTTPError(400, BadRequestError(f"This is no GraphQL request: {error}")) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise HTTPError(400, BadRequestError("This is no JSON.")) from None


def _json(answer: Mapping[str, Any], status: int, media_type: str, headers: Mapping[str, str]) -> Response:
    fixed = {
        "content-type": f"{media_type}; charset=utf-8",
        "cache-control": "no-store",
        "vary": "Accept, Accept-Language, X-Channel",
        "x-content-type-options": "nosniff",
    }
    return Response(msgspec.json.encode(answer), status, {**fixed, **headers})
