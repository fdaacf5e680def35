"""TMF663 Shopping Cart v5: v4's carts in other words (`forms663`), with their times, at a path without `/tmf-api`."""

from dataclasses import replace

from sandbox.apis.forms663 import NEWER, TIMES
from sandbox.apis.tmf663 import TMF663, references
from sandbox.tables import Api

_CART = TMF663.resources[0]

TMF663_V5 = Api(
    name="TMF663",
    base_path="/shoppingCart/v5",
    version="5.0.0",
    resources=(
        replace(
            _CART,
            required=("@type",),
            references=references("itemTotalPrice"),
            attributes=_CART.attributes | TIMES,
            shape=NEWER,
        ),
    ),
)
