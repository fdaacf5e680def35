"""TMF687 Stock v4: how many pieces of each thing there are. The file's tasks (reserve, adjust, check) are not here.

`productStockStatusType` says what kind of stock a document counts, not whether any is left: that is the amount.
"""

from sandbox.seed.stock import documents
from sandbox.tables import Api, Lifecycle, Resource

_ARRAYS = ("channel", "marketSegment", "productStockRelationship", "relatedParty", "resource")
_PLAIN = (
    "id href creationDate description lastInventoryDate lastUpdate name replenishmentDate stockLevelCategory "
    "maxStockLevel minStockLevel place productStockLevel productStockStatusType productStockUsageType reorderQuantity "
    "stockLevelAlert stockedProduct @type @baseType @schemaLocation"
)

TMF687 = Api(
    name="TMF687",
    base_path="/tmf-api/stockManagement/v4",
    version="4.0.0",
    seed=documents,
    resources=(
        Resource(
            path="productStock",
            type="ProductStock",
            required=("productStockStatusType", "productStockLevel", "stockedProduct"),
            references={
                "stockedProduct.productOffering": "TMF620.productOffering",
                "stockedProduct.productSpecification": "TMF620.productSpecification",
            },
            indexed=("stockedProduct.productOffering.id", "productStockStatusType"),
            stamped="lastUpdate",
            created="creationDate",
            lifecycle=Lifecycle(
                "productStockStatusType", frozenset({"reserved", "available", "unavailable", "unknown"})
            ),
            attributes=frozenset((*_PLAIN.split(), *_ARRAYS)),
            arrays=_ARRAYS,
        ),
    ),
)
