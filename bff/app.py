"""The gateway as an ASGI application. `create_app` is the only way to make one, for tests as for production."""

import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypedDict

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bff.edge.across import with_cors
from bff.edge.address import address_of
from bff.edge.audience import narrowed
from bff.edge.cart_token import HEADER as CART_TOKEN
from bff.edge.cart_token import cart_cookie, cart_token_of
from bff.edge.documents import Documents
from bff.edge.events import event_routes
from bff.edge.handshake import Origins
from bff.edge.http import AtOnce, GraphQLEndpoint, MakeContext, Reply
from bff.edge.metrics import metrics_routes
from bff.edge.session import (
    CSRF_HEADER,
    SESSION_PATH,
    SessionCookies,
    from_own_page,
    principal_of,
    refresh_token_of,
)
from bff.edge.socket import Desk
from bff.edge.sockets import SocketEndpoint
from bff.edge.turns import Turns
from bff.graphiql import graphiql_response, static_files
from bff.public import PublicSide
from bff.settings import Settings
from bff.settings_reader import persisted_documents, require_upstreams
from bff.upstream_clients import Transports
from bff.upstreams import Services, open_services
from domain.carts.offers import Offers
from kernel.clock import Clock, SystemClock
from kernel.context import Deadline, RequestContext
from resolvers.context import Context
from schema.root import build_schema

_PATH = "/graphql"


class State(TypedDict):
    """What the lifespan hands to every request, as `request.state`."""

    services: Services


def create_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    transports: Transports | None = None,
    compiled_after: int = 2,
    opened: Callable[[], None] | None = None,
) -> "Gateway":
    """The whole gateway. Tests pass a clock of their own and, per upstream, an httpx transport.

    `compiled_after`: uses after which a document's operations are compiled; tests that ask once want 1. `opened`:
    called when all parts are there, before the first request.

    Raises:
        SettingsError: an upstream that is needed is not configured.
    """
    require_upstreams(settings)
    schema = build_schema()._schema  # noqa: SLF001  (Strawberry builds it and has no public name for it)
    documents = Documents.of(
        schema,
        settings.limit,
        introspection=settings.introspection,
        compiled=settings.compile,
        compiled_after=compiled_after,
    )
    clock = clock or SystemClock()
    public = PublicSide(settings)
    make_context, persisted, turns = _context_maker(settings, public, clock), persisted_documents(settings), Turns()
    most_bytes = settings.limit.body_bytes
    desk = Desk(documents, persisted, make_context, turns, clock, settings.sockets, most_bytes)
    graphql = GraphQLEndpoint(
        documents,
        make_context,
        max_body=most_bytes,
        persisted=persisted,
        turns=turns,
        public=public,
        caching=settings.answers,
        vary=["Origin"] if settings.cors_origins else [],
    )
    endpoint = _PageOrApi(graphql) if settings.graphiql else graphql

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        async with open_services(settings, clock, transports or {}) as services:
            if opened is not None:
                opened()
            yield {"services": services}

    routes: list[Route | Mount] = [Route("/livez", _alive), Route("/readyz", _ready)]
    routes += event_routes(settings.events) + metrics_routes(settings.metrics, documents)
    if settings.graphiql:
        routes.append(Mount(f"{_PATH}/static", static_files()))
    routes.append(Route(_PATH, endpoint))
    if settings.session.cookies:
        routes.append(Route(SESSION_PATH, graphql))
    sockets = SocketEndpoint(desk, Origins(settings.cors_origins)) if settings.sockets.per_process else None
    return Gateway(endpoint, graphql.at_once, sockets, documents, _cors(settings), routes=routes, lifespan=lifespan)


class Gateway(Starlette):
    """Answers GraphQL ahead of the router, which with its middleware would take as long as a kept answer does."""

    def __init__(
        self,
        graphql: ASGIApp,
        at_once: AtOnce,
        sockets: ASGIApp | None,
        documents: Documents,
        cors: dict[str, Any],
        **rest: Any,
    ) -> None:
        super().__init__(middleware=[Middleware(CORSMiddleware, **cors)], **rest)
        self.documents, self._sockets, self._at_once = documents, sockets, at_once
        self._graphql, self._graphql_across = graphql, CORSMiddleware(graphql, **cors)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and scope["path"] == _PATH and self._sockets is not None:
            await self._sockets(scope, receive, send)
        elif scope["type"] != "http" or scope["path"] != _PATH:
            await super().__call__(scope, receive, send)
        elif _is_from_a_page(scope):
            await self._graphql_across(scope, receive, send)
        else:
            await self._graphql(scope, receive, send)

    def at_once(self, scope: Scope, body: bytes) -> Reply | None:
        """The reply to a request that is all there, where nothing need be awaited for it; else None."""
        if scope["path"] != _PATH:
            return None
        reply = self._at_once(scope, body)
        return with_cors(self._graphql_across, scope, reply) if reply is not None and _is_from_a_page(scope) else reply


def _is_from_a_page(scope: Scope) -> bool:
    """Whether a browser says which page asks, so that CORS has to speak first."""
    return any(name == b"origin" for name, _ in scope["headers"])


class _PageOrApi:
    """A browser that opens the endpoint gets GraphiQL; everything else is a request to the API."""

    def __init__(self, api: ASGIApp) -> None:
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        bare = scope["method"] == "GET" and not scope["query_string"]
        wants_page = bare and "text/html" in Request(scope).headers.get("accept", "")
        answer: ASGIApp = graphiql_response() if wants_page else self._api
        await answer(scope, receive, send)


def _context_maker(settings: Settings, public: PublicSide, clock: Clock) -> MakeContext:
    in_cookies = settings.session.cookies
    cookies = SessionCookies(settings.session.same_site, int(settings.session.days * 86_400), clock)

    async def make(request: Request) -> Context:
        services: Services = request.scope["state"]["services"]
        audience = public.audience(dict(request.scope["headers"]))
        caller = await principal_of(request, services.identity, cookies=in_cookies)
        if caller.id is not None and services.customers is not None:
            segments = await services.customers.segments(caller)
            caller, audience = dataclasses.replace(caller, segments=segments), narrowed(audience, segments)
        principal = caller.with_cart_token(cart_token_of(request, cookie=settings.cart.cookie))
        catalog = services.catalog
        context = Context(
            RequestContext(
                audience,
                Deadline.after(settings.request_timeout),
                principal,
                address_of(request),
                began=clock.now(),
            ),
            catalog,
            Offers(catalog, settings.languages[0]),
            services.carts,
            services.numbers,
            services.reservations,
            services.customers,
            services.porting,
            services.identity,
        )
        if in_cookies:
            context.keep_session = lambda session: context.cookies.extend(cookies.kept(session))
            context.refresh_token = refresh_token_of(request)
            context.cross_site = not from_own_page(request)
        if settings.cart.cookie:
            seconds = int(settings.cart.days * 86_400)
            context.keep_cart_token = lambda token: context.cookies.append(cart_cookie(token, seconds=seconds))
        return context

    return make


def _cors(settings: Settings) -> dict[str, Any]:
    return {
        "allow_origins": settings.cors_origins,
        "allow_methods": ["GET", "POST"],
        "allow_headers": ["content-type", "accept-language", "x-channel", CART_TOKEN, "authorization", CSRF_HEADER],
        "allow_credentials": settings.cart.cookie or settings.session.cookies,
        "max_age": 600,
    }


async def _alive(_: Request) -> Response:
    """The process runs. Touches nothing: a sick upstream is no reason to kill it."""
    return JSONResponse({"status": "ok"})


async def _ready(request: Request) -> Response:
    """The process takes requests. Upstreams that rest are told and do not make it unready: what is kept still sells."""
    services: Services = request.state.services
    return JSONResponse({"status": "ok", "circuits": services.tmf620.circuits()})
