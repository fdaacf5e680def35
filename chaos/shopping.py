"""Shoppers with many tabs, over HTTP: they ask any gateway, lose answers, ask again, and write everything down."""

import asyncio
import random
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx

from chaos.history import Change, History, Mark, Said, Seen
from kernel.ids import GlobalId, local_id

OFFERINGS = ("po-mobile-s", "po-mobile-m", "po-mobile-l")
MOST_LINES = 60
_TRIES = 6
_CART = "id version stale state lines(first: 100) { nodes { id quantity offering { id } } }"
CREATE = f"mutation($input: CreateCartInput!) {{ createCart(input: $input) {{ cart {{ {_CART} }} guestCartToken }} }}"
UPDATE = (
    f"mutation($input: UpdateCartInput!) {{ updateCart(input: $input) {{ cart {{ {_CART} }}"
    " errors { __typename code message } } }"
)
READ = f"query($id: ID) {{ cart(id: $id) {{ {_CART} }} }}"
_UNKNOWN = "The change was sent and brought no answer."


@dataclass
class CartInUse:
    """A cart that several tabs share. `marks` gives each line that is asked for another offering and quantity."""

    id: str
    token: str
    used: int = 0

    @property
    def local(self) -> str:
        return str(local_id(self.id, "Cart"))

    def mark(self) -> Mark:
        self.used += 1
        return OFFERINGS[self.used // 999], self.used % 999 + 1


@dataclass
class Tab:
    """One tab: what it shows, and what it may do to the cart."""

    cart: CartInUse
    urls: list[str]
    http: httpx.AsyncClient
    history: History
    dice: random.Random
    shown: dict[str, Any] = field(default_factory=dict)
    losing: float = 0.05
    """The share of answers that it does not wait for."""
    removing: float = 0.2
    """The share of changes that take a line out."""

    async def shop(self, until: float) -> None:
        """Change and look, until that moment of `time.monotonic`."""
        while time.monotonic() < until:
            if not self.shown or self.dice.random() < 0.3:
                await self.look()
            else:
                await self.change()

    async def look(self) -> bool:
        """Read the cart; False where that brought nothing, or not what the cart system says now."""
        sent = time.monotonic()
        found = await self._ask(READ, {"id": self.cart.id})
        cart = None if found is None else found.get("cart")
        if cart is not None:
            self._show(cart, sent)
        return cart is not None and not cart["stale"]

    async def change(self) -> Said:
        """Add or remove one line at the version this tab shows, asking again until it is decided, or not."""
        version, nodes = self.shown["version"], self.shown["lines"]["nodes"]
        if nodes and (len(nodes) > MOST_LINES or self.dice.random() < self.removing):
            line = self.dice.choice(nodes)
            mark, operation = mark_of(line), {"removeLine": {"lineId": line["id"]}}
        else:
            line, mark = None, self.cart.mark()
            offering = str(GlobalId("ProductOffering", mark[0]))
            operation = {"addLine": {"offeringId": offering, "quantity": mark[1]}}
        change = Change(self.cart.local, str(uuid.uuid4()), version, mark, line is None)
        self.history.changes.append(change)
        for _ in range(_TRIES):
            change.said.append(await self._try(change, operation))
            decided = change.said[-1] in (Said.DONE, Said.REFUSED)
            if decided or self.dice.random() < 0.15:  # some never ask again
                break
            await asyncio.sleep(self.dice.uniform(0.05, 0.6))
        if change.said[-1] in (Said.LATER, Said.UNKNOWN):  # the others have shown the cart
            await self.look()
        return change.said[-1]

    async def _try(self, change: Change, operation: dict[str, Any]) -> Said:
        sent = time.monotonic()
        given = {
            "idempotencyKey": change.key,
            "cartId": self.cart.id,
            "expectedVersion": change.base,
            "operations": [operation],
        }
        answer = await self._ask(UPDATE, {"input": given})
        payload = None if answer is None else answer.get("updateCart")
        if payload is None:
            return Said.UNKNOWN
        if payload["cart"] is not None:
            self._show(payload["cart"], sent)
        if not payload["errors"]:
            return Said.DONE
        if any(error["message"].startswith(_UNKNOWN) for error in payload["errors"]):
            return Said.UNKNOWN
        return Said.LATER if payload["errors"][0]["code"] == "IN_PROGRESS" else Said.REFUSED

    async def _ask(self, document: str, variables: dict[str, Any]) -> Any:
        """The data of an answer; None where none came, or none was waited for."""
        patience = self.dice.uniform(0.005, 0.1) if self.dice.random() < self.losing else 8.0
        try:
            async with asyncio.timeout(patience):
                reply = await self.http.post(
                    f"{self.dice.choice(self.urls)}/graphql",
                    json={"query": document, "variables": variables},
                    headers={"accept": "application/graphql-response+json", "x-cart-token": self.cart.token},
                )
            return reply.json().get("data")
        except (httpx.HTTPError, TimeoutError, ValueError):
            return None

    def _show(self, cart: dict[str, Any], sent: float) -> None:
        self.shown = cart
        marks = tuple(map(mark_of, cart["lines"]["nodes"]))
        self.history.seen.append(Seen(self.cart.local, cart["version"], marks, sent, time.monotonic()))


def mark_of(line: dict[str, Any]) -> Mark:
    return str(local_id(line["offering"]["id"], "ProductOffering")), line["quantity"]


async def new_cart(url: str, http: httpx.AsyncClient) -> CartInUse:
    given = {"input": {"idempotencyKey": str(uuid.uuid4())}}
    reply = await http.post(f"{url}/graphql", json={"query": CREATE, "variables": given})
    payload = reply.json()["data"]["createCart"]
    return CartInUse(payload["cart"]["id"], payload["guestCartToken"])
