"""The table of differences between v4 and v5, read in both directions."""

from typing import Any

import pytest

from sandbox.apis.forms620 import CHARACTERISTIC, PARTY, PRICE_OR_REF, SHAPES, VALUE
from sandbox.apis.tmf620 import TMF620
from sandbox.shapes import inward, outward

SEED = list(TMF620.seed(None)) if TMF620.seed else []


def test_every_seeded_document_comes_back_from_v5() -> None:
    """All but what v5 has no place for: the state of an offering inside a bundle, and an absent `@type` of parts."""
    lost = 0
    for kind, document in SEED:
        shape = SHAPES[kind.removeprefix("TMF620.")]
        again = shape.inward(shape.outward(document))
        for part in document.get("bundledProductOffering", ()):
            assert part.pop("lifecycleStatus")
            lost += 1
        assert again == document
    assert lost > 10


def test_reshaping_changes_nothing_in_the_store() -> None:
    kind, document = next(each for each in SEED if each[1]["id"] == "ps-mobile-plan")
    before = repr(document)
    shape = SHAPES[kind.removeprefix("TMF620.")]
    shown = shape.outward(document)
    shape.inward(shown)
    shape.written(document, {**shown, "name": "x"})
    assert repr(document) == before


def test_a_write_touches_only_what_changed() -> None:
    offering = {
        "id": "1",
        "@type": "ProductOffering",
        "bundledProductOffering": [{"id": "2", "lifecycleStatus": "Active"}],
    }
    shape = SHAPES["productOffering"]
    shown = shape.outward(offering)
    assert "lifecycleStatus" not in shown["bundledProductOffering"][0]
    assert shape.written(offering, {**shown, "name": "n"}) == {**offering, "name": "n"}
    assert shape.written(offering, {key: value for key, value in shown.items() if key != "bundledProductOffering"}) == {
        "id": "1",
        "@type": "ProductOffering",
    }


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"value": "x"}, "String"),
        ({"value": True, "valueType": "boolean"}, "Boolean"),
        ({"value": 5, "valueType": "integer"}, "Integer"),
        ({"value": 5, "valueType": "number"}, "Number"),
        ({"value": 5.5}, "Number"),
        ({"value": {"a": 1}}, "Object"),
        ({"value": [1]}, "IntegerArray"),
        ({"value": []}, "ObjectArray"),
        ({"valueFrom": 1, "valueType": "integer"}, "Integer"),
        ({"regex": "x", "valueType": "String"}, "String"),
        ({}, ""),
        ({"value": "5", "valueType": "integer"}, "String"),
    ],
)
def test_values_are_typed(value: dict[str, Any], kind: str) -> None:
    shown = outward(value, VALUE)
    assert shown["@type"] == f"{kind}CharacteristicValueSpecification"
    assert inward(shown, VALUE) == {**value, "@type": "CharacteristicValueSpecification"}


def test_a_party_is_nested() -> None:
    party = {"id": "o", "name": "O", "role": "owner", "@referredType": "Organization", "@type": "RelatedParty"}
    shown = outward([party], PARTY)
    assert shown == [
        {
            "role": "owner",
            "partyOrPartyRole": {"id": "o", "name": "O", "@referredType": "Organization", "@type": "PartyRef"},
            "@type": "RelatedPartyRefOrPartyRoleRef",
        }
    ]
    assert inward(shown, PARTY) == [party]
    assert outward({"id": "o", "@referredType": "Supplier"}, PARTY)["partyOrPartyRole"]["@type"] == "PartyRoleRef"


def test_prices_inside_an_offering_are_references_or_values() -> None:
    assert outward({"id": "p", "name": "n"}, PRICE_OR_REF)["@type"] == "ProductOfferingPriceRef"
    shown = outward(
        {"price": {"unit": "EUR", "value": 1.0}, "constraint": [{"id": "c"}], "tax": [{"id": "t"}]}, PRICE_OR_REF
    )
    assert shown == {
        "price": {"unit": "EUR", "value": 1.0},
        "policy": [{"id": "c", "@type": "PolicyRef"}],
        "tax": [{"@type": "TaxItem"}],
        "@type": "ProductOfferingPrice",
    }


def test_relations_of_characteristics() -> None:
    stored = {
        "name": "n",
        "productSpecCharRelationship": [{"id": "ps", "charSpecSeq": 1, "relationshipType": "dependency"}],
    }
    shown = outward(stored, CHARACTERISTIC)
    assert shown["charSpecRelationship"] == [
        {
            "parentSpecificationId": "ps",
            "relationshipType": "dependency",
            "@type": "CharacteristicSpecificationRelationship",
        }
    ]


@pytest.mark.parametrize("odd", [None, "x", 7, [None, "x"], {"@type": ["odd"]}, {"@type": "VendorThing", "value": 1}])
def test_what_is_odd_passes(odd: Any) -> None:
    shown = outward(odd, VALUE)
    assert inward(shown, VALUE) == odd


@pytest.mark.parametrize(
    ("resource", "path", "stored"),
    [
        ("category", "parent.id", "parentId"),
        ("category", "parent.name", "parent.name"),
        ("category", "parents", "parents"),
        ("catalog", "relatedParty.partyOrPartyRole.id", "relatedParty.id"),
        ("productOffering", "category.id", "category.id"),
        ("productSpecification", "productSpecCharacteristic.characteristicValueSpecification.value",
         "productSpecCharacteristic.productSpecCharacteristicValue.value"),
        ("productOfferingPrice", "policy.id", "constraint.id"),
    ],
)  # fmt: skip
def test_filters_find_the_stored_names(resource: str, path: str, stored: str) -> None:
    assert SHAPES[resource].stored_path(tuple(path.split("."))) == tuple(stored.split("."))
