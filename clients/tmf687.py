"""TMF687 Stock, v4: how many pieces of an offering lie in the warehouses."""

from decimal import Decimal

from clients.parts import Part, Quantity, Ref
from clients.tmf import Collection, Entity


class StockedProduct(Part, frozen=True):
    product_offering: Ref | None = None


class ProductStock(Entity, frozen=True):
    """One stock of one thing in one place; an offering may have several."""

    stocked_product: StockedProduct | None = None
    product_stock_level: Quantity | None = None
    product_stock_status_type: str | None = None

    @property
    def offering(self) -> str | None:
        """The id of the offering that is stocked."""
        product = self.stocked_product
        return product.product_offering.id if product and product.product_offering else None

    @property
    def amount(self) -> Decimal:
        """How many there are, in pieces."""
        level = self.product_stock_level
        return level.amount if level and level.amount is not None else Decimal(0)


UPSTREAM = "tmf687"

STOCK = Collection(
    UPSTREAM,
    "productStock",
    ProductStock,
    always=frozenset({"stockedProduct", "productStockLevel", "productStockStatusType"}),
)

OFFERING_FILTER = "stockedProduct.productOffering.id"
