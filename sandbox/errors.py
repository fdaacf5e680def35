"""Refusals of the resource server as TM Forum Error bodies.

Raise `Refusal` anywhere below a handler; `refusal_response` turns it into the answer. The `code` is the application's
own and never changes for a cause; `status` repeats the HTTP status as a string, as the TMF files want it.
"""

from collections.abc import Mapping

import msgspec
from starlette.responses import Response


class Refusal(Exception):  # noqa: N818 - it is an answer, not a failure of the program
    """An answer with an HTTP status of 400 or more."""

    def __init__(
        self, status: int, code: str, reason: str, message: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{status} {code}: {reason}")
        self.status = status
        self.code = code
        self.reason = reason
        self.message = message
        self.headers = dict(headers or {})


def bad_request(message: str) -> Refusal:
    return Refusal(400, "invalidRequest", "The request is not valid", message)


def not_found(what: str) -> Refusal:
    return Refusal(404, "notFound", "No such resource", f"{what} does not exist")


def conflict(message: str) -> Refusal:
    return Refusal(409, "conflict", "The state of the resource does not allow this", message)


def error_body(status: int, code: str, reason: str, message: str = "") -> bytes:
    body = {"code": code, "reason": reason, "message": message or reason, "status": str(status), "@type": "Error"}
    return msgspec.json.encode(body)


def refusal_response(refusal: Refusal) -> Response:
    body = error_body(refusal.status, refusal.code, refusal.reason, refusal.message)
    headers = {"content-language": "en", **refusal.headers}
    return Response(body, refusal.status, headers, "application/json")
