"""TMF629 Customer v4: the role in which a party buys. v5 has three attributes more, which the store keeps for it."""

from sandbox.apis.forms import same
from sandbox.seed.people import customers
from sandbox.shapes import Shape
from sandbox.tables import Api, Resource

NEW_IN_V5 = frozenset({"description", "role", "partyRoleSpecification"})
_ARRAYS = (
    "account", "agreement", "characteristic", "contactMedium", "creditProfile", "paymentMethod", "relatedParty",
)  # fmt: skip

CUSTOMER = Resource(
    path="customer",
    type="Customer",
    required=("engagedParty", "name"),
    references={"account": "TMF666.billingAccount"},
    indexed=("engagedParty.id", "relatedParty.id", "characteristic.value"),
    attributes=frozenset(
        {"id", "href", "name", "status", "statusReason", "engagedParty", "validFor", *_ARRAYS}
        | {"@baseType", "@schemaLocation", "@type"}
    ),
    arrays=_ARRAYS,
    shape=Shape(same("Customer", dropped=NEW_IN_V5)),
)
TMF629 = Api(
    name="TMF629",
    base_path="/tmf-api/customerManagement/v4",
    version="4.0.0",
    seed=customers,
    resources=(CUSTOMER,),
)
