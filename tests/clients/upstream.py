"""Upstreams for tests of clients: one that speaks TM Forum in a chosen dialect, and a sender told what to say."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx

from clients.http import HttpxSender, Reply
from clients.tmf import Collection, Entity, TMFClient, UpstreamOptions
from kernel.clock import FixedClock
from kernel.context import Audience

BASE = "http://up.test/tmf-api/v4"
AUDIENCE = Audience("en", "web")
NONE: frozenset[str] = frozenset()


class Thing(Entity, frozen=True):
    name: str | None = None
    tags: tuple[str, ...] = ()


THINGS = Collection("test", "thing", Thing, always=frozenset({"name"}))
OTHERS = Collection("test", "other", Thing)

Handler = Callable[[httpx.Request], httpx.Response]


def client_of(handler: Any, clock: FixedClock | None = None, **options: Any) -> TMFClient:
    """A client over a handler of httpx's MockTransport; keyword arguments are its options."""
    sender = HttpxSender("test", transport=httpx.MockTransport(handler))
    return TMFClient("test", UpstreamOptions(BASE, **options), sender, clock or FixedClock())


@dataclass
class FakeTMF:
    """A collection of things by id. `dialect`: what it makes of `id=a,b`: honours, ignores, empty, refuses, digits."""

    ids: Iterable[str]
    dialect: str = "honours"
    broken: frozenset[str] = frozenset()
    calls: list[httpx.URL] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request.url)
        local_id = request.url.path.removeprefix("/tmf-api/v4/thing").strip("/")
        return self._one(local_id) if local_id else self._list(parse_qs(request.url.query.decode()))

    def _one(self, local_id: str) -> httpx.Response:
        if local_id in self.broken:
            return httpx.Response(503)
        if local_id not in self.ids:
            return httpx.Response(404, json={"code": "60", "reason": "not found"})
        return httpx.Response(200, json={"id": local_id, "name": local_id.upper()})

    def _list(self, query: Mapping[str, list[str]]) -> httpx.Response:
        wanted = query["id"][0].split(",")
        if self.dialect == "refuses":
            return httpx.Response(400, json={"code": "1", "reason": "id is no filter"})
        if self.dialect == "breaks":
            return httpx.Response(503)
        shown = {
            "honours": [each for each in self.ids if each in wanted],
            "ignores": list(self.ids),
            "empty": [],
            "digits": [each for each in self.ids if each in wanted and not each.isdigit()],
        }[self.dialect][: int(query["limit"][0])]
        return httpx.Response(200, json=[{"id": each, "name": each.upper()} for each in shown])

    @property
    def lists(self) -> list[list[str]]:
        """The ids that each list asked for."""
        return [dict(url.params)["id"].split(",") for url in self.calls if url.path.endswith("/thing")]

    @property
    def singles(self) -> list[str]:
        """The ids that were asked for one by one."""
        return [url.path.rsplit("/", 1)[1] for url in self.calls if not url.path.endswith("/thing")]


@dataclass
class FakeSender:
    """Answers with what `answers` yields for each request, or raises it; remembers the requests."""

    answers: Callable[[str, str], Any]
    sent: list[tuple[str, str, dict[str, str], bytes | None, float]] = field(default_factory=list)

    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes | None = None, seconds: float
    ) -> Reply:
        self.sent.append((method, url, dict(headers), content, seconds))
        answer = self.answers(method, url)
        if hasattr(answer, "__await__"):
            answer = await answer
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]


def reply(status: int, body: Any = b"", **headers: str) -> Reply:
    """A reply; a body that is no bytes is sent as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)
