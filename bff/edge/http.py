"""GraphQL over HTTP: from bytes to an operation and from its result to bytes.

Follows the GraphQL-over-HTTP specification (September 2025 draft) to the letter of its audits. A bare ASGI callable
ahead of any router. What is public and known is answered with its bytes (`whole.py`); of the rest `engine/compile`
executes what is asked for often, graphql-core what is not.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from bff.edge.discretion import discreet
from bff.edge.documents import Documents, Known
from bff.edge.errors import answer_of, execution_error, request_error, unexpected
from bff.edge.metrics import TimedRequest
from bff.edge.persisted import Persisted, document_hash
from bff.edge.turns import Turns
from bff.edge.whole import Headers, Memo, Public, Whole, cache_control, has_tag, made_of, question_of
from bff.settings import AnswerSettings
from engine import Answers, Found, Made, Prepared
from kernel.context import Audience
from kernel.errors import BadRequestError, GatewayError, LimitExceededError
from resolvers.context import Context

RESPONSE_JSON = "application/graphql-response+json"
JSON = "application/json"
_MAX_QUERY_STRING = 16_000
_GRACE = 0.5  # loaders keep the deadline themselves, and say better what was late; this is for what hangs
_MEDIA_TYPES = {None: JSON, b"*/*": JSON, b"application/json": JSON, RESPONSE_JSON.encode(): RESPONSE_JSON}
_QUERY = b"?"
_NOT_KEPT = (b"cache-control", b"private, no-store")
# RFC 9211: what became of the request here; `bypass` for what is never kept
_STATUS = {
    "hit": b"bff; hit",
    "stale": b"bff; hit; detail=stale",
    "miss": b"bff; fwd=miss",
    "joined": b"bff; fwd=miss; collapsed",
}

MakeContext = Callable[[Request], Awaitable[Context]]
T = TypeVar("T")
RawHeaders = list[tuple[bytes, bytes]]
# Browsers insist on Secure, and for __Host- on no Domain and on the path / (RFC 6265bis, section 4.1.3).
ACCESS_COOKIE, REFRESH_COOKIE = "__Host-session", "__Secure-refresh"
_SESSION_COOKIES = (ACCESS_COOKIE.encode(), REFRESH_COOKIE.encode())


class HTTPError(Exception):
    """A request that is refused for what it is as HTTP. `error` says so in GraphQL's form."""

    def __init__(self, status: int, error: GatewayError, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error.message)
        self.status, self.error, self.headers = status, error, headers or {}


class GraphQLRequest(msgspec.Struct):
    """The parameters of a request (specification, section 5.1). A document is sent, or named by its hash."""

    query: str | msgspec.UnsetType = msgspec.UNSET
    operation_name: str | None = msgspec.field(default=None, name="operationName")
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None
    document_id: str | None = msgspec.field(default=None, name="documentId")


class Reply(msgspec.Struct, frozen=True):
    """What goes out."""

    status: int
    headers: RawHeaders
    body: bytes

    @property
    def head(self) -> RawHeaders:
        """All headers, the length of what there is among them."""
        return [*self.headers, (b"content-length", b"%d" % len(self.body))] if self.body else self.headers


class _Asked(msgspec.Struct, frozen=True):
    """A request as it came in. `raw`: the bytes that hold its parameters."""

    scope: Scope
    headers: Headers
    raw: bytes
    media_type: str
    timed: TimedRequest

    @property
    def reading(self) -> bool:
        return bool(self.scope["method"] != "POST")

    @property
    def anonymous(self) -> bool:
        """Whether nothing says who is asking; a cookie with a session does, whether cookies are wanted or not."""
        if b"authorization" in self.headers:
            return False
        cookies = self.headers.get(b"cookie")
        return not cookies or not any(name in cookies for name in _SESSION_COOKIES)


AtOnce = Callable[[Any, bytes], Reply | None]
"""From a request that is all there, its scope and its body, to the reply; None where it must be waited for."""

_REQUEST = msgspec.json.Decoder(GraphQLRequest)
_OBJECT = msgspec.json.Decoder(dict[str, Any])


class GraphQLEndpoint:
    """The endpoint of one schema. `make_context` turns a request into what resolvers find in `info.context`.

    With `public`, what every caller may see alike is answered once for all. `vary`: headers that shape an answer
    besides those that always do.
    """

    def __init__(
        self,
        documents: Documents,
        make_context: MakeContext,
        *,
        max_body: int,
        persisted: Persisted | None = None,
        public: Public | None = None,
        caching: AnswerSettings | None = None,
        vary: Iterable[str] = (),
        turns: Turns | None = None,
    ) -> None:
        self._documents, self._make_context, self._max_body = documents, make_context, max_body
        self._persisted = Persisted() if persisted is None else persisted
        self._public, self._caching = public, caching or AnswerSettings()
        self._turns, self._memo = turns or Turns(), Memo()
        self._fixed: RawHeaders = [
            (b"vary", ", ".join(("Accept, Accept-Language, X-Channel", *vary)).encode()),
            (b"x-content-type-options", b"nosniff"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with TimedRequest() as timed:
            try:
                reply = await self._respond(scope, receive, timed)
            except HTTPError as refused:
                named = [(name.encode(), value.encode()) for name, value in refused.headers.items()]
                reply = self._json({"errors": [request_error(refused.error)]}, refused.status, JSON, named)
            except ClientDisconnect:
                timed.outcome = "gone"
                return
            except Exception as error:  # noqa: BLE001  (the last line: whatever happens, the client gets an answer)
                timed.outcome = "fault"
                reply = self._json({"errors": [unexpected(error)]}, 500, JSON, [])
        at_once = getattr(send, "at_once", None)  # as our own server's, which takes a reply as it is
        if at_once is None or not at_once(reply):
            await send({"type": "http.response.start", "status": reply.status, "headers": reply.head})
            await send({"type": "http.response.body", "body": reply.body})

    async def _respond(self, scope: Scope, receive: Receive, timed: TimedRequest) -> Reply:
        headers = dict(scope["headers"])
        media_type = _media_type(headers.get(b"accept"))
        asked = _Asked(scope, headers, await self._raw(scope, headers, receive), media_type, timed)
        return self._known(asked, self._memo.get(asked.raw)) or await self._answer(asked)

    def at_once(self, scope: Scope, body: bytes) -> Reply | None:
        """The reply where it is at hand, as calling the endpoint would send it; None where it must be called."""
        raw = body if scope["method"] == "POST" else _QUERY + scope["query_string"]
        question = self._memo.get(raw)
        if question is None or scope["method"] not in ("GET", "POST"):
            return None
        headers = dict(scope["headers"])
        media_type = _MEDIA_TYPES.get(headers.get(b"accept"))
        if media_type is None:
            return None
        if scope["method"] == "POST" and (body[:1] == _QUERY or not _is_json(headers.get(b"content-type", b""))):
            return None
        with TimedRequest() as timed:
            reply = self._known(_Asked(scope, headers, raw, media_type, timed), question)
            timed.counts = reply is not None
        return reply

    def _known(self, asked: _Asked, question: str | None) -> Reply | None:
        """The reply to a question that is known by its very bytes, where its answer is there."""
        answers = None if question is None or self._public is None else self._public.answers(asked.scope)
        if answers is None or self._public is None or not asked.anonymous:
            return None
        audience = self._public.audience(asked.headers)
        found = answers.fresh(f"{question}.{audience.key}")
        return None if found is None else self._shown(asked, audience, answers, Found(found, "hit"))

    async def _answer(self, asked: _Asked) -> Reply:
        parameters = _parameters(asked)
        await self._turns.take()
        try:
            text, known = document_of(parameters, self._persisted, self._documents)
            operation = _operation(known, parameters.operation_name, reading=asked.reading)
            asked.timed.operation = operation.kind or "none"
        except GatewayError as error:
            named = [(b"content-language", (await self._language(asked)).encode())]
            return self._json(
                {"errors": [request_error(error)]}, _refused_status(asked.media_type), asked.media_type, named
            )
        answers = None if self._public is None else self._public.answers(asked.scope)
        if answers is not None and operation.private is None:
            question = question_of(text, operation, parameters.variables)
            if question is not None:
                if parameters.query is msgspec.UNSET or not parameters.extensions:  # else it may register a document
                    self._memo.put(asked.raw, question)
                return await self._whole(asked, parameters, known, operation, question, answers)
        return await self._own(asked, parameters, known, operation)

    # ------------------------------------------------------------------ the same for everybody

    async def _whole(
        self,
        asked: _Asked,
        parameters: GraphQLRequest,
        known: Known,
        operation: Prepared,
        question: str,
        answers: Answers[Whole],
    ) -> Reply:
        public = self._public
        assert public is not None  # noqa: S101  (whose answers these are)
        audience = public.audience(asked.headers) if asked.anonymous else await self._callers_audience(asked)

        async def make() -> Made[Whole]:
            context = public.context(asked.scope, audience)
            result = await self._executed(known, operation, context, parameters)
            return made_of(result, context, self._caching)

        return self._shown(asked, audience, answers, await answers.get(f"{question}.{audience.key}", make))

    def _shown(self, asked: _Asked, audience: Audience, answers: Answers[Whole], found: Found[Whole]) -> Reply:
        """An answer of everybody's, with what HTTP caches may do with it; of a POST's they may do nothing."""
        whole = found.value
        asked.timed.operation, asked.timed.outcome = "query", whole.outcome
        headers = [
            *self._fixed,
            (b"content-language", audience.language.encode()),
            (b"cache-status", _STATUS[found.how]),
        ]
        if asked.reading and asked.anonymous and whole.kept:
            headers.append((b"cache-control", cache_control(whole, self._caching, answers.now())))
            headers.append((b"etag", whole.etag))
            if has_tag(asked.headers.get(b"if-none-match", b""), whole.etag):
                return Reply(304, headers, b"")
        else:
            headers.append(_NOT_KEPT)
        headers.append((b"content-type", _CONTENT_TYPES[asked.media_type]))
        return Reply(_refused_status(asked.media_type) if whole.refused else 200, headers, whole.body)

    # ------------------------------------------------------------------ the caller's own

    async def _own(self, asked: _Asked, parameters: GraphQLRequest, known: Known, operation: Prepared) -> Reply:
        context = await self._make_context(Request(asked.scope))
        named = [(b"content-language", context.request.audience.language.encode())]
        result = await self._executed(known, operation, context, parameters)
        if result.data is None and result.errors and all(error.path is None for error in result.errors):
            shown = execution_error(result.errors[0])  # the second only says that there are more
            shown["message"] = discreet(shown["message"], parameters.variables)
            refusal = {"errors": [shown]}
            return self._json(refusal, _refused_status(asked.media_type), asked.media_type, named)
        asked.timed.outcome = "partial" if result.errors else "whole"
        named += [(b"set-cookie", cookie.encode()) for cookie in context.cookies]
        return self._json(answer_of(result), 200, asked.media_type, named)

    async def _executed(self, known: Known, operation: Prepared, context: Context, parameters: GraphQLRequest) -> Any:
        seconds = max(context.request.deadline.remaining(), 0) + _GRACE
        return await operation.execute(context, parameters.variables, worth_it=known.kept, seconds=seconds)

    async def _callers_audience(self, asked: _Asked) -> Audience:
        return (await self._make_context(Request(asked.scope))).request.audience

    async def _language(self, asked: _Asked) -> str:
        if self._public is not None and asked.anonymous:
            return self._public.audience(asked.headers).language
        return (await self._callers_audience(asked)).language

    # ------------------------------------------------------------------ bytes

    async def _raw(self, scope: Scope, headers: Headers, receive: Receive) -> bytes:
        method = scope["method"]
        if method == "POST":
            if not _is_json(headers.get(b"content-type", b"")):
                raise HTTPError(415, BadRequestError(f"A request is sent as {JSON} in UTF-8."))
            body = await _read_all(receive, headers, self._max_body)
            if body[:1] == _QUERY:
                raise HTTPError(400, BadRequestError("This is no JSON."))
            return body
        if method in ("GET", "HEAD"):
            raw: bytes = scope["query_string"]
            if len(raw) > _MAX_QUERY_STRING:
                raise HTTPError(414, LimitExceededError(f"A URL's query has at most {_MAX_QUERY_STRING} bytes."))
            return _QUERY + raw  # no body begins so
        error = BadRequestError("GraphQL is asked with GET or POST.")
        raise HTTPError(405, error, {"allow": "GET, POST"})

    def _json(self, answer: Mapping[str, Any], status: int, media_type: str, named: RawHeaders) -> Reply:
        headers = [*self._fixed, (b"content-type", _CONTENT_TYPES[media_type]), _NOT_KEPT, *named]
        return Reply(status, headers, msgspec.json.encode(answer))


_CONTENT_TYPES = {each: f"{each}; charset=utf-8".encode() for each in (RESPONSE_JSON, JSON)}


def document_of(parameters: GraphQLRequest, persisted: Persisted, documents: Documents) -> tuple[str, Known]:
    """The document that a request sends or names, and its text; one that is sent with its hash can be named from then.

    Raises:
        GatewayError: it is not known, not allowed, or no document that this schema executes.
    """
    given = None if parameters.query is msgspec.UNSET else parameters.query
    named = document_hash(parameters.document_id, parameters.extensions)
    text = persisted.text(named, given)
    known = documents.get(text)
    if named is not None and given is not None:
        persisted.register(named, text)
    return text, known


def _operation(known: Known, name: str | None, *, reading: bool) -> Prepared:
    operation = known.operation(name)
    if operation is None:
        raise BadRequestError("The document has no operation of that name." if name else "Which operation? Name one.")
    if reading and operation.kind != "query":
        raise HTTPError(405, BadRequestError("Only queries can be asked with GET."), {"allow": "POST"})
    if operation.kind == "subscription":
        raise BadRequestError("Subscriptions are served over WebSocket (graphql-transport-ws), not over plain HTTP.")
    return operation


def _media_type(accept: bytes | None) -> str:
    """What the client takes, in its own order (section 6.1); without a wish the older type, as the audits want it."""
    found = _MEDIA_TYPES.get(accept)
    if found is not None:
        return found
    wanted = [part.partition(";")[0].strip().lower() for part in (accept or b"").decode("latin-1").split(",")]
    for each in wanted:
        if each in (RESPONSE_JSON, JSON):
            return each
        if each in ("*/*", "application/*", ""):
            return JSON
    raise HTTPError(406, BadRequestError(f"Answers come as {RESPONSE_JSON} or {JSON}."))


def _refused_status(media_type: str) -> int:
    """A request that could not be executed: 400, but 200 for clients of the older type (sections 6.4.1, 6.4.2)."""
    return 400 if media_type == RESPONSE_JSON else 200


def _is_json(content_type: bytes) -> bool:
    if content_type == b"application/json":
        return True
    kind, _, parameters = content_type.decode("latin-1").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    return kind.strip().lower() == JSON and charset in ("", "utf-8", "utf8")


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body, unless it is over the limit: then no more of it is read."""
    return await _read_all(request.receive, dict(request.scope["headers"]), limit)


async def _read_all(receive: Receive, headers: Headers, limit: int) -> bytes:
    too_large = LimitExceededError(f"A request has at most {limit} bytes.")
    declared = headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > limit:
        raise HTTPError(413, too_large, {"connection": "close"})
    body, more = b"", True
    parts: list[bytes] = []
    size = 0
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body, more = message.get("body", b""), message.get("more_body", False)
        size += len(body)
        if size > limit:
            raise HTTPError(413, too_large, {"connection": "close"})
        parts.append(body)
    return body if len(parts) == 1 else b"".join(parts)


def _parameters(asked: _Asked) -> GraphQLRequest:
    found = _from_query(asked.raw[1:]) if asked.raw[:1] == _QUERY else _decode(_REQUEST, asked.raw)
    if found.query is msgspec.UNSET and found.document_id is None and "persistedQuery" not in (found.extensions or {}):
        raise HTTPError(400, BadRequestError("There is no `query`."))
    return found


def _from_query(raw: bytes) -> GraphQLRequest:
    """The parameters of a GET (section 5.4); `variables` and `extensions` are JSON text."""
    try:
        given = dict(parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20))
    except (UnicodeDecodeError, ValueError):
        raise HTTPError(400, BadRequestError("The URL's query cannot be read.")) from None
    objects = {name: _decode(_OBJECT, given[name].encode()) for name in ("variables", "extensions") if given.get(name)}
    return GraphQLRequest(
        given.get("query", msgspec.UNSET),
        given.get("operationName") or None,
        document_id=given.get("documentId") or None,
        **objects,
    )


def _decode(decoder: msgspec.json.Decoder[T], raw: bytes) -> T:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise HTTPError(400, BadRequestError(f"This is no GraphQL request: {error}")) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise HTTPError(400, BadRequestError("This is no JSON.")) from None
