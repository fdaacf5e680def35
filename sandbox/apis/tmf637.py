"""TMF637 Product Inventory v4: what customers have. Its file spells a status `aborted ` with a space at the end."""

from sandbox.apis.forms import same
from sandbox.seed.people import products
from sandbox.shapes import Shape
from sandbox.tables import Api, Lifecycle, Resource

_ARRAYS = (
    "agreement", "place", "product", "productCharacteristic", "productOrderItem", "productPrice",
    "productRelationship", "productTerm", "realizingResource", "realizingService", "relatedParty",
)  # fmt: skip
_PLAIN = (
    "id href description isBundle isCustomerVisible name orderDate productSerialNumber startDate terminationDate "
    "billingAccount productOffering productSpecification status @baseType @schemaLocation @type"
)
NEW_IN_V5 = frozenset({"creationDate", "intent"})
STATES = frozenset(
    {"created", "pendingActive", "cancelled", "active", "pendingTerminate", "terminated", "suspended", "aborted "}
)
PRODUCT = Resource(
    path="product",
    type="Product",
    required=("status",),
    references={"productOffering": "TMF620.productOffering", "billingAccount": "TMF666.billingAccount"},
    indexed=("relatedParty.id", "productCharacteristic.value", "status"),
    created="creationDate",
    lifecycle=Lifecycle("status", STATES),
    attributes=frozenset((*_PLAIN.split(), *_ARRAYS)),
    arrays=_ARRAYS,
    shape=Shape(same("Product", dropped=NEW_IN_V5)),
)
TMF637 = Api(
    name="TMF637",
    base_path="/tmf-api/productInventory/v4",
    version="4.0.0",
    seed=products,
    resources=(PRODUCT,),
)
