"""TMF637 Product Inventory, v4 and v5: what customers have. v4's file spells a status `aborted ` with a space."""

from clients.media import Characteristic
from clients.parts import Part, Ref, RelatedParty
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


PRODUCTS = Collection(UPSTREAM, "product", Product, always=frozenset({"relatedParty"}))


def party_filter(version: str) -> str:
    """The attribute by which a customer's products are found."""
    return "relatedParty.partyOrPartyRole.id" if version == "v5" else "relatedParty.id"
