"""TMF620 v5 against v4, object by object: what TM Forum's v5.0.0 file calls differently, nests, types or leaves out.

Only differences stand here: an attribute without a form is the same in both. What v5 has and v4 has not (policy of an
offering, allowedAction, externalIdentifier...) is stored under its v5 name.
"""

from sandbox.apis.forms import OFFERING, PARTY_PATHS, SPECIFICATION, any_value, party, same, typed_by_value
from sandbox.shapes import Document, Form, Shape

_PRICED = frozenset({"price", "priceType", "percentage", "lifecycleStatus", "recurringChargePeriodType"})
_VALUE = "CharacteristicValueSpecification"


def _with_parent(category: Document) -> Document:
    parent = category.pop("parentId", None)
    return {**category, "parent": {"id": parent, "@referredType": "Category"}} if parent else category


def _with_parent_id(category: Document) -> Document:
    parent = category.pop("parent", None)
    return {**category, "parentId": parent["id"]} if isinstance(parent, dict) and parent.get("id") else category


CATEGORY = Form("CategoryRef")
POLICY = Form("PolicyRef")
PLACE = Form("PlaceRef")
ATTACHMENT = Form(lambda each: "AttachmentRef" if "@referredType" in each else "Attachment", was="Attachment")
VALUE = Form(typed_by_value(_VALUE), was=_VALUE, inward=any_value(_VALUE))
TERM = same("ProductOfferingTerm")
TAX = same("TaxItem", dropped=frozenset({"id", "href"}))
PARTY = party("RelatedPartyRefOrPartyRoleRef")
USE = same(
    "ProductSpecificationCharacteristicValueUse",
    parts={"productSpecCharacteristicValue": VALUE, "productSpecification": SPECIFICATION},
)
CHARACTERISTIC = Form(
    "CharacteristicSpecification",
    was="ProductSpecificationCharacteristic",
    renamed={
        "productSpecCharacteristicValue": "characteristicValueSpecification",
        "productSpecCharRelationship": "charSpecRelationship",
    },
    parts={
        "characteristicValueSpecification": VALUE,
        "charSpecRelationship": Form(
            "CharacteristicSpecificationRelationship",
            was="ProductSpecificationCharacteristicRelationship",
            renamed={"id": "parentSpecificationId", "href": "parentSpecificationHref"},
            dropped=frozenset({"charSpecSeq"}),
        ),
    },
)
_PRICE_PARTS = {
    "tax": TAX,
    "place": PLACE,
    "policy": POLICY,
    "productOfferingTerm": TERM,
    "prodSpecCharValueUse": USE,
    "pricingLogicAlgorithm": same("PricingLogicAlgorithm"),
    "popRelationship": same("ProductOfferingPriceRelationship"),
    "bundledPopRelationship": same("BundledProductOfferingPriceRelationship"),
}
PRICE = same("ProductOfferingPrice", renamed={"constraint": "policy"}, parts=_PRICE_PARTS)
PRICE_OR_REF = Form(
    lambda each: "ProductOfferingPrice" if each.keys() & _PRICED else "ProductOfferingPriceRef",
    renamed=PRICE.renamed,
    parts=_PRICE_PARTS,
)

SHAPES = {
    "catalog": Shape(
        Form("ProductCatalog", was="Catalog", parts={"category": CATEGORY, "relatedParty": PARTY}), PARTY_PATHS
    ),
    "category": Shape(
        same(
            "Category",
            parts={"parent": CATEGORY, "subCategory": CATEGORY, "productOffering": OFFERING},
            outward=_with_parent,
            inward=_with_parent_id,
        ),
        {"parent.id": "parentId"},
    ),
    "productOffering": Shape(
        same(
            "ProductOffering",
            parts={
                "category": CATEGORY,
                "channel": Form("ChannelRef"),
                "marketSegment": Form("MarketSegmentRef"),
                "place": PLACE,
                "agreement": Form("AgreementRef"),
                "serviceCandidate": Form("ServiceCandidateRef"),
                "resourceCandidate": Form("ResourceCandidateRef"),
                "serviceLevelAgreement": Form("SLARef"),
                "productSpecification": SPECIFICATION,
                "productOfferingPrice": PRICE_OR_REF,
                "prodSpecCharValueUse": USE,
                "bundledProductOffering": same(
                    "BundledProductOffering",
                    dropped=frozenset({"lifecycleStatus"}),
                    parts={"bundledProductOfferingOption": Form("BundledProductOfferingOption")},
                ),
                "productOfferingRelationship": same("ProductOfferingRelationship"),
                "productOfferingTerm": TERM,
                "attachment": ATTACHMENT,
            },
        )
    ),
    "productOfferingPrice": Shape(PRICE, {"policy": "constraint"}),
    "productSpecification": Shape(
        same(
            "ProductSpecification",
            parts={
                "productSpecCharacteristic": CHARACTERISTIC,
                "bundledProductSpecification": Form("BundledProductSpecification"),
                "productSpecificationRelationship": same("ProductSpecificationRelationship"),
                "serviceSpecification": Form("ServiceSpecificationRef"),
                "resourceSpecification": Form("ResourceSpecificationRef"),
                "attachment": ATTACHMENT,
                "relatedParty": PARTY,
            },
        ),
        {
            **PARTY_PATHS,
            "productSpecCharacteristic.characteristicValueSpecification": (
                "productSpecCharacteristic.productSpecCharacteristicValue"
            ),
        },
    ),
}
"""By the name of the resource in v4."""
