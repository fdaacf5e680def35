"""Until the gateway has the mutations: the same over plain HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from bff.app import create_app
from bff.foundation import open_foundation
from clients import tmf639
from domain.reservations.desk import Desk, LostRaceError, OutcomeUnknownError, Times
from domain.reservations.holds import Holds
from domain.reservations.inventory import Inventory
from domain.reservations.model import StatusWords
from domain.reservations.offer_tokens import OfferTokens
from domain.reservations.reservation import Reservation
from domain.reservations.reservations import Ask, Reservations
from domain.reservations.sweeping import ReservationSweeper
from kernel.errors import GatewayError
from kernel.outcomes import Rejected
from kernel.tasks import stop
from store.reservations import Journal


def times(hold):
    return Times(hold=hold, longest=4 * hold, settle=1.0, ghost=6.0, rest=0.5, last_look=12.0)


@asynccontextmanager
async def open_desk(settings, clock) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        base = await stack.enter_async_context(open_foundation(settings, clock, {}))
        client = base.client(tmf639.UPSTREAM, stack)
        inventory = Inventory(client, StatusWords(), lambda _: "resource", base.audience)
        records = base.require_records()
        import os

        desk = Desk(
            Journal(records.database),
            Holds(base.redis, 20, 100_000),
            inventory,
            clock,
            times(float(settings.cart.stock_fresh)),
        )
        sweeper = ReservationSweeper(desk, records.leases, every=0.5, keep=86_400.0)
        task = asyncio.create_task(sweeper.run())
        stack.push_async_callback(stop, [task])
        yield desk


def gateway_app(settings, clock):
    inner = create_app(settings, clock=clock)

    async def shop(request: Request) -> Response:
        given = await request.json()
        service = Reservations(request.state.desk)
        tokens: OfferTokens = request.state.services.numbers.tokens
        try:
            what = request.path_params["what"]
            if what == "reserve":
                made = await service.reserve(
                    Ask(given["cart"], given["cart"], given["key"], "127.0.0.1"), tokens.read(given["offer"])
                )
            else:
                entry = await service.find(given["reservation"])
                made = await (service.extend(entry) if what == "extend" else service.release(entry))
        except LostRaceError:
            return JSONResponse({"code": "NUMBER_UNAVAILABLE"})
        except OutcomeUnknownError:
            return JSONResponse({"code": "UNKNOWN"})
        except Rejected as error:
            return JSONResponse({"code": error.reasons[0].code.value, "retryable": error.reasons[0].retryable})
        except GatewayError as error:
            return JSONResponse({"code": "UNKNOWN", "detail": repr(error)})
        return JSONResponse({"code": "", **shown(made)})

    @asynccontextmanager
    async def lifespan(app):
        async with inner.router.lifespan_context(inner) as state, open_desk(settings, clock) as desk:
            yield {**state, "desk": desk}

    return Starlette(routes=[Route("/interim/{what}", shop, methods=["POST"]), Mount("/", inner)], lifespan=lifespan)


def shown(made: Reservation | None) -> dict[str, Any]:
    if made is None:
        return {}
    return {"id": made.id, "number": made.candidate.value, "state": made.state.value, "until": made.expires_at}
