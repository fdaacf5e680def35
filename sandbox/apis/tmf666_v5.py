"""TMF666 Account v5: v4's billing accounts in other words; what v4 marks with `isRef`, v5 tells by its class."""

from dataclasses import replace

from sandbox.apis.forms import PARTY_PATHS, party, same
from sandbox.apis.forms632 import MEDIUM
from sandbox.apis.tmf666 import ACCOUNT
from sandbox.shapes import Document, Form, Shape
from sandbox.tables import Api

_REFERENCE = frozenset({"id", "href", "name", "@type", "@baseType", "@schemaLocation", "@referredType", "_i18n"})


def _ref_or_value(name: str) -> Form:
    def is_reference(each: Document) -> bool:
        return "id" in each and not each.keys() - _REFERENCE

    return Form(
        lambda each: f"{name}Ref" if is_reference(each) else name,
        dropped=frozenset({"isRef", "dateShift"}),
        inward=lambda each: {**each, "isRef": is_reference(each)},
    )


_PARTY = party("RelatedPartyRefOrPartyRoleRef")
_STRUCTURE = same(
    "BillStructure",
    parts={
        "cycleSpecification": _ref_or_value("BillingCycleSpecification"),
        "format": _ref_or_value("BillFormat"),
        "presentationMedia": _ref_or_value("BillPresentationMedia"),
    },
)
_FORM = same(
    "BillingAccount",
    renamed={"lastModified": "lastUpdate"},
    parts={
        "accountBalance": same("AccountBalance"),
        "accountRelationship": same("AccountRelationship"),
        "billStructure": _STRUCTURE,
        "contact": same("Contact", parts={"contactMedium": MEDIUM, "relatedParty": _PARTY}),
        "defaultPaymentMethod": Form("PaymentMethodRef", was="PaymentMethodRef"),
        "financialAccount": Form("FinancialAccountRef", was="FinancialAccountRef"),
        "paymentPlan": same("PaymentPlan"),
        "relatedParty": _PARTY,
    },
)
TMF666_V5 = Api(
    name="TMF666",
    base_path="/accountManagement/v5",
    version="5.0.0",
    resources=(
        replace(
            ACCOUNT,
            required=("@type", "name", "relatedParty"),
            attributes=ACCOUNT.attributes - {"lastModified"} | {"lastUpdate", "ratingType"},
            shape=Shape(_FORM, {**PARTY_PATHS, "lastUpdate": "lastModified"}),
        ),
    ),
)
