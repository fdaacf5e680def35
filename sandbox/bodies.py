"""Bodies of requests: read within a limit, taken only in a media type that was expected, decoded or refused."""

from collections.abc import Collection
from typing import Any

import msgspec
from starlette.requests import Request

from sandbox.errors import Refusal, bad_request

BODY_LIMIT = 1_000_000
JSON = "application/json"


async def read_body(request: Request) -> bytes:
    """The body; 413 beyond the limit, however it is sent."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise Refusal(413, "bodyTooLarge", "The body is too large", f"at most {BODY_LIMIT} bytes are taken")
    return body


def media_type(request: Request, expected: Collection[str]) -> str:
    """The media type of the body, JSON where none is said; 415 when it is none of `expected`."""
    said = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if said not in expected:
        wanted = " or ".join(sorted(expected))
        raise Refusal(415, "unsupportedMediaType", "Unsupported media type", f"{wanted} was expected")
    return said


def json_object(body: bytes) -> dict[str, Any]:
    """The body as a JSON object; 400 when it is none."""
    try:
        decoded: dict[str, Any] = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request(f"the body is no JSON object: {error}") from error
    return decoded
