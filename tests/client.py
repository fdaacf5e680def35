"""A GraphQL client for tests: sends what a browser would send, and gives back what came."""

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx
from starlette.types import ASGIApp

JSON = "application/graphql-response+json"


@dataclass(frozen=True)
class Answer:
    """An answer to an operation. `data` is None where there was none."""

    status: int
    headers: httpx.Headers
    body: dict[str, Any]

    @property
    def data(self) -> Any:
        return self.body.get("data")

    @property
    def codes(self) -> list[str]:
        """The code of each error, in order."""
        return [error["extensions"]["code"] for error in self.body.get("errors", [])]

    @property
    def paths(self) -> list[list[str | int]]:
        return [error.get("path") for error in self.body.get("errors", [])]


class Client:
    """Speaks to a gateway in this process; `http` is there for whatever is no operation."""

    def __init__(self, app: ASGIApp) -> None:
        transport = httpx.ASGITransport(app=app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://gateway.test")

    async def query(self, document: str, /, *, headers: dict[str, str] | None = None, **variables: Any) -> Answer:
        """Execute an operation and expect JSON, whatever the status."""
        sent = {"query": document, "variables": variables}
        reply = await self.http.post("/graphql", json=sent, headers={"accept": JSON, **(headers or {})})
        return Answer(reply.status_code, reply.headers, reply.json())

    async def data(self, document: str, /, *, headers: dict[str, str] | None = None, **variables: Any) -> Any:
        """Execute an operation that must succeed without any error."""
        answer = await self.query(document, headers=headers, **variables)
        assert "errors" not in answer.body, answer.body["errors"]
        return answer.data

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.aclose()
