"""The whole catalogue as documents, in the order a shop shows it: the window first, drafts and retired offers last.

Tables refer to each other by id only; the names in references, in both languages, are looked up here at the end, so an
id that leads nowhere stops the seed with a KeyError.
"""

from collections.abc import Iterator

from sandbox.seed.addons import ADDONS
from sandbox.seed.bundles import BUNDLES
from sandbox.seed.business import BUSINESS
from sandbox.seed.categories import CATALOGS, CATEGORIES
from sandbox.seed.devices import DEVICE_OFFERS, DEVICE_SPECIFICATIONS
from sandbox.seed.documents import Writer
from sandbox.seed.drafts import DRAFTS
from sandbox.seed.home import HOME
from sandbox.seed.model import Offer
from sandbox.seed.plans import PLANS
from sandbox.seed.promotions import PROMOTIONS
from sandbox.seed.scale import scaled
from sandbox.seed.specifications import SERVICES
from sandbox.tables import Seeded

SHOP_WINDOW = (
    "po-mobile-m",
    "po-kaiyo-k1",
    "po-fibre-250",
    "po-bundle-kaiyo-k1-mobile-m",
    "po-mobile-l",
    "po-kaiyo-watch",
    "po-tv-family",
    "po-family-duo",
    "po-veldt-arc",
    "po-prepaid-m",
    "po-mobile-s",
    "po-kaiyo-pad",
    "po-home-bundle-family",
    "po-fibre-1000",
    "po-orra-one",
    "po-young-m",
    "po-kaiyo-k1-pro",
    "po-data-5",
    "po-roaming-world-week",
    "po-esim",
)
"""The first page of every list."""

_SELLABLE = (*PLANS, *DEVICE_OFFERS, *HOME, *BUNDLES, *ADDONS, *BUSINESS)


def offers() -> tuple[Offer, ...]:
    """Every offer, in the order of the catalogue."""
    by_id = {offer.id: offer for offer in _SELLABLE}
    rest = (offer for offer in _SELLABLE if offer.id not in SHOP_WINDOW)
    return (*(by_id[identifier] for identifier in SHOP_WINDOW), *rest, *DRAFTS)


def documents(offerings: int | None = None) -> Iterator[Seeded]:
    """All documents of TMF620; with more `offerings` than the tables have, scaled ones follow."""
    writer = Writer(CATALOGS, CATEGORIES, (*SERVICES, *DEVICE_SPECIFICATIONS), PROMOTIONS, offers())
    yield from writer.documents()
    yield from scaled(len(writer.offers), offerings or 0)
