"""TMF663 Shopping Cart v4: a cart has no state and no checkout, and its file spells an item's total `ItemTotalPrice`.

Nothing is looked up or computed: offerings may be unknown, prices are what the client says. Items get an id where the
client gives none. The store also keeps creationDate and lastUpdate, which only v5 shows.
"""

from sandbox.apis.forms663 import OLDER
from sandbox.tables import Api, Resource

_OFFERING = "TMF620.productOffering"
_PRICE = "TMF620.productOfferingPrice"
_SPECIFICATION = "TMF620.productSpecification"
_ARRAYS = ("cartItem", "cartTotalPrice", "contactMedium", "relatedParty")


def references(total: str) -> dict[str, str]:
    """Where a cart refers to the catalogue; `total` is the name of an item's total price."""
    return {
        "cartItem*.productOffering": _OFFERING,
        "cartItem*.product*.productOffering": _OFFERING,
        "cartItem*.product*.productSpecification": _SPECIFICATION,
        "cartItem*.itemPrice.productOfferingPrice": _PRICE,
        f"cartItem*.{total}.productOfferingPrice": _PRICE,
        "cartTotalPrice.productOfferingPrice": _PRICE,
    }


TMF663 = Api(
    name="TMF663",
    base_path="/tmf-api/shoppingCart/v4",
    version="4.0.0",
    resources=(
        Resource(
            path="shoppingCart",
            type="ShoppingCart",
            references=references("ItemTotalPrice"),
            indexed=("relatedParty.id",),
            stamped="lastUpdate",
            created="creationDate",
            items="cartItem",
            attributes=frozenset({"id", "href", "validFor", "@type", "@baseType", "@schemaLocation", *_ARRAYS}),
            arrays=_ARRAYS,
            shape=OLDER,
        ),
    ),
)
