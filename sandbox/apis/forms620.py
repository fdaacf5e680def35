"""TMF620 v5 against v4, object by object: what TM Forum's v5.0.0 file calls differently, nests, types or leaves out.

Only differences stand here: an attribute without a form is the same in both. What v5 has and v4 has not (policy of an
offering, allowedAction, externalIdentifier...) is stored under its v5 name.
"""

from typing import Any

from sandbox.shapes import Document, Form, Shape

_PARTIES = frozenset({"Individual", "Organization", "Party"})
_PRICED = frozenset({"price", "priceType", "percentage", "lifecycleStatus", "recurringChargePeriodType"})
_VALUE = "CharacteristicValueSpecification"
_VALUES: dict[type, str] = {bool: "Boolean", int: "Integer", float: "Number", str: "String", dict: "Object"}
_VALUE_TYPES = {"boolean": "Boolean", "integer": "Integer", "number": "Number", "string": "String", "object": "Object"}


def _value_type(document: Document) -> str:
    """By the value itself, except that `valueType` may call a whole number a Number, or stand in for no value."""
    value: Any = document.get("value")
    named = _VALUE_TYPES.get(str(document.get("valueType", "")).lower(), "")
    if isinstance(value, list):
        return f"{_VALUES.get(type(value[0]) if value else dict, 'Object')}Array{_VALUE}"
    typed = named if value is None or (named == "Number" and type(value) is int) else _VALUES.get(type(value), "")
    return typed + _VALUE


def _any_value(value: Document) -> Document:
    """v4 has one type for all values, whichever of its own a client of v5 has sent."""
    typed = str(value.get("@type", "")).endswith(_VALUE)
    return {**value, "@type": _VALUE} if typed else value


def _nested(party: Document) -> Document:
    """`{id, name, role}` becomes `{role, partyOrPartyRole: {id, name}}`."""
    inner = {key: party.pop(key) for key in ("id", "href", "name", "@referredType", "_i18n") if key in party}
    return {**party, "partyOrPartyRole": inner}


def _flat(party: Document) -> Document:
    inner = party.pop("partyOrPartyRole", None)
    return {**(inner if isinstance(inner, dict) else {}), **party}


def _with_parent(category: Document) -> Document:
    parent = category.pop("parentId", None)
    return {**category, "parent": {"id": parent, "@referredType": "Category"}} if parent else category


def _with_parent_id(category: Document) -> Document:
    parent = category.pop("parent", None)
    return {**category, "parentId": parent["id"]} if isinstance(parent, dict) and parent.get("id") else category


def _same(name: str, **more: Any) -> Form:
    """An object with the same `@type` in both, which v4 may leave out."""
    return Form(name, was=name, **more)


CATEGORY = Form("CategoryRef")
POLICY = Form("PolicyRef")
PLACE = Form("PlaceRef")
OFFERING = Form("ProductOfferingRef")
SPECIFICATION = Form("ProductSpecificationRef")
ATTACHMENT = Form(lambda each: "AttachmentRef" if "@referredType" in each else "Attachment", was="Attachment")
VALUE = Form(_value_type, was=_VALUE, inward=_any_value)
TERM = _same("ProductOfferingTerm")
TAX = _same("TaxItem", dropped=frozenset({"id", "href"}))
PARTY = Form(
    "RelatedPartyRefOrPartyRoleRef",
    was="RelatedParty",
    parts={
        "partyOrPartyRole": Form(
            lambda each: "PartyRef" if str(each.get("@referredType")) in _PARTIES else "PartyRoleRef"
        )
    },
    outward=_nested,
    inward=_flat,
)
USE = _same(
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
    "pricingLogicAlgorithm": _same("PricingLogicAlgorithm"),
    "popRelationship": _same("ProductOfferingPriceRelationship"),
    "bundledPopRelationship": _same("BundledProductOfferingPriceRelationship"),
}
PRICE = _same("ProductOfferingPrice", renamed={"constraint": "policy"}, parts=_PRICE_PARTS)
PRICE_OR_REF = Form(
    lambda each: "ProductOfferingPrice" if each.keys() & _PRICED else "ProductOfferingPriceRef",
    renamed=PRICE.renamed,
    parts=_PRICE_PARTS,
)

_PARTY_PATHS = {"relatedParty.partyOrPartyRole": "relatedParty"}
SHAPES = {
    "catalog": Shape(
        Form("ProductCatalog", was="Catalog", parts={"category": CATEGORY, "relatedParty": PARTY}), _PARTY_PATHS
    ),
    "category": Shape(
        _same(
            "Category",
            parts={"parent": CATEGORY, "subCategory": CATEGORY, "productOffering": OFFERING},
            outward=_with_parent,
            inward=_with_parent_id,
        ),
        {"parent.id": "parentId"},
    ),
    "productOffering": Shape(
        _same(
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
                "bundledProductOffering": _same(
                    "BundledProductOffering",
                    dropped=frozenset({"lifecycleStatus"}),
                    parts={"bundledProductOfferingOption": Form("BundledProductOfferingOption")},
                ),
                "productOfferingRelationship": _same("ProductOfferingRelationship"),
                "productOfferingTerm": TERM,
                "attachment": ATTACHMENT,
            },
        )
    ),
    "productOfferingPrice": Shape(PRICE, {"policy": "constraint"}),
    "productSpecification": Shape(
        _same(
            "ProductSpecification",
            parts={
                "productSpecCharacteristic": CHARACTERISTIC,
                "bundledProductSpecification": Form("BundledProductSpecification"),
                "productSpecificationRelationship": _same("ProductSpecificationRelationship"),
                "serviceSpecification": Form("ServiceSpecificationRef"),
                "resourceSpecification": Form("ResourceSpecificationRef"),
                "attachment": ATTACHMENT,
                "relatedParty": PARTY,
            },
        ),
        {
            **_PARTY_PATHS,
            "productSpecCharacteristic.characteristicValueSpecification": (
                "productSpecCharacteristic.productSpecCharacteristicValue"
            ),
        },
    ),
}
"""By the name of the resource in v4."""
