"""TMF620 Product Catalog v4: categories, offerings, their prices and specifications.

The standard leaves lifecycleStatus free; the operator behind this sandbox knows the eight names below and lets a
product manager move an offering between any two of them, unless the habit `transitions-enforced` is on.
"""

from sandbox.apis.names620 import arrays, attributes
from sandbox.seed.catalogue import documents
from sandbox.tables import Api, Lifecycle, Resource

_STATES = ("In study", "In design", "In test", "Active", "Launched", "Retired", "Obsolete", "Rejected")
_MOVES = {
    "In study": {"In design", "Rejected"},
    "In design": {"In test", "Rejected"},
    "In test": {"In design", "Active", "Rejected"},
    "Active": {"Launched", "Retired"},
    "Launched": {"Active", "Retired"},
    "Retired": {"Obsolete"},
}
LIFECYCLE = Lifecycle(
    "lifecycleStatus", frozenset(_STATES), usual={before: frozenset(after) for before, after in _MOVES.items()}
)

_CATEGORY = "TMF620.category"
_OFFERING = "TMF620.productOffering"
_PRICE = "TMF620.productOfferingPrice"
_SPECIFICATION = "TMF620.productSpecification"

TMF620 = Api(
    name="TMF620",
    base_path="/tmf-api/productCatalogManagement/v4",
    version="4.1.0",
    seed=documents,
    resources=(
        Resource(
            path="catalog",
            type="Catalog",
            required=("name",),
            references={"category": _CATEGORY},
            indexed=("lifecycleStatus",),
            stamped="lastUpdate",
            attributes=attributes("catalog", 4),
            arrays=arrays("catalog", 4),
            lifecycle=LIFECYCLE,
        ),
        Resource(
            path="category",
            type="Category",
            required=("name",),
            references={"subCategory": _CATEGORY, "productOffering": _OFFERING},
            indexed=("lifecycleStatus", "parentId", "isRoot"),
            stamped="lastUpdate",
            attributes=attributes("category", 4),
            arrays=arrays("category", 4),
            lifecycle=LIFECYCLE,
        ),
        Resource(
            path="productOffering",
            type="ProductOffering",
            required=("name",),
            references={
                "category": _CATEGORY,
                "productOfferingPrice": _PRICE,
                "productSpecification": _SPECIFICATION,
                "bundledProductOffering": _OFFERING,
                "productOfferingRelationship": _OFFERING,
                "prodSpecCharValueUse.productSpecification": _SPECIFICATION,
            },
            indexed=(
                "lifecycleStatus",
                "category.id",
                "productSpecification.id",
                "productOfferingPrice.id",
                "bundledProductOffering.id",
                "channel.id",
                "marketSegment.id",
                "isBundle",
            ),
            stamped="lastUpdate",
            attributes=attributes("productOffering", 4),
            arrays=arrays("productOffering", 4),
            lifecycle=LIFECYCLE,
        ),
        Resource(
            path="productOfferingPrice",
            type="ProductOfferingPrice",
            required=("name",),
            references={
                "popRelationship": _PRICE,
                "bundledPopRelationship": _PRICE,
                "prodSpecCharValueUse.productSpecification": _SPECIFICATION,
            },
            indexed=("lifecycleStatus", "priceType"),
            stamped="lastUpdate",
            attributes=attributes("productOfferingPrice", 4),
            arrays=arrays("productOfferingPrice", 4),
            lifecycle=LIFECYCLE,
        ),
        Resource(
            path="productSpecification",
            type="ProductSpecification",
            required=("name",),
            references={
                "bundledProductSpecification": _SPECIFICATION,
                "productSpecificationRelationship": _SPECIFICATION,
            },
            indexed=("lifecycleStatus", "brand", "productNumber"),
            stamped="lastUpdate",
            attributes=attributes("productSpecification", 4),
            arrays=arrays("productSpecification", 4),
            lifecycle=LIFECYCLE,
        ),
    ),
)
