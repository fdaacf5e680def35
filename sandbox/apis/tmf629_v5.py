"""TMF629 Customer v5: v4's customers in other words. Its file keeps `/tmf-api` in the path."""

from dataclasses import replace

from sandbox.apis.forms import CHARACTERISTIC, PARTY_PATHS, same
from sandbox.apis.forms632 import MEDIUM, PARTY
from sandbox.apis.tmf629 import CUSTOMER, NEW_IN_V5
from sandbox.shapes import Form, Shape
from sandbox.tables import Api

_FORM = same(
    "Customer",
    parts={
        "account": Form("AccountRef", was="AccountRef", dropped=frozenset({"description"})),
        "agreement": Form("AgreementRef", was="AgreementRef"),
        "characteristic": CHARACTERISTIC,
        "contactMedium": MEDIUM,
        "creditProfile": same("CreditProfile"),
        "engagedParty": Form("PartyRef", was="RelatedParty", dropped=frozenset({"role"})),
        "paymentMethod": Form("PaymentMethodRef", was="PaymentMethodRef"),
        "relatedParty": PARTY,
    },
)
TMF629_V5 = Api(
    name="TMF629",
    base_path="/tmf-api/customer/v5",
    version="5.0.1",
    resources=(
        replace(
            CUSTOMER,
            required=("@type", "name", "engagedParty"),
            attributes=CUSTOMER.attributes | NEW_IN_V5,
            shape=Shape(_FORM, PARTY_PATHS),
        ),
    ),
)
