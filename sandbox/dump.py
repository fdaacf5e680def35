"""A whole collection in one answer, as operators hand it over once a day: NDJSON or one JSON array.

It is read in pages while it is sent, so a large one costs no memory; what is written meanwhile may or may not be in it.
"""

from collections.abc import AsyncIterator, Iterator, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import StreamingResponse

from sandbox.bodies import JSON
from sandbox.errors import bad_request
from sandbox.languages import negotiate
from sandbox.paging import Page
from sandbox.rendering import Window
from sandbox.store import Store
from sandbox.tables import Resource

NDJSON = "application/x-ndjson"
PAGE = 500
_AROUND = {"ndjson": (b"", b"\n", b"\n", b""), "json": (b"[", b",", b"]\n", b"[]\n")}
"""Before, between and after the documents, and what stands for none."""


def dump(request: Request, windows: Sequence[Window], store: Store) -> StreamingResponse:
    """Answer `?api=TMF620&resource=productOffering`, and perhaps `version=5`, `format=json`, `language=de`."""
    query = request.query_params
    form, language = query.get("format", "ndjson"), negotiate(query.get("language"))
    wanted = (query.get("api", "TMF620"), query.get("version", "4"), query.get("resource"))
    found = [
        (window, resource)
        for window in windows
        for resource in window.api.resources
        if (window.api.name, str(window.api.major), resource.path) == wanted
    ]
    if not found or form not in _AROUND:
        raise bad_request("api, version (4), resource, format (ndjson or json): one of those there are was expected")
    base = str(request.base_url).rstrip("/")
    pages = _pages(*found[0], store, base, language)
    return StreamingResponse(_joined(pages, *_AROUND[form]), media_type=NDJSON if form == "ndjson" else JSON)


def _pages(window: Window, resource: Resource, store: Store, base: str, language: str) -> Iterator[list[bytes]]:
    offset, kind = 0, window.api.kind(resource)
    while documents := store.find(kind, [], [], Page(offset, PAGE), language)[0]:
        offset += len(documents)
        yield [msgspec.json.encode(window.show(document, resource, base, language)) for document in documents]


async def _joined(
    pages: Iterator[list[bytes]], before: bytes, between: bytes, after: bytes, none: bytes
) -> AsyncIterator[bytes]:
    """One piece per page; asynchronous only so that the store is read on the thread of the event loop."""
    separator = before
    for lines in pages:
        yield separator + between.join(lines)
        separator, none = between, after
    yield none
