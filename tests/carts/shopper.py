"""A guest at a shop, for tests: says what a web app would say, and keeps the cart's id, token and version."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from kernel.ids import GlobalId
from tests.client import Answer, Client

FIELDS = """
  id version state stale segment
  lines { nodes {
    id quantity included action offering { id name } parent { id } configuration { name value }
    prices { name kind net { amount currency } gross { amount currency } listGross { amount } every period reductions }
  } }
  totals { kind every period net { amount currency } gross { amount currency } }
"""
PROBLEMS = "problems { code message lineId blocking change { before { amount } after { amount } } }"
ERRORS = "errors { __typename code message path retryable ... on VersionConflictError { currentVersion } }"

CREATE = f"""mutation($input: CreateCartInput!) {{
  createCart(input: $input) {{ cart {{ {FIELDS} }} guestCartToken {ERRORS} }}
}}"""
UPDATE = f"mutation($input: UpdateCartInput!) {{ updateCart(input: $input) {{ cart {{ {FIELDS} }} {ERRORS} }} }}"
READ = f"query($id: ID) {{ cart(id: $id) {{ {FIELDS} {PROBLEMS} }} }}"
READ_PLAIN = f"query($id: ID) {{ cart(id: $id) {{ {FIELDS} }} }}"


def offering(local: str) -> str:
    """The global id of an offering of the seed: `po-mobile-m`."""
    return str(GlobalId("ProductOffering", local))


def add(local: str, **more: Any) -> dict[str, Any]:
    """An operation that adds an offering of the seed."""
    return {"addLine": {"offeringId": offering(local), **more}}


@dataclass
class Shopper:
    """One guest. `client` is there for whatever is not about a cart."""

    client: Client
    cart: dict[str, Any] = field(default_factory=dict)
    token: str | None = None

    def another(self) -> "Shopper":
        """Somebody else at the same shop, without a cart."""
        return Shopper(self.client)

    def at(self, other: "Shopper") -> "Shopper":
        """The same shopper at another process of the estate, where nothing of the catalogue is known yet."""
        return Shopper(other.client, self.cart, self.token)

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.token is None else {"x-cart-token": self.token}

    async def create(self, *, key: str | None = None, **given: Any) -> dict[str, Any]:
        """`createCart`; its payload. The cart is kept where there is one."""
        sent = {"idempotencyKey": key or str(uuid.uuid4()), **given}
        payload = (await self.client.data(CREATE, headers=self.headers, input=sent))["createCart"]
        if payload["cart"] is not None:
            self.cart, self.token = payload["cart"], payload["guestCartToken"]
        return payload

    async def update(
        self, *operations: dict[str, Any], key: str | None = None, version: int | None = None, **given: Any
    ) -> dict[str, Any]:
        """`updateCart` at the version last seen; its payload. The cart is kept where there is one."""
        answer = await self.ask_update(*operations, key=key, version=version, **given)
        assert "errors" not in answer.body, answer.body["errors"]
        payload = answer.data["updateCart"]
        if payload["cart"] is not None:
            self.cart = payload["cart"]
        return payload

    async def ask_update(
        self, *operations: dict[str, Any], key: str | None = None, version: int | None = None, **given: Any
    ) -> Answer:
        sent = {
            "idempotencyKey": key or str(uuid.uuid4()),
            "cartId": self.cart.get("id"),
            "expectedVersion": self.cart.get("version") if version is None else version,
            "operations": list(operations),
            **given,
        }
        return await self.client.query(UPDATE, headers=self.headers, input=sent)

    async def read(self, *, problems: bool = False, language: str | None = None) -> dict[str, Any] | None:
        """The cart as it reads now."""
        headers = {**self.headers, **({"accept-language": language} if language else {})}
        document = READ if problems else READ_PLAIN
        found = (await self.client.data(document, headers=headers, id=self.cart["id"]))["cart"]
        if found is not None:
            self.cart = found
        return found

    @property
    def lines(self) -> list[dict[str, Any]]:
        return self.cart["lines"]["nodes"]

    def line(self, name: str) -> dict[str, Any]:
        """The first line whose offering is called so."""
        return next(line for line in self.lines if (line["offering"] or {}).get("name") == name)
