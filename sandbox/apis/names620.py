"""What TM Forum's TMF620 files list as attributes of each resource: those that hold one value, then the arrays."""

_COMMON = "id href name description version lifecycleStatus lastUpdate validFor @type @baseType @schemaLocation"

_PLAIN = {
    "catalog": "catalogType",
    "category": "isRoot",
    "productOffering": "isBundle isSellable statusReason productSpecification resourceCandidate serviceCandidate "
    "serviceLevelAgreement",
    "productOfferingPrice": "isBundle percentage priceType recurringChargePeriodLength recurringChargePeriodType "
    "price unitOfMeasure",
    "productSpecification": "brand isBundle productNumber targetProductSchema",
}
_ARRAYS = {
    "catalog": "category relatedParty",
    "category": "productOffering subCategory",
    "productOffering": "agreement attachment bundledProductOffering category channel marketSegment place "
    "prodSpecCharValueUse productOfferingPrice productOfferingRelationship productOfferingTerm",
    "productOfferingPrice": "bundledPopRelationship place popRelationship pricingLogicAlgorithm prodSpecCharValueUse "
    "productOfferingTerm tax",
    "productSpecification": "attachment bundledProductSpecification productSpecCharacteristic "
    "productSpecificationRelationship relatedParty resourceSpecification serviceSpecification",
}
_PLAIN_OF = {4: {"category": "parentId"}, 5: {"category": "parent", "productSpecification": "intentSpecification"}}
_ARRAYS_OF = {
    4: {"productOfferingPrice": "constraint"},
    5: {
        "productOffering": "bundledGroupProductOffering productOfferingCharacteristic policy allowedAction "
        "externalIdentifier",
        "productOfferingPrice": "policy externalIdentifier",
        "productSpecification": "category policy externalIdentifier",
    },
}


def arrays(resource: str, major: int) -> tuple[str, ...]:
    """The attributes of a resource (by its v4 name) that hold arrays, in that major version of TMF620."""
    return tuple(f"{_ARRAYS[resource]} {_ARRAYS_OF[major].get(resource, '')}".split())


def attributes(resource: str, major: int) -> frozenset[str]:
    plain = f"{_COMMON} {_PLAIN[resource]} {_PLAIN_OF[major].get(resource, '')}".split()
    return frozenset((*plain, *arrays(resource, major)))
