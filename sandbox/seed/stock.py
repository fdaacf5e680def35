"""How many pieces there are of everything that comes in a parcel: devices, accessories and plastic SIM cards.

A thing is told by its specification, so an offering that is only part of a bundle has stock too. What is not here
(plans, services, eSIMs, bundles, the scaled offerings) has no stock document at all.
"""

from collections.abc import Iterator
from zlib import crc32

from sandbox.seed.catalogue import offers
from sandbox.seed.devices import DEVICE_SPECIFICATIONS
from sandbox.seed.documents import last_update
from sandbox.seed.model import Offer
from sandbox.seed.texts import T, stored
from sandbox.tables import Document, Seeded

FEW = {"po-veldt-note-9": 0, "po-veldt-tab-kids": 0, "po-glass-k1": 0, "po-kaiyo-j7-used": 1}
"""What is sold out, and what there is one of."""

_LEAST, _MOST = 20, 400
_THINGS = {specification.id for specification in DEVICE_SPECIFICATIONS} | {"ps-sim-card"}


def documents(_: int | None = None) -> Iterator[Seeded]:
    """The stock of each thing in the catalogue, in its order."""
    things = (offer for offer in offers() if offer.specification in _THINGS)
    for number, offer in enumerate(things):
        yield "TMF687.productStock", stored(_stock(number, offer))


def amount(offering: str) -> int:
    """Pieces at the start; the same on every machine."""
    return FEW.get(offering, _LEAST + crc32(offering.encode()) % (_MOST - _LEAST + 1))


def _stock(number: int, offer: Offer) -> Document:
    reference = {"id": offer.id, "name": offer.name, "@referredType": "ProductOffering"}
    return {
        "id": f"stock-{offer.id.removeprefix('po-')}",
        "@type": "ProductStock",
        "name": T("Stock: ", "Bestand: ") + offer.name,
        "creationDate": last_update(0),
        "lastUpdate": last_update(number),
        "productStockStatusType": "available",
        "productStockLevel": {"amount": amount(offer.id), "units": "piece"},
        "stockedProduct": {"@type": "Product", "productOffering": reference},
    }
