"""TMF666 Account v4: billing accounts alone. Balances are what the seed or a client says; nothing is billed here.

`billingAccount` can be deleted, which not every operator allows.
"""

from sandbox.apis.forms import same
from sandbox.seed.people import accounts
from sandbox.shapes import Shape
from sandbox.tables import Api, Resource

_ARRAYS = ("accountBalance", "accountRelationship", "contact", "paymentPlan", "relatedParty", "taxExemption")
_PLAIN = (
    "id href accountType description lastModified name paymentStatus state billStructure creditLimit "
    "defaultPaymentMethod financialAccount @baseType @schemaLocation @type"
)
ACCOUNT = Resource(
    path="billingAccount",
    type="BillingAccount",
    required=("name", "relatedParty"),
    indexed=("relatedParty.id",),
    stamped="lastModified",
    attributes=frozenset((*_PLAIN.split(), *_ARRAYS)),
    arrays=_ARRAYS,
    shape=Shape(same("BillingAccount", dropped=frozenset({"ratingType"}))),
)
TMF666 = Api(
    name="TMF666",
    base_path="/tmf-api/accountManagement/v4",
    version="4.0.0",
    seed=accounts,
    resources=(ACCOUNT,),
)
