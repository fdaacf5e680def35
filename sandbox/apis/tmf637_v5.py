"""TMF637 Product Inventory v5: v4's products in the words that TMF663 v5 has for them (`forms663`)."""

from dataclasses import replace

from sandbox.apis import forms663, tmf637
from sandbox.apis.forms import PARTY_PATHS
from sandbox.shapes import Shape
from sandbox.tables import Api

_RESOURCE = tmf637.PRODUCT

TMF637_V5 = Api(
    name="TMF637",
    base_path="/productInventory/v5",
    version="5.0.0",
    resources=(
        replace(
            _RESOURCE,
            required=("@type",),
            attributes=_RESOURCE.attributes - {"agreement"} | {"agreementItem"} | tmf637.NEW_IN_V5,
            arrays=tuple(sorted({*_RESOURCE.arrays, "agreementItem"} - {"agreement"})),
            shape=Shape(replace(forms663.PRODUCT, type="Product", was="Product"), PARTY_PATHS),
        ),
    ),
)
