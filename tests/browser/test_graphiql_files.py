"""What the gateway hands to a browser that opens GraphiQL, without a browser."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from bff.graphiql import CSP, HERE, graphiql_response, static_files

SCRIPTS = sorted(path.name for path in (HERE / "static").iterdir() if path.suffix in {".js", ".css", ".ttf"})
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".ttf": "font/ttf"}


def page(request: Request) -> Response:
    return graphiql_response()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=[Route("/graphql", page), Mount("/graphql/static", static_files())])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") as client:
        yield client


async def test_the_page_is_strict_and_never_kept(client: httpx.AsyncClient) -> None:
    """No script but ours, no frame around it, and a new release is seen at once."""
    response = await client.get("/graphql")

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-security-policy"] == CSP
    assert "frame-ancestors 'none'" in CSP
    assert "unsafe-eval" not in CSP
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-cache"
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bon\w+=|https?://", response.text) == []


async def test_the_page_finds_its_parts_beside_it(client: httpx.AsyncClient) -> None:
    """Whatever `index.html` names is there to be fetched, under the names of this build."""
    parts = re.findall(r'(?:src|href)="(graphql/[^"]+)"', (await client.get("/graphql")).text)

    assert [Path(part).suffix for part in parts] == [".css", ".js"]
    assert [(await client.get(f"/{part}")).status_code for part in parts] == [200, 200]


@pytest.mark.parametrize("name", SCRIPTS)
async def test_a_hashed_file_is_kept_for_good(client: httpx.AsyncClient, name: str) -> None:
    """Its name changes with its content, so a browser need not ask again; and it travels compressed."""
    response = await client.get(f"/graphql/static/{name}")

    assert response.status_code == 200
    assert response.headers["content-type"] == TYPES[Path(name).suffix]
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"] == "default-src 'none'"
    assert response.headers.get("content-encoding") == ("gzip" if len(response.content) >= 1024 else None)
    assert response.content == (HERE / "static" / name).read_bytes()


async def test_the_notices_are_asked_for_anew(client: httpx.AsyncClient) -> None:
    """Their name says nothing of their content."""
    response = await client.get("/graphql/static/NOTICES.txt")

    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["nothing.js", "../__init__.py", "%2e%2e/__init__.py", ""])
async def test_nothing_else_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/graphql/static/{path}")).status_code == 404


async def test_a_file_already_there_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get(f"/graphql/static/{SCRIPTS[0]}")
    again = await client.get(f"/graphql/static/{SCRIPTS[0]}", headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == first.headers["cache-control"]


def test_no_source_map_is_shipped() -> None:
    names = [path.name for path in (HERE / "static").iterdir()]

    assert [name for name in names if name.endswith(".map")] == []
    assert all(b"sourceMappingURL" not in (HERE / "static" / name).read_bytes() for name in SCRIPTS)
