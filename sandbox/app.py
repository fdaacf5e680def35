"""The sandbox as one ASGI application: a small operator behind TM Forum APIs, to try everything against.

Everything an API needs is in its table; this module only connects tables, store and routes. The store is opened and
seeded before the application exists, so an application that answers at all is ready.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.announcing import Announcer
from sandbox.apis import APIS
from sandbox.auth import Clock, Locks
from sandbox.calls import CallLog
from sandbox.cognito.server import CognitoServer
from sandbox.controls import control_routes
from sandbox.deliveries import Courier
from sandbox.desk import kinds
from sandbox.errors import Refusal, refusal_response
from sandbox.faults import Faults
from sandbox.ghosts import Ghosts
from sandbox.habits import Habits
from sandbox.outbox import Outbox
from sandbox.rendering import Window
from sandbox.resources import Parts, ResourceServer
from sandbox.seed.numbers import DEFAULT as NUMBERS
from sandbox.store import Store
from sandbox.subscriptions import Subscriptions
from sandbox.tables import Api, Seeded

HERE = Path(__file__).parent


def create_sandbox(
    database: Path,
    *,
    offerings: int | None = None,
    numbers: int = NUMBERS,
    habits: Iterable[tuple[str, str]] = (),
    apis: tuple[Api, ...] = APIS,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    monotonic: Clock = time.monotonic,
    stopping: asyncio.Event | None = None,
    courier: Courier | None = None,
) -> Starlette:
    """The application over the SQLite file `database`, which is made and seeded when it has to be.

    `offerings` asks the seed for at least so many, `numbers` are the telephone numbers there are, and the SIM cards;
    `habits` are on from the start, each for one API: `("TMF639", "etag-present")`; `now` stamps writes, `monotonic`
    ages tokens; `stopping` ends hanging answers; `courier` delivers events. The file is closed when the application's
    lifespan ends, or by `app.state.store.close()`.
    """
    index = {api.kind(resource): resource.indexed for api in apis for resource in api.resources}
    store = Store(database, index, [api.rule(numbers) for api in apis if api.rule])

    def seed(*, again: bool = False) -> None:
        store.seed(f"{seed_version()}:{offerings}:{numbers}", lambda: _seeded(apis, offerings), again=again)

    seed()
    stopping = stopping or asyncio.Event()
    switches, courier, windows = Habits(), courier or Courier(), [Window(api, apis) for api in apis]
    for api, name in habits:
        switches.switch({"api": api, "name": name}, frozenset(each.name for each in apis))
    announcer = Announcer(Subscriptions(store.connection), windows, switches, courier, now)
    served = kinds(apis)
    parts = Parts(
        store, CallLog(), Faults(), Locks(monotonic), switches, announcer, Ghosts(), Outbox(now), now, stopping, served
    )
    cognito = CognitoServer(parts)

    def reseed() -> None:
        if not store.undo():
            seed(again=True)
        cognito.clear()

    routes = [
        *cognito.routes(),
        *control_routes(parts, reseed, windows),
        *_routes(windows, parts),
    ]
    app = Starlette(routes=routes, lifespan=_closing(store, courier), exception_handlers=_HANDLERS)
    app.state.store = store
    app.state.courier = courier
    return app


def seed_version() -> str:
    """A fingerprint of the seed's own code: whoever changes a price need not remember to raise a number."""
    digest = hashlib.sha256()
    for file in sorted([*HERE.glob("seed/**/*.py"), *HERE.glob("apis/*.py"), HERE / "store.py", HERE / "generated.py"]):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _seeded(apis: Iterable[Api], offerings: int | None) -> Iterator[Seeded]:
    for api in apis:
        if api.seed:
            yield from api.seed(offerings)


def _routes(windows: Iterable[Window], parts: Parts) -> Iterator[Route]:
    for window in windows:
        server, base = ResourceServer(window, parts), window.api.base_path
        yield Route(f"{base}/{{resource}}/{{id:path}}", server.answer, methods=_EVERY_METHOD)
        yield Route(f"{base}/{{resource}}", server.answer, methods=_EVERY_METHOD)


_EVERY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def _closing(store: Store, courier: Courier) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await courier.close()
        store.close()

    return lifespan


async def _refused(_: Request, error: Exception) -> Response:
    return refusal_response(error) if isinstance(error, Refusal) else await _failed(_, error)


async def _http(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return await _failed(_, error)
    code = {404: "notFound", 405: "methodNotAllowed"}.get(error.status_code, "invalidRequest")
    return refusal_response(Refusal(error.status_code, code, error.detail, headers=error.headers))


async def _failed(_: Request, error: Exception) -> Response:
    return refusal_response(Refusal(500, "internalError", "The sandbox failed", f"{type(error).__name__}: {error}"))


_HANDLERS = {Refusal: _refused, HTTPException: _http, Exception: _failed}
