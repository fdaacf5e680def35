"""TMF637 Product Inventory, v4 and v5: what customers have. v4's file spells a status `aborted ` with a space."""

import msgspec

from clients.media import Characteristic
from clients.parts import Json, Part, Ref, RelatedParty, customer_body, typed
from clients.tmf import Collection, Entity

UPSTREAM = "tmf637"
NUMBER = "MSISDN"


class Realizing(Part, frozen=True):
    """A resource behind a product. Only v4 has a value here; the name of a number is mostly the number."""

    id: str | None = None
    name: str | None = None
    value: str | None = None


class Product(Entity, frozen=True):
    name: str | None = None
    status: str | None = None
    start_date: str | None = None
    product_offering: Ref | None = None
    product_characteristic: tuple[Characteristic, ...] = ()
    realizing_resource: tuple[Realizing, ...] = ()
    related_party: tuple[RelatedParty, ...] = ()

    def is_of(self, party: str) -> bool:
        return any(each.id == party for each in self.related_party)


class AsItIs(Entity, frozen=True):
    """Of a product the array that a link replaces, as it came: others keep things in it."""

    type: str | None = msgspec.field(default=None, name="@type")
    related_party: tuple[Json, ...] = ()


PRODUCTS = Collection(UPSTREAM, "product", Product, always=frozenset({"relatedParty"}))


AS_THEY_ARE = Collection(UPSTREAM, "product", AsItIs)
"""The same, read for an update."""


def related(product: AsItIs) -> tuple[RelatedParty, ...]:
    """Who has to do with it, as it is understood."""
    return tuple(msgspec.convert(each, RelatedParty, strict=False) for each in product.related_party)


def link_patch(product: AsItIs, customer: str, role: str, version: str) -> Json:
    """The body of a PATCH that adds a customer to a product: the array whole, with all that others keep in it."""
    body: Json = {"relatedParty": [*product.related_party, customer_body(customer, role, version)]}
    return typed(product.type or "Product", body, version)


def party_filter(version: str) -> str:
    """The attribute by which a customer's products are found."""
    return "relatedParty.partyOrPartyRole.id" if version == "v5" else "relatedParty.id"
