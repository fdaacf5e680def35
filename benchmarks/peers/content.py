"""What an answer says, whatever its server calls things: equal before anything is timed."""

import base64
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

Content = list[tuple[Any, ...]]
"""Each offering as (id, name, categories, specification's name and brand, prices with net amounts in order of ids)."""


def of_gateway(data: Mapping[str, Any]) -> Content:
    """Of this gateway's answer: pages of a hundred one after the other, global ids, amounts as text."""
    return [_offering(each, _local) for page in data.values() for each in page["nodes"]]


def of_peer(data: Mapping[str, Any]) -> Content:
    """Of an answer in the peers' own schema (`node/work.js`)."""
    return [_offering(each, str) for each in data["offerings"]]


def of_proxy(data: Mapping[str, Any]) -> Content:
    """Of an answer that is TMF620's own shape, with what references point to put inside them."""
    return [_offering(_unfolded(each), str) for each in data["offerings"]]


def difference(one: Content, other: Content) -> str:
    """Where two answers differ first; empty when they are the same."""
    if len(one) != len(other):
        return f"{len(one)} offerings, not {len(other)}"
    return next((f"{a!r}, not {b!r}" for a, b in zip(one, other, strict=True) if a != b), "")


def _unfolded(item: Mapping[str, Any]) -> dict[str, Any]:
    prices = [reference["price"] for reference in item["productOfferingPrice"]]
    pointed = item["productSpecification"]
    return {
        "id": item["id"],
        "name": item["name"],
        "categories": item["category"],
        "specification": pointed and pointed["specification"],
        "prices": [{**price, "net": _money(price["price"])} for price in prices],
    }


def _money(price: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if price is None else {"amount": price["value"], "currency": price["unit"]}


def _offering(item: Mapping[str, Any], local: Any) -> tuple[Any, ...]:
    specification = item["specification"]
    return (
        local(item["id"]),
        item["name"],
        tuple((local(each["id"]), each["name"]) for each in item["categories"]),
        specification and (specification["name"], specification["brand"]),
        tuple(sorted(_prices(item["prices"], local))),
    )


def _prices(prices: Iterable[Mapping[str, Any]], local: Any) -> Iterable[tuple[Any, ...]]:
    for each in prices:
        net = each["net"]
        yield local(each["id"]), each["name"], net and (Decimal(str(net["amount"])), net["currency"])


def _local(text: str) -> str:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(":")[2]
