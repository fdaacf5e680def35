"""TMF663 v5 against v4, object by object: what TM Forum's v5.0.0 file calls differently, nests, types or leaves out.

Carts are stored as v4 has them, together with the two times only v5 knows. A contact medium of v5 is an e-mail address
or a telephone number; of a postal address, which v4 can carry, its file has no form, so it is shown without one.
"""

from typing import Any

from sandbox.apis.forms import CHARACTERISTIC, OFFERING, PARTY_PATHS, SPECIFICATION, party, same
from sandbox.shapes import Document, Form, Shape

TIMES = frozenset({"creationDate", "lastUpdate"})
_MEDIA = {"emailAddress": "email", "phoneNumber": "phone"}
"""What v5 tells apart by class, and the word of v4 for it."""

_REFERENCE = frozenset({"id", "href", "name", "@type", "@baseType", "@schemaLocation", "@referredType", "_i18n"})


def _medium_out(medium: Document) -> Document:
    inner = medium.pop("characteristic", None)
    inner = inner if isinstance(inner, dict) else {}
    medium.pop("mediumType", None)
    address = next((name for name in _MEDIA if name in inner), "")
    return {**medium, **{name: inner[name] for name in (address, "contactType") if name in inner}}


def _medium_in(medium: Document) -> Document:
    inner = {name: medium.pop(name) for name in (*_MEDIA, "contactType") if name in medium}
    kind = next((_MEDIA[name] for name in inner if name in _MEDIA), None)
    said = {"mediumType": kind} if kind else {}
    return {**medium, **said, **({"characteristic": inner} if inner else {})}


def _medium(medium: Document) -> str:
    kinds = {"emailAddress": "EmailContactMedium", "phoneNumber": "PhoneContactMedium"}
    return next((kind for name, kind in kinds.items() if name in medium), "ContactMedium")


def _place_out(place: Document) -> Document:
    """`{id, name, role}` becomes `{role, place: {id, name}}`."""
    inner = {key: place.pop(key) for key in ("id", "href", "name", "@referredType") if key in place}
    return {**place, "place": inner}


def _unwrapped(name: str) -> Any:
    def inward(document: Document) -> Document:
        inner = document.pop(name, None)
        return {**(inner if isinstance(inner, dict) else {}), **document}

    return inward


def _relationship_out(relationship: Document) -> Document:
    product = relationship.pop("product", None)
    shown = product if isinstance(product, dict) else {}
    return {**{key: shown[key] for key in ("id", "href", "name", "@referredType") if key in shown}, **relationship}


def _relationship_in(relationship: Document) -> Document:
    keys = ("id", "href", "name", "@referredType")
    product = {key: relationship.pop(key) for key in keys if key in relationship}
    return {**relationship, **({"product": product} if product else {})}


PRICE_REF = Form("ProductOfferingPriceRef")
AMOUNTS = same("Price")
ALTERATION = same("PriceAlteration", parts={"price": AMOUNTS, "productOfferingPrice": PRICE_REF})
_PRICE_PARTS = {"price": AMOUNTS, "priceAlteration": ALTERATION, "productOfferingPrice": PRICE_REF}
PRICE = same("CartPrice", parts=_PRICE_PARTS)
PARTY = party("RelatedPartyOrPartyRole")
MEDIUM = Form(_medium, was="ContactMedium", outward=_medium_out, inward=_medium_in)
_PRODUCT_PARTS = {
    "agreementItem": same(
        "AgreementItemRef", renamed={"id": "agreementId", "href": "agreementHref", "name": "agreementName"}
    ),
    "billingAccount": Form("BillingAccountRef"),
    "place": same(
        "RelatedPlaceRefOrValue",
        parts={"place": Form("PlaceRef")},
        outward=_place_out,
        inward=_unwrapped("place"),
    ),
    "productCharacteristic": CHARACTERISTIC,
    "productOffering": OFFERING,
    "productOrderItem": Form(
        "RelatedOrderItem",
        was="RelatedProductOrderItem",
        renamed={"productOrderId": "orderId", "productOrderHref": "orderHref"},
    ),
    "productPrice": same(
        "ProductPrice",
        renamed={"productPriceAlteration": "priceAlteration"},
        dropped=frozenset({"billingAccount"}),
        parts=_PRICE_PARTS,
    ),
    "productRelationship": same("ProductRelationship", outward=_relationship_out, inward=_relationship_in),
    "productSpecification": SPECIFICATION,
    "productTerm": same("ProductTerm"),
    "realizingResource": Form("ResourceRef", dropped=frozenset({"value"})),
    "realizingService": Form("ServiceRef"),
    "relatedParty": PARTY,
}
PRODUCT = Form(
    lambda each: "Product" if each.keys() - _REFERENCE or "id" not in each else "ProductRef",
    renamed={"agreement": "agreementItem"},
    parts=_PRODUCT_PARTS,
)
_PRODUCT_PARTS["product"] = PRODUCT
_ITEM_PARTS = {
    "itemPrice": PRICE,
    "itemTotalPrice": PRICE,
    "itemTerm": same("CartTerm"),
    "note": same("Note"),
    "product": PRODUCT,
    "productOffering": OFFERING,
    "cartItemRelationship": same("CartItemRelationship"),
}
ITEM = same("CartItem", renamed={"ItemTotalPrice": "itemTotalPrice"}, parts=_ITEM_PARTS)
_ITEM_PARTS["cartItem"] = ITEM

OLDER = Shape(same("ShoppingCart", dropped=TIMES))
NEWER = Shape(
    same(
        "ShoppingCart",
        parts={"cartItem": ITEM, "cartTotalPrice": PRICE, "contactMedium": MEDIUM, "relatedParty": PARTY},
    ),
    {**PARTY_PATHS, "cartItem.itemTotalPrice": "cartItem.ItemTotalPrice"},
)
