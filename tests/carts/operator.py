"""The operator's cart system as the truth that tests compare with and change: plain HTTP, nothing of the gateway's."""

import json
from typing import Any
from urllib.request import Request, urlopen

from bff.dev import SANDBOX_TMF663

Document = dict[str, Any]


class Operator:
    """Reads and writes carts of the sandbox. What it asks is counted like anybody's calls."""

    def __init__(self, base_url: str, version: str = "v4") -> None:
        self._base = base_url + SANDBOX_TMF663[version] + "/shoppingCart"

    def carts(self) -> list[Document]:
        found: list[Document] = self._send("GET", "?limit=1000")
        return found

    def cart(self) -> Document:
        """The only cart there is."""
        (cart,) = self.carts()
        return cart

    def items(self) -> list[Document]:
        """The items of the only cart there is, outermost only."""
        items: list[Document] = self.cart().get("cartItem") or []
        return items

    def put(self, *items: Document) -> None:
        """Give the only cart these items, as a colleague at the operator would."""
        self._send("PATCH", f"/{self.cart()['id']}", {"cartItem": list(items)})

    def patch(self, changes: Document) -> None:
        self._send("PATCH", f"/{self.cart()['id']}", changes)

    def delete(self) -> None:
        self._send("DELETE", f"/{self.cart()['id']}")

    def _send(self, method: str, path: str, body: Document | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Connection": "close"}
        with urlopen(Request(self._base + path, data, headers, method=method), timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None
