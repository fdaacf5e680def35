"""GraphiQL, served from package data: the page, its scripts and the examples its tabs start with.

Everything the browser runs was bundled beforehand by `scripts/build-graphiql`; at run time no Node and no other host is
needed. `index.html` and `static/` are that script's output: edit `src/` or `examples/` and run it again.
"""

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

HERE = Path(__file__).resolve().parent

CSP = (
    "default-src 'self'; "
    "style-src 'self' 'unsafe-inline'; "  # Monaco writes its colours and positions as style elements and attributes
    "img-src 'self' data:; "
    "font-src 'self' data:; "
    "worker-src 'self'; "
    "object-src 'none'; "
    "base-uri 'none'; "
    "form-action 'none'; "
    "frame-ancestors 'none'"
)
"""What the page may load; Content Security Policy Level 3, section 6."""

HASHED = re.compile(r"-[A-Z0-9]{8}\.(js|css|ttf)$")
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".ttf": "font/ttf"}


@dataclass(frozen=True)
class Example:
    """One of the queries GraphiQL opens with, as its tab has it."""

    name: str
    query: str
    variables: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def graphiql_response() -> Response:
    """The page, for `GET /graphql` with `Accept: text/html`; its scripts must be at `graphql/static/` beside it."""
    headers = {
        "Content-Security-Policy": CSP,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
        "Vary": "Accept",
    }
    return HTMLResponse((HERE / "index.html").read_text("utf-8"), headers=headers)


def static_files() -> ASGIApp:
    """The page's scripts, to be mounted at `/graphql/static`."""
    return GZipMiddleware(_Static(directory=HERE / "static"), minimum_size=1024, compresslevel=6)


def examples() -> tuple[Example, ...]:
    """The example queries in the order of the tabs, which their names begin with."""
    files = (HERE / "examples").glob("*.graphql")
    return tuple(_example(path) for path in sorted(files, key=lambda path: int(path.name.partition("-")[0])))


class _Static(StaticFiles):
    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        path = Path(full_path)
        if path.suffix in TYPES and "content-type" in response.headers:
            response.headers["Content-Type"] = TYPES[path.suffix]
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if HASHED.search(path.name) else "no-cache"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        # A worker obeys the policy of its own script, not the page's; ours fetch nothing.
        response.headers["Content-Security-Policy"] = "default-src 'none'"
        return response


def _example(path: Path) -> Example:
    settings = json.loads(path.with_suffix(".json").read_text("utf-8"))
    return Example(name=path.stem, query=path.read_text("utf-8"), **settings)
