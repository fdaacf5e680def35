"""A gateway as a process of its own, in which the header `x-test-user` stands for an access token.

`BFF_UNSTARTED=yes`: it accepts what is to run as a pipeline and never starts it, as one that dies in between.
"""

import os
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

import bff.app
from bff.settings_reader import read_settings
from domain.pipelines.durable import Durable
from tests.customers.people import principal, user


def with_user(app: ASGIApp) -> ASGIApp:
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        with user(headers.get(b"x-test-user", b"").decode() or None):
            await app(scope, receive, send)

    return serve


async def _never(*_: Any) -> None:
    """Nothing is started."""


def main() -> None:
    environment = dict(os.environ)
    if environment.pop("BFF_UNSTARTED", None):
        environment |= {"BFF_CUSTOMERS_PATIENCE": "0.3", "BFF_PIPELINES_SWEEP": "3600"}
        Durable.start = _never  # type: ignore[method-assign]
    bff.app.principal_of = principal
    settings = read_settings(environment)
    app = with_user(bff.app.create_app(settings))
    uvicorn.run(app, host=settings.host, port=settings.port, log_level="warning", timeout_graceful_shutdown=2)


if __name__ == "__main__":
    main()
