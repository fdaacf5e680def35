"""Where upstreams deliver events: `POST /events/{upstream}/{token}`, with or without `/listener/...` behind it.

TM Forum's events carry no signature, so the secret is in the address that was given to the hub. A wrong one looks like
an address that does not exist. The answer does not wait for anything: the event is noted and worked off behind.
"""

import hmac

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bff.edge.http import HTTPError, read_body
from bff.settings import EventSettings
from kernel.errors import BadRequestError


def event_routes(settings: EventSettings) -> list[Route]:
    """The listener's routes; none where no token is set."""
    if not settings.token:
        return []

    async def take(request: Request) -> Response:
        token, upstream = request.path_params["token"], request.path_params["upstream"]
        intake = request.state.services.intakes.get(upstream)
        if intake is None or not hmac.compare_digest(token.encode(), settings.token.encode()):
            return Response(status_code=404)
        try:
            body = await read_body(request, settings.max_bytes)
            intake.take(body)
        except HTTPError as refused:
            return JSONResponse({"code": refused.error.code, "reason": refused.error.message}, refused.status)
        except BadRequestError as error:
            return JSONResponse({"code": error.code, "reason": error.message}, 400)
        return Response(status_code=settings.answer)

    path = "/events/{upstream}/{token}"
    return [
        Route(path, take, methods=["POST"]),
        Route(f"{path}/listener/{{kind}}", take, methods=["POST"]),
    ]
