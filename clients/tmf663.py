"""TMF663 Shopping Cart, v4 and v5: the cart as it is read, and as it is written.

The models speak v4, whatever the server speaks. A cart has no state, no version and no checkout of its own, and a PATCH
replaces the whole array of items: what must hold besides is `domain.carts`' business. Totals are not read: v4 spells
them with a capital I, servers compute them or do not, and the shop has its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from clients.parts import Amount, Json, Part, Ref, RelatedParty, party_body, typed
from clients.tmf import Collection, Entity


class Characteristic(Part, frozen=True):
    """One chosen value. v5 has a type for each kind of value; all are read as what they hold."""

    name: str
    value: Any = None


class Product(Part, frozen=True):
    """The configuration of what is bought."""

    product_characteristic: tuple[Characteristic, ...] = ()


class Price(Part, frozen=True):
    """`taxRate` is in percent."""

    duty_free_amount: Amount | None = None
    tax_included_amount: Amount | None = None
    tax_rate: Decimal | None = None


class CartPrice(Part, frozen=True):
    """A price of an item, for one of it. `priceType` and `recurringChargePeriod` are the catalogue's words."""

    name: str | None = None
    price_type: str | None = None
    recurring_charge_period: str | None = None
    price: Price | None = None
    product_offering_price: Ref | None = None


class CartItem(Part, frozen=True):
    """A line. Its id is the client's by the standard; some servers put their own in its place."""

    id: str | None = None
    quantity: int | None = None
    action: str | None = None
    product_offering: Ref | None = None
    product: Product | None = None
    item_price: tuple[CartPrice, ...] = ()
    cart_item: tuple["CartItem", ...] = ()


class ShoppingCart(Entity, frozen=True):
    related_party: tuple[RelatedParty, ...] = ()
    cart_item: tuple[CartItem, ...] = ()


UPSTREAM = "tmf663"

CARTS = Collection(UPSTREAM, "shoppingCart", ShoppingCart, always=frozenset({"relatedParty"}))

MARK_ROLE = "shopGatewayCart"
"""The role of the related party by which the gateway finds a cart whose POST brought no answer."""


def mark_filter(version: str) -> str:
    """The attribute by which carts are found by their mark."""
    return "relatedParty.partyOrPartyRole.id" if version == "v5" else "relatedParty.id"


def is_marked(cart: ShoppingCart, mark: str) -> bool:
    return any(party.id == mark for party in cart.related_party)


def new_cart(mark: str, version: str) -> Json:
    """The body of a POST: an empty cart that carries our mark."""
    related = party_body(RelatedParty(id=mark, role=MARK_ROLE), version)
    return typed("ShoppingCart", {"relatedParty": [related]}, version)


def items_patch(items: Iterable[CartItem], version: str) -> Json:
    """The body of a PATCH that makes `items` the cart's lines."""
    return typed("ShoppingCart", {"cartItem": [_item(item, version) for item in items]}, version)


def _item(item: CartItem, version: str) -> Json:
    body: Json = {"id": item.id, "quantity": item.quantity, "action": item.action, "status": "active"}
    if item.product_offering is not None:
        body["productOffering"] = _ref("ProductOffering", item.product_offering, version)
    chosen = item.product.product_characteristic if item.product else ()
    if chosen:
        body["product"] = typed("Product", {"productCharacteristic": _characteristics(chosen, version)}, version)
    if item.item_price:
        body["itemPrice"] = [_price(price, version) for price in item.item_price]
    if item.cart_item:
        body["cartItem"] = [_item(each, version) for each in item.cart_item]
    return typed("CartItem", body, version)


def _characteristics(chosen: Sequence[Characteristic], version: str) -> list[Json]:
    return [
        typed("StringCharacteristic", {"name": each.name, "valueType": "string", "value": each.value}, version)
        for each in chosen
    ]


def _price(price: CartPrice, version: str) -> Json:
    body: Json = {"name": price.name, "priceType": price.price_type}
    if price.recurring_charge_period:
        body["recurringChargePeriod"] = price.recurring_charge_period
    if price.price is not None:
        body["price"] = typed("Price", _amounts(price.price), version)
    if price.product_offering_price is not None:
        body["productOfferingPrice"] = _ref("ProductOfferingPrice", price.product_offering_price, version)
    return typed("CartPrice", body, version)


def _amounts(price: Price) -> Json:
    named: Mapping[str, Amount | None] = {
        "dutyFreeAmount": price.duty_free_amount,
        "taxIncludedAmount": price.tax_included_amount,
    }
    body: Json = {
        name: {"unit": amount.unit, "value": amount.value}  # money has no @type, in v5 neither
        for name, amount in named.items()
        if amount is not None
    }
    if price.tax_rate is not None:
        body["taxRate"] = price.tax_rate
    return body


def _ref(kind: str, ref: Ref, version: str) -> Json:
    body: Json = {"id": ref.id, "@referredType": kind}
    if ref.name:
        body["name"] = ref.name
    return typed(f"{kind}Ref", body, version)
