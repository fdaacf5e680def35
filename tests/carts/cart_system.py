"""A TMF663 server in memory, behind an httpx transport: as small as one can be, and as treacherous as real ones are.

It has no version and no owner; a PATCH replaces the whole array. What it does with the next write is `fate`.
"""

import itertools
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

Json = dict[str, Any]
Boundary = Callable[[], Awaitable[None]]
Contents = tuple[tuple[str, int], ...]

FATES = (
    "kept",
    "kept, no answer",
    "kept, then 500",
    "lost",
    "late",
    "500",
    "409",
    "unreachable",
    "kept twice, once late",
    "kept in part",
)
"""What can become of a write. `late` is carried out when `apply_late` says so; its client hears nothing."""

_BASE = "/tmf663/"
_UNSURE = {"kept, no answer", "lost", "late", "kept twice, once late"}


@dataclass
class CartSystemInMemory:
    """Carts by id, as they are kept. `boundary` is awaited before a request has its effect, and before its answer."""

    boundary: Boundary
    carts: dict[str, Json] = field(default_factory=dict)
    fates: deque[str] = field(default_factory=deque)
    late: list[httpx.Request] = field(default_factory=list)
    dumb: int = 0
    """So many reads bring no answer."""
    sparse: bool = False
    other_ids: bool = False
    etags: bool = False
    own: dict[str, set[Contents]] = field(default_factory=dict)
    """What carts came to hold, by their marks, by nobody's request but the server's own doing or an edit in it."""
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._serve)

    def begin_anew(self) -> None:
        """It holds nothing, and is as simple as at first."""
        self.heal()
        for each in (self.carts, self.late, self.own):
            each.clear()
        self.sparse = self.other_ids = self.etags = False
        self._numbers = itertools.count(1)

    def heal(self) -> None:
        """From now on everything is kept and answered; what is late stays late."""
        self.fates.clear()
        self.dumb = 0

    def apply_late(self) -> None:
        """Carry out what was held back, in the order it came."""
        waiting, self.late = self.late, []
        for request in waiting:
            self._write(request)

    def contents(self, upstream_id: str) -> Contents:
        """What a cart holds: of which offering how many, line by line."""
        items = self.carts[upstream_id].get("cartItem", ())
        return tuple(sorted((item["productOffering"]["id"], item["quantity"]) for item in items))

    def edit(self, upstream_id: str, quantity: int, offering: str) -> None:
        """Somebody else adds a line, past the gateway."""
        cart = self.carts[upstream_id]
        item = {"id": f"i{next(self._numbers)}", "quantity": quantity, "productOffering": {"id": offering}}
        cart["cartItem"] = [*cart.get("cartItem", ()), item]
        cart["revision"] += 1
        self._of_its_own(cart)

    def _of_its_own(self, cart: Json) -> None:
        self.own.setdefault(_mark(cart), set()).add(self.contents(cart["id"]))

    async def _serve(self, request: httpx.Request) -> httpx.Response:
        await self.boundary()
        if request.method == "GET":
            return self._read(request)
        fate = self.fates.popleft() if self.fates else "kept"
        if fate == "unreachable":
            raise httpx.ConnectError("nobody is there", request=request)
        if fate in ("late", "kept twice, once late"):
            self.late.append(request)
        if fate in ("500", "409"):
            return httpx.Response(int(fate), json={"code": fate, "reason": "no"})
        answer = self._write(request, in_part=fate == "kept in part") if fate.startswith("kept") else None
        await self.boundary()
        if fate in _UNSURE or answer is None:
            raise httpx.ReadTimeout("no answer", request=request)
        return httpx.Response(500) if fate == "kept, then 500" else answer

    def _read(self, request: httpx.Request) -> httpx.Response:
        if self.dumb:
            self.dumb -= 1
            return httpx.Response(503)
        local_id = _local_id(request)
        if local_id:
            kept = self.carts.get(local_id)
            return httpx.Response(404, json={}) if kept is None else self._shown(200, kept, writing=False)
        mark = request.url.params.get("relatedParty.id")
        return httpx.Response(200, json=[cart for cart in self.carts.values() if _mark(cart) == mark])

    def _write(self, request: httpx.Request, *, in_part: bool = False) -> httpx.Response:
        local_id = _local_id(request)
        if request.method == "POST":
            local_id = f"u{next(self._numbers)}"
            self.carts[local_id] = {**msgspec.json.decode(request.content), "id": local_id, "revision": 0}
            return self._shown(201, self.carts[local_id])
        kept = self.carts.get(local_id)
        if kept is None:
            return httpx.Response(404, json={})
        if self.etags and request.headers.get("if-match") not in (None, _etag(kept)):
            return httpx.Response(412, json={})
        if request.method == "DELETE":
            del self.carts[local_id]
            return httpx.Response(204)
        kept["cartItem"] = [self._item(item) for item in msgspec.json.decode(request.content)["cartItem"]]
        kept["revision"] += 1
        if in_part and kept["cartItem"]:
            kept["cartItem"].pop()
            self._of_its_own(kept)
        return self._shown(200, kept)

    def _item(self, item: Json) -> Json:
        return {**item, "id": f"i{next(self._numbers)}"} if self.other_ids else item

    def _shown(self, status: int, cart: Json, *, writing: bool = True) -> httpx.Response:
        told = {"id": cart["id"]} if self.sparse and writing else cart
        return httpx.Response(status, json=told, headers={"etag": _etag(cart)} if self.etags else {})


def _local_id(request: httpx.Request) -> str:
    return request.url.path.removeprefix(_BASE).removeprefix("shoppingCart").strip("/")


def _mark(cart: Json) -> str:
    return str(cart["relatedParty"][0]["id"])


def _etag(cart: Json) -> str:
    return f'"{cart["revision"]}"'
