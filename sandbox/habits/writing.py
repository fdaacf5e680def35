"""Habits of what a server makes of the items it is sent: other ids, prices of its own, or nothing at all.

They work on every item of the resource's `items` (cart items, and those inside them), of whichever attribute that is.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox.habits.model import Habit, On, Read
from sandbox.items import new_id, with_items
from sandbox.seed.prices import rounded
from sandbox.tables import Document, Resource

CHARGED = frozenset({"recurring", "oneTime", "oneTimeOnFirstBill"})
"""The types of price that a cart adds up; usage, discounts and fees for leaving are none of an item's prices."""


def _items(document: Document, resource: Resource, change: Callable[[Document], Document | None]) -> Document:
    return with_items(document, resource.items, change) if resource.items else document


def _other_ids(document: Document, _: On, resource: Resource, __: Read) -> Document:
    return _items(document, resource, lambda item: {**item, "id": new_id()})


def _without(node: Any, path: list[str]) -> Any:
    """A copy of `node` without what a dotted path leads to, through objects and arrays."""
    if isinstance(node, list):
        return [_without(each, path) for each in node]
    if not isinstance(node, dict) or path[0] not in node:
        return node
    if len(path) == 1:
        return {key: value for key, value in node.items() if key != path[0]}
    return {**node, path[0]: _without(node[path[0]], path[1:])}


def _poorer(document: Document, on: On, resource: Resource, _: Read) -> Document:
    def dropped(item: Document) -> Document:
        for attribute in on["attributes"]:
            item = _without(item, str(attribute).split("."))
        return item

    return _items(document, resource, dropped)


def _offering(item: Document) -> str:
    reference = item.get("productOffering")
    return str(reference.get("id")) if isinstance(reference, dict) else ""


def _fewer(document: Document, on: On, resource: Resource, _: Read) -> Document:
    return _items(document, resource, lambda item: None if _offering(item) in on["offerings"] else item)


def _priced(document: Document, _: On, resource: Resource, read: Read) -> Document:
    def priced(item: Document) -> Document:
        try:
            prices = _prices(_offering(item), read)
        except (KeyError, TypeError, ArithmeticError):  # an odd document of the catalogue is nothing to compute from
            prices = []
        rest = {key: value for key, value in item.items() if key != "itemPrice"}
        return {**rest, "itemPrice": prices} if prices else rest

    return _items(document, resource, priced)


def _prices(offering: str, read: Read) -> list[Document]:
    """The prices of an offering as a cart has them; none when one of them depends on a choice, or is unknown."""
    references = (read("TMF620.productOffering", offering) or {}).get("productOfferingPrice", ())
    prices = [read("TMF620.productOfferingPrice", str(reference["id"])) for reference in references]
    charged = [price for price in prices if price is None or price.get("priceType") in CHARGED]
    if any(price is None or "prodSpecCharValueUse" in price or "price" not in price for price in charged):
        return []
    return [_price(price) for price in charged if price]


def _price(price: Document) -> Document:
    net, unit = Decimal(str(price["price"]["value"])), price["price"]["unit"]
    rate = price["tax"][0]["taxRate"] if price.get("tax") else 0.0
    period = {"recurringChargePeriod": price["recurringChargePeriodType"]} if price["priceType"] == "recurring" else {}
    return {
        "@type": "CartPrice",
        "name": price["name"],
        "priceType": price["priceType"],
        **period,
        "price": {
            "@type": "Price",
            "taxRate": rate,
            "dutyFreeAmount": {"unit": unit, "value": float(net)},
            "taxIncludedAmount": {"unit": unit, "value": float(rounded(net * (1 + Decimal(str(rate)) / 100)))},
        },
        "productOfferingPrice": {"id": price["id"], "name": price["name"], "@referredType": "ProductOfferingPrice"},
    }


WRITING = (
    Habit(
        name="item-ids-replaced",
        about="Every write gives every item, nested ones too, a new id of the server's own.",
        section="2.2",
        seen="Server may or may not compute prices and give item ids.",
        take=_other_ids,
    ),
    Habit(
        name="unknown-dropped",
        about="`attributes` of items (`note`, `product.productCharacteristic`) are silently not stored.",
        section="1.5",
        seen="some drop fields that they do not know",
        options={"attributes": []},
        take=_poorer,
    ),
    Habit(
        name="items-dropped",
        about="Items of these `offerings` (ids) are silently not stored.",
        section="1.5",
        seen="After a PATCH, compare the returned body with what was asked.",
        options={"offerings": []},
        take=_fewer,
    ),
    Habit(
        name="prices-computed",
        about="`itemPrice` is the server's own, from the catalogue; none where a price depends on a choice.",
        section="2.2",
        seen="Server may or may not compute prices and give item ids.",
        take=_priced,
    ),
)
