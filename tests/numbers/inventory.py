"""A TMF639 server for tests, with what real ones get wrong; and the parts that read from it."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx
from redis.asyncio import Redis

from clients.http import HttpxSender
from clients.tmf import TMFClient, UpstreamOptions
from domain.reservations.free_index import FreeIndex
from domain.reservations.generations import GenerationStore
from domain.reservations.reader import InventoryReader, Shelving
from domain.reservations.recogniser import Recogniser
from domain.reservations.shelf import Entry, Shelf
from kernel.clock import FixedClock
from kernel.context import Audience, Deadline, RequestContext

BASE = "http://up.test/tmf"
AUDIENCE = Audience("en", "web")
SECRETS = ("PUK-canary-12345678", "Ki-canary-0011223344", "LPA:1$canary$ACTIVATION")
Document = dict[str, Any]


def number(place: int, *, category: str = "Gold", status: str = "available", **more: Any) -> Document:
    value = f"4915770{place:05}"
    document = {"id": f"msisdn-{place}", "@type": "LogicalResource", "category": category, "name": value}
    return {**document, "value": value, "resourceStatus": status, "usageState": "idle", **more}


def card(place: int, *, status: str = "available", **more: Any) -> Document:
    """A card with all that must never be read of it."""
    iccid = f"8949770000{place:09}"
    names = ("PUK", "Ki", "activationCode")
    return {
        "id": f"sim-{place}",
        "@type": "PhysicalResource",
        "category": "SIM",
        "serialNumber": iccid,
        "resourceStatus": status,
        "usageState": "idle",
        "resourceCharacteristic": [{"name": name, "value": value} for name, value in zip(names, SECRETS, strict=True)],
        **more,
    }


@dataclass
class FakeInventory:
    """Resources in order. `knows`: attributes it filters by; `unknown`: what it makes of others: ignores, empty,
    refuses. `selects`: whether it heeds `fields`. `most`: the largest page. `total`: true, none, or page.
    `broken_from`: the offset from which on its answers are none.
    """

    documents: list[Document]
    knows: frozenset[str] = frozenset({"resourceStatus", "allocationStatus", "category", "id"})
    unknown: str = "ignores"
    selects: bool = True
    deaf_to_offset: bool = False
    most: int = 1_000
    total: str = "true"
    down: bool = False
    broken_from: int | None = None
    asked: list[Mapping[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        query = {name: values[0] for name, values in parse_qs(request.url.query.decode()).items()}
        self.asked.append(query)
        path = request.url.path.removeprefix("/tmf/")
        self.paths.append(path)
        if self.down:
            return httpx.Response(503)
        _, _, local = path.partition("/")
        if local:
            found = [each for each in self.documents if each["id"] == local]
            return httpx.Response(200, json=self._shown(found[0], query)) if found else httpx.Response(404, json={})
        return self._list(query)

    def _list(self, query: Mapping[str, str]) -> httpx.Response:
        filters = {name: value for name, value in query.items() if name not in ("fields", "offset", "limit")}
        strange = set(filters) - self.knows
        if strange and self.unknown == "refuses":
            return httpx.Response(400, json={"code": "1", "reason": "no filter"})
        found = [] if strange and self.unknown == "empty" else self.documents
        for name in set(filters) & self.knows:
            found = [each for each in found if each.get(name) in filters[name].split(",")]
        if self.broken_from is not None and int(query["offset"]) >= self.broken_from:
            return httpx.Response(200, content=b"<html>")
        start = 0 if self.deaf_to_offset else int(query["offset"])
        page = found[start : start + min(int(query["limit"]), self.most)]
        total = {"true": str(len(found)), "page": str(len(page))}.get(self.total)
        headers = {} if total is None else {"X-Total-Count": total}
        return httpx.Response(200, json=[self._shown(each, query) for each in page], headers=headers)

    def _shown(self, document: Document, query: Mapping[str, str]) -> Document:
        names = query["fields"].split(",")
        return {name: value for name, value in document.items() if not self.selects or name in names}


Answers = Callable[[httpx.Request], httpx.Response]


def reader_of(
    server: Answers, *, inventory: Recogniser | None = None, version: str = "v4", **given: Any
) -> InventoryReader:
    options = UpstreamOptions(BASE, version=version, page_size=given.pop("page_size", 50), attempts=1)
    sender = HttpxSender("tmf639", transport=httpx.MockTransport(server))
    client = TMFClient("tmf639", options, sender, FixedClock())
    return InventoryReader(client, inventory or Recogniser(), Shelving(**given), AUDIENCE)


def index_of(reader: InventoryReader, redis: Redis | None = None, clock: FixedClock | None = None) -> FreeIndex:
    return FreeIndex(reader, None if redis is None else GenerationStore(redis), clock or FixedClock(), fresh=900)


def shelf_of(values: Iterable[str], label: str = "GOLD") -> Shelf:
    return Shelf.of(Entry(label, value, f"m-{value}") for value in values)


def context() -> RequestContext:
    return RequestContext(AUDIENCE, Deadline.after(10))


def values(found: Iterable[Any]) -> set[str]:
    return {each.value for each in found}


def free_values(index: FreeIndex) -> set[str]:
    return set() if index.shelf is None else {each.value for each in index.shelf.entries()}


def text_of(thing: object) -> str:
    """Everything that an object holds, as text; to look for what it must not hold."""
    return json.dumps(thing, default=lambda each: vars(each) if hasattr(each, "__dict__") else repr(each))
