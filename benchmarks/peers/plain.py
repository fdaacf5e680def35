"""What most would write in Python: Strawberry, DataLoader and httpx behind uvicorn, nothing tuned.

`python -m benchmarks.peers.plain PORT UPSTREAM MODE`; with MODE `cached` what the upstream said is kept in the process.
"""

import sys
from typing import Any

import httpx
import strawberry
import uvicorn
from starlette.applications import Starlette
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader

OFFERING_FIELDS = "id,name,category,productSpecification,productOfferingPrice"
BATCH = 150


@strawberry.type
class Money:
    amount: str
    currency: str


@strawberry.type
class Price:
    id: strawberry.ID
    name: str
    net: Money | None


@strawberry.type
class Category:
    id: strawberry.ID
    name: str


@strawberry.type
class Specification:
    id: strawberry.ID
    name: str
    brand: str | None


@strawberry.type
class Offering:
    id: strawberry.ID
    name: str
    categories: list[Category]
    specification_id: strawberry.Private[str | None]
    price_ids: strawberry.Private[list[str]]

    @strawberry.field
    async def specification(self, info: strawberry.Info[Any]) -> Specification | None:
        loader = info.context["loaders"].specifications
        return await loader.load(self.specification_id) if self.specification_id else None

    @strawberry.field
    async def prices(self, info: strawberry.Info[Any]) -> list[Price]:
        found: list[Price] = await info.context["loaders"].prices.load_many(self.price_ids)
        return found


@strawberry.type
class Query:
    @strawberry.field
    async def offerings(self, info: strawberry.Info[Any], offset: int, limit: int) -> list[Offering]:
        return await info.context["loaders"].offerings(offset, limit)  # type: ignore[no-any-return]


class Loaders:
    """For one request, or, where data is kept, for the life of the process."""

    def __init__(self, client: httpx.AsyncClient, *, keep: bool) -> None:
        self._client = client
        self._pages: dict[tuple[int, int], list[Offering]] | None = {} if keep else None
        self.prices: DataLoader[str, Price] = DataLoader(self._load_prices, max_batch_size=BATCH)
        self.specifications: DataLoader[str, Specification] = DataLoader(
            self._load_specifications, max_batch_size=BATCH
        )

    async def offerings(self, offset: int, limit: int) -> list[Offering]:
        if self._pages is not None and (offset, limit) in self._pages:
            return self._pages[offset, limit]
        query = {"fields": OFFERING_FIELDS, "offset": offset, "limit": limit}
        found = [_offering(each) for each in await self._get("productOffering", query)]
        if self._pages is not None:
            self._pages[offset, limit] = found
        return found

    async def _load_prices(self, ids: list[str]) -> list[Price]:
        query = {"fields": "id,name,price", "id": ",".join(ids)}
        found = {each["id"]: _price(each) for each in await self._get("productOfferingPrice", query)}
        return [found[each] for each in ids]

    async def _load_specifications(self, ids: list[str]) -> list[Specification]:
        query = {"fields": "id,name,brand", "id": ",".join(ids)}
        answer = await self._get("productSpecification", query)
        found = {
            each["id"]: Specification(id=each["id"], name=each["name"], brand=each.get("brand")) for each in answer
        }
        return [found[each] for each in ids]

    async def _get(self, path: str, query: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await self._client.get(path, params=query)
        answer.raise_for_status()
        items: list[dict[str, Any]] = answer.json()
        return items


def _offering(item: dict[str, Any]) -> Offering:
    categories = [Category(id=each["id"], name=each["name"]) for each in item.get("category", ())]
    specification = item.get("productSpecification")
    prices = [each["id"] for each in item.get("productOfferingPrice", ())]
    return Offering(
        id=item["id"],
        name=item["name"],
        categories=categories,
        specification_id=specification and specification["id"],
        price_ids=prices,
    )


def _price(item: dict[str, Any]) -> Price:
    amount = item.get("price")
    net = Money(amount=str(amount["value"]), currency=amount["unit"]) if amount else None
    return Price(id=item["id"], name=item["name"], net=net)


class Served(GraphQL[Any, None]):
    def __init__(self, client: httpx.AsyncClient, *, keep: bool) -> None:
        super().__init__(strawberry.Schema(Query), graphql_ide=None)
        self._client = client
        self._kept = Loaders(client, keep=True) if keep else None

    async def get_context(self, request: Any, response: Any) -> Any:  # noqa: ARG002  (Strawberry's signature)
        return {"loaders": self._kept or Loaders(self._client, keep=False)}


def main(port: str, upstream: str, mode: str) -> None:
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    client = httpx.AsyncClient(base_url=upstream, limits=limits, timeout=None)
    app = Starlette()
    app.add_route("/graphql", Served(client, keep=mode == "cached"))  # type: ignore[arg-type]
    uvicorn.run(app, port=int(port), log_level="error")


if __name__ == "__main__":
    main(*sys.argv[1:])
